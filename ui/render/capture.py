"""A decoded capture as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ui.render.line import EMPTY, Line, Part, Role, columns, heading, line, note

_MOST_ELEMENTS = 64
Json = dict[str, Any]


def capture_lines(report: Json, title: str) -> Iterator[Line]:
    """Everything a capture says: the VMContext's fields, then what they lead to."""
    yield line(title)
    yield heading(f"VMContext at {report['vmctx']:#x}, {report['vmctx_size']:,} bytes")
    yield from columns((_field(f) for f in report["fields"]), ("offset", "field", "type", "value", "leads to"))
    yield from _section("memories", map(_memory, report["memories"]), ("", "definition", "base", "length"))
    for table in report["tables"]:
        yield from _table(table)
    yield from _section("globals", map(_global, report["globals"]), ("", "type", "storage", "bytes"))
    yield from _section("funcrefs", map(_func_ref, report["func_refs"]), ("function", "address", ""))
    yield from _section("imports", map(_import, report["imports"]), ("", "name", "record", "whose"))


def _section(title: str, rows: Iterator[list[Part]], headings: tuple[str, ...]) -> Iterator[Line]:
    found = columns(rows, headings)
    if found:
        yield EMPTY
        yield heading(title)
        yield from found


def _number(value: int | None) -> str:
    return "not captured" if value is None else f"{value:#x}"


def _field(field: Json) -> list[Part]:
    target = field.get("target")
    value = field["bytes"] if field["size"] > 8 else f"{field['value']:#x}"
    return [
        (f"+{field['offset']:#06x}", Role.ADDRESS), (field["path"], Role.NAME), (field["type"], Role.TYPE),
        (value, Role.POINTER if target else Role.NUMBER), (target or "", Role.DIM),
    ]  # fmt: skip


def _index(row: Json) -> Part:
    return f"{row['index']}" + (" imported" if row.get("imported") else "")


def _memory(memory: Json) -> list[Part]:
    return [
        _index(memory), (_number(memory["address"]), Role.ADDRESS), (_number(memory["base"]), Role.POINTER),
        _number(memory["current_length"]),
    ]  # fmt: skip


def _table(table: Json) -> Iterator[Line]:
    size, elements = table["current_elements"], table["elements"]
    yield EMPTY
    imported = ", imported" if table["imported"] else ""
    count = "its definition was not captured" if size is None else f"{size:,} elements"
    yield heading(f"table {table['index']}{imported}: {count} of {table['type']} at {_number(table['base'])}")
    rows: list[list[Part]] = [
        [f"{e['index']}", (f"{e['word']:#x}", Role.NUMBER), e["state"],
         ("" if e["func_ref"] is None else f"VMFuncRef at {e['func_ref']:#x}", Role.POINTER)]
        for e in elements[:_MOST_ELEMENTS]
    ]  # fmt: skip
    yield from columns(rows, ("", "word", "state", ""))
    if size is not None and size > len(rows):
        yield note(f"{size - len(rows):,} more")


def _global(global_: Json) -> list[Part]:
    return [
        _index(global_), (global_["type"] or "?", Role.TYPE), (_number(global_["address"]), Role.ADDRESS),
        (global_["bytes"] or "not captured", Role.NUMBER),
    ]  # fmt: skip


def _func_ref(record: Json) -> list[Part]:
    if not record["used"]:
        return [f"{record['func']}", (f"{record['address']:#x}", Role.ADDRESS), ("not used yet", Role.DIM)]
    words = (f"{k} {v:#x}" for k, v in record.items() if k not in ("func", "address", "used"))
    return [f"{record['func']}", (f"{record['address']:#x}", Role.ADDRESS), ("  ".join(words), Role.POINTER)]


def _import(record: Json) -> list[Part]:
    whose = {"instance": "another instance's", "host": "the host's", "component": "a component's"}
    owner = whose.get(record.get("owner") or "", "")
    name = f"{record['module']}.{record['name']}"
    return [f"{record['kind']} {record['index']}", (name, Role.NAME), (f"{record['address']:#x}", Role.ADDRESS), owner]
