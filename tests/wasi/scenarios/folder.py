"""The files that every scenario starts with, and the words they are described in."""

from __future__ import annotations

import os
from pathlib import Path

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


def populate(folder: Path) -> None:
    """Files, folders, links of every kind and a FIFO."""
    (folder / "dir").mkdir()
    (folder / "empty").mkdir()
    for name, text in (("f", "hello, file"), ("g", "second"), ("dir/in", "inner")):
        (folder / name).write_text(text)
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
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "fifo")
    for name in ("f", "g", "dir", "dir/in"):
        os.utime(folder / name, ns=(10**18 + 5, 10**18 + 7))


def names_in(folder: Path) -> list[str]:
    """What a folder holds, sorted."""
    return sorted(path.name for path in folder.iterdir())
