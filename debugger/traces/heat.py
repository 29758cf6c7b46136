"""Heat of a memory, made of the recording: what a screen shows beside its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nlargest

from vm.heat import GRANULE_BYTES, Heat
from vm.memory import Region

ROW_BYTES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class MemoryHeat:
    """`most` is the most reads, or writes, of any row, by the bytes of a row; `hottest` are (offset, reads, writes)."""

    heat: Heat
    most: Mapping[int, int]
    hottest: tuple[tuple[int, int, int], ...]
    reads: int
    writes: int

    @property
    def region(self) -> Region:
        return self.heat.region


def memory_heat(heat: Heat, most_hot: int) -> MemoryHeat:
    """Goes through what was counted once."""
    most = dict.fromkeys(ROW_BYTES, 0)
    sums: dict[int, tuple[int, int, int]] = dict.fromkeys(
        ROW_BYTES, (0, 0, 0)
    )  # the row under way: number, both counts
    reads = writes = 0

    def each(offset: int, read: int, written: int) -> tuple[int, int, int]:
        nonlocal reads, writes
        reads, writes = reads + read, writes + written
        for size in ROW_BYTES:
            number, before_read, before_written = sums[size]
            if number != offset // size:
                before_read = before_written = 0
            sums[size] = (offset // size, before_read + read, before_written + written)
            most[size] = max(most[size], before_read + read, before_written + written)
        return offset, read, written

    hottest = nlargest(most_hot, (each(*row) for row in heat.rows(GRANULE_BYTES)), key=lambda row: row[1] + row[2])
    return MemoryHeat(heat, most, tuple(hottest), reads, writes)
