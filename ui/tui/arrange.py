"""Where panes go: a pure function from the size of the desk and a layout to rectangles.

A slot is a place for several panes of which one is shown; its border carries their names as tabs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

NARROW, WIDE = 100, 160  # columns: below NARROW one column, from WIDE on three
LEAST_COLUMNS, LEAST_ROWS = 32, 6  # of the desk; below nothing can be shown
_MEMORY_COLUMNS, _CONSOLE_COLUMNS, _VMCTX_COLUMNS = 82, 44, 66  # sixteen bytes a row; what the others need beside it
_DIVIDED_COLUMNS, _DIVIDED_ROWS = 100, 10  # of a slot that code and source share: from there on both are shown
_STACKED_COLUMNS, _STACKED_ROWS = 50, 12  # from there on one pane above another


class Place(StrEnum):
    """A part of the desk. Where there is less room, several of them share a slot."""

    CODE = "code"
    SOURCE = "source"  # with CODE, or beside it when the slot is divided
    FRAME = "frame"
    STACK = "stack"
    SIDE = "side"
    FIELDS = "fields"
    BYTES = "bytes"
    TALK = "talk"


_CODE = (Place.CODE, Place.SOURCE)

Layout = tuple[tuple[str, Place], ...]  # panes by id, in the order of tabs


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


def arrange(
    width: int, height: int, layout: Layout, zoomed: str | None = None, divide: bool = False
) -> tuple[Slot, ...]:
    """The slots of a desk of this size, none when it is too small; a zoomed pane has it all.

    `divide`: code and source are both shown, where there is room.
    """
    slots = _arrange(width, height, layout, zoomed)
    if not divide or (slots and slots[0].panes and zoomed not in (None, *_of(layout, Place.CODE, Place.SOURCE))):
        return slots
    return tuple(part for slot in slots for part in _divided(slot, layout))


def _divided(slot: Slot, layout: Layout) -> tuple[Slot, ...]:
    code, source = _of(layout, Place.CODE), _of(layout, Place.SOURCE)
    rect = slot.rect
    beside = rect.width >= _DIVIDED_COLUMNS
    if not {*code, *source} <= set(slot.panes) or not code or not source:
        return (slot,)
    if not beside and rect.height < _DIVIDED_ROWS:
        return (slot,)
    if beside:
        left = rect.width * 11 // 20
        first, second = (
            Rect(rect.x, rect.y, left, rect.height),
            Rect(rect.x + left, rect.y, rect.width - left, rect.height),
        )
    else:
        upper = rect.height // 2
        first = Rect(rect.x, rect.y, rect.width, upper)
        second = Rect(rect.x, rect.y + upper, rect.width, rect.height - upper)
    return Slot(first, tuple(p for p in slot.panes if p not in source)), Slot(second, source)


def _arrange(width: int, height: int, layout: Layout, zoomed: str | None) -> tuple[Slot, ...]:
    everything = _of(layout, *Place)
    if width < LEAST_COLUMNS or height < LEAST_ROWS:
        return ()
    if zoomed is not None:
        return (Slot(Rect(0, 0, width, height), (zoomed, *(p for p in everything if p != zoomed))),)
    if width < _STACKED_COLUMNS or height < _STACKED_ROWS:
        return (Slot(Rect(0, 0, width, height), everything),)
    upper = height * 11 // 20
    if width < NARROW:
        return (
            Slot(Rect(0, 0, width, upper), _of(layout, *_CODE)),
            Slot(Rect(0, upper, width, height - upper), _of(layout, *(p for p in Place if p not in _CODE))),
        )
    make = _two_columns if width < WIDE else _three_columns
    return make(width, upper, height, layout)


def _of(layout: Layout, *places: Place) -> tuple[str, ...]:
    return tuple(id_ for id_, place in layout if place in places)


def _two_columns(width: int, upper: int, height: int, layout: Layout) -> tuple[Slot, ...]:
    left, side = width * 13 // 20, upper * 3 // 5
    return (
        Slot(Rect(0, 0, left, upper), _of(layout, *_CODE)),
        Slot(Rect(left, 0, width - left, side), _of(layout, Place.FRAME)),
        Slot(Rect(left, side, width - left, upper - side), _of(layout, Place.STACK)),
        Slot(Rect(0, upper, left, height - upper), _of(layout, Place.FIELDS, Place.BYTES)),
        Slot(Rect(left, upper, width - left, height - upper), _of(layout, Place.TALK, Place.SIDE)),
    )


def _three_columns(width: int, upper: int, height: int, layout: Layout) -> tuple[Slot, ...]:
    code, middle, side = width * 9 // 20, width * 11 // 40, upper * 3 // 5
    right, lower = width - code - middle, height - upper
    upper_slots = (
        Slot(Rect(0, 0, code, upper), _of(layout, *_CODE)),
        Slot(Rect(code, 0, middle, upper), _of(layout, Place.FRAME)),
        Slot(Rect(code + middle, 0, right, side), _of(layout, Place.STACK)),
        Slot(Rect(code + middle, side, right, upper - side), _of(layout, Place.SIDE)),
    )
    console = max(_CONSOLE_COLUMNS, width // 4)
    vmctx = width - _MEMORY_COLUMNS - console
    if vmctx < _VMCTX_COLUMNS:
        vmctx = width // 2
        return (
            *upper_slots,
            Slot(Rect(0, upper, vmctx, lower), _of(layout, Place.FIELDS, Place.BYTES)),
            Slot(Rect(vmctx, upper, width - vmctx, lower), _of(layout, Place.TALK)),
        )
    return (
        *upper_slots,
        Slot(Rect(0, upper, vmctx, lower), _of(layout, Place.FIELDS)),
        Slot(Rect(vmctx, upper, _MEMORY_COLUMNS, lower), _of(layout, Place.BYTES)),
        Slot(Rect(vmctx + _MEMORY_COLUMNS, upper, console, lower), _of(layout, Place.TALK)),
    )
