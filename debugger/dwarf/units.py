"""The compile units of a module's DWARF: where each one's code lies and where its line program starts.

Only the top entry of each unit is read. The debug sections are custom sections that anyone may have damaged; what
cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from elftools.common.exceptions import DWARFError, ELFError
from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo
from elftools.dwarf.ranges import BaseAddressEntry

from debugger.dwarf.entries import section
from vm.module import Module

_TOMBSTONES = (0, 0xFFFF_FFFE, 0xFFFF_FFFF)  # where linkers put functions they threw away
_MAX_UNITS = 100_000
_CODE_SECTION = 10

# What pyelftools raises for damaged input, besides its own errors.
DAMAGE = (ELFError, DWARFError, KeyError, IndexError, ValueError, TypeError, AttributeError, AssertionError,
          OverflowError, RecursionError)  # fmt: skip

_ARGUMENTS = (
    "debug_info", "debug_aranges", "debug_abbrev", "debug_frame", "eh_frame", "debug_str", "debug_loc",
    "debug_ranges", "debug_line", "debug_pubtypes", "debug_pubnames", "debug_addr", "debug_str_offsets",
    "debug_line_str", "debug_loclists", "debug_rnglists", "debug_sup", "gnu_debugaltlink", "debug_types",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A compile unit. Ranges are [start, end) as DWARF counts addresses; none: the unit does not say."""

    name: str
    folder: str
    lines_at: int  # of its line program, in .debug_line
    ranges: tuple[tuple[int, int], ...]


def code_start(module: Module) -> int:
    """File offset that DWARF addresses count from: the Code section's payload."""
    return next((span.start for number, span in module.sections if number == _CODE_SECTION), 0)


def dwarf_info(module: Module) -> DWARFInfo:
    """pyelftools' view of the module's debug sections."""
    parts = {}
    for name in _ARGUMENTS:
        data = section(module, f".{name}")
        described = DebugSectionDescriptor(BytesIO(data), f".{name}", 0, len(data), 0) if data else None
        parts[f"{name}_sec"] = described
    config = DwarfConfig(little_endian=True, machine_arch="wasm", default_address_size=4)
    return DWARFInfo(config=config, **parts)


def compile_units(dwarf: DWARFInfo) -> Iterator[Unit]:
    """The units that have a line program, as far as they can be read."""
    if dwarf.debug_info_sec is None:
        return
    try:
        for count, unit in enumerate(dwarf.iter_CUs()):
            if count >= _MAX_UNITS:
                return
            found = _unit(dwarf, unit)
            if found is not None:
                yield found
    except DAMAGE:
        return


def _unit(dwarf: DWARFInfo, unit: CompileUnit) -> Unit | None:
    try:
        top = unit.get_top_DIE()
        if top.tag != "DW_TAG_compile_unit" or "DW_AT_stmt_list" not in top.attributes:
            return None
        at = top.attributes["DW_AT_stmt_list"].value
        ranges = tuple(r for r in _ranges(dwarf, unit, top) if r[0] not in _TOMBSTONES and r[0] < r[1])
        return Unit(_text(top, "DW_AT_name"), _text(top, "DW_AT_comp_dir"), int(at), ranges)
    except DAMAGE:
        return None


def _text(die: DIE, name: str) -> str:
    value = die.attributes[name].value if name in die.attributes else b""
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def _ranges(dwarf: DWARFInfo, unit: CompileUnit, top: DIE) -> Iterator[tuple[int, int]]:
    low = top.attributes["DW_AT_low_pc"].value if "DW_AT_low_pc" in top.attributes else 0
    if "DW_AT_ranges" in top.attributes:
        base = low
        lists = dwarf.range_lists()
        for entry in lists.get_range_list_at_offset(top.attributes["DW_AT_ranges"].value, unit):
            if isinstance(entry, BaseAddressEntry):
                base = entry.base_address
            elif base in _TOMBSTONES[1:]:
                continue
            else:
                start = 0 if entry.is_absolute else base
                yield start + entry.begin_offset, start + entry.end_offset
    elif "DW_AT_high_pc" in top.attributes:
        high = top.attributes["DW_AT_high_pc"]
        yield low, high.value if high.form == "DW_FORM_addr" else low + high.value
