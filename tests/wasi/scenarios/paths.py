"""Looking up and opening paths."""

from __future__ import annotations

from tests.wasi.probe import DATA, OUT, Probe
from tests.wasi.scenarios.folder import (
    BAD_FD,
    CREAT,
    DIRECTORY,
    EXCL,
    FAR,
    FOLLOW,
    PATHS,
    READ,
    STAT_TIMES,
    TRUNC,
    WRITE,
    names_in,
)


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
        if path in ("fifo", "./"):
            continue
        for oflags in (CREAT | EXCL, CREAT, EXCL, TRUNC, CREAT | DIRECTORY, DIRECTORY | EXCL):
            p("fd_close", p.open(path, oflags, READ | WRITE, follow=number % 2))
    p("fd_close", p.open("dangling", CREAT, follow=1))
    p.note(names_in(p.folder), names_in(p.other))


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


SCENARIOS = (
    open_paths,
    create_paths,
    nested_directories,
    stat_paths,
    read_links,
)
