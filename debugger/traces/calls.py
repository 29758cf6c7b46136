"""The call tree: every call of a stretch in the order of time, with the ticks at which it began and ended."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from debugger.history import BrokenOff
from debugger.traces.expand import Expansion, Place, Progress
from debugger.traces.follow import Follower, Stack
from vm.types import Tick

MOST_CALLS = 1_000_000  # of one tree; of later ones it is said that there were more


class Called(NamedTuple):
    """A call. `end` is the tick after its last instruction, `within` how many calls it led to in all.

    `begun` before the stretch: it was under way; `open`: it is, at the stretch's end.
    """

    place: Place
    depth: int
    start: Tick
    end: Tick
    within: int
    begun: bool
    open: bool


@dataclass
class CallTree:
    """Calls by number, in the order in which they began. `left_off` are calls after the last that is kept."""

    start: Tick
    end: Tick
    places: list[Place]
    numbers: array[int]  # of each call's place
    depths: array[int]
    starts: array[int]
    ends: array[int]  # 0: it is open
    lasts: array[int]  # the last call that each led to, itself for none
    parents: array[int]  # the call that led to each, itself for none
    begun: int  # so many at first were under way
    left_off: int = 0
    whole: bool = True

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, number: int) -> Called:
        open_ = not self.ends[number]
        return Called(
            self.places[self.numbers[number]], self.depths[number], Tick(self.starts[number]),
            self.end if open_ else Tick(self.ends[number]), self.lasts[number] - number, number < self.begun, open_,
        )  # fmt: skip

    def roots(self) -> Iterator[int]:
        """The calls that no other call of the tree led to."""
        yield from self._row(0, len(self) - 1)

    def children(self, number: int) -> Iterator[int]:
        """The calls that a call led to directly."""
        yield from self._row(number + 1, self.lasts[number])

    def _row(self, first: int, last: int) -> Iterator[int]:
        while first <= last:
            yield first
            first = self.lasts[first] + 1

    def at(self, tick: int) -> list[int]:
        """The calls that were under way at a tick, the outermost first."""
        number = bisect_right(self.starts, tick) - 1
        while number >= 0 and not self._holds(number, tick):
            number = self.above(number)
        found: list[int] = []
        while number >= 0:
            found.append(number)
            number = self.above(number)
        return found[::-1]

    def above(self, number: int) -> int:
        """The call that led to one; -1: none."""
        return -1 if self.parents[number] == number else self.parents[number]

    def _holds(self, number: int, tick: int) -> bool:
        return self.starts[number] <= tick < (self.ends[number] or self.end + 1)


class _Builder:
    def __init__(self, start: Tick) -> None:
        self._start, self._open, self._numbers = start, list[int](), dict[Place, int]()
        self._beneath = 0  # calls under way that are not kept
        self.tree = CallTree(
            start, start, [], array("I"), array("I"), array("Q"), array("Q"), array("I"), array("I"), 0
        )

    def entered(self, place: Place, tick: int) -> None:
        """See `Sink`."""
        tree = self.tree
        if self._beneath or len(tree) >= MOST_CALLS:
            self._beneath += 1
            tree.left_off += 1
            return
        number = self._numbers.setdefault(place, len(tree.places))
        if number == len(tree.places):
            tree.places.append(place)
        tree.lasts.append(len(tree))
        tree.parents.append(self._open[-1] if self._open else len(tree))
        tree.depths.append(len(self._open))
        self._open.append(len(tree))
        tree.numbers.append(number)
        tree.starts.append(self._start + tick)
        tree.ends.append(0)

    def left(self, tick: int) -> None:
        """See `Sink`."""
        if self._beneath:
            self._beneath -= 1
            return
        number = self._open.pop()
        self.tree.ends[number] = self._start + tick
        self.tree.lasts[number] = len(self.tree) - 1

    def ended(self, tick: int) -> CallTree:
        self.tree.end = Tick(self._start + tick)
        for number in self._open:
            self.tree.lasts[number] = len(self.tree) - 1
        return self.tree


def calls(expansion: Expansion, stack: Stack, goes_on: Progress = lambda done, of: True) -> CallTree:
    """Repeats a stretch and writes down its calls. `stack`: with which it begins."""
    made = _Builder(expansion.start)
    follower = Follower(expansion.machine, made)
    follower.begin(stack.frames)
    made.tree.begun = len(made.tree) - stack.is_entry
    try:
        for runs in expansion.runs(goes_on):
            for run in runs:
                follower.add(run)
    except BrokenOff:
        made.tree.whole = False
    follower.finish()
    return made.ended(follower.tick)
