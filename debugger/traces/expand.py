"""A stretch of the recording run again with a ring buffer that never fills: what ran, block by block."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from debugger.history import BrokenOff, History
from vm.machine import Machine
from vm.stop import Hooks
from vm.trace import Ran, Trace, cut
from vm.types import Addr, Tick

_WORDS = 1 << 19
_SLICE_TICKS = _WORDS // 2  # an instruction may take two words

Progress = Callable[[int, int], bool]  # (done, of) in ticks; whether to go on
Place = tuple[Addr, int]  # VMContext, function


@dataclass
class Counts:
    """How often each instruction ran, by function; `ticks` in all. `whole`: it was not stopped before the end."""

    by_function: dict[Place, list[int]] = field(default_factory=dict)
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

    def count(self, goes_on: Progress = lambda done, of: True) -> Counts:
        """How often each instruction ran."""
        counted: Counter[int] = Counter()
        less: Counter[tuple[int, int]] = Counter()  # (word, how much of it ran) where that is not all
        made = Counts()
        try:
            for words in self._slices(goes_on):
                counted.update(words)
                self._find_cut(words, less)
        except BrokenOff:
            made.whole = False
        made.ticks = self.machine.tick - self.start
        for (word, length), times in less.items():
            counted[word] -= times
            _add(made, self.meaning(word)._replace(length=length), times, self.machine)
        for word, times in counted.items():
            _add(made, self.meaning(word), times, self.machine)
        for key, differences in made.by_function.items():
            made.by_function[key] = _summed(differences)
        return made

    def _find_cut(self, words: array[int], less: Counter[tuple[int, int]]) -> None:
        """Blocks that were left in their middle: what comes after one says where."""
        marks = {w for w in set(words) if self.meaning(w).length == 0 or self.meaning(w).single}
        if not marks:
            return
        for i in [i for i, word in enumerate(words) if word in marks]:
            if i:
                run = self.meaning(words[i - 1])
                length = cut(run, self.meaning(words[i]))
                if length != run.length:
                    less[words[i - 1], length] += 1


def _add(into: Counts, run: Ran, times: int, machine: Machine) -> None:
    """Notes where a count begins and ends to hold."""
    if not run.length or not times:
        return
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
