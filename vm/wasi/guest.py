"""Guest memory as WASI sees it: aligned records, strings and buffers.

A pointer outside the memory or not aligned to its type traps, as it does in Wasmtime; it is no EFAULT.
"""

from __future__ import annotations

from dataclasses import dataclass

from vm.errors import MemoryFault
from vm.host import GuestMemory
from vm.wasi.abi import IOVEC, Record
from vm.wasi.errno import Errno, Refused

# What one call may copy or list, in bytes (Wasmtime 50: the store's default hostcall fuel).
CALL_LIMIT_BYTES = 128 << 20


class GuestFault(Exception):
    """The guest called with something no host can act on: the call traps."""


@dataclass(frozen=True, slots=True)
class Span:
    """A pointer and a count: a string, a buffer or an array of vectors."""

    pointer: int
    count: int


class Guest:
    """The caller's memory during one call; counts what the call copies."""

    def __init__(self, memory: GuestMemory) -> None:
        self._memory = memory
        self._allowance = CALL_LIMIT_BYTES

    def check(self, pointer: int, size: int, align: int = 1) -> None:
        """Raises GuestFault unless `size` bytes at `pointer` exist and are aligned."""
        if pointer + size > self._memory.size_bytes:
            raise GuestFault(f"{size} bytes at {pointer:#x} are outside the memory")
        if pointer % align:
            raise GuestFault(f"the pointer {pointer:#x} is not aligned to {align} bytes")

    def read(self, pointer: int, size: int) -> bytes:
        """Bytes of the guest. Raises GuestFault."""
        self.check(pointer, size)
        try:
            return self._memory.read(pointer, size)
        except MemoryFault as fault:
            raise GuestFault(str(fault)) from fault

    def write(self, pointer: int, data: bytes) -> None:
        """Writes bytes into the guest. Raises GuestFault, writing nothing."""
        self.check(pointer, len(data))
        try:
            self._memory.write(pointer, data)
        except MemoryFault as fault:
            raise GuestFault(str(fault)) from fault

    def load(self, record: Record, pointer: int) -> tuple[int, ...]:
        """A record's fields. Raises GuestFault."""
        self.check(pointer, record.size, record.align)
        return record.form.unpack(self.read(pointer, record.size))

    def store(self, record: Record, pointer: int, *values: int) -> None:
        """Writes a record. Raises GuestFault."""
        self.check(pointer, record.size, record.align)
        self.write(pointer, record.form.pack(*values))

    def allow(self, size: int) -> None:
        """Counts bytes against what one call may copy. Raises Refused (ENOMEM)."""
        if size > self._allowance:
            raise Refused(Errno.NOMEM)
        self._allowance -= size

    def text(self, span: Span) -> bytes:
        """A path (witx: `string`), in UTF-8. Raises Refused (EILSEQ, ENOMEM), GuestFault."""
        self.allow(span.count)
        data = self.read(span.pointer, span.count)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(Errno.ILSEQ) from None
        return data

    def buffer(self, vectors: Span) -> Span:
        """The first vector that is not empty, as Wasmtime takes only that one (witx: `iovec_array`)."""
        self.allow(vectors.count * IOVEC.size)
        for i in range(vectors.count):
            pointer, size = self.load(IOVEC, vectors.pointer + i * IOVEC.size)
            if size:
                self.allow(size)
                return Span(pointer, size)
        return Span(0, 0)
