"""How often a memory was read and written, eight bytes at a time: executors count while they run."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator

from vm.memory import Region
from vm.stop import Access

GRANULE_BYTES = 8
_MOST_ONE_BY_ONE = 8192  # granules of one access
_MOST_RANGES = 10_000
_LEAST_BYTES, _CHUNK_BYTES = 64 << 20, 4096
_ACROSS = 64  # bytes behind the end that an access from within may count at
_MOST = 0xFFFF_FFFF
_NORESERVE = 0x4000  # of Linux: what is never touched takes nothing


class Heat:
    """Counts of a region's accesses, by where they touch it. An access to more than eight bytes counts at each eight.

    For eight bytes there are eight: reads u32, writes u32; they stop at their greatest. What grows past `span` bytes
    is not counted.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        self.span = min(region.reserved, max(2 * region.size, _LEAST_BYTES)) & -GRANULE_BYTES
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE
        self._bytes = memoryview(mmap.mmap(-1, self.span + _ACROSS, flags))
        self._counts = self._bytes.cast("I")
        self._ranges: dict[tuple[int, int], list[int]] = {}  # of what touches very much at once

    @property
    def address(self) -> int:
        """Where native code counts."""
        return ctypes.addressof(ctypes.c_char.from_buffer(self._bytes))

    def add(self, access: Access) -> None:
        """Counts an access, if it is one to the region."""
        if self.region.base <= access.start < self.region.base + self.region.size:
            self.touched(access.start - self.region.base, access.size, access.reads, access.writes)

    def touched(self, offset: int, size: int, reads: bool, writes: bool) -> None:
        """Counts an access by its offset."""
        first, last = offset // GRANULE_BYTES, (min(offset + size, self.span) - 1) // GRANULE_BYTES
        if last - first >= _MOST_ONE_BY_ONE:
            if (first, last) in self._ranges or len(self._ranges) < _MOST_RANGES:
                found = self._ranges.setdefault((first, last), [0, 0])
                found[0] += reads
                found[1] += writes
            return
        counts = self._counts
        for at in range(first, last + 1):
            counts[2 * at] = min(_MOST, counts[2 * at] + reads)
            counts[2 * at + 1] = min(_MOST, counts[2 * at + 1] + writes)

    def of(self, offset: int, size: int) -> tuple[int, int]:
        """Reads and writes of bytes, which begin at a multiple of eight."""
        first = offset // GRANULE_BYTES
        after = first + -(-min(size, max(0, self.span - offset)) // GRANULE_BYTES)
        reads, writes = sum(self._counts[2 * first : 2 * after : 2]), sum(self._counts[2 * first + 1 : 2 * after : 2])
        for (start, last), (more_reads, more_writes) in self._ranges.items():
            shared = max(0, min(after, last + 1) - max(first, start))
            reads += shared * more_reads
            writes += shared * more_writes
        return reads, writes

    def rows(self, row_bytes: int) -> Iterator[tuple[int, int, int]]:
        """(offset, reads, writes) of each row that was touched; what was never touched costs next to nothing."""
        nothing = bytes(_CHUNK_BYTES)
        for at in range(0, self.span, _CHUNK_BYTES):
            end = min(at + _CHUNK_BYTES, self.span)
            if self._bytes[at:end] != nothing[: end - at] or self._ranged(at, end):
                for row in range(at, end, row_bytes):
                    reads, writes = self.of(row, row_bytes)
                    if reads or writes:
                        yield row, reads, writes

    def _ranged(self, start: int, end: int) -> bool:
        first, after = start // GRANULE_BYTES, -(-end // GRANULE_BYTES)
        return any(low < after and first <= high for low, high in self._ranges)
