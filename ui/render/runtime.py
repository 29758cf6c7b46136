"""The structures of a runtime: VMContext rows, regions, tables, funcrefs and chains of pointers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from debugger.inspect import FuncRefInfo, TableElement, VmctxRow
from ui.render.line import Line, Part, Role, columns, line
from vm.memory import Region
from vm.types import Addr

_POINTER = re.compile(r"ptr<(.*)>(\??)")


def address(value: int) -> str:
    """`0x2000_0000_1060`."""
    return f"{value:#_x}"


def type_text(type_: str) -> str:
    """`ptr<VMMemoryDefinition>` as `*VMMemoryDefinition`; `?` after it: may be null."""
    m = _POINTER.fullmatch(type_)
    return f"*{m[1]}{m[2]}" if m else type_


def vmctx_rows(rows: Iterable[VmctxRow], explain: bool = True, changed: frozenset[int] = frozenset()) -> list[Line]:
    """`+0x0058  memories[0]  *VMMemoryDefinition  → 0x2000_0000_1060  what it hits  meaning`."""
    return columns([vmctx_cells(row, explain, row.row.addr in changed) for row in rows])


def vmctx_cells(row: VmctxRow, explain: bool, changed: bool) -> list[Part]:
    """One field as cells of a row: offset, name, type, value, what it hits, meaning."""
    field = row.row
    is_pointer = field.type.startswith("ptr<")
    number = int.from_bytes(row.value, "little")
    text = f"→ {address(number)}" if is_pointer and number else "null" if is_pointer else value_text(row)
    role = Role.CHANGED if changed else Role.ZERO if number == 0 else Role.POINTER if is_pointer else Role.NUMBER
    cells: list[Part] = [
        (f"+{field.offset:#06x}", Role.ADDRESS), (field.path, Role.NAME), (type_text(field.type), Role.TYPE),
        (text + (" Δ" if changed else ""), role), (row.target, Role.POINTER),
    ]  # fmt: skip
    return [*cells, (f"; {field.doc}", Role.COMMENT)] if explain and field.doc else cells


def value_text(row: VmctxRow) -> str:
    """A field's value: a magic word as its letters, long ones as bytes, others as numbers."""
    if row.row.path.rpartition(".")[2] == "magic":
        return f'"{row.value.decode("latin-1")}"'
    if len(row.value) > 8:
        return row.value.hex(" ", 4)
    number = int.from_bytes(row.value, "little")
    return f"{number:#x}" if number > 9 else str(number)


def regions(found: Iterable[Region], owners: Mapping[Addr, str]) -> list[Line]:
    """The address space; `owners` names instances by address."""
    rows: list[list[Part]] = []
    for region in found:
        reserved = f"of {size(region.reserved)}" if region.reserved > region.size + 65536 else ""
        owner = owners.get(region.owner, "") if region.owner is not None else ""
        rows.append([
            (address(region.base), Role.ADDRESS), (size(region.size), Role.NUMBER),
            ("rw" if region.writable else "r-", Role.KEYWORD), (region.name, Role.NAME), (region.kind.value, Role.TYPE),
            (reserved, Role.DIM), (address(region.end), Role.ADDRESS), (owner, Role.DIM),
        ])  # fmt: skip
    return columns(rows, ("start", "size", "", "name", "kind", "", "end"), right=(1,))


def size(count: int) -> str:
    """`64 KiB`, `12 B`: exact, so the unit is the greatest that divides it."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit:,} {name}"
    return f"{count:,} B"


def table_elements(items: Iterable[TableElement]) -> list[Line]:
    """`[3]  0x2000..1  $double of main`."""
    rows = [
        [(f"[{item.index}]", Role.LABEL), (f"{item.word:#x}", Role.NUMBER if item.word else Role.ZERO),
         (item.text, Role.ZERO if item.state == "null" else Role.POINTER)]
        for item in items
    ]  # fmt: skip
    return columns(rows, indent="  ")


def func_refs(items: Iterable[FuncRefInfo]) -> list[Line]:
    """Every VMFuncRef of an instance; those not written yet hold nothing."""
    rows: list[list[Part]] = []
    for item in items:
        state: Part = "" if item.written else ("not written yet", Role.DIM)
        code = address(item.code) if item.written else ""
        type_index = str(item.type_index) if item.written else ""
        rows.append([
            (address(item.addr), Role.ADDRESS), (item.name, Role.NAME), (f"func[{item.func}]", Role.DIM),
            (type_index, Role.NUMBER), (code, Role.POINTER), state,
        ])  # fmt: skip
    return columns(rows, ("address", "function", "", "type", "code"))


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a chain of pointers: where, what lies there, what that means."""

    addr: int
    label: str
    value: int | None
    meaning: str
    depth: int = 0


def telescope(chain: Sequence[Hop]) -> list[Line]:
    """A chain, one line a hop, each deeper one indented."""
    return [_hop(hop) for hop in chain]


def _hop(hop: Hop) -> Line:
    arrow = "  " * hop.depth + ("└→ " if hop.depth else "")
    parts: list[Part] = [(arrow, Role.RAIL), (address(hop.addr), Role.ADDRESS), "  ", (hop.label, Role.NAME)]
    if hop.value is not None:
        parts += ["  = ", (address(hop.value), Role.NUMBER if hop.value else Role.ZERO)]
    if hop.meaning:
        parts += ["  ", (hop.meaning, Role.POINTER)]
    return line(*parts)
