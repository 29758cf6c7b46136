"""Rows of sections of items: aligned by what the first ones need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ui.render.line import Line, Part, line

_MOST_CELLS = 44  # of a column that is not the last


def widths_of(rows: Iterable[Sequence[Part]]) -> tuple[int, ...]:
    """Cells each column needs for these rows; the last one needs none."""
    widths: list[int] = []
    for row in rows:
        for i, part in enumerate(row):
            width = len(part if isinstance(part, str) else part[0])
            widths[i:i] = [0] * (i + 1 - len(widths))
            widths[i] = min(_MOST_CELLS, max(widths[i], width))
    return tuple(widths)


def item_line(cells: Sequence[Part], widths: Sequence[int]) -> Line:
    """One item; what is longer than its column pushes the rest to the right."""
    parts: list[Part] = ["  "]
    for i, part in enumerate(cells):
        text = part if isinstance(part, str) else part[0]
        missing = (widths[i] if i < len(widths) else 0) - len(text) if i < len(cells) - 1 else 0
        parts += [part, " " * max(0, missing), "  " if i < len(cells) - 1 else ""]
    return line(*parts)


def text_of_cells(cells: Sequence[Part]) -> str:
    """What a filter looks at."""
    return " ".join(part if isinstance(part, str) else part[0] for part in cells).casefold()
