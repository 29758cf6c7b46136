"""A cursor over a module's bytes (spec: Binary Format, Values).

The free functions read one LEB128 number; `Reader` adds a position and the other encodings. Positions are
file offsets throughout, and every function raises DecodeError, never IndexError.
"""

from __future__ import annotations

from collections.abc import Sequence

from vm.errors import DecodeError
from vm.module import Span
from vm.types import Heap

MAX_NAME_BYTES = 100_000  # what engines accept


def unsigned(data: bytes, pos: int, end: int, bits: int) -> tuple[int, int]:
    """An unsigned LEB128 of at most `bits` bits: (value, position after it)."""
    start, value, shift = pos, 0, 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if value >> bits:
                raise DecodeError(start, f"integer does not fit {bits} unsigned bits")
            return value, pos
        if shift >= bits:
            raise DecodeError(start, f"integer is longer than a {bits}-bit number may be")
    raise DecodeError(end, "bytes end inside an integer")


def signed(data: bytes, pos: int, end: int, bits: int) -> tuple[int, int]:
    """A signed LEB128 of at most `bits` bits: (value, position after it)."""
    start, value, shift = pos, 0, 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte & 0x40:
                value -= 1 << shift
            if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
                raise DecodeError(start, f"integer does not fit {bits} signed bits")
            return value, pos
        if shift >= bits:
            raise DecodeError(start, f"integer is longer than a {bits}-bit number may be")
    raise DecodeError(end, "bytes end inside an integer")


class Reader:
    """Reads `data[pos:end]` from front to back. `kinds` says what each type of the module is, as far as known."""

    __slots__ = ("data", "end", "kinds", "pos")

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None, kinds: Sequence[Heap] = ()) -> None:
        self.data, self.pos, self.kinds = data, pos, kinds
        self.end = len(data) if end is None else end

    @property
    def done(self) -> bool:
        return self.pos >= self.end

    def byte(self) -> int:
        """The next byte."""
        if self.pos >= self.end:
            raise DecodeError(self.end, "unexpected end of bytes")
        self.pos += 1
        return self.data[self.pos - 1]

    def u32(self) -> int:
        pos = self.pos
        if pos < self.end and (byte := self.data[pos]) < 0x80:
            self.pos = pos + 1
            return byte
        value, self.pos = unsigned(self.data, pos, self.end, 32)
        return value

    def u64(self) -> int:
        value, self.pos = unsigned(self.data, self.pos, self.end, 64)
        return value

    def s33(self) -> int:
        value, self.pos = signed(self.data, self.pos, self.end, 33)
        return value

    def take(self, size: int) -> Span:
        """Steps over `size` bytes and says where they are; copies nothing."""
        start = self.pos
        if size > self.end - start:
            what = f"{size} bytes are announced, {self.end - start} are left"
            raise DecodeError(start, what)
        self.pos = start + size
        return Span(start, self.pos)

    def sized(self) -> Reader:
        """Steps over a u32 size and as many bytes; answers a reader of just those."""
        span = self.take(self.u32())
        return Reader(self.data, span.start, span.end, self.kinds)

    def count(self, what: str, limit: int) -> int:
        """A vector's length. `limit` is the most that engines accept."""
        start = self.pos
        count = self.u32()
        if count > limit:
            raise DecodeError(start, f"{count} {what} are more than the limit of {limit}")
        return count

    def name(self) -> str:
        """A UTF-8 name with its size in front."""
        start = self.pos
        size = self.u32()
        if size > MAX_NAME_BYTES:
            raise DecodeError(start, f"a name of {size} bytes is over the limit of {MAX_NAME_BYTES}")
        span = self.take(size)
        try:
            return self.data[span.start : span.end].decode()
        except UnicodeDecodeError as error:
            raise DecodeError(span.start + error.start, "a name is not valid UTF-8") from None

    def finish(self, what: str) -> None:
        """Raises unless everything has been read."""
        if self.pos < self.end:
            raise DecodeError(self.pos, f"{self.end - self.pos} bytes are left over in {what}")
