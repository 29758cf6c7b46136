"""A module's whole code as one list of rows, function after function, disassembled where it comes into sight.

Functions that were not seen yet count with an estimate of their rows, which is put right before they are shown. A huge
one keeps its estimate, and is disassembled as far as it is in sight, until the rest was made elsewhere.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from ui.function_lines import FunctionLines
from ui.listings import Listings
from ui.tui.row_index import RowIndex
from vm.disasm import Line
from vm.instance import Instance

_BYTES_PER_ROW = 2.3  # of code, as compilers write it
_HUGE_BYTES = 32 << 10  # of code: disassembling more takes longer than a key may
_AHEAD = 200  # rows made beyond those that are needed


@dataclass(frozen=True, slots=True)
class Position:
    """A line of a function's disassembly; the one past its last is the blank between functions."""

    func: int
    line: int


class ModuleListing:
    """The rows of one instance's code. Only `settle` and `position_of_pc` change how many there are."""

    def __init__(self, instance: Instance, listings: Listings) -> None:
        self.instance, self._listings = instance, listings
        self._first = instance.module.num_imported_funcs
        sizes = [b.code.end - b.code.start for b in instance.module.bodies]
        self._index = RowIndex([3 + int(size / _BYTES_PER_ROW) for size in sizes])
        self._exact = bytearray(len(sizes))
        self._huge = {part for part, size in enumerate(sizes) if size > _HUGE_BYTES}
        self.unfinished: dict[int, FunctionLines] = {}  # huge ones in sight, by function

    def __len__(self) -> int:
        return self._index.total

    def lines(self, func: int) -> FunctionLines:
        """A function's disassembly."""
        return self._listings.lines(self.instance, func)

    def is_huge(self, func: int) -> bool:
        """Whether making all lines of a function is felt."""
        return func - self._first in self._huge

    def line_at(self, position: Position) -> Line | None:
        """What is on a row; None for a blank between functions."""
        found = self.lines(position.func)[position.line : position.line + 1]
        return found[0] if found else None

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
        line = self.lines(func).row_of(pc)
        if line + 1 >= self._index.count(func - self._first):
            self._count(func - self._first, line)
        return Position(func, line)

    def settle(self, top: int, height: int) -> int:
        """Counts what is in sight from a row on, and a page around it; the row's number afterwards."""
        if not len(self):
            return 0
        part, line = self._index.find(max(0, min(top, len(self) - 1)))
        below_known = part + 1 < len(self._exact) and self._exact[part + 1]
        by = self._count(part, line + 2 * height)
        line = max(0, min(line + (by if below_known else 0), self._index.count(part) - 1))
        self._settle_from(part, line, height)
        return self._index.start(part) + line

    def _settle_from(self, part: int, line: int, height: int) -> None:
        at, seen = part, self._index.count(part) - line
        while seen < 2 * height and at + 1 < len(self._exact):
            at += 1
            self._count(at, 2 * height)
            seen += self._index.count(at)
        at, seen = part, line
        while seen < height and at:
            at -= 1
            if at in self._huge and not self._exact[at]:  # its end may come into sight next
                self._finish_later(at)
            else:
                self._count(at, 0)
            seen += self._index.count(at)

    def _count(self, part: int, line: int) -> int:
        """Puts a part's count right, of a huge one once its end is near or all is made; how many rows more it has."""
        if self._exact[part]:
            return 0
        before, lines = self._index.count(part), self.lines(self._first + part)
        if part in self._huge and line + _AHEAD < before:
            lines.until(line + _AHEAD)
        else:
            lines.all()
        if not lines.whole:
            self._finish_later(part)
            return 0
        self._exact[part] = True
        self._index.put(part, len(lines) + 1)
        return self._index.count(part) - before

    def _finish_later(self, part: int) -> None:
        self.unfinished[self._first + part] = self.lines(self._first + part)


def func_at(instance: Instance, offset: int) -> int | None:
    """The function whose code holds a file offset."""
    bodies = instance.module.bodies
    part = bisect_right(bodies, offset, key=lambda body: body.span.start) - 1
    inside = part >= 0 and offset < bodies[part].span.end
    return instance.module.num_imported_funcs + part if inside else None
