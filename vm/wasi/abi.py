"""Types of WASI preview 1 as they cross into the guest (witx: typenames).

Flags keep the witx order of bits; records are little-endian with the witx alignment written out.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from types import MappingProxyType


class Rights(IntFlag):
    """What a descriptor may be used for (witx: `rights`)."""

    FD_DATASYNC = 1 << 0
    FD_READ = 1 << 1
    FD_SEEK = 1 << 2
    FD_FDSTAT_SET_FLAGS = 1 << 3
    FD_SYNC = 1 << 4
    FD_TELL = 1 << 5
    FD_WRITE = 1 << 6
    FD_ADVISE = 1 << 7
    FD_ALLOCATE = 1 << 8
    PATH_CREATE_DIRECTORY = 1 << 9
    PATH_CREATE_FILE = 1 << 10
    PATH_LINK_SOURCE = 1 << 11
    PATH_LINK_TARGET = 1 << 12
    PATH_OPEN = 1 << 13
    FD_READDIR = 1 << 14
    PATH_READLINK = 1 << 15
    PATH_RENAME_SOURCE = 1 << 16
    PATH_RENAME_TARGET = 1 << 17
    PATH_FILESTAT_GET = 1 << 18
    PATH_FILESTAT_SET_SIZE = 1 << 19
    PATH_FILESTAT_SET_TIMES = 1 << 20
    FD_FILESTAT_GET = 1 << 21
    FD_FILESTAT_SET_SIZE = 1 << 22
    FD_FILESTAT_SET_TIMES = 1 << 23
    PATH_SYMLINK = 1 << 24
    PATH_REMOVE_DIRECTORY = 1 << 25
    PATH_UNLINK_FILE = 1 << 26
    POLL_FD_READWRITE = 1 << 27
    SOCK_SHUTDOWN = 1 << 28
    SOCK_ACCEPT = 1 << 29


class Fdflags(IntFlag):
    """How a descriptor works (witx: `fdflags`)."""

    APPEND = 1
    DSYNC = 2
    NONBLOCK = 4
    RSYNC = 8
    SYNC = 16


class Oflags(IntFlag):
    """How a path is opened (witx: `oflags`)."""

    CREAT = 1
    DIRECTORY = 2
    EXCL = 4
    TRUNC = 8


class Lookupflags(IntFlag):
    """How a path's last name is looked up (witx: `lookupflags`)."""

    SYMLINK_FOLLOW = 1


class Fstflags(IntFlag):
    """Which timestamps are set (witx: `fstflags`)."""

    ATIM = 1
    ATIM_NOW = 2
    MTIM = 4
    MTIM_NOW = 8


class Riflags(IntFlag):
    """How a socket is read (witx: `riflags`)."""

    RECV_PEEK = 1
    RECV_WAITALL = 2


class Sdflags(IntFlag):
    """Which side of a socket is shut down (witx: `sdflags`)."""

    RD = 1
    WR = 2


class Subclockflags(IntFlag):
    """How a timeout counts (witx: `subclockflags`)."""

    ABSTIME = 1


class Eventrwflags(IntFlag):
    """What a readiness event says besides (witx: `eventrwflags`)."""

    HANGUP = 1


class Filetype(IntEnum):
    """What a descriptor or path is (witx: `filetype`). A FIFO is UNKNOWN."""

    UNKNOWN = 0
    BLOCK_DEVICE = 1
    CHARACTER_DEVICE = 2
    DIRECTORY = 3
    REGULAR_FILE = 4
    SOCKET_DGRAM = 5
    SOCKET_STREAM = 6
    SYMBOLIC_LINK = 7


class Clock(IntEnum):
    """A clock (witx: `clockid`)."""

    REALTIME = 0
    MONOTONIC = 1
    PROCESS_CPUTIME = 2
    THREAD_CPUTIME = 3


class Whence(IntEnum):
    """Where a seek starts (witx: `whence`)."""

    SET = 0
    CUR = 1
    END = 2


class Advice(IntEnum):
    """How a file's bytes will be used (witx: `advice`)."""

    NORMAL = 0
    SEQUENTIAL = 1
    RANDOM = 2
    WILLNEED = 3
    DONTNEED = 4
    NOREUSE = 5


class Eventtype(IntEnum):
    """What a subscription waits for (witx: `eventtype`)."""

    CLOCK = 0
    FD_READ = 1
    FD_WRITE = 2


class Signal(IntEnum):
    """A signal (witx: `signal`)."""

    NONE = 0
    HUP = 1
    INT = 2
    QUIT = 3
    ILL = 4
    TRAP = 5
    ABRT = 6
    BUS = 7
    FPE = 8
    KILL = 9
    USR1 = 10
    SEGV = 11
    USR2 = 12
    PIPE = 13
    ALRM = 14
    TERM = 15
    CHLD = 16
    CONT = 17
    STOP = 18
    TSTP = 19
    TTIN = 20
    TTOU = 21
    URG = 22
    XCPU = 23
    XFSZ = 24
    VTALRM = 25
    PROF = 26
    WINCH = 27
    POLL = 28
    PWR = 29
    SYS = 30


@dataclass(frozen=True, slots=True)
class Record:
    """A value's form in guest memory; `align` is in bytes."""

    form: struct.Struct
    align: int

    @property
    def size(self) -> int:
        return self.form.size


def _record(form: str, align: int) -> Record:
    return Record(struct.Struct("<" + form), align)


U8, U16, U32, U64 = _record("B", 1), _record("H", 2), _record("I", 4), _record("Q", 8)
IOVEC = _record("II", 4)  # buf, buf_len
FDSTAT = _record("BxH4xQQ", 8)  # fs_filetype, fs_flags, fs_rights_base, fs_rights_inheriting
FILESTAT = _record("QQB7xQQQQQ", 8)  # dev, ino, filetype, nlink, size, atim, mtim, ctim
PRESTAT = _record("B3xI", 4)  # tag, pr_name_len
DIRENT = _record("QQIB3x", 8)  # d_next, d_ino, d_namlen, d_type
EVENT = _record("QHB5xQH6x", 8)  # userdata, error, type, nbytes, flags
SUBSCRIPTION = _record("QB7x32s", 8)  # userdata, tag, body
SUBSCRIPTION_CLOCK = _record("I4xQQH6x", 8)  # id, timeout, precision, flags
SUBSCRIPTION_FD = _record("I28x", 4)  # file_descriptor

RESULTS: Mapping[str, Record] = MappingProxyType(
    {
        "size": U32,
        "filesize": U64,
        "timestamp": U64,
        "fd": U32,
        "roflags": U16,
        "fdstat": FDSTAT,
        "filestat": FILESTAT,
        "prestat": PRESTAT,
    }
)
