"""Error numbers of WASI preview 1 (witx: `errno`), and how the system's own become them."""

from __future__ import annotations

import errno as system
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Errno(IntEnum):
    """What a call answers; 0 is success (witx: `errno`)."""

    SUCCESS = 0
    TOOBIG = 1
    ACCES = 2
    ADDRINUSE = 3
    ADDRNOTAVAIL = 4
    AFNOSUPPORT = 5
    AGAIN = 6
    ALREADY = 7
    BADF = 8
    BADMSG = 9
    BUSY = 10
    CANCELED = 11
    CHILD = 12
    CONNABORTED = 13
    CONNREFUSED = 14
    CONNRESET = 15
    DEADLK = 16
    DESTADDRREQ = 17
    DOM = 18
    DQUOT = 19
    EXIST = 20
    FAULT = 21
    FBIG = 22
    HOSTUNREACH = 23
    IDRM = 24
    ILSEQ = 25
    INPROGRESS = 26
    INTR = 27
    INVAL = 28
    IO = 29
    ISCONN = 30
    ISDIR = 31
    LOOP = 32
    MFILE = 33
    MLINK = 34
    MSGSIZE = 35
    MULTIHOP = 36
    NAMETOOLONG = 37
    NETDOWN = 38
    NETRESET = 39
    NETUNREACH = 40
    NFILE = 41
    NOBUFS = 42
    NODEV = 43
    NOENT = 44
    NOEXEC = 45
    NOLCK = 46
    NOLINK = 47
    NOMEM = 48
    NOMSG = 49
    NOPROTOOPT = 50
    NOSPC = 51
    NOSYS = 52
    NOTCONN = 53
    NOTDIR = 54
    NOTEMPTY = 55
    NOTRECOVERABLE = 56
    NOTSOCK = 57
    NOTSUP = 58
    NOTTY = 59
    NXIO = 60
    OVERFLOW = 61
    OWNERDEAD = 62
    PERM = 63
    PIPE = 64
    PROTO = 65
    PROTONOSUPPORT = 66
    PROTOTYPE = 67
    RANGE = 68
    ROFS = 69
    SPIPE = 70
    SRCH = 71
    STALE = 72
    TIMEDOUT = 73
    TXTBSY = 74
    XDEV = 75
    NOTCAPABLE = 76


class Refused(Exception):
    """The call answers with this error number; nothing is stored at its result pointers."""

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno)
        self.errno = errno


# The errors that Wasmtime tells apart; it answers EIO for any other.
_FROM_SYSTEM: Mapping[int, Errno] = MappingProxyType(
    {
        system.EPIPE: Errno.PIPE,
        system.EPERM: Errno.PERM,
        system.ENOENT: Errno.NOENT,
        system.ENOMEM: Errno.NOMEM,
        system.EIO: Errno.IO,
        system.EBADF: Errno.BADF,
        system.EBUSY: Errno.BUSY,
        system.EACCES: Errno.ACCES,
        system.ENOTDIR: Errno.NOTDIR,
        system.EISDIR: Errno.ISDIR,
        system.EINVAL: Errno.INVAL,
        system.EEXIST: Errno.EXIST,
        system.EFBIG: Errno.FBIG,
        system.ENOSPC: Errno.NOSPC,
        system.ESPIPE: Errno.SPIPE,
        system.EMLINK: Errno.MLINK,
        system.ENAMETOOLONG: Errno.NAMETOOLONG,
        system.ENOTEMPTY: Errno.NOTEMPTY,
        system.ELOOP: Errno.LOOP,
        system.EOVERFLOW: Errno.OVERFLOW,
        system.EILSEQ: Errno.ILSEQ,
        system.EOPNOTSUPP: Errno.NOTSUP,
        system.EALREADY: Errno.ALREADY,
        system.EINPROGRESS: Errno.INPROGRESS,
        system.EINTR: Errno.INTR,
    }
)


def from_system(error: OSError) -> Errno:
    """The WASI number for a system call's error (Wasmtime 50: filesystem.rs, `ErrorCode`)."""
    return _FROM_SYSTEM.get(error.errno or 0, Errno.IO)
