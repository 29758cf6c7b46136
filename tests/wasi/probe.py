"""Calls a guest's functions and writes down what came of it, so that two guests can be compared."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

OUT, IOV, SUBS, EVENTS, TEXT, DATA = 0x100, 0x400, 0x800, 0x1800, 0x4000, 0x10000
OUT_BYTES = 0x200
_FILLER = b"\xcc"

Argument = int | bytes | str


class Guest(Protocol):
    def call(self, name: str, *args: int) -> int | str: ...
    def read(self, offset: int, size: int) -> bytes: ...
    def write(self, offset: int, data: bytes) -> None: ...
    def output(self) -> tuple[bytes, bytes]: ...
    def close(self) -> None: ...


class Probe:
    """Text arguments become a pointer and a length. Every call and what it stored goes into `seen`."""

    def __init__(self, guest: Guest, folder: Path, other: Path) -> None:
        self.guest, self.folder, self.other = guest, folder, other
        self.seen: list[object] = []
        self.called: set[str] = set()

    def __call__(self, name: str, *args: Argument, out: int = 0, hide: tuple[tuple[int, int], ...] = ()) -> int | str:
        """Calls `name`; `out` bytes at OUT are noted, but for the (start, end) ranges of `hide`."""
        self.guest.write(OUT, _FILLER * OUT_BYTES)
        errno = self.guest.call(name, *self._lay(args))
        stored = bytearray(self.guest.read(OUT, out)) if out else bytearray()
        for start, end in hide:
            stored[start:end] = b"?" * (end - start)
        self.seen.append((name, args, errno, bytes(stored)))
        self.called.add(name)
        return errno

    def _lay(self, args: tuple[Argument, ...]) -> list[int]:
        laid: list[int] = []
        at = TEXT
        for arg in args:
            if isinstance(arg, int):
                laid.append(arg)
                continue
            text = arg.encode() if isinstance(arg, str) else arg
            self.guest.write(at, text)
            laid += [at, len(text)]
            at += len(text) + 16
        return laid

    def note(self, *values: object) -> None:
        self.seen.append(values)

    def number(self, at: int = OUT) -> int:
        return int.from_bytes(self.guest.read(at, 4), "little")

    def open(
        self, path: str | bytes, oflags: int = 0, rights: int = 0x42, fdflags: int = 0, fd: int = 3, follow: int = 1
    ) -> int:
        """`path_open`, giving the new descriptor (or a number that is none)."""
        errno = self("path_open", fd, follow, path, oflags, rights, 0, fdflags, OUT, out=4)
        return self.number() if errno == 0 else 999

    def vectors(self, *pairs: tuple[int, int]) -> tuple[int, int]:
        self.guest.write(IOV, b"".join(struct.pack("<II", *pair) for pair in pairs))
        return IOV, len(pairs)

    def put(self, fd: int, data: bytes, offset: int | None = None) -> int | str:
        """`fd_write`, or `fd_pwrite` at an offset."""
        self.guest.write(DATA, data)
        iov = self.vectors((DATA, len(data)))
        if offset is None:
            return self("fd_write", fd, *iov, OUT, out=4)
        return self("fd_pwrite", fd, *iov, offset, OUT, out=4)

    def get(self, fd: int, size: int, offset: int | None = None) -> bytes:
        """`fd_read`, or `fd_pread` at an offset; what was read is noted."""
        self.guest.write(DATA, _FILLER * size)
        iov = self.vectors((DATA, size))
        if offset is None:
            self("fd_read", fd, *iov, OUT, out=4)
        else:
            self("fd_pread", fd, *iov, offset, OUT, out=4)
        data = self.guest.read(DATA, size)
        self.note(data)
        return data


Scenario = Callable[[Probe], None]
