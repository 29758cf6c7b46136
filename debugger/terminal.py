"""Standard input and output of the debugged program.

Input is addressed by byte offset, so that a program taken back in time reads the same bytes again.
"""

from __future__ import annotations

import os
import select
import stat
from collections import deque
from collections.abc import Callable
from typing import Protocol

from vm.wasi.world import Stream

OUTPUT_LIMIT_BYTES = 1 << 20
_HISTORY_LIMIT_BYTES = 16 << 20
_CHUNK_BYTES = 64 << 10
_MERGE_BYTES = 1 << 10  # shorter pieces of output grow, so that single bytes cost little

Sink = Callable[[Stream, bytes], None]


class Input(Protocol):
    """Where standard input comes from."""

    def read(self, offset: int, size: int) -> bytes | None:
        """Bytes from `offset`; None: nothing there yet, empty: ended. Raises OSError for what was dropped."""
        ...

    def ready(self, offset: int) -> bool:
        """Whether `read` would not answer None."""
        ...

    @property
    def wait_fd(self) -> int | None:
        """A system descriptor that turns readable when more comes."""
        ...


class History:
    """Input that came, by offset; the oldest is dropped past a limit."""

    def __init__(self, limit_bytes: int = _HISTORY_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._first = 0  # offset of the oldest byte kept
        self._bytes = bytearray()
        self.ended = False

    @property
    def end(self) -> int:
        """The offset behind the last byte."""
        return self._first + len(self._bytes)

    def add(self, data: bytes) -> None:
        self._bytes += data
        excess = len(self._bytes) - self._limit
        if excess > 0:
            del self._bytes[:excess]
            self._first += excess

    def read(self, offset: int, size: int) -> bytes | None:
        if offset < self._first:
            raise OSError(f"standard input before byte {self._first:,} is no longer kept")
        at = offset - self._first
        return bytes(self._bytes[at : at + size]) if self.ready(offset) else None

    def ready(self, offset: int) -> bool:
        return offset < self.end or self.ended


class FedInput:
    """Input that a front end hands over."""

    def __init__(self) -> None:
        self._history = History()

    @property
    def wait_fd(self) -> int | None:
        return None

    def feed(self, data: bytes) -> None:
        self._history.add(data)

    def close(self) -> None:
        """Ends the input: a read past what was fed finds the end."""
        self._history.ended = True

    def read(self, offset: int, size: int) -> bytes | None:
        return self._history.read(offset, size)

    def ready(self, offset: int) -> bool:
        return self._history.ready(offset)


class PassedInput:
    """A pipe or terminal of the debugger's own process, read no further ahead than asked for."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._history = History()

    @property
    def wait_fd(self) -> int | None:
        return None if self._history.ended else self._fd

    def read(self, offset: int, size: int) -> bytes | None:
        self._fetch(offset)
        return self._history.read(offset, size)

    def ready(self, offset: int) -> bool:
        self._fetch(offset)
        return self._history.ready(offset)

    def _fetch(self, offset: int) -> None:
        if self._history.ready(offset) or not select.select([self._fd], [], [], 0)[0]:
            return
        data = os.read(self._fd, _CHUNK_BYTES)
        if data:
            self._history.add(data)
        else:
            self._history.ended = True


class FileInput:
    """A regular file."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def wait_fd(self) -> int | None:
        return None

    def read(self, offset: int, size: int) -> bytes | None:
        return os.pread(self._fd, size, offset)

    def ready(self, offset: int) -> bool:
        return True


def input_from(fd: int) -> FileInput | PassedInput:
    """Input from an open system descriptor, which stays the caller's. Raises OSError."""
    return FileInput(fd) if stat.S_ISREG(os.fstat(fd).st_mode) else PassedInput(fd)


class OutputRing:
    """The latest output, up to a limit; `dropped` counts the bytes that are gone."""

    def __init__(self, limit_bytes: int = OUTPUT_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._chunks: deque[tuple[Stream, bytes]] = deque()
        self._size = 0
        self.dropped = 0

    def add(self, stream: Stream, data: bytes) -> None:
        self._size += len(data)
        if self._chunks and self._chunks[-1][0] is stream and len(self._chunks[-1][1]) < _MERGE_BYTES:
            data = self._chunks.pop()[1] + data
        self._chunks.append((stream, data))
        while self._size > self._limit:
            self._drop(self._size - self._limit)

    def chunks(self) -> tuple[tuple[Stream, bytes], ...]:
        """What is kept, in order, with the stream each piece was written to."""
        return tuple(self._chunks)

    def text(self, stream: Stream) -> bytes:
        """What is kept of one stream."""
        return b"".join(data for of, data in self._chunks if of is stream)

    def _drop(self, excess: int) -> None:
        stream, data = self._chunks.popleft()
        if len(data) > excess:
            self._chunks.appendleft((stream, data[excess:]))
        gone = min(excess, len(data))
        self._size -= gone
        self.dropped += gone
