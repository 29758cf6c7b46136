"""Reading, writing and seeking."""

from __future__ import annotations

from tests.wasi.probe import DATA, IOV, OUT, Probe
from tests.wasi.scenarios.folder import APPEND, BAD_FD, CREAT, DSYNC, FAR, NONBLOCK, READ, RSYNC, SYNC, TRUNC, WRITE
from vm.wasi.abi import Rights


def standard_streams(p: Probe) -> None:
    p.put(1, b"to stdout\n")
    p.put(2, b"to stderr\n")
    p.put(0, b"x")
    p.put(1, b"")
    p.put(1, b"x", offset=0)
    for size in (5, 3, 100, 100):
        p.get(0, size)
    p.get(0, 5, offset=0)
    p.get(1, 5)
    p.get(1, 5, offset=0)
    for fd in (0, 1, 2):
        p("fd_fdstat_get", fd, OUT, out=24, hide=((1, 2), (4, 8)))
        p("fd_filestat_get", fd, OUT, out=64, hide=((17, 24),))
        p("fd_seek", fd, 0, 1, OUT)
        p("fd_tell", fd, OUT)
        p("fd_sync", fd)
        p("fd_datasync", fd)
        p("fd_fdstat_set_flags", fd, NONBLOCK)
        p("fd_fdstat_set_rights", fd, 0, 0)
        p("fd_filestat_set_size", fd, 0)
        p("fd_filestat_set_times", fd, 0, 0, 0)
        p("fd_advise", fd, 0, 0, 0)
        p("fd_allocate", fd, 0, 0)
        p("fd_readdir", fd, DATA, 64, 0, OUT)
        p("fd_prestat_get", fd, OUT)
        p("fd_prestat_dir_name", fd, OUT, 64)
        p("path_open", fd, 1, "f", 0, READ, 0, 0, OUT)
    p.note(p.guest.output())


def vectors(p: Probe) -> None:
    p.guest.write(DATA, b"firstsecond")
    for pairs in ((), ((DATA, 0), (DATA + 5, 6)), ((DATA, 5), (DATA + 5, 6)), ((FAR, 5),), ((FAR, 0),)):
        p("fd_write", 1, *p.vectors(*pairs), OUT, out=4)
    f = p.open("f")
    for pairs in ((), ((DATA, 0), (DATA, 6)), ((DATA, 5), (DATA + 5, 6)), ((FAR, 5),), ((FAR, 0),)):
        p("fd_read", f, *p.vectors(*pairs), OUT, out=4)
        p("fd_pread", f, *p.vectors(*pairs), 1, OUT, out=4)
        p("fd_pwrite", f, *p.vectors(*pairs), 1, OUT, out=4)
    p("fd_read", f, IOV + 1, 1, OUT)
    p("fd_read", f, FAR, 1, OUT)
    p("fd_read", f, IOV, 1 << 30, OUT)
    p("fd_tell", f, OUT, out=8)
    p("fd_read", f, *p.vectors((DATA, 0x7FFF_FFFF)), OUT)
    p("fd_read", BAD_FD, *p.vectors((DATA, 4)), OUT)
    p("fd_read", f, *p.vectors((DATA, 4)), OUT + 1)
    p("fd_tell", f, OUT, out=8)


def read_and_write(p: Probe) -> None:
    f = p.open("new", CREAT)
    p.put(f, b"hello world")
    p("fd_tell", f, OUT, out=8)
    p.get(f, 4)
    p.put(f, b"HE", offset=0)
    p.get(f, 20, offset=0)
    p.get(f, 20, offset=6)
    p.get(f, 20, offset=60)
    p.get(f, 0, offset=0)
    p.get(f, 4, offset=-1)
    p.put(f, b"zz", offset=-1)
    for delta, whence in (
        (0, 0),
        (3, 0),
        (-1, 0),
        (2, 1),
        (-2, 1),
        (-99, 1),
        (0, 2),
        (-4, 2),
        (9, 2),
        (-99, 2),
        (0, 3),
        (0, 256),
    ):
        p("fd_seek", f, delta, whence, OUT, out=8)
    p.put(f, b"past")
    p("fd_seek", f, 0, 0, OUT, out=8)
    p.get(f, 64)
    p.get(f, 64)
    p("fd_seek", BAD_FD, 0, 0, OUT)
    p("fd_seek", 3, 0, 0, OUT)
    p("fd_tell", 3, OUT)
    p("fd_seek", f, 0, 0, FAR)
    p("fd_seek", f, (1 << 63) - 1, 0, OUT, out=8)
    p.put(f, b"x")
    p.get(f, 1)
    p("fd_seek", f, (1 << 63) - 1, 1, OUT, out=8)
    p("fd_seek", f, 2, 1, OUT, out=8)
    p.get(3, 4)
    p.put(3, b"x")
    p.get(3, 4, offset=0)
    p.put(3, b"x", offset=0)


def big_reads(p: Probe) -> None:
    f = p.open("big", CREAT)
    p.put(f, bytes(range(256)) * 300)
    p("fd_pread", f, *p.vectors((DATA, 76_800)), 0, OUT, out=4)
    p("fd_seek", f, 0, 0, OUT)
    p("fd_read", f, *p.vectors((DATA, 76_800)), OUT, out=4)


def access(p: Probe) -> None:
    for rights in (0, READ, WRITE, READ | WRITE, int(Rights.FD_READDIR)):
        for oflags in (0, CREAT, TRUNC):
            f = p.open("g", oflags, rights)
            p("fd_fdstat_get", f, OUT, out=24, hide=((1, 2), (4, 8)))
            p.get(f, 3)
            p.put(f, b"abcdef")
            p("fd_close", f)
    for bits in (1 << 30, -1):
        p("path_open", 3, 1, "g", 0, bits, 0, 0, OUT)
        p("path_open", 3, 1, "g", 0, READ, bits, 0, OUT)


def appending(p: Probe) -> None:
    f = p.open("f", 0, READ | WRITE, APPEND)
    p.put(f, b"+tail")
    p("fd_tell", f, OUT, out=8)
    p("fd_seek", f, 0, 0, OUT)
    p.put(f, b"!")
    p.put(f, b"?", offset=0)
    p("fd_tell", f, OUT, out=8)
    p.get(f, 99, offset=0)
    p("fd_fdstat_get", f, OUT, out=24, hide=((1, 2), (4, 8)))
    p("fd_fdstat_set_flags", f, NONBLOCK)
    p("fd_fdstat_get", f, OUT, out=24, hide=((1, 2), (4, 8)))
    p("fd_seek", f, 0, 0, OUT)
    p.put(f, b"J")
    p.get(f, 99, offset=0)
    for flags in (DSYNC, RSYNC, SYNC, 32, 1 << 16, APPEND | NONBLOCK, 0):
        p("fd_fdstat_set_flags", f, flags)
    for fd in (3, BAD_FD):
        p("fd_fdstat_set_flags", fd, 0)
    for flags in (DSYNC, RSYNC, SYNC, NONBLOCK):
        p.open("f", 0, READ, flags)


SCENARIOS = (
    standard_streams,
    vectors,
    read_and_write,
    big_reads,
    access,
    appending,
)
