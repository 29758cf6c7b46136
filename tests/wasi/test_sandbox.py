"""No path leaves the directory it starts in, whatever is swapped in while it is walked."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from debugger import sandbox
from debugger.files import RealFiles
from debugger.sandbox import located
from vm.wasi.world import Opening, Place, Root

READ = Opening(readable=True, writable=False, follow=True)
CREATE = Opening(readable=True, writable=True, create=True, follow=True)
ROOT = Place(1, 0, b"")
ESCAPES = (
    b"..", b"../secret", b"dir/../../secret", b"/etc/passwd", b"to_up/secret", b"to_abs/passwd", b"hop1/secret",
    b"to_secret", b"dir/up_up/secret", b"./dir/.././../secret", b"dir/../to_up",
)  # fmt: skip


def _open_fds() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    (folder / "dir/deep").mkdir(parents=True)
    (folder / "f").write_bytes(b"mine")
    (folder / "dir/f").write_bytes(b"mine")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/f").write_bytes(b"secret")
    for name, target in (
        ("to_up", ".."),
        ("to_abs", "/etc"),
        ("to_secret", "../secret"),
        ("hop1", "hop2"),
        ("hop2", "dir/hop3"),
        ("dir/hop3", "../.."),
        ("dir/up_up", "../.."),
        ("ring", "dir/../ring"),
    ):
        (folder / name).symlink_to(target)
    return folder


@pytest.fixture
def files(inside: Path) -> Iterator[RealFiles]:
    made = RealFiles((Root(os.fsencode(inside), b"/"), Root(os.fsencode(inside / "dir"), b"/dir")))
    yield made
    made.release()


def _refusal(attempt: object) -> int:
    assert callable(attempt)
    with pytest.raises(OSError) as caught:
        attempt()
    return caught.value.errno or 0


@pytest.mark.parametrize("path", ESCAPES, ids=os.fsdecode)
def test_no_function_follows_a_path_out(files: RealFiles, inside: Path, path: bytes) -> None:
    before = sorted(str(p) for p in inside.parent.rglob("*"))
    below = path + b"/x"
    for attempt in (
        lambda: files.open(ROOT, path, READ, 9),
        lambda: files.open(ROOT, path, CREATE, 9),
        lambda: files.stat_at(ROOT, path, True),
        lambda: files.set_times_at(ROOT, path, True, 1, 1),
        lambda: files.create_directory(ROOT, below),
        lambda: files.remove_directory(ROOT, below),
        lambda: files.unlink(ROOT, below),
        lambda: files.readlink(ROOT, below),
        lambda: files.symlink(b"f", ROOT, below),
        lambda: files.link(ROOT, b"f", ROOT, below),
        lambda: files.link(ROOT, below, ROOT, b"new"),
        lambda: files.rename(ROOT, b"f", ROOT, below),
        lambda: files.rename(ROOT, below, ROOT, b"new"),
    ):
        assert _refusal(attempt) == errno.EPERM
    assert sorted(str(p) for p in inside.parent.rglob("*")) == before


def test_a_nested_directory_is_a_border_too(files: RealFiles) -> None:
    nested = files.open(ROOT, b"dir", READ, 5).place
    for path in (b"../f", b"hop3/inside/f", b"deep/../../f"):
        assert _refusal(lambda p=path: files.open(nested, p, READ, 9)) == errno.EPERM
    assert files.read(files.open(nested, b"deep/../f", READ, 9).place, 0, 9) == b"mine"


def test_between_preopened_directories_only_inside_names_move(files: RealFiles, inside: Path) -> None:
    other = Place(2, 1, b"")
    files.rename(ROOT, b"f", other, b"moved")
    assert (inside / "dir/moved").read_bytes() == b"mine"
    files.link(other, b"moved", ROOT, b"linked")
    assert (inside / "linked").stat().st_nlink == 2
    assert _refusal(lambda: files.rename(other, b"moved", other, b"../f")) == errno.EPERM
    assert _refusal(lambda: files.link(other, b"../linked", other, b"x")) == errno.EPERM


def test_a_linked_link_stays_a_link(files: RealFiles, inside: Path) -> None:
    files.link(ROOT, b"to_secret", ROOT, b"copy")
    assert (inside / "copy").is_symlink()
    assert _refusal(lambda: files.open(ROOT, b"copy", READ, 9)) == errno.EPERM


def test_rings_and_long_chains_end(files: RealFiles, inside: Path) -> None:
    assert _refusal(lambda: files.open(ROOT, b"ring", READ, 9)) == errno.ELOOP
    (inside / "c0").symlink_to("f")
    for i in range(sandbox.MAX_LINKS):
        (inside / f"c{i + 1}").symlink_to(f"c{i}")
    last = sandbox.MAX_LINKS
    assert files.open(ROOT, f"c{last - 1}".encode(), READ, 9).place.path == b"f"
    assert _refusal(lambda: files.open(ROOT, f"c{last}".encode(), READ, 9)) == errno.ELOOP


def test_nothing_is_left_open(files: RealFiles) -> None:
    files.stat_at(ROOT, b"f", True)
    before = _open_fds()
    for path in (*ESCAPES, b"ring", b"dir/deep/../f", b"f/x", b"missing/x", b"", b"n" * 300, b"d/" * 3000):
        for attempt in (lambda p=path: files.stat_at(ROOT, p, True), lambda p=path: files.open(ROOT, p, READ, 9)):
            try:
                attempt()
            except OSError:
                continue
    for entry in files.entries(ROOT):
        files.stat_at(ROOT, entry.name, False)
    files.close(Place(9, 0, b"dir/f"))
    assert _open_fds() == before


def test_release_closes_everything(inside: Path) -> None:
    before = _open_fds()
    files = RealFiles((Root(os.fsencode(inside), b"/"),))
    for serial in range(10, 20):
        files.open(ROOT, b"dir/f", READ, serial)
    files.release()
    assert _open_fds() == before


def test_a_fifo_does_not_hang(files: RealFiles, inside: Path) -> None:
    os.mkfifo(inside / "fifo")
    start = time.monotonic()
    place = files.open(ROOT, b"fifo", READ, 9).place
    assert _refusal(lambda: files.read(place, 0, 10)) == errno.ESPIPE
    writer = Opening(readable=False, writable=True)
    files.close(place)
    assert _refusal(lambda: files.open(ROOT, b"fifo", writer, 9)) == errno.ENXIO
    assert time.monotonic() - start < 1


def test_a_directory_swapped_for_a_link_while_walking(
    files: RealFiles, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: right before each directory is entered, and right after."""
    real_open = os.open

    def swapping(path: bytes, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == b"dir" and (inside / "dir").is_dir() and not (inside / "dir").is_symlink():
            (inside / "dir").rename(inside / "kept")
            (inside / "dir").symlink_to("../outside")
        return real_open(path, flags, mode, dir_fd=dir_fd)

    files.stat_at(ROOT, b"f", True)
    monkeypatch.setattr(os, "open", swapping)
    assert _refusal(lambda: files.open(ROOT, b"dir/f", READ, 9)) == errno.EPERM


def test_a_directory_moved_out_while_inside_it(inside: Path) -> None:
    """`..` goes back to what was held, not to the parent that the directory has now."""
    start = os.open(inside, os.O_RDONLY)
    try:
        with located(start, b"dir/deep/x") as spot:
            (inside / "dir/deep").rename(inside.parent / "outside/deep")
            assert spot.path == b"dir/deep/x"
        with located(start, b"dir/../f") as spot:
            assert os.stat(spot.name, dir_fd=spot.directory_fd).st_size == 4
    finally:
        os.close(start)


def test_a_race_is_never_won(files: RealFiles, inside: Path) -> None:
    """Another thread swaps a directory and a link to the outside all the time."""
    link, real, name = inside / "link", inside / "real", inside / "dir"
    link.symlink_to("../outside")
    name.rename(real)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            real.rename(name)
            name.rename(real)
            link.rename(name)
            name.rename(link)

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            try:
                place = files.open(ROOT, b"dir/f", READ, 9).place
                seen.add(files.read(place, 0, 10))
            except OSError:
                continue
    finally:
        stop.set()
        thread.join()
    assert seen <= {b"mine"}
