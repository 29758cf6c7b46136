"""The time axis as lines: a ruler, and a lane for each kind of thing."""

from __future__ import annotations

from collections.abc import Sequence

from debugger.axis import Lane
from ui.render.line import Line, Part, Role, line

LABEL_CELLS = 12
_GLYPHS = {
    Lane.STOPS: ("●", Role.BREAKPOINT),
    Lane.OUTPUT: ("▸", Role.STRING),
    Lane.HOST: ("•", Role.NAME),
    Lane.EDITS: ("✎", Role.WARNING),
    Lane.BOOKMARKS: ("◆", Role.LABEL),
    Lane.CHECKPOINTS: ("▴", Role.DIM),
}
_MANY, _VERY_MANY = 3, 20


def ruler(columns: int, now: int | None, reached: int) -> Line:
    """Where the machine stands among the columns; behind it, dotted, what has been run and is to come again."""
    parts: list[Part] = [(" " * LABEL_CELLS, Role.PLAIN)]
    for column in range(columns):
        if column == now:
            parts.append(("▼", Role.PC))
        elif now is not None and now < column <= reached:
            parts.append(("┄", Role.RAIL))
        else:
            parts.append(("─", Role.RAIL))
    return line(*parts)


def lane(kind: Lane, counts: Sequence[int]) -> Line:
    """A glyph where there is something, a block where there is much."""
    glyph, role = _GLYPHS[kind]
    parts: list[Part] = [(f"{kind.value:<{LABEL_CELLS}}", Role.HEADING)]
    for count in counts:
        text = " " if not count else glyph if count < _MANY else "▪" if count < _VERY_MANY else "█"
        parts.append((text, role))
    return line(*parts)
