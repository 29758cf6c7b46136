"""Descriptors: numbers, rights, attributes, listings."""

from __future__ import annotations

import struct

from tests.wasi.probe import DATA, OUT, Probe
from tests.wasi.scenarios.folder import BAD_FD, CREAT, DIRECTORY, FAR, FOLLOW, READ, STAT_HIDDEN, STAT_TIMES


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
            hide = STAT_TIMES if path.startswith("to_") else (*STAT_HIDDEN, (56, 64))
            p("path_filestat_get", 3, 0, path, OUT, out=64, hide=(*hide, (17, 24)))
    p("path_filestat_get", 3, FOLLOW, "to_file", OUT, out=64, hide=(*STAT_HIDDEN, (17, 24), (56, 64)))
    p("path_filestat_set_times", 3, 0, "f", 0, 0, 3)
    p("path_filestat_set_times", 3, 0, "f", 0, 0, 10)
    p("path_filestat_get", 3, 2, "f", OUT)
    p("path_filestat_get", 3, 0, "f", OUT + 4)


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


SCENARIOS = (
    descriptors,
    preopened,
    rights,
    syncing,
    sizes,
    attributes,
    directory_listing,
)
