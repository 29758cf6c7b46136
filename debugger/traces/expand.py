"""A stretch of the recording run again with a ring buffer that never fills: what ran, block by block."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from debugger.history import BrokenOff, Clock, History
from vm.counting import Counting, Stretch, Way
from vm.heat import Heat
from vm.journal import HostResult
from vm.machine import Machine
from vm.stop import Hooks
from vm.trace import Ran, Trace, cut
from vm.types import Addr, Tick

_WORDS = 1 << 20
_SLICE_TICKS = _WORDS // 2  # an instruction may take two words
_FIRST_TICKS = 1 << 17  # that are counted before anybody is asked
_LEAST_SLICE_S = 0.05

Progress = Callable[[int, int], bool]  # (done, of) in ticks; whether to go on
Place = tuple[Addr, int]  # VMContext, function


@dataclass
class Counts:
    """How often each instruction retired, by function; `ticks` in all. `whole`: it was not stopped before the end.

    `ways` is where branches went; of an instruction that goes one of two ways, one may be all that it says.
    """

    by_function: dict[Place, list[int]] = field(default_factory=dict)
    ways: Mapping[Way, int] = field(default_factory=dict)
    ticks: int = 0
    whole: bool = True

    def at(self, vmctx: Addr, func: int, pc: int) -> int:
        """How often one instruction ran."""
        found = self.by_function.get((vmctx, func))
        return 0 if found is None or pc >= len(found) else found[pc]


class Expansion:
    """Runs ticks [start, end) again. The machine is left at `end`, or where it was stopped."""

    def __init__(self, machine: Machine, history: History, start: Tick, end: Tick) -> None:
        self.machine, self.history, self.start, self.end = machine, history, start, end
        self.clock: Clock = time.monotonic
        self._trace = Trace(_WORDS)
        self._meanings: dict[int, Ran] = {}

    def _slices(self, goes_on: Progress) -> Iterator[array[int]]:
        """The words of each slice. Raises BrokenOff when a pause was asked for."""
        self.history.back_to(self.start)
        while self.machine.tick < self.end:
            before = self.machine.tick
            if not goes_on(before - self.start, self.end - self.start):
                raise BrokenOff
            self._trace.at = 0
            upto = Tick(min(self.end, before + _SLICE_TICKS))
            self.history.run_until(upto, frozenset(), Hooks(trace=self._trace), over_site=True)
            yield self._trace.words[: self._trace.at]
            if self.machine.tick == before:
                return

    def meaning(self, word: int) -> Ran:
        """What a word of the trace stands for."""
        found = self._meanings.get(word)
        if found is None:
            found = self._meanings[word] = self._trace.meaning(word)
        return found

    def runs(self, goes_on: Progress = lambda done, of: True) -> Iterator[list[Ran]]:
        """What ran, in order, a slice at a time; runs of no instruction are left out."""
        for words in self._slices(goes_on):
            found = [self.meaning(word) for word in words]
            exact: list[Ran] = []
            for run, following in zip(found, [*found[1:], None], strict=True):
                length = run.length if following is None else cut(run, following)
                if length:
                    exact.append(run if length == run.length else run._replace(length=length))
            yield exact

    def count(self, goes_on: Progress = lambda done, of: True, heat: Heat | None = None) -> Counts:
        """How often each instruction retired, and where branches went; `heat`: and where a memory was touched."""
        counting, made = Counting(), Counts()
        try:
            self.history.back_to(self.start)
            self._counted(Hooks(counting=counting, heat=heat), goes_on)
        except BrokenOff:
            made.whole = False
        made.ticks = max(0, self.machine.tick - self.start)
        if heat is not None:
            self._written_by_hosts(heat, made.ticks)
        runs, made.ways = counting.taken()
        for stretch, times in runs.items():
            _add(made, stretch, times, self.machine)
        for key, differences in made.by_function.items():
            made.by_function[key] = _summed(differences)
        return made

    def _written_by_hosts(self, heat: Heat, ticks: int) -> None:
        for entry in self.machine.journal.entries:
            if isinstance(entry, HostResult) and self.start <= entry.tick < self.start + ticks:
                for write in entry.writes:
                    if write.region == heat.region.number:
                        heat.touched(write.offset, len(write.data), False, True)

    def _counted(self, hooks: Hooks, goes_on: Progress) -> None:
        """Counts a slice after another, each about as long as nobody minds to wait for."""
        ticks = _FIRST_TICKS
        while self.machine.tick < self.end:
            before, since = self.machine.tick, self.clock()
            if not goes_on(before - self.start, self.end - self.start):
                raise BrokenOff
            upto = Tick(min(self.end, before + ticks))
            self.history.run_until(upto, frozenset(), hooks, over_site=True)
            if self.machine.tick == before:
                return
            if self.clock() - since < _LEAST_SLICE_S:
                ticks *= 2
            elif self.clock() - since > 4 * _LEAST_SLICE_S:
                ticks = max(_FIRST_TICKS, ticks // 2)


def _add(into: Counts, run: Stretch, times: int, machine: Machine) -> None:
    """Notes where a count begins and ends to hold."""
    key = (run.vmctx, run.func)
    differences = into.by_function.get(key)
    if differences is None:
        instance = machine.instance_at(run.vmctx)
        size = len(instance.facts(run.func).instrs) if instance is not None else 1
        differences = into.by_function[key] = [0] * (size + 1)
    differences[run.pc] += times
    differences[min(run.pc + run.length, len(differences) - 1)] -= times


def _summed(differences: list[int]) -> list[int]:
    total, out = 0, []
    for each in differences[:-1]:
        total += each
        out.append(total)
    return out
