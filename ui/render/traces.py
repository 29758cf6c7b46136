"""Listings of what has run: calls, accesses to memories, host calls."""

from __future__ import annotations

from collections.abc import Sequence

from debugger.traces.calls import Called
from debugger.traces.listings import value_text
from debugger.traces.observe import Accessed, HostCalled
from ui.render.line import Line, Part, Role, line

_MOST_INDENT = 40  # cells; deeper calls stand there, too
_TICK_CELLS = 13


def call_line(call: Called, name: str, opened: bool) -> Line:
    """`        1,234        120  ▸ $fib  24 calls`: when it began, how long it took, and who it is."""
    glyph = "▾" if opened else "▸" if call.within else "·"
    parts: list[Part] = [
        *_tick(call.start), (f"{call.end - call.start:>{_TICK_CELLS},}", Role.NUMBER), "  ",
        " " * min(2 * call.depth, _MOST_INDENT), (f"{glyph} ", Role.RAIL), (name, Role.NAME),
    ]  # fmt: skip
    if call.within:
        parts.append((f"  {call.within:,} call{'s' if call.within > 1 else ''}", Role.DIM))
    if call.open or call.begun:
        parts.append(("  under way" if call.open else "  was under way", Role.COMMENT))
    return line(*parts)


def access_line(row: Accessed, about: tuple[str, int, str, str], several: bool) -> Line:
    """`1,234  i32.store  0x1040  0x00000001 → 0x00000002  $main 0x0001a2`; `several`: there are other memories."""
    function, offset, op, at = about
    arrow = (" → ", Role.DIM) if row.writes and row.old != row.new else ""
    parts: list[Part] = [
        *_tick(row.tick), (f"{op or 'host':<18} ", Role.KEYWORD),
        (f"memory {row.memory} " if several else "", Role.LABEL), (f"{row.offset:#010x} ", Role.ADDRESS),
        _size(row.size, len(row.old)), (value_text(row.old), Role.DIM if row.writes else Role.NUMBER), arrow,
        (value_text(row.new) if arrow else " again" if row.writes else "", Role.CHANGED if arrow else Role.DIM),
        (f"  {function}", Role.NAME), (f" {offset:#08x}" if op else "", Role.ADDRESS),
        (f"  {at}" if at else "", Role.STRING),
    ]  # fmt: skip
    return line(*parts)


def _size(size: int, shown: int) -> Part:
    return (f"{size:,} bytes " if size > shown else "", Role.LABEL)


def host_line(row: HostCalled) -> Line:
    """`1,234  fd_write(fd 1 stdout, ["hello"]) → SUCCESS`."""
    changed = f"  wrote {row.changed:,} byte{'s' if row.changed > 1 else ''}" if row.changed else ""
    answer: Sequence[Part] = ((" → ", Role.DIM), (row.answer, Role.NUMBER)) if row.answer else ()
    return line(*_tick(row.tick), row.text, *answer, (changed, Role.DIM))


def _tick(tick: int) -> Sequence[Part]:
    return ((f"{tick:>{_TICK_CELLS},}  ", Role.LABEL),)
