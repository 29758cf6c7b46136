"""What ran last: a ring buffer that executors fill as they go."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from vm.types import Addr

_BYTES = 8


class Ran(NamedTuple):
    """Instructions of a function that ran one after another; `length` 0: what ran before was left here, in its middle.

    `single`: one that stands alone natively; what ran before may have been a block that is run one by one.
    """

    vmctx: Addr
    func: int
    pc: int
    length: int
    single: bool = False


class Trace:
    """The last `capacity` entries. A word is odd for an instruction of its own, else it means what `native` says."""

    def __init__(self, capacity: int) -> None:
        assert capacity > 0
        self.words = array("Q", bytes(_BYTES * capacity))
        self.at = 0  # where the next entry goes
        self.native: Callable[[int], Ran] | None = None
        self._instructions: list[tuple[Addr, int, int]] = []
        self._numbers: dict[tuple[Addr, int, int], int] = {}

    def add(self, vmctx: Addr, func: int, pc: int) -> None:
        """An instruction is about to run."""
        key = (vmctx, func, pc)
        number = self._numbers.setdefault(key, len(self._instructions))
        if number == len(self._instructions):
            self._instructions.append(key)
        self.put(number << 1 | 1)

    def put(self, word: int) -> None:
        self.words[self.at] = word
        self.at = (self.at + 1) % len(self.words)

    def take_back(self) -> None:
        """What was told last has not retired."""
        self.at = (self.at - 1) % len(self.words)
        self.words[self.at] = 0

    def instructions(self) -> list[tuple[Addr, int, int]]:
        """The instructions that ran, as far as the buffer goes back: (vmctx, function, index), the oldest first."""
        found: list[tuple[Addr, int, int]] = []
        runs = list(self._runs())
        for run, following in zip(runs, [*runs[1:], None], strict=True):
            length = run.length if following is None else cut(run, following)
            found += [(run.vmctx, run.func, run.pc + i) for i in range(length)]
        return found

    def _runs(self) -> Iterator[Ran]:
        for word in (*self.words[self.at :], *self.words[: self.at]):
            if word:
                yield self.meaning(word)

    def meaning(self, word: int) -> Ran:
        """What an entry stands for."""
        if word & 1:
            return Ran(*self._instructions[word >> 1], 1)
        assert self.native is not None
        return self.native(word)


def cut(run: Ran, following: Ran) -> int:
    """How much of a run was done, by what came next: it may have been left in its middle, and gone on with singly."""
    if following[:2] != run[:2] or (following.length and not following.single):
        return run.length
    inside = following.pc - run.pc
    return inside if (1 if following.single else 0) <= inside < run.length else run.length
