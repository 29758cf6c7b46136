"""A column that shows a whole region: which pages were ever written, which since the stop before, and what is in sight.

Nothing is read of the region itself: pages have cards.
"""

from __future__ import annotations

from debugger.changes import FRESH, OLD
from ui.render.line import Line, Role, line

_EMPTY, _WRITTEN, _CHANGED = ("·", Role.DIM), ("▒", Role.PRINTABLE), ("█", Role.CHANGED)
_IN_SIGHT, _OUT_OF_SIGHT = ("▐", Role.POINTER), (" ", Role.PLAIN)


def minimap_cell(cards: bytes, pages: int, y: int, height: int) -> tuple[str, Role]:
    """What the pages behind screen row `y` of `height` are. `cards` may be shorter than `pages`: the rest is empty."""
    first = y * pages // height
    last = max(first + 1, (y + 1) * pages // height)
    if cards.find(FRESH, first, last) >= 0:
        return _CHANGED
    return _WRITTEN if cards.find(OLD, first, last) >= 0 else _EMPTY


def minimap_row(cards: bytes, pages: int, y: int, height: int, sight: tuple[float, float]) -> Line:
    """The marker of what is in sight, as fractions of the whole, and the cell beside it."""
    top, bottom = sight
    inside = top < (y + 1) / height and bottom > y / height
    return line(_IN_SIGHT if inside else _OUT_OF_SIGHT, minimap_cell(cards, pages, y, height))
