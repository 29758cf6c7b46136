"""What is tried on both: our functions and Wasmtime's. Each scenario starts in fresh, equal folders."""

from __future__ import annotations

import os
import struct

from tests.wasi.probe import DATA, EVENTS, IOV, OUT, SUBS, TEXT, Probe, Scenario
from vm.wasi.abi import EVENT, Rights

CREAT, DIRECTORY, EXCL, TRUNC = 1, 2, 4, 8
APPEND, DSYNC, NONBLOCK, RSYNC, SYNC = 1, 2, 4, 8, 16
READ, WRITE = 0x2, 0x40
FOLLOW = 1
BAD_FD, FAR = 77, 0x50000  # a descriptor and a pointer that are none
STAT_HIDDEN = ((0, 16),)  # dev and ino
STAT_TIMES = ((0, 16), (40, 64))
PATHS = (
    "", ".", "..", "/", "/etc/passwd", "f", "f/", "f/.", "f/../f", "dir", "dir/", "dir/.", "dir/..", "dir/../f",
    "dir/in", "dir/../..", "to_file", "to_file/", "to_dir", "to_dir/", "to_dir/in", "to_abs", "to_abs/x", "to_up",
    "to_up/x", "loop", "loop/x", "dangling", "chain", "missing", "missing/", "missing/x", "a\0b", b"\xff\xfe",
    "n" * 256, "d/" * 3000, "dir//in", "./f", "./", "fifo",
)  # fmt: skip


def populate(folder: os.PathLike[str]) -> None:
    """The files that every scenario starts with."""
    base = os.fspath(folder)
    for name, text in (("f", "hello, file"), ("g", "second")):
        with open(f"{base}/{name}", "w") as file:
            file.write(text)
    os.mkdir(f"{base}/dir")
    os.mkdir(f"{base}/empty")
    with open(f"{base}/dir/in", "w") as file:
        file.write("inner")
    for name, target in (
        ("to_file", "f"),
        ("to_dir", "dir"),
        ("to_abs", "/etc"),
        ("to_up", "../other"),
        ("loop", "loop"),
        ("dangling", "nowhere"),
        ("chain", "to_file"),
        ("dir/back", "../f"),
    ):
        os.symlink(target, f"{base}/{name}")
    os.mkfifo(f"{base}/fifo")
    for name in ("f", "g", "dir", "dir/in"):
        os.utime(f"{base}/{name}", ns=(10**18 + 5, 10**18 + 7))


def arguments(p: Probe) -> None:
    p("args_sizes_get", OUT, OUT + 4, out=8)
    p("args_get", OUT, OUT + 64, out=128)
    p("environ_sizes_get", OUT, OUT + 4, out=8)
    p("environ_get", OUT, OUT + 64, out=128)
    p("args_get", FAR, OUT)
    p("args_get", OUT + 1, OUT + 64)
    p("args_get", OUT, FAR)
    p("args_sizes_get", OUT + 2, OUT + 4)


def clocks(p: Probe) -> None:
    for clock in range(6):
        p("clock_res_get", clock, OUT, out=8)
        p("clock_time_get", clock, 1, OUT, out=8, hide=((0, 8),))
    p("clock_res_get", 0, OUT + 4)
    p("clock_time_get", 0, 0, FAR)


def randomness(p: Probe) -> None:
    p("random_get", OUT, 16, out=20, hide=((0, 16),))
    p("random_get", OUT, 0, out=1)
    p("random_get", FAR, 16)
    p("random_get", OUT, 0x7FFF_FFFF)


def process(p: Probe) -> None:
    p("sched_yield")
    for signal in (0, 6, 30, 31, 256):
        p("proc_raise", signal)
    for code in (0, 1, 7, 125, 126, 255, 256, 0xFFFF_FFFF):
        p("proc_exit", code)


def sockets(p: Probe) -> None:
    for fd in (0, 1, 3, BAD_FD):
        p("sock_accept", fd, 0, OUT)
        p("sock_recv", fd, IOV, 0, 0, OUT, OUT + 4)
        p("sock_send", fd, IOV, 0, 0, OUT)
        p("sock_shutdown", fd, 1)
    p("sock_accept", 0, 64, OUT)
    p("sock_recv", 0, IOV, 0, 4, OUT, OUT + 4)
    p("sock_shutdown", 0, 4)


def standard_streams(p: Probe) -> None:
    p.put(1, b"to stdout\n")
    p.put(2, b"to stderr\n")
    p.put(0, b"x")
    p.put(1, b"")
    p.put(1, b"x", offset=0)
    for size in (5, 0, 3, 100, 100):
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


def descriptors(p: Probe) -> None:
    a, b, c = p.open("f"), p.open("g"), p.open("dir", DIRECTORY, READ)
    p("fd_renumber", a, b)
    p.get(b, 5)
    p("fd_close", a)
    p.open("g")
    p("fd_renumber", c, c)
    p("fd_renumber", BAD_FD, b)
    p("fd_renumber", b, BAD_FD)
    p("fd_close", BAD_FD)
    p("fd_close", b)
    p("fd_close", b)
    p.get(b, 1)
    p("fd_close", 0)
    p("fd_close", c)
    for _ in range(4):
        p.open("f")
    p("fd_renumber", p.open("out", CREAT), 1)
    p.put(1, b"into a file")
    p.note((p.folder / "out").read_bytes(), p.guest.output())
    p("fd_close", 3)
    p.open("f")
    p("fd_prestat_get", 3, OUT)


def preopened(p: Probe) -> None:
    for fd in (3, 4, 5, BAD_FD):
        p("fd_prestat_get", fd, OUT, out=8, hide=((1, 4),))
        for size in (0, 3, 5, 6, 64):
            p("fd_prestat_dir_name", fd, OUT, size, out=16)
        p("fd_fdstat_get", fd, OUT, out=24, hide=((1, 2), (4, 8)))
    d = p.open("dir", DIRECTORY, READ)
    p("fd_prestat_get", d, OUT)
    p("fd_prestat_dir_name", d, OUT, 64)
    p("fd_fdstat_get", d, OUT, out=24, hide=((1, 2), (4, 8)))
    p("fd_prestat_get", 3, OUT + 2)
    p("fd_prestat_dir_name", 3, FAR, 64)


def rights(p: Probe) -> None:
    f = p.open("f")
    for fd in (f, 3, BAD_FD):
        p("fd_fdstat_set_rights", fd, 0, 0)
    p("fd_fdstat_set_rights", f, 1 << 40, 0)
    p.get(f, 3)


def syncing(p: Probe) -> None:
    f = p.open("f")
    for fd in (f, 3, BAD_FD):
        p("fd_sync", fd)
        p("fd_datasync", fd)
        p("fd_allocate", fd, 0, 100)
        for advice in range(7):
            p("fd_advise", fd, 0, 10, advice)
        p("fd_advise", fd, 0, 0, 0)
    p("fd_advise", f, 0, 0, 256)
    p.get(f, 64)


def sizes(p: Probe) -> None:
    f = p.open("f")
    for size in (3, 8, 0, 5):
        p("fd_filestat_set_size", f, size)
        p.get(f, 32, offset=0)
    p("fd_filestat_set_size", f, -1)
    p("fd_filestat_set_size", 3, 0)
    p("fd_filestat_set_size", BAD_FD, 0)
    p("fd_filestat_set_size", p.open("g", 0, READ), 0)
    p.note((p.folder / "f").read_bytes())


def attributes(p: Probe) -> None:
    for fd in (p.open("f"), p.open("dir", DIRECTORY, READ), BAD_FD):
        p("fd_filestat_get", fd, OUT, out=64, hide=(*STAT_HIDDEN, (17, 24), (56, 64)))
        for flags in (0, 1, 4, 5, 1 | 2, 4 | 8, 16):
            p("fd_filestat_set_times", fd, 1_500_000_000_123_456_789, 1_600_000_000_987_654_321, flags)
            p("fd_filestat_get", fd, OUT, out=64, hide=(*STAT_HIDDEN, (17, 24), (56, 64)))
        for flags in (2, 8, 10):
            p("fd_filestat_set_times", fd, 0, 0, flags)
    p("fd_filestat_get", 3, OUT, out=64, hide=(*STAT_TIMES, (17, 24)))
    for path in ("f", "dir", "to_file", "to_abs", "missing", "../f", "to_file/"):
        for follow in (0, FOLLOW):
            p("path_filestat_set_times", 3, follow, path, 10**18 + follow, 10**18 + 9, 5)
            p("path_filestat_set_times", 3, follow, path, 0, 10**17, 4)
            p("path_filestat_get", 3, 0, path, OUT, out=64, hide=(*STAT_HIDDEN, (17, 24), (56, 64)))
    p("path_filestat_get", 3, FOLLOW, "to_file", OUT, out=64, hide=(*STAT_HIDDEN, (17, 24), (56, 64)))
    p("path_filestat_set_times", 3, 0, "f", 0, 0, 3)
    p("path_filestat_set_times", 3, 0, "f", 0, 0, 10)
    p("path_filestat_get", 3, 2, "f", OUT)
    p("path_filestat_get", 3, 0, "f", OUT + 4)


def open_paths(p: Probe) -> None:
    for path in PATHS:
        if path == "fifo":
            continue
        for follow in (0, FOLLOW):
            for oflags, asked in ((0, READ), (0, READ | WRITE), (DIRECTORY, READ), (0, 0)):
                fd = p.open(path, oflags, asked, follow=follow)
                p("fd_close", fd)
    p.open("f", 16)
    p.open("f", 0, follow=2)
    p("path_open", 3, 1, FAR, 4, 0, READ, 0, 0, OUT)
    p("path_open", 3, 1, "f", 0, READ, 0, 0, FAR)
    f = p.open("f")
    p("path_open", f, 1, "f", 0, READ, 0, 0, OUT)
    p("path_open", BAD_FD, 1, "f", 0, READ, 0, 0, OUT)


def create_paths(p: Probe) -> None:
    for number, path in enumerate(PATHS):
        if path == "fifo":
            continue
        for oflags in (CREAT | EXCL, CREAT, EXCL, TRUNC, CREAT | DIRECTORY, DIRECTORY | EXCL):
            p("fd_close", p.open(path, oflags, READ | WRITE, follow=number % 2))
    p("fd_close", p.open("dangling", CREAT, follow=1))
    p.note(sorted(os.listdir(p.folder)), sorted(os.listdir(p.other)))


def nested_directories(p: Probe) -> None:
    d = p.open("dir", DIRECTORY, READ)
    for path in ("in", "back", "..", "../f", ".", "./in", "in/..", "../dir/in"):
        p("fd_close", p.open(path, 0, READ, fd=d))
        p("path_filestat_get", d, FOLLOW, path, OUT, out=64, hide=(*STAT_TIMES, (17, 24)))
    p("path_create_directory", d, "deep")
    p("path_create_directory", d, "deep/er")
    e = p.open("deep", DIRECTORY, READ, fd=d)
    f = p.open("er/file", CREAT, fd=e)
    p.put(f, b"far down")
    p.note((p.folder / "dir/deep/er/file").read_bytes())


def stat_paths(p: Probe) -> None:
    for path in PATHS:
        for follow in (0, FOLLOW):
            p("path_filestat_get", 3, follow, path, OUT, out=64, hide=(*STAT_TIMES, (17, 24), (32, 40)))
        p("path_readlink", 3, path, DATA, 64, OUT, out=4)


def read_links(p: Probe) -> None:
    for size in (64, 3, 1, 0):
        p.guest.write(DATA, b"#" * 64)
        p("path_readlink", 3, "chain", DATA, size, OUT, out=4)
        p.note(p.guest.read(DATA, 64))
    p("path_readlink", 3, "chain", FAR, 4, OUT)
    p("path_readlink", BAD_FD, "chain", DATA, 64, OUT)


def make_directories(p: Probe) -> None:
    for path in (*PATHS, "made", "made2/", "made3//", "made/deep", "dir/made", "nope/made"):
        p("path_create_directory", 3, path)
    p("path_create_directory", BAD_FD, "x")
    p("path_create_directory", 1, "x")
    p.note(sorted(os.listdir(p.folder)), sorted(os.listdir(p.folder / "dir")))


def remove_directories(p: Probe) -> None:
    for path in (*PATHS, "empty/", "empty/.", "to_dir/", "empty", "empty"):
        p("path_remove_directory", 3, path)
    p("path_remove_directory", BAD_FD, "x")
    p.note(sorted(os.listdir(p.folder)))


def unlink(p: Probe) -> None:
    for path in ("to_dir/", *PATHS, "g", "g"):
        p("path_unlink_file", 3, path)
    p("path_unlink_file", BAD_FD, "x")
    p.note(sorted(os.listdir(p.folder)), sorted(os.listdir(p.folder / "dir")))


def unlinked_while_open(p: Probe) -> None:
    f = p.open("f")
    p("path_unlink_file", 3, "f")
    p.get(f, 5)
    g = p.open("f", CREAT)
    p.put(g, b"another")
    p.get(f, 20)
    p("fd_filestat_get", f, OUT, out=64, hide=(*STAT_TIMES, (17, 24)))


def symlinks(p: Probe) -> None:
    for target in ("f", "../x", "/abs", "", "a\0b", b"\xff", "nowhere"):
        for path in ("made", "dir/made", "f", "to_dir/made2", "", "missing/x", "/x", "../x", "new/"):
            p("path_symlink", target, 3, path)
    p("path_symlink", "f", BAD_FD, "x")
    p.note(sorted(os.listdir(p.folder)), os.readlink(p.folder / "made"), sorted(os.listdir(p.other)))


def links(p: Probe) -> None:
    for number, source in enumerate(("f", "to_file", "dir", "missing", "../f", "f/", "to_dir/in", "/f", "", ".")):
        p("path_link", 3, 0, source, 3, f"l{number}")
        p("path_link", 3, 0, source, 4, f"l{number}")
    for target in ("g", "dir", "dir/l", "../l", "missing/l", "new/", "to_dir/l2", "dangling", "", "."):
        p("path_link", 3, 0, "f", 3, target)
    p("path_link", 3, FOLLOW, "to_file", 3, "followed")
    p("path_link", BAD_FD, 0, "f", 3, "x")
    p("path_link", 3, 0, "f", BAD_FD, "x")
    p.note(sorted(os.listdir(p.folder)), sorted(os.listdir(p.other)), os.stat(p.folder / "f").st_nlink)


def renames(p: Probe) -> None:
    for source, target in (
        ("f", "f2"), ("f2", "g"), ("missing", "x"), ("g", "dir"), ("dir", "g"), ("dir", "empty"), ("empty", "dir2/"),
        ("dir2", "dir3"), ("dir3/", "dir4"), ("g", "dir4/g"), ("to_file", "moved"), ("dir4/../dir4/g", "back"),
        ("back", "../out"), ("../out", "x"), ("/x", "y"), ("back", "/y"), ("back", "back"), ("back", "to_dir"),
        (".", "x"), ("dir4", "."), ("dir4", "dir4/in"), ("", "x"), ("back", ""), ("back", "new/"), ("back/", "b2"),
    ):  # fmt: skip
        p("path_rename", 3, source, 3, target)
    p("path_rename", 3, "loop", 4, "loop")
    p("path_rename", 4, "loop", 3, "loop2")
    p("path_rename", BAD_FD, "loop", 3, "x")
    p("path_rename", 3, "loop", BAD_FD, "x")
    p.note(sorted(os.listdir(p.folder)), sorted(os.listdir(p.other)))


def _names(data: bytes) -> list[tuple[bytes, int]]:
    """Name and type of each record; what follows the last whole record is left out."""
    found, at = [], 0
    while at + 24 <= len(data):
        _, _, length, kind = struct.unpack_from("<QQIB3x", data, at)
        if at + 24 + length > len(data):
            break
        found.append((data[at + 24 : at + 24 + length], kind))
        at += 24 + length
    return sorted(found)


def directory_listing(p: Probe) -> None:
    p("fd_readdir", 3, DATA, 4096, 0, OUT, out=4)
    p.note(_names(p.guest.read(DATA, p.number())))
    d = p.open("dir", DIRECTORY, READ)
    p("fd_readdir", d, DATA, 4096, 0, OUT, out=4)
    p.note(_names(p.guest.read(DATA, p.number())))
    for cookie in (1, 2, 3, 4, 5, 99, -1):
        p("fd_readdir", d, DATA, 4096, cookie, OUT, out=4)
    for size in (0, 1, 24, 25, 30, 51, 52):
        p.guest.write(DATA, b"#" * 80)
        p("fd_readdir", d, DATA, size, 0, OUT, out=4)
        seen = bytearray(p.guest.read(DATA, 80))
        seen[8:16] = seen[33:41] = b"?" * 8
        p.note(bytes(seen))
    p("fd_readdir", p.open("f"), DATA, 64, 0, OUT)
    p("fd_readdir", BAD_FD, DATA, 64, 0, OUT)
    p("fd_readdir", 3, FAR, 64, 0, OUT)


def _clock(userdata: int, clock: int, timeout: int, flags: int = 0) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", userdata, 0, clock, timeout, 0, flags)


def _readiness(userdata: int, tag: int, fd: int) -> bytes:
    return struct.pack("<QB7xI28x", userdata, tag, fd)


def _poll(p: Probe, *subscriptions: bytes) -> None:
    p.guest.write(SUBS, b"".join(subscriptions))
    p.guest.write(EVENTS, b"\0" * EVENT.size * 8)
    p("poll_oneoff", SUBS, EVENTS, len(subscriptions), OUT, out=4)
    p.note([EVENT.form.unpack(p.guest.read(EVENTS + i * EVENT.size, EVENT.size)) for i in range(8)])


def polling(p: Probe) -> None:
    f = p.open("f")
    _poll(p)
    _poll(p, _clock(1, 1, 0))
    _poll(p, _clock(2, 0, 1_000_000))
    _poll(p, _clock(3, 1, 2_000_000), _clock(4, 0, 3_600_000_000_000))
    _poll(p, _clock(3, 0, 1, 1))
    _poll(p, _clock(4, 1, 1, 1))
    for clock in (2, 3, 4):
        _poll(p, _clock(5, clock, 0), _readiness(6, 1, f))
    _poll(p, _clock(5, 1, 0, 2))
    for tag, fd in ((1, 0), (2, 0), (1, 1), (2, 1), (2, 2), (1, f), (2, f), (1, 3), (2, 3), (1, BAD_FD), (3, f)):
        _poll(p, _readiness(10 + tag, tag, fd))
        _poll(p, _readiness(20, 2, 1), _readiness(10 + tag, tag, fd), _clock(30, 1, 10**15))
    p.get(f, 64)
    _poll(p, _readiness(40, 1, f))
    p.get(0, 64)
    _poll(p, _readiness(41, 1, 0))
    p("poll_oneoff", SUBS + 4, EVENTS, 1, OUT)
    p("poll_oneoff", FAR, EVENTS, 1, OUT)
    p("poll_oneoff", SUBS, FAR, 1, OUT)
    p("poll_oneoff", SUBS, EVENTS, 1 << 28, OUT)


def unusual_texts(p: Probe) -> None:
    for name in ("é", "a b", "日本", "x" * 255, "x" * 256, b"\xed\xa0\x80", b"ok\xc3", "new\nline"):
        f = p.open(name, CREAT)
        p("fd_close", f)
    p("path_unlink_file", 3, TEXT, 1 << 30)
    p("path_create_directory", 3, TEXT, 1 << 17)
    p("path_create_directory", 3, FAR, 0)
    p("path_symlink", FAR, 2, 3, TEXT, 2)
    p.note(sorted(os.listdir(p.folder)))


SCENARIOS: tuple[Scenario, ...] = (
    arguments, clocks, randomness, process, sockets, standard_streams, vectors, read_and_write, big_reads, access,
    appending, descriptors, preopened, rights, syncing, sizes, attributes, open_paths, create_paths,
    nested_directories, stat_paths, read_links, make_directories, remove_directories, unlink, unlinked_while_open,
    symlinks, links, renames, directory_listing, polling, unusual_texts,
)  # fmt: skip
