"""Making, removing, linking and renaming."""

from __future__ import annotations

from tests.wasi.probe import OUT, TEXT, Probe
from tests.wasi.scenarios.folder import BAD_FD, CREAT, FAR, FOLLOW, PATHS, STAT_TIMES, names_in


def make_directories(p: Probe) -> None:
    for path in (*PATHS, "made", "made2/", "made3//", "made/deep", "dir/made", "nope/made"):
        p("path_create_directory", 3, path)
    p("path_create_directory", BAD_FD, "x")
    p("path_create_directory", 1, "x")
    p.note(names_in(p.folder), names_in(p.folder / "dir"))


def remove_directories(p: Probe) -> None:
    for path in (*PATHS, "empty/", "empty/.", "to_dir/", "empty", "empty"):
        p("path_remove_directory", 3, path)
    p("path_remove_directory", BAD_FD, "x")
    p.note(names_in(p.folder))


def unlink(p: Probe) -> None:
    for path in ("to_dir/", *PATHS, "g", "g"):
        p("path_unlink_file", 3, path)
    p("path_unlink_file", BAD_FD, "x")
    p.note(names_in(p.folder), names_in(p.folder / "dir"))


def unlinked_while_open(p: Probe) -> None:
    f = p.open("f")
    p("path_unlink_file", 3, "f")
    p.get(f, 5)
    g = p.open("f", CREAT)
    p.put(g, b"another")
    p.get(f, 20)
    p("fd_filestat_get", f, OUT, out=64, hide=(*STAT_TIMES, (17, 24)))


def symlinks(p: Probe) -> None:
    p("path_symlink", "a\0b", 3, "nul")
    for target in ("f", "../x", "/abs", "", b"\xff", "nowhere"):
        for path in ("made", "dir/made", "f", "to_dir/made2", "", "missing/x", "/x", "../x", "new/"):
            p("path_symlink", target, 3, path)
    p("path_symlink", "f", BAD_FD, "x")
    p.note(names_in(p.folder), str((p.folder / "made").readlink()), names_in(p.other))


def links(p: Probe) -> None:
    for number, source in enumerate(("f", "to_file", "dir", "missing", "../f", "f/", "to_dir/in", "/f", "", ".")):
        p("path_link", 3, 0, source, 3, f"l{number}")
        p("path_link", 3, 0, source, 4, f"l{number}")
    for target in ("g", "dir", "dir/l", "../l", "missing/l", "new/", "to_dir/l2", "dangling", "", "."):
        p("path_link", 3, 0, "f", 3, target)
    p("path_link", 3, FOLLOW, "to_file", 3, "followed")
    p("path_link", BAD_FD, 0, "f", 3, "x")
    p("path_link", 3, 0, "f", BAD_FD, "x")
    p.note(names_in(p.folder), names_in(p.other), (p.folder / "f").stat().st_nlink)


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
    p.note(names_in(p.folder), names_in(p.other))


def unusual_texts(p: Probe) -> None:
    for name in ("é", "a b", "日本", "x" * 255, "x" * 256, b"\xed\xa0\x80", b"ok\xc3", "new\nline"):
        f = p.open(name, CREAT)
        p("fd_close", f)
    p("path_remove_directory", 3, TEXT, 1 << 30)
    p("path_create_directory", 3, TEXT, 1 << 17)
    p("path_create_directory", 3, FAR, 0)
    p("path_symlink", FAR, 2, 3, TEXT, 2)
    p.note(names_in(p.folder))


SCENARIOS = (
    make_directories,
    remove_directories,
    unlink,
    unlinked_while_open,
    symlinks,
    links,
    renames,
    unusual_texts,
)
