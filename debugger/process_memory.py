"""This process's own memory, read by address through the kernel: a bad pointer is an error, never a crash."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vm.errors import MemoryFault, UserError
from vm.memory import ARENA
from vm.types import Addr

_CHUNK_BYTES = 4 << 20
_MOST_MAPPING_BYTES = 1 << 30  # nothing that is searched for lies in larger ones


@dataclass(frozen=True, slots=True)
class Mapped:
    """A line of /proc/self/maps."""

    start: int
    end: int
    access: str  # such as rw-p
    kind: str  # heap, stack, library, anon


class ProcessMemory:
    """Reads the process it runs in. Raises UserError where the system has no /proc/self/mem."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise UserError("the memory of this process cannot be read", "it takes Linux's /proc/self/mem") from None

    def close(self) -> None:
        os.close(self._file)

    def read(self, addr: Addr, size: int) -> bytes:
        """Bytes at an address. Raises MemoryFault."""
        try:
            data = os.pread(self._file, size, addr)
        except (OSError, OverflowError, ValueError):
            data = b""
        if len(data) != size:
            raise MemoryFault(addr, size, "not mapped")
        return data

    def regions(self) -> Iterator[Any]:
        """Nothing: the mappings are `mappings`."""
        return iter(())

    def mappings(self) -> Iterator[Mapped]:
        """What is mapped now."""
        with Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                span, access, _, _, inode, *path = line.split(maxsplit=5)
                start, end = (int(part, 16) for part in span.split("-"))
                name = path[0].strip() if path else ""
                kind = {"[heap]": "heap", "[stack]": "stack"}.get(name, "library" if inode != "0" else "anon")
                yield Mapped(start, end, access, kind)

    def find(self, word: bytes) -> Iterator[Addr]:
        """Where 8 aligned bytes lie in memory that can be written, but for the copy that is made to search."""
        buffer = mmap.mmap(-1, _CHUNK_BYTES)
        own = _address_of(buffer)
        for mapping in list(self.mappings()):
            if mapping.access[:2] != "rw" or mapping.end - mapping.start > _MOST_MAPPING_BYTES:
                continue
            if mapping.start in ARENA:  # a machine's of our own
                continue
            for at in range(mapping.start, mapping.end, _CHUNK_BYTES):
                size = min(_CHUNK_BYTES, mapping.end - at)
                if at < own + _CHUNK_BYTES and own < at + size:
                    continue
                yield from (Addr(at + offset) for offset in self._in_chunk(buffer, at, size, word))

    def _in_chunk(self, buffer: mmap.mmap, at: int, size: int, word: bytes) -> Iterator[int]:
        try:
            got = os.preadv(self._file, [memoryview(buffer)[:size]], at)
        except OSError:
            return
        found = buffer.find(word, 0, got)
        while found >= 0:
            if found % len(word) == 0:
                yield found
            found = buffer.find(word, found + 1, got)


def _address_of(buffer: mmap.mmap) -> int:
    import ctypes

    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
