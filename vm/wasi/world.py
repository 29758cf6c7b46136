"""What a WASI program may reach outside its memory, as protocols.

Nothing below `vm` reads a clock, draws a random number or opens a file; a World does. Its methods raise
OSError with the system's error number, which becomes the guest's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from vm.host import Until
from vm.wasi.abi import Advice, Clock, Filetype


class Stream(IntEnum):
    """A standard stream, by its usual descriptor."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Which open file or directory is meant: enough to open it again.

    `path` is relative to preopened directory number `root` and names no symbolic link; `serial` is never
    given twice by one descriptor table.
    """

    serial: int
    root: int
    path: bytes
    readable: bool = True
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """How a path is to be opened."""

    readable: bool
    writable: bool
    create: bool = False
    exclusive: bool = False
    truncate: bool = False
    directory: bool = False
    follow: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opened path turned out to be."""

    place: Place
    is_directory: bool


@dataclass(frozen=True, slots=True)
class FileStat:
    """Attributes of a file; times in nanoseconds since 1970 (witx: `filestat`)."""

    dev: int
    ino: int
    filetype: Filetype
    nlink: int
    size: int
    atim_ns: int
    mtim_ns: int
    ctim_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a directory."""

    name: bytes
    ino: int
    filetype: Filetype


@dataclass(frozen=True, slots=True)
class Root:
    """A preopened directory: where it is, and what the guest calls it."""

    host: bytes
    guest: bytes


class Files(Protocol):
    """Files below preopened directories. No path leads out of the directory it starts in (EPERM)."""

    def open(self, at: Place, path: bytes, how: Opening, serial: int) -> Opened:
        """Opens or creates; never waits, whatever the path is."""
        ...

    def close(self, place: Place) -> None:
        """Lets go of what is held for it; opening again by the same Place works."""
        ...

    def read(self, place: Place, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; empty at the end."""
        ...

    def write(self, place: Place, offset: int, data: bytes) -> int:
        """Bytes written at `offset`."""
        ...

    def append(self, place: Place, data: bytes) -> int:
        """Bytes written at the file's end."""
        ...

    def stat(self, place: Place) -> FileStat: ...

    def resize(self, place: Place, size: int) -> None: ...

    def set_times(self, place: Place, atim_ns: int | None, mtim_ns: int | None) -> None:
        """Sets those timestamps that are given, in nanoseconds since 1970."""
        ...

    def sync(self, place: Place, data_only: bool) -> None: ...

    def advise(self, place: Place, offset: int, size: int, advice: Advice) -> None: ...

    def entries(self, place: Place) -> tuple[Entry, ...]:
        """A directory's names but `.` and `..`, in the system's order."""
        ...

    def create_directory(self, at: Place, path: bytes) -> None: ...

    def remove_directory(self, at: Place, path: bytes) -> None: ...

    def unlink(self, at: Place, path: bytes) -> None: ...

    def readlink(self, at: Place, path: bytes) -> bytes: ...

    def symlink(self, target: bytes, at: Place, path: bytes) -> None: ...

    def link(self, source: Place, source_path: bytes, target: Place, target_path: bytes) -> None:
        """A hard link; a symbolic link as the source is linked itself."""
        ...

    def rename(self, source: Place, source_path: bytes, target: Place, target_path: bytes) -> None: ...

    def stat_at(self, at: Place, path: bytes, follow: bool) -> FileStat: ...

    def set_times_at(self, at: Place, path: bytes, follow: bool, atim_ns: int | None, mtim_ns: int | None) -> None: ...


class World(Protocol):
    """Everything outside: clocks, randomness, the terminal, files, and waiting for any of it."""

    @property
    def files(self) -> Files: ...

    def now_ns(self, clock: Clock) -> int:
        """REALTIME since 1970, or MONOTONIC since some moment."""
        ...

    def resolution_ns(self, clock: Clock) -> int: ...

    def random(self, size: int) -> bytes: ...

    def is_terminal(self, stream: Stream) -> bool: ...

    def input(self, offset: int, size: int) -> bytes | None:
        """Standard input from byte `offset` on; None: nothing there yet, empty: it has ended."""
        ...

    def input_ready(self, offset: int) -> bool:
        """Whether `input` would not answer None."""
        ...

    def output(self, stream: Stream, data: bytes) -> None: ...

    def wait(self, until: Until, interrupted: Callable[[], bool]) -> bool:
        """Sleeps until it holds (True) or until `interrupted` (False); may wake early with True."""
        ...
