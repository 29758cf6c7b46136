"""Where panes go: a pure function from the size of the screen to rectangles.

A slot is a place for several panes of which one is shown; its border carries their names as tabs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NARROW, WIDE = 100, 160  # columns: below NARROW one column, from WIDE on three
_BAR_ROWS = 1  # the title, and the key hints


@dataclass(frozen=True, slots=True)
class PaneName:
    """A pane: its id, what its tab says and the key that goes to it."""

    id: str
    title: str
    key: str


PANES: tuple[PaneName, ...] = (
    PaneName("code", "Code", "1"),
    PaneName("frame", "Frame", "2"),
    PaneName("stack", "Call stack", "3"),
    PaneName("vmctx", "vmctx", "4"),
    PaneName("memory", "Memory", "5"),
    PaneName("tables", "Tables", "6"),
    PaneName("map", "Map", "7"),
    PaneName("console", "Console", "8"),
    PaneName("breakpoints", "Breakpoints", "9"),
    PaneName("watches", "Watches", "0"),
    PaneName("output", "Output", "o"),
)
BY_ID: Mapping[str, PaneName] = {p.id: p for p in PANES}


@dataclass(frozen=True, slots=True)
class Rect:
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on the screen and the panes that share it, by id."""

    rect: Rect
    panes: tuple[str, ...]

    def shown(self, chosen: Sequence[str]) -> str:
        """The pane to show: the one of `chosen` that was chosen last, else the first."""
        return next((p for p in reversed(chosen) if p in self.panes), self.panes[0])


_LOWER_LEFT = ("vmctx", "memory", "tables", "map")
_LOWER_RIGHT = ("console", "breakpoints", "watches", "output")


def arrange(width: int, height: int, zoomed: str | None = None) -> tuple[Slot, ...]:
    """The slots of a screen of this size, title and key bars left out; a zoomed pane has it all."""
    top, rows = _BAR_ROWS, max(1, height - 2 * _BAR_ROWS)
    everything = tuple(p.id for p in PANES)
    if zoomed is not None:
        others = tuple(p for p in everything if p != zoomed)
        return (Slot(Rect(0, top, width, rows), (zoomed, *others)),)
    if width < 50 or rows < 12:
        return (Slot(Rect(0, top, width, rows), everything),)
    if width < NARROW:
        upper = rows * 11 // 20
        return (
            Slot(Rect(0, top, width, upper), ("code",)),
            Slot(Rect(0, top + upper, width, rows - upper), everything[1:]),
        )
    return _two_rows(width, top, rows)


def _two_rows(width: int, top: int, rows: int) -> tuple[Slot, ...]:
    upper = rows * 11 // 20
    left = width * 13 // 20 if width < WIDE else width // 2
    side_upper = upper * 3 // 5
    if width < WIDE:
        return (
            Slot(Rect(0, top, left, upper), ("code",)),
            Slot(Rect(left, top, width - left, side_upper), ("frame",)),
            Slot(Rect(left, top + side_upper, width - left, upper - side_upper), ("stack",)),
            Slot(Rect(0, top + upper, left, rows - upper), _LOWER_LEFT),
            Slot(Rect(left, top + upper, width - left, rows - upper), _LOWER_RIGHT),
        )
    middle = width * 3 // 10
    return (
        Slot(Rect(0, top, left, upper), ("code",)),
        Slot(Rect(left, top, middle, upper), ("frame",)),
        Slot(Rect(left + middle, top, width - left - middle, side_upper), ("stack",)),
        Slot(Rect(left + middle, top + side_upper, width - left - middle, upper - side_upper), ("watches",)),
        Slot(Rect(0, top + upper, left, rows - upper), ("vmctx", "tables", "map")),
        Slot(Rect(left, top + upper, width - left, rows - upper), ("memory", "console", "breakpoints", "output")),
    )
