"""Blocks that were given back to an allocator, as far as no other block lies there now."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vm.stop import Watch
from vm.types import Addr, Tick

_MOST_PIECES, _MOST_WATCHES = 512, 256  # what an access is compared with, one after the other
_ROUNDED = 16  # to which allocators round sizes: what reads a word of a text at once reads up to there
_GAP = 16  # between two blocks: the allocator's own words
_WIDE = 16  # bytes; what is wider goes over memory from one end to the other


class Caller(NamedTuple):
    """An instruction of a frame: where it is, or where its call is under way."""

    vmctx: Addr
    func: int
    pc: int


Stack = tuple[Caller, ...]  # the innermost first


@dataclass(frozen=True, slots=True)
class Block:
    """A block of memory 0, and the call that took it: the tick at which it began, and who called."""

    address: int
    size: int
    tick: Tick
    stack: Stack


@dataclass(frozen=True, slots=True)
class Freed:
    """A block, and the call that gave it back."""

    block: Block
    tick: Tick
    stack: Stack


class _Piece(NamedTuple):
    start: int
    end: int
    freed: Freed


class FreedBlocks:
    """What is left of them, by place. Of very many those that were given back last are kept."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []  # apart, in order
        self._base: Addr | None = None
        self._watches: tuple[Watch, ...] = ()
        self.forgotten = 0  # blocks that are not kept any more

    def add(self, freed: Freed) -> None:
        """A block was given back."""
        start, end = freed.block.address, freed.block.address + freed.block.size
        self._cut(start, end)
        if end > start:
            insort(self._pieces, _Piece(start, end, freed), key=_start)
        if len(self._pieces) > _MOST_PIECES:
            self._pieces.remove(min(self._pieces, key=lambda piece: piece.freed.tick))
            self.forgotten += 1

    def take(self, start: int, size: int) -> None:
        """A block was taken here: it is in use, up to where allocators round its size."""
        end = start + size
        self._cut(start, end)
        at = bisect_left(self._pieces, end, key=_start)
        if at < len(self._pieces) and self._pieces[at].start == end and self._pieces[at].freed.block.address < end:
            self._cut(end, -(-end // _ROUNDED) * _ROUNDED)

    def _cut(self, start: int, end: int) -> None:
        self._base = None
        at, upto = self._overlapping(start, end)
        kept = []
        for piece in self._pieces[at:upto]:
            if piece.start < start:
                kept.append(piece._replace(end=start))
            if piece.end > end:
                kept.append(piece._replace(start=end))
        self._pieces[at:upto] = kept

    def _overlapping(self, start: int, end: int) -> tuple[int, int]:
        at = bisect_right(self._pieces, start, key=_start)
        if at and self._pieces[at - 1].end > start:
            at -= 1
        return at, max(at, bisect_left(self._pieces, end, key=_start))

    def used(self, start: int, size: int) -> Freed | None:
        """The block that an access to these bytes uses. One that merely reaches into it with a word does not: that is
        how texts are searched for their end."""
        at, upto = self._overlapping(start, start + size)
        for piece in self._pieces[at:upto]:
            if size > _WIDE or (piece.start <= start and start + size <= piece.end):
                return piece.freed
        return None

    def watches(self, base: Addr) -> tuple[Watch, ...]:
        """What to watch in a memory that begins at an address; blocks close to each other are watched as one."""
        if self._base != base:
            found = sorted(self._merged(), key=lambda each: -each[2])
            for start, end, _ in found[_MOST_WATCHES:]:
                self._forget(start, end)
            found = sorted(found[:_MOST_WATCHES])
            self._watches = tuple(Watch(Addr(base + s), e - s, reads=True, writes=True) for s, e, _ in found)
            self._base = base
        return self._watches

    def _forget(self, start: int, end: int) -> None:
        at, upto = self._overlapping(start, end)
        self.forgotten += upto - at
        del self._pieces[at:upto]

    def _merged(self) -> Iterator[tuple[int, int, Tick]]:
        """(start, end, when the last of it was given back)."""
        start, end, tick = -1, -1, Tick(0)
        for piece in self._pieces:
            if start >= 0 and piece.start - end <= _GAP:
                end, tick = piece.end, max(tick, piece.freed.tick)
                continue
            if start >= 0:
                yield start, end, tick
            start, end, tick = piece.start, piece.end, piece.freed.tick
        if start >= 0:
            yield start, end, tick


def _start(piece: _Piece) -> int:
    return piece.start
