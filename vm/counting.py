"""How often instructions retired and where branches went, counted by executors while they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from vm.types import Addr, Tick


class Stretch(NamedTuple):
    """Instructions of a function that stand one after another."""

    vmctx: Addr
    func: int
    pc: int
    length: int


class Way(NamedTuple):
    """From an instruction that branches to the one that it went on with."""

    vmctx: Addr
    func: int
    pc: int
    target: int


class Counting:
    """What an executor has counted. Native code counts whole blocks: what of one did not run is added as less than 0.

    Of what goes one of two ways an executor may count but one way: the other is the rest.
    """

    def __init__(self) -> None:
        self._runs: Counter[Stretch] = Counter()
        self._ways: Counter[Way] = Counter()
        self.collect: Callable[[], None] | None = None  # lets native code add what it has counted
        self._begun: tuple[Addr, int, int, Tick] | None = None  # an instruction that may retire

    def add(self, stretch: Stretch, times: int) -> None:
        if stretch.length and times:
            self._runs[stretch] += times

    def went(self, way: Way, times: int) -> None:
        if times:
            self._ways[way] += times

    def begins(self, vmctx: Addr, func: int, pc: int, tick: Tick) -> None:
        """An instruction is about to run, which it may do again before it retires."""
        self.retired(tick, vmctx, func, pc)
        self._begun = (vmctx, func, pc, tick)

    def retired(self, tick: Tick, vmctx: Addr, func: int, to: int) -> None:
        """It is this tick, and this instruction is next: what has begun at an earlier one has retired."""
        if self._begun is not None and tick > self._begun[3]:
            before, pc = self._begun[:2], self._begun[2]
            self.add(Stretch(*before, pc, 1), 1)
            if before == (vmctx, func):
                self.went(Way(vmctx, func, pc, to), 1)
            self._begun = None

    def broken_off(self) -> None:
        """What has begun has not been done: it begins anew, if ever."""
        self._begun = None

    def taken(self) -> tuple[Counter[Stretch], Counter[Way]]:
        """All that was counted."""
        if self.collect is not None:
            self.collect()
        return self._runs, self._ways
