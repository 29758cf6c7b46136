"""Rows of an outline of structures, some of it folded: which row is what is computed, not listed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from debugger.structures import Block


class Kind(Enum):
    """What a row is."""

    BLOCK = auto()  # the heading of a structure
    GROUP = auto()  # the heading of an array or an inner struct
    FIELD = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """A row: of which block and part; `row` counts within the part."""

    kind: Kind
    block: int
    part: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows of one kind that follow each other; `single` is a scalar part, `row` of which is always 0."""

    start: int
    place: Place


IsOpen = Callable[[Block, int | None], bool]  # a block, and a part or None for the block itself


class Outline:
    """Blocks, with what `is_open` says is unfolded."""

    def __init__(self, blocks: Sequence[Block], is_open: IsOpen) -> None:
        self.blocks = tuple(blocks)
        self._runs: list[_Run] = []
        self._first_rows: dict[tuple[int, int], int] = {}  # by block and part: where its fields begin
        self._count = 0
        for number, block in enumerate(self.blocks):
            self._add(Place(Kind.BLOCK, number), 1)
            if is_open(block, None):
                self._add_parts(number, block, is_open)
        self._starts = [run.start for run in self._runs]

    def _add_parts(self, number: int, block: Block, is_open: IsOpen) -> None:
        for i, part in enumerate(block.parts):
            if not part.rows:
                continue
            if part.is_group and part.name:
                self._add(Place(Kind.GROUP, number, i), 1)
                if not is_open(block, i):
                    continue
            self._first_rows[number, i] = self._count
            self._add(Place(Kind.FIELD, number, i), part.rows)

    def _add(self, place: Place, count: int) -> None:
        self._runs.append(_Run(self._count, place))
        self._count += count

    def __len__(self) -> int:
        return self._count

    def place(self, index: int) -> Place:
        """What row `index` is."""
        run = self._runs[bisect_right(self._starts, index) - 1]
        place = run.place
        return place if place.kind is not Kind.FIELD else Place(Kind.FIELD, place.block, place.part, index - run.start)

    def index(self, wanted: Place) -> int | None:
        """The row of a place; None while it is folded away."""
        if wanted.kind is Kind.FIELD:
            first = self._first_rows.get((wanted.block, wanted.part))
            return None if first is None else first + wanted.row
        return next((run.start for run in self._runs if run.place == wanted), None)

    def find(self, addr: int) -> Place | None:
        """The field that holds an address, folded away or not; a heading for padding; None when no block has it."""
        for number, block in enumerate(self.blocks):
            if block.holds(addr):
                found = block.row_at(addr - block.addr)
                return Place(Kind.BLOCK, number) if found is None else Place(Kind.FIELD, number, *found)
        return None
