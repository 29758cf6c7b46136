"""Watches: their changes from stop to stop, and their file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from debugger.watches import Watches
from tests.worlds import World
from vm.errors import UserError

WAT = """
(module (global $n (mut i32) (i32.const 1))
  (func (export "run") (global.set $n (i32.add (global.get $n) (i32.const 1)))))
"""


def test_changes_are_relative_to_the_last_stop() -> None:
    here, watches = World(WAT), Watches()
    watches.add("$n * 10")
    watches.add("$missing")
    first = watches.update(here.evaluator())
    assert next((w.value, w.changed, w.previous) for w in first) == ("10", False, None)
    assert first[1].is_error and "unknown name '$missing'" in first[1].value
    here.run("run")
    assert next((w.value, w.changed, w.previous) for w in watches.update(here.evaluator())) == ("20", True, "10")
    assert next((w.value, w.changed) for w in watches.update(here.evaluator())) == ("20", False)


def test_numbers_are_never_given_twice() -> None:
    watches = Watches()
    first = watches.add("1")
    watches.delete(first.id)
    assert watches.add("2").id == first.id + 1
    with pytest.raises(UserError, match="there is no watch 1"):
        watches.delete(first.id)


def test_kept_for_a_module(tmp_path: Path) -> None:
    watches = Watches()
    watches.add("$n")
    watches.add('cstr@16 == "é"')
    watches.save(tmp_path / "deep", b"module")
    again, other = Watches(), Watches()
    again.load(tmp_path / "deep", b"module")
    other.load(tmp_path / "deep", b"another module")
    assert [w.text for w in again] == ["$n", 'cstr@16 == "é"'] and len(other) == 0
    assert len(list((tmp_path / "deep").iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_said(tmp_path: Path, content: bytes) -> None:
    watches = Watches()
    watches.save(tmp_path, b"m")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    with pytest.raises(UserError, match="holds no watches"):
        watches.load(tmp_path, b"m")
    assert len(watches) == 0


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watches = Watches()
    watches.add("1")
    watches.save(tmp_path, b"m")
    watches.add("2")

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match=r"cannot keep the watches in .*No space left"):
        watches.save(tmp_path, b"m")
    (kept,) = tmp_path.iterdir()
    assert "2" not in kept.read_text()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot keep the watches"):
        Watches().save(tmp_path / "file", b"m")
