"""Rows of many parts, one after the other, of which most are only estimated: a Fenwick tree over their counts."""

from __future__ import annotations

from collections.abc import Sequence


class RowIndex:
    """Answers which part a row is in, and where a part starts; a part's count may be put right at any time."""

    def __init__(self, counts: Sequence[int]) -> None:
        self._counts = list(counts)
        self._tree = [0, *counts]
        for i in range(1, len(self._tree)):
            if (up := i + (i & -i)) < len(self._tree):
                self._tree[up] += self._tree[i]
        self.total = sum(counts)
        self._top = 1 << len(counts).bit_length()

    def count(self, part: int) -> int:
        return self._counts[part]

    def put(self, part: int, count: int) -> int:
        """Sets a part's count; how many rows there are more than before."""
        by = count - self._counts[part]
        self._counts[part] = count
        self.total += by
        i = part + 1
        while by and i < len(self._tree):
            self._tree[i] += by
            i += i & -i
        return by

    def start(self, part: int) -> int:
        """The first row of a part."""
        out = 0
        while part:
            out += self._tree[part]
            part -= part & -part
        return out

    def find(self, row: int) -> tuple[int, int]:
        """The part that a row is in, and the row's number there. The row must be below `total`."""
        part, step = 0, self._top
        while step:
            if part + step < len(self._tree) and self._tree[part + step] <= row:
                part += step
                row -= self._tree[part]
            step >>= 1
        return part, row
