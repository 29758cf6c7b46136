"""Disassembly: what stands before the pc, breakpoints and the rails of blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ui.render.line import Line, Part, Role, line
from vm.disasm import Line as Disassembled

_OPENERS = ("block", "loop", "if", "try_table")
_MOST_RAILS = 30  # blocks around an instruction that are drawn
_MOST_TOKENS = 200  # of one instruction: a br_table may have a million labels, each a blank and an index
_COMMENT_COLUMN = 32  # of the instruction's text: comments stand below each other
_HEAT_CELLS = 5
_SPAN_ROWS = 4  # rows before the pc in a window of nine


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands beside a function's instructions, by the index of retiring instructions."""

    pc: int | None = None
    is_caller: bool = False  # the pc is a call under way, in an outer frame
    breakpoints: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))  # glyphs
    heat: Sequence[int] | None = None  # how often each instruction ran; None: nobody has asked


@dataclass(frozen=True, slots=True)
class BreakpointGlyphs:
    """How breakpoints look in a margin."""

    plain: str = "●"
    conditional: str = "◆"  # with a condition, a hit rule or log text
    disabled: str = "○"
    watchpoint: str = "⌖"


GLYPHS = BreakpointGlyphs()


def rails(row: Disassembled) -> str:
    """The block structure before an instruction: `│ ╭ `."""
    if row.depth == 0:
        return ""
    if row.index is None and not row.tokens:
        return ""
    word = row.tokens[0][0]
    if word in _OPENERS:
        own = "╭ "
    elif word == "else":
        own = "├ "
    elif word == "end":
        own = "╰ "
    else:
        own = "  "
    within = row.depth - 1
    return ("│ " * within if within <= _MOST_RAILS else "│ " * _MOST_RAILS + f"⋯{within} ") + own


def code_line(row: Disassembled, marks: Marks, comment: str = "", whole: bool = False) -> Line:
    """One line of a function: breakpoint, pc, offset in the file, rails, instruction; cut short unless `whole`."""
    here = row.index is not None and row.index == marks.pc
    glyph = marks.breakpoints.get(row.index, " ") if row.index is not None else " "
    arrow = " " if not here else "▷" if marks.is_caller else "▶"
    parts: list[Part] = [
        (glyph, Role.BREAKPOINT), (arrow, Role.PC), " ", (f"{row.offset:#08x}", Role.ADDRESS), "  ",
        *_heat(row, marks.heat), (rails(row), Role.RAIL),
    ]  # fmt: skip
    shown = len(row.tokens) if whole else _MOST_TOKENS
    parts += [(text, Role(role)) for text, role in row.tokens[:shown]]
    if (left := len(row.tokens) - shown) > 0:
        parts.append((f" ;; and {left // 2:,} more", Role.COMMENT))
    if comment:
        used = len(rails(row)) + sum(len(text) for text, _ in row.tokens[:shown])
        parts += [" " * max(2, _COMMENT_COLUMN - used), (f";; {comment}", Role.COMMENT)]
    return line(*parts)


def _heat(row: Disassembled, heat: Sequence[int] | None) -> list[Part]:
    """A column of how often an instruction ran: `1.8M `."""
    if heat is None:
        return []
    if row.index is None or row.index >= len(heat):
        return [" " * (_HEAT_CELLS + 1)]
    count, most = heat[row.index], max(heat)
    role = Role.DIM if not count else Role.WARNING if count * 2 > most else Role.NUMBER
    return [(f"{short_count(count):>{_HEAT_CELLS}} ", role)]


def short_count(count: int) -> str:
    """`950`, `12k`, `1.8M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 10 * size else f"{count // size}{unit}"
    return str(count)


def code_window(
    rows: Sequence[Disassembled], marks: Marks, before: int = _SPAN_ROWS, after: int = _SPAN_ROWS, comment: str = ""
) -> list[Line]:
    """The lines around the pc; the function's first ones when there is none. `comment` goes to the pc's line."""
    centre = position_of(rows, marks.pc)
    first = max(0, centre - before)
    shown = rows[first : centre + after + 1]
    return [code_line(row, marks, comment if row.index is not None and row.index == marks.pc else "") for row in shown]


def position_of(rows: Sequence[Disassembled], index: int | None) -> int:
    """The row of an instruction; 0 when there is none."""
    return next((i for i, row in enumerate(rows) if row.index is not None and row.index == index), 0)


def source_window(
    lines: Sequence[Sequence[Part]],
    current: int | None,
    first: int,
    last: int,
    marked: Mapping[int, str] | None = None,
    is_caller: bool = False,
) -> list[Line]:
    """Source lines [first, last], counted from 1, with the current one, a caller's or not, and breakpoints marked."""
    out = []
    arrow = "▷" if is_caller else "▶"
    for number in range(max(1, first), min(last, len(lines)) + 1):
        here = number == current
        glyph = (marked or {}).get(number, " ")
        out.append(
            line(
                (glyph, Role.BREAKPOINT), (arrow if here else " ", Role.PC), " ", (f"{number:5}", Role.ADDRESS), "  ",
                *lines[number - 1],
            )
        )  # fmt: skip
    return out
