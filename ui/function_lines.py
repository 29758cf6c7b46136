"""A function's disassembly, made as far as it was asked for: the first page of a huge one comes at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import overload

from vm.disasm import Line, disassembly
from vm.module import Module
from vm.naming import Naming

_SLICE = 500  # lines made in one go, so that another thread need not wait long


class FunctionLines(Sequence[Line]):
    """The lines of one function. More than one thread may read them; asking for the length makes them all."""

    def __init__(self, module: Module, func: int, naming: Naming) -> None:
        self._rest: Iterator[Line] = disassembly(module, func, naming)
        self._made: list[Line] = []
        self._rows: list[int] = []  # of instructions that retire
        self._lock = threading.Lock()
        self.whole = False  # all of them are made

    def until(self, count: int) -> None:
        """Makes the first `count` lines, if there are so many."""
        while not self.whole and len(self._made) < count:
            self._more(min(_SLICE, count - len(self._made)))

    def advance(self) -> None:
        """Makes some more."""
        self._more(_SLICE)

    def all(self) -> list[Line]:
        """All of them."""
        while not self.whole:
            self.advance()
        return self._made

    def _more(self, count: int) -> None:
        with self._lock:
            made = list(islice(self._rest, count))
            first = len(self._made)
            self._rows += (i for i, line in enumerate(made, first) if line.index is not None)
            self._made += made
            self.whole = len(made) < count

    def row_of(self, index: int) -> int:
        """Which line an instruction is on, by its index."""
        while not self.whole and len(self._rows) <= index:
            self.advance()
        return self._rows[index]

    def row_of_next(self, row: int) -> int | None:
        """The first line from one on that is an instruction that retires."""
        self.until(row + 1)
        while True:
            found = next((i for i in range(row, len(self._made)) if self._made[i].index is not None), None)
            if found is not None or self.whole:
                return found
            row = len(self._made)
            self.advance()

    def __len__(self) -> int:
        return len(self.all())

    @overload
    def __getitem__(self, at: int) -> Line: ...
    @overload
    def __getitem__(self, at: slice) -> list[Line]: ...

    def __getitem__(self, at: int | slice) -> Line | list[Line]:
        last = at.stop if isinstance(at, slice) else at + 1
        if last is None or last <= 0:
            self.all()
        else:
            self.until(last)
        return self._made[at]
