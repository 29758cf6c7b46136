"""Where panes go: a pure function from the size of the desk to rectangles.

A slot is a place for several panes of which one is shown; its border carries their names as tabs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

NARROW, WIDE = 100, 160  # columns: below NARROW one column, from WIDE on three
LEAST_COLUMNS, LEAST_ROWS = 32, 6  # of the desk; below nothing can be shown
_MEMORY_COLUMNS, _CONSOLE_COLUMNS, _VMCTX_COLUMNS = 82, 44, 66  # sixteen bytes a row; what the others need beside it
_STACKED_COLUMNS, _STACKED_ROWS = 50, 12  # from there on one pane above another


@dataclass(frozen=True, slots=True)
class PaneName:
    """A pane: its id, what its tab says, the same for little room, and the key that goes to it."""

    id: str
    title: str
    short: str
    key: str


PANES: tuple[PaneName, ...] = (
    PaneName("code", "Code", "Code", "1"),
    PaneName("frame", "Frame", "Frame", "2"),
    PaneName("stack", "Call stack", "Stack", "3"),
    PaneName("vmctx", "vmctx", "vmctx", "4"),
    PaneName("memory", "Memory", "Mem", "5"),
    PaneName("tables", "Tables", "Tabl", "6"),
    PaneName("map", "Map", "Map", "7"),
    PaneName("console", "Console", "Cons", "8"),
    PaneName("breakpoints", "Breakpoints", "Brk", "9"),
    PaneName("watches", "Watches", "Wat", "0"),
    PaneName("output", "Output", "Out", "o"),
)
BY_ID: Mapping[str, PaneName] = {p.id: p for p in PANES}
_ALL = tuple(p.id for p in PANES)


@dataclass(frozen=True, slots=True)
class Rect:
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on the desk and the panes that share it, by id."""

    rect: Rect
    panes: tuple[str, ...]

    def shown(self, chosen: Sequence[str]) -> str:
        """The pane to show: the one of `chosen` that was chosen last, else the first."""
        return next((p for p in reversed(chosen) if p in self.panes), self.panes[0])


@dataclass(frozen=True, slots=True)
class Tab:
    """A pane's name in a border: its first column within the slot, and its text."""

    id: str
    x: int
    text: str


_LOWER_LEFT = ("vmctx", "memory", "tables", "map")
_LOWER_RIGHT = ("console", "breakpoints", "watches", "output")


def arrange(width: int, height: int, zoomed: str | None = None) -> tuple[Slot, ...]:
    """The slots of a desk of this size, none when it is too small; a zoomed pane has it all."""
    if width < LEAST_COLUMNS or height < LEAST_ROWS:
        return ()
    if zoomed is not None:
        return (Slot(Rect(0, 0, width, height), (zoomed, *(p for p in _ALL if p != zoomed))),)
    if width < _STACKED_COLUMNS or height < _STACKED_ROWS:
        return (Slot(Rect(0, 0, width, height), _ALL),)
    upper = height * 11 // 20
    if width < NARROW:
        return (
            Slot(Rect(0, 0, width, upper), ("code",)),
            Slot(Rect(0, upper, width, height - upper), _ALL[1:]),
        )
    return _two_columns(width, upper, height) if width < WIDE else _three_columns(width, upper, height)


def _two_columns(width: int, upper: int, height: int) -> tuple[Slot, ...]:
    left, side = width * 13 // 20, upper * 3 // 5
    return (
        Slot(Rect(0, 0, left, upper), ("code",)),
        Slot(Rect(left, 0, width - left, side), ("frame",)),
        Slot(Rect(left, side, width - left, upper - side), ("stack",)),
        Slot(Rect(0, upper, left, height - upper), _LOWER_LEFT),
        Slot(Rect(left, upper, width - left, height - upper), _LOWER_RIGHT),
    )


def _three_columns(width: int, upper: int, height: int) -> tuple[Slot, ...]:
    code, middle, side = width * 9 // 20, width * 11 // 40, upper * 3 // 5
    right, lower = width - code - middle, height - upper
    upper_slots = (
        Slot(Rect(0, 0, code, upper), ("code",)),
        Slot(Rect(code, 0, middle, upper), ("frame",)),
        Slot(Rect(code + middle, 0, right, side), ("stack",)),
        Slot(Rect(code + middle, side, right, upper - side), ("watches",)),
    )
    console = max(_CONSOLE_COLUMNS, width // 4)
    vmctx = width - _MEMORY_COLUMNS - console
    if vmctx < _VMCTX_COLUMNS:
        vmctx = width // 2
        return (
            *upper_slots,
            Slot(Rect(0, upper, vmctx, lower), ("vmctx", "memory", "tables", "map")),
            Slot(Rect(vmctx, upper, width - vmctx, lower), ("console", "breakpoints", "output")),
        )
    return (
        *upper_slots,
        Slot(Rect(0, upper, vmctx, lower), ("vmctx", "tables", "map")),
        Slot(Rect(vmctx, upper, _MEMORY_COLUMNS, lower), ("memory",)),
        Slot(Rect(vmctx + _MEMORY_COLUMNS, upper, console, lower), ("console", "breakpoints", "output")),
    )


def tabs(slot: Slot, shown: str) -> tuple[tuple[Tab, ...], str]:
    """The tabs of a slot and what stands between them: full names, else short ones, else the shown one alone."""
    for names, between in (("title", " │ "), ("short", " │ "), ("short", " ")):
        found = tuple(_placed(slot.panes, names, between))
        if found[-1].x + len(found[-1].text) <= slot.rect.width - 2:
            return found, between
    pane = BY_ID[shown]
    return (Tab(shown, 2, f"{pane.key} {pane.title}"),), ""


def _placed(panes: Sequence[str], names: str, between: str) -> Iterator[Tab]:
    x = 2
    for id_ in panes:
        text = f"{BY_ID[id_].key} {getattr(BY_ID[id_], names)}"
        yield Tab(id_, x, text)
        x += len(text) + len(between)
