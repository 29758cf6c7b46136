"""Rows of a tree of calls: those in sight when some are folded. A million calls take an array, and no object each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import islice

from debugger.traces.calls import CallTree


class RowTree:
    """Numbers of calls by row. To begin with as many levels are open as give few rows."""

    def __init__(self, tree: CallTree | None = None, few: int = 0) -> None:
        self._tree = tree
        self._open: set[int] = set()
        self._rows = array("I", tree.roots()) if tree is not None else array("I")
        while tree is not None and len(self._rows) < few:
            closed = [n for n in self._rows if tree.lasts[n] > n and n not in self._open]
            if not closed or len(self._rows) + sum(self._count(n, few) for n in closed) > few:
                return
            for number in closed:
                self.toggle(bisect_left(self._rows, number))

    def _count(self, number: int, most: int) -> int:
        """How many calls one led to directly, as far as that matters."""
        assert self._tree is not None
        return sum(1 for _ in islice(self._tree.children(number), most + 1))

    def __len__(self) -> int:
        return len(self._rows)

    def number(self, row: int) -> int:
        """The call of a row."""
        return self._rows[row]

    def row_of(self, number: int) -> int | None:
        """The row of a call; None when it is folded away."""
        at = bisect_left(self._rows, number)
        return at if at < len(self._rows) and self._rows[at] == number else None

    def is_open(self, number: int) -> bool:
        return number in self._open

    def above(self, row: int) -> int | None:
        """The row of the call that led to one."""
        assert self._tree is not None
        number = self._tree.above(self._rows[row])
        return None if number < 0 else self.row_of(number)

    def toggle(self, row: int) -> None:
        """Folds a call, or opens it, with what was open in it."""
        assert self._tree is not None
        number = self._rows[row]
        if number in self._open:
            self._open.remove(number)
            del self._rows[row + 1 : bisect_left(self._rows, self._tree.lasts[number] + 1)]
        elif self._tree.lasts[number] > number:
            self._open.add(number)
            self._rows[row + 1 : row + 1] = array("I", self._below(number))

    def _below(self, number: int) -> list[int]:
        """What is in sight below an open call."""
        assert self._tree is not None
        found: list[int] = []
        pending = [self._tree.children(number)]
        while pending:
            child = next(pending[-1], None)
            if child is None:
                pending.pop()
                continue
            found.append(child)
            if child in self._open:
                pending.append(self._tree.children(child))
        return found
