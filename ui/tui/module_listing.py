"""A module's whole code as one list of rows, function after function, disassembled where it comes into sight.

Functions that were not seen yet count with an estimate of their rows, which is put right before they are shown.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from ui.listings import Listings
from ui.tui.row_index import RowIndex
from vm.disasm import Line
from vm.instance import Instance

_BYTES_PER_ROW = 2.3  # of code, as compilers write it
_KEPT_PLACES = 64


@dataclass(frozen=True, slots=True)
class Position:
    """A line of a function's disassembly; the one past its last is the blank between functions."""

    func: int
    line: int


class ModuleListing:
    """The rows of one instance's code."""

    def __init__(self, instance: Instance, listings: Listings) -> None:
        self.instance, self._listings = instance, listings
        self._first = instance.module.num_imported_funcs
        bodies = instance.module.bodies
        self._index = RowIndex([3 + int((b.code.end - b.code.start) / _BYTES_PER_ROW) for b in bodies])
        self._exact = bytearray(len(bodies))
        self._rows_of_pcs: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self._index.total

    def lines(self, func: int) -> list[Line]:
        """A function's disassembly; its rows are counted from now on."""
        found = self._listings.function(self.instance, func)
        part = func - self._first
        if not self._exact[part]:
            self._exact[part] = True
            self._index.put(part, len(found) + 1)
        return found

    def line_at(self, position: Position) -> Line | None:
        """What is on a row; None for a blank between functions."""
        found = self.lines(position.func)
        return found[position.line] if position.line < len(found) else None

    def position(self, row: int) -> Position:
        """The function that a row belongs to, and its line there."""
        part, line = self._index.find(row)
        return Position(self._first + part, line)

    def row_of(self, position: Position) -> int:
        """The row of a position."""
        part = position.func - self._first
        return self._index.start(part) + min(position.line, self._index.count(part) - 1)

    def position_of_pc(self, func: int, pc: int) -> Position:
        """Where an instruction stands, by its index."""
        if func not in self._rows_of_pcs:
            if len(self._rows_of_pcs) >= _KEPT_PLACES:
                self._rows_of_pcs.clear()
            self._rows_of_pcs[func] = [i for i, line in enumerate(self.lines(func)) if line.index is not None]
        self.lines(func)
        return Position(func, self._rows_of_pcs[func][pc])

    def settle(self, top: int, height: int) -> int:
        """Counts what is in sight from a row on, and a page around it; the row's number afterwards."""
        if not len(self):
            return 0
        part, line = self._index.find(max(0, min(top, len(self) - 1)))
        below_known = part + 1 < len(self._exact) and self._exact[part + 1]
        by = self._count(part)
        line = max(0, min(line + (by if below_known else 0), self._index.count(part) - 1))
        self._settle_from(part, line, height)
        return self._index.start(part) + line

    def _settle_from(self, part: int, line: int, height: int) -> None:
        at, seen = part, self._index.count(part) - line
        while seen < 2 * height and at + 1 < len(self._exact):
            at += 1
            self._count(at)
            seen += self._index.count(at)
        at, seen = part, line
        while seen < height and at:
            at -= 1
            self._count(at)
            seen += self._index.count(at)

    def _count(self, part: int) -> int:
        """Puts a part's count right; how many rows more it has."""
        before = self._index.count(part)
        if not self._exact[part]:
            self.lines(self._first + part)
        return self._index.count(part) - before


def func_at(instance: Instance, offset: int) -> int | None:
    """The function whose code holds a file offset."""
    bodies = instance.module.bodies
    part = bisect_right(bodies, offset, key=lambda body: body.span.start) - 1
    inside = part >= 0 and offset < bodies[part].span.end
    return instance.module.num_imported_funcs + part if inside else None
