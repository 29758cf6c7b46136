"""Session files: what was found, and the instant, again."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from ui.cli import main

pytestmark = pytest.mark.skipif(
    os.environ.get("WASMSCOPE_TEST_ERA") == "invented", reason="a recording names its era, which must be a real one"
)
_PEOPLE = Path(__file__).parents[1] / "data" / "source" / "people-O0.wasm"


def _run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def _commands(*commands: str) -> list[str]:
    return [word for command in commands for word in ("-ex", command)]


@pytest.fixture
def saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "found.session"
    shutil.copy(_PEOPLE, tmp_path)
    commands = ("b sum_ages", "c", "b measure if count == 4", "display p->age", "watch counter", "note here it begins",
                "bookmark people &people[0]", "c", "n", f"save {path}")  # fmt: skip
    out = _run(capsys, *_commands(*commands), str(tmp_path / _PEOPLE.name), "--invoke", "run", "3")
    assert "wasmscope open" in out
    return path


def test_a_session_reopens_at_the_same_instant(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ("info breakpoints", "info display", "info notes", "bt", "p sum", "c", "c", "reverse-continue")
    out = _run(capsys, "open", *_commands(*shown), str(saved))
    assert "watch counter" in out and "if count == 4" in out and "here it begins" in out
    assert "p->age = " in out and "#0  $sum_ages" in out and "counter 9 → 10" in out


def test_one_saved_in_the_past(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "past.session"
    _run(capsys, *_commands("c", "goto 1300", f"save {path}", "c"), str(_PEOPLE), "--invoke", "run", "3")
    out = _run(capsys, "open", *_commands("p tick", "c"), str(path), str(_PEOPLE))
    assert "1300" in out and "finished: 336" in out


def test_another_module_and_damaged_files(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = _PEOPLE.with_name("people-O2.wasm")
    assert "is not the module that was recorded" in _run(capsys, "open", "-ex", "bt", str(saved), str(other), code=2)
    assert "does not exist" in _run(capsys, "open", "-ex", "bt", str(saved) + "x", code=2)
    whole = saved.read_bytes()
    for damaged in (b"", b"PK", whole[:200], whole[:-30]):
        saved.write_bytes(damaged)
        assert "is no session file" in _run(capsys, "open", "-ex", "bt", str(saved), code=2)


def test_what_does_not_fit_is_said(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(saved) as file:
        head, data = json.loads(file.read("session.json")), file.read("recording")
    head["breakpoints"] = [{"location": "nobody there"}, {"location": "x", "watch": "NOTHING"}, {"location": "measure"}]
    head["bookmarks"] = [{"name": "b", "kind": "x"}]
    with zipfile.ZipFile(saved, "w") as file:
        file.writestr("session.json", json.dumps(head))
        file.writestr("recording", data)
    out = _run(capsys, "open", *_commands("info breakpoints"), str(saved))
    assert "is not set again" in out and "no place any more" in out and "measure" in out
