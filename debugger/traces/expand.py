"""A stretch of the recording run again with a ring buffer that never fills: what ran, block by block."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from debugger.history import BrokenOff, History
from vm.machine import Machine
from vm.stop import Hooks
from vm.trace import Ran, Trace, cut
from vm.types import Addr, Tick

if TYPE_CHECKING:
    from vm.native.tally import Tally

_WORDS = 1 << 20
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
        self._noticed: set[int] = set()  # words that the tally has told of

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
        made, tally = Counts(), _tally()
        try:
            for words in self._slices(goes_on):
                if tally is None:
                    counted.update(words)
                    self._find_cut(words, less)
                else:
                    self._tallied(tally, words, counted, less)
        except BrokenOff:
            made.whole = False
        counted.update(tally.take() if tally is not None else {})
        made.ticks = self.machine.tick - self.start
        for (word, length), times in less.items():
            counted[word] -= times
            _add(made, self.meaning(word)._replace(length=length), times, self.machine)
        for word, times in counted.items():
            _add(made, self.meaning(word), times, self.machine)
        for key, differences in made.by_function.items():
            made.by_function[key] = _summed(differences)
        return made

    def _tallied(self, tally: Tally, words: array[int], counted: Counter[int], less: Counter[tuple[int, int]]) -> None:
        """Counts a slice in machine code, and looks at what is new and at what may cut a block by hand."""
        if tally.is_full:
            counted.update(tally.take())
            self._noticed.clear()
        told, is_new = tally.add(words, len(words)), False
        for word in {words[i] for i in told} - self._noticed:
            mark = self._is_mark(word)
            self._noticed.add(word)
            tally.noticed(word, mark)
            is_new = is_new or mark
        if is_new:  # it may stand at other places that nobody was told of
            self._find_cut(words, less)
            return
        for i in told:
            if self._is_mark(words[i]):
                self._cut_at(words, i, less)

    def _is_mark(self, word: int) -> bool:
        """Whether a word may say that the block before it was left in its middle."""
        run = self.meaning(word)
        return run.length == 0 or run.single

    def _cut_at(self, words: array[int], i: int, less: Counter[tuple[int, int]]) -> None:
        """Notes how much of the block before a mark has run."""
        if i:
            run = self.meaning(words[i - 1])
            if run.length <= 1:
                return
            length = cut(run, self.meaning(words[i]))
            if length != run.length:
                less[words[i - 1], length] += 1

    def _find_cut(self, words: array[int], less: Counter[tuple[int, int]]) -> None:
        """Blocks that were left in their middle: what comes after one says where."""
        marks = {w for w in set(words) if self._is_mark(w)}
        if not marks:
            return
        for i in [i for i, word in enumerate(words) if word in marks]:
            self._cut_at(words, i, less)


def _tally() -> Tally | None:
    """Counting in machine code, where that can be had."""
    try:
        from vm.native.tally import Tally
    except ImportError:
        return None
    return Tally(_WORDS)


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
