"""The compile units of a module's DWARF: where each one's code lies and where its line program starts.

Only the top entry of each unit is read. The debug sections are custom sections that anyone may have damaged; what
cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from debugger.dwarf.constants import At, Tag
from debugger.dwarf.entries import Info, Unit
from debugger.dwarf.ranges import unit_ranges
from vm.errors import DecodeError
from vm.module import Module

_CODE_SECTION = 10
_WITH_LINES = (Tag.COMPILE_UNIT, Tag.SKELETON_UNIT)


@dataclass(frozen=True, slots=True)
class LineUnit:
    """A compile unit. Ranges are [start, end) as DWARF counts addresses; none: the unit does not say."""

    name: str
    folder: str
    lines_at: int  # of its line program, in .debug_line
    ranges: tuple[tuple[int, int], ...]


def code_start(module: Module) -> int:
    """File offset that DWARF addresses count from: the Code section's payload."""
    return next((span.start for number, span in module.sections if number == _CODE_SECTION), 0)


def line_units(info: Info) -> Iterator[LineUnit]:
    """The units that have a line program, as far as they can be read."""
    for unit in info.units:
        found = _unit(unit)
        if found is not None:
            yield found


def _unit(unit: Unit) -> LineUnit | None:
    try:
        top = unit.top
        at = top.number(At.STMT_LIST)
        if top.tag not in _WITH_LINES or at is None:
            return None
        ranges = tuple(r for r in unit_ranges(unit) if r[0])  # 0: where older linkers put what they threw away
        return LineUnit(top.name, top.text(At.COMP_DIR), at, ranges)
    except DecodeError:
        return None
