"""Where panes go: a pure function from the size of the desk, a layout and shares to rectangles.

A slot is a place for several panes of which one is shown; its border carries their names as tabs. The desk is cut in
two again and again; the share of each cut has a name, so that it can be dragged and kept. Where nothing would be shown
there is no cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

NARROW, WIDE = 100, 160  # columns: below NARROW one column, from WIDE on three
LEAST_COLUMNS, LEAST_ROWS = 32, 6  # of the desk; below nothing can be shown
_MEMORY_COLUMNS, _CONSOLE_COLUMNS, _VMCTX_COLUMNS = 82, 44, 66  # sixteen bytes a row; what the others need beside it
_DIVIDED_COLUMNS, _DIVIDED_ROWS = 100, 10  # of a slot that code and source share: from there on both are shown
_STACKED_COLUMNS, _STACKED_ROWS = 50, 12  # from there on one pane above another
_LEAST_COLUMNS_OF_SLOT, _LEAST_ROWS_OF_SLOT = 12, 3


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
Shares = Mapping[str, float]  # of the first part of a cut, by the cut's name


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
class Edge:
    """Where a cut runs: `rect` is what it cuts, at column or row `at` of the desk."""

    name: str
    upright: bool
    rect: Rect
    at: int

    def share(self, at: int) -> float:
        """The first part's share when the cut is dragged to a column or row."""
        start, length = (self.rect.x, self.rect.width) if self.upright else (self.rect.y, self.rect.height)
        return min(max((at - start) / max(1, length), 0.05), 0.95)

    def runs_by(self, x: int, y: int) -> bool:
        """Whether a cell is one of the two rows or columns of border along the cut."""
        inside = self.rect.x <= x < self.rect.x + self.rect.width and self.rect.y <= y < self.rect.y + self.rect.height
        return inside and (x if self.upright else y) in (self.at - 1, self.at)


@dataclass(frozen=True, slots=True)
class Plan:
    """Slots, and the cuts between them, the outer ones first."""

    slots: tuple[Slot, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    panes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cut:
    """`first` is at the left when `upright`, else above."""

    name: str
    share: float
    upright: bool
    first: _Node
    second: _Node


_Node = _Leaf | _Cut


def arrange(
    width: int,
    height: int,
    layout: Layout,
    zoomed: str | None = None,
    divide: bool = False,
    shares: Shares | None = None,
) -> Plan:
    """The slots of a desk of this size, none when it is too small; a zoomed pane has it all.

    `divide`: code and source are both shown, where there is room.
    """
    tree = _tree(width, height, layout, zoomed)
    if tree is None:
        return Plan((), ())
    slots: list[Slot] = []
    edges: list[Edge] = []
    placing = _Placing(shares or {}, _of(layout, Place.SOURCE) if divide else (), slots, edges)
    placing.place(tree, Rect(0, 0, width, height))
    return Plan(tuple(slots), tuple(edges))


def _of(layout: Layout, *places: Place) -> tuple[str, ...]:
    return tuple(id_ for id_, place in layout if place in places)


def _tree(width: int, height: int, layout: Layout, zoomed: str | None) -> _Node | None:
    everything = _of(layout, *Place)
    if width < LEAST_COLUMNS or height < LEAST_ROWS or not everything:
        return None
    if zoomed is not None:
        return _Leaf((zoomed, *(p for p in everything if p != zoomed)))
    if width < _STACKED_COLUMNS or height < _STACKED_ROWS:
        return _Leaf(everything)
    if width < NARROW:
        return _above("upper", 0.55, _leaf(layout, *_CODE), _leaf(layout, *(p for p in Place if p not in _CODE)))
    return _two_columns(layout) if width < WIDE else _three_columns(width, layout)


def _leaf(layout: Layout, *places: Place) -> _Leaf:
    return _Leaf(_of(layout, *places))


def _above(name: str, share: float, first: _Node, second: _Node) -> _Node:
    return _cut(name, share, False, first, second)


def _beside(name: str, share: float, first: _Node, second: _Node) -> _Node:
    return _cut(name, share, True, first, second)


def _cut(name: str, share: float, upright: bool, first: _Node, second: _Node) -> _Node:
    if isinstance(first, _Leaf) and not first.panes:
        return second
    if isinstance(second, _Leaf) and not second.panes:
        return first
    return _Cut(name, share, upright, first, second)


def _two_columns(layout: Layout) -> _Node:
    right = _above("side", 0.6, _leaf(layout, Place.FRAME), _leaf(layout, Place.STACK))
    return _above(
        "upper", 0.55, _beside("left", 0.65, _leaf(layout, *_CODE), right),
        _beside("lower", 0.65, _leaf(layout, Place.FIELDS, Place.BYTES), _leaf(layout, Place.TALK, Place.SIDE)),
    )  # fmt: skip


def _three_columns(width: int, layout: Layout) -> _Node:
    right = _above("side", 0.6, _leaf(layout, Place.STACK), _leaf(layout, Place.SIDE))
    upper = _beside(
        "code", 0.45, _leaf(layout, *_CODE), _beside("middle", 0.5, _leaf(layout, Place.FRAME), right)
    )  # fmt: skip
    console = max(_CONSOLE_COLUMNS, width // 4)
    fields = width - _MEMORY_COLUMNS - console
    if fields < _VMCTX_COLUMNS:
        lower = _beside("half", 0.5, _leaf(layout, Place.FIELDS, Place.BYTES), _leaf(layout, Place.TALK))
    else:
        bytes_share = _MEMORY_COLUMNS / (width - fields)
        inner = _beside("bytes", bytes_share, _leaf(layout, Place.BYTES), _leaf(layout, Place.TALK))
        lower = _beside("fields", fields / width, _leaf(layout, Place.FIELDS), inner)
    return _above("upper", 0.55, upper, lower)


@dataclass(frozen=True, slots=True)
class _Placing:
    """Puts a tree into rectangles. Panes in `beside` get a part of their own where there is room."""

    shares: Shares
    beside: tuple[str, ...]
    slots: list[Slot]
    edges: list[Edge]

    def place(self, node: _Node, rect: Rect) -> None:
        if isinstance(node, _Leaf):
            divided = self._divided(node, rect)
            if divided is None:
                self.slots.append(Slot(rect, node.panes))
                return
            node = divided
        for part, where in zip((node.first, node.second), self._parts(node, rect), strict=True):
            self.place(part, where)

    def _divided(self, leaf: _Leaf, rect: Rect) -> _Cut | None:
        rest = tuple(p for p in leaf.panes if p not in self.beside)
        apart = tuple(p for p in self.beside if p in leaf.panes)
        upright = rect.width >= _DIVIDED_COLUMNS
        near = (rest and rest[0] == "code") or (apart and leaf.panes[0] in apart)
        if not rest or not apart or not near or not (upright or rect.height >= _DIVIDED_ROWS):
            return None
        return _Cut("source", 0.55 if upright else 0.5, upright, _Leaf(rest), _Leaf(apart))

    def _parts(self, cut: _Cut, rect: Rect) -> Iterator[Rect]:
        length = rect.width if cut.upright else rect.height
        least = _LEAST_COLUMNS_OF_SLOT if cut.upright else _LEAST_ROWS_OF_SLOT
        size = min(max(round(length * self.shares.get(cut.name, cut.share)), least), length - least)
        x, y, width, height = rect.x, rect.y, rect.width, rect.height
        self.edges.append(Edge(cut.name, cut.upright, rect, (x if cut.upright else y) + size))
        if cut.upright:
            yield Rect(x, y, size, height)
            yield Rect(x + size, y, width - size, height)
        else:
            yield Rect(x, y, width, size)
            yield Rect(x, y + size, width, height - size)
