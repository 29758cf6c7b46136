"""The call tree: every call of a stretch in the order of time, with the ticks at which it began and ended."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

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
    threads: tuple[tuple[int, int], ...] = ((0, 0),)  # each with its first call
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

    def thread(self, number: int) -> int:
        """Whose a call is."""
        return self.threads[bisect_right(self.threads, number, key=lambda each: each[1]) - 1][0]

    def at(self, tick: int, thread: int = 0) -> list[int]:
        """The calls of a thread that were under way at a tick, the outermost first."""
        firsts = [*(first for _, first in self.threads), len(self)]
        place = next((i for i, (each, _) in enumerate(self.threads) if each == thread), None)
        if place is None:
            return []
        number = bisect_right(self.starts, tick, firsts[place], firsts[place + 1]) - 1
        if number < firsts[place]:
            return []
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


@dataclass
class _Part:
    """The calls of one thread, by their numbers among these."""

    numbers: array[int] = field(default_factory=lambda: array("I"))
    depths: array[int] = field(default_factory=lambda: array("I"))
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    lasts: array[int] = field(default_factory=lambda: array("I"))
    parents: array[int] = field(default_factory=lambda: array("I"))
    open: list[int] = field(default_factory=list)
    beneath: int = 0  # calls under way that are not kept


class _Builder:
    def __init__(self, start: Tick, thread: int) -> None:
        self._start, self._places, self._left_off, self._kept = start, dict[Place, int](), 0, 0
        self._part = _Part()
        self._parts = {thread: self._part}

    def switched(self, thread: int, tick: int) -> None:
        """See `Sink`."""
        self._part = self._parts.setdefault(thread, _Part())

    def entered(self, place: Place, tick: int) -> None:
        """See `Sink`."""
        part = self._part
        if part.beneath or self._kept >= MOST_CALLS:
            part.beneath += 1
            self._left_off += 1
            return
        self._kept += 1
        number = len(part.numbers)
        part.numbers.append(self._places.setdefault(place, len(self._places)))
        part.lasts.append(number)
        part.parents.append(part.open[-1] if part.open else number)
        part.depths.append(len(part.open))
        part.open.append(number)
        part.starts.append(self._start + tick)
        part.ends.append(0)

    def left(self, tick: int) -> None:
        """See `Sink`."""
        part = self._part
        if part.beneath:
            part.beneath -= 1
            return
        number = part.open.pop()
        part.ends[number] = self._start + tick
        part.lasts[number] = len(part.numbers) - 1

    def ended(self, tick: int, begun: int, whole: bool) -> CallTree:
        """The tree: the calls of a thread after those of another."""
        made, firsts = _Part(), list[tuple[int, int]]()
        for thread, part in self._parts.items():
            for number in part.open:
                part.lasts[number] = len(part.numbers) - 1
            first = len(made.numbers)
            firsts.append((thread, first))
            for name in ("numbers", "depths", "starts", "ends"):
                getattr(made, name).extend(getattr(part, name))
            made.lasts.extend(first + number for number in part.lasts)
            made.parents.extend(first + number for number in part.parents)
        return CallTree(
            self._start, Tick(self._start + tick), list(self._places), made.numbers, made.depths, made.starts,
            made.ends, made.lasts, made.parents, begun, tuple(firsts), self._left_off, whole,
        )  # fmt: skip


def calls(expansion: Expansion, stack: Stack, goes_on: Progress = lambda done, of: True) -> CallTree:
    """Repeats a stretch and writes down its calls. `stack`: with which it begins."""
    made = _Builder(expansion.start, stack.thread)
    follower = Follower(expansion, made, stack)
    whole = follower.through(goes_on)
    return made.ended(follower.tick, len(stack.frames) - stack.is_entry, whole)
