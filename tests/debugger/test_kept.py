"""Session files: what was found, and the instant, again."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.debugger.sessions import SAMPLES
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


def _head(path: Path, **changes: object) -> dict[str, object]:
    """What a session file says, after some of it was changed."""
    with zipfile.ZipFile(path) as file:
        head, data = json.loads(file.read("session.json")), file.read("recording")
    head |= changes
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("session.json", json.dumps(head))
        file.writestr("recording", data)
    return head


def test_counts_catchpoints_mocks_and_moments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.session"
    hello = SAMPLES / "hello-wasi" / "hello.wasm"
    commands = ("catch trap", "catch wasi fd_*", "tb $_start", "c", "bookmark here", "mock fd_write ENOSPC --times 2",
                "condition 2 1 == 1", "ignore 2 1", f"save {path}")  # fmt: skip
    _run(capsys, *_commands(*commands), str(hello))
    out = _run(capsys, "open", *_commands("info breakpoints", "info bookmarks", "info mocks", "p tick"), str(path))
    for text in ("catch trap", "catch host", "1 == 1", "here", "fd_write", "ENOSPC", "2 more"):
        assert text in out, out
    assert "branch" not in out


def test_on_another_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other paths, other names: modules are known by their hashes."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for name in ("main.wat", "math.wat"):
        shutil.copy(SAMPLES / "link-two" / name, here)
    saved = here / "two.session"
    words = (str(here / "main.wat"), "--preload", f"math={here / 'math.wat'}", "--invoke", "run", "3", "4")
    out = _run(capsys, *_commands("stepi 3", "b $run", "note as left", f"save {saved}", "bt"), *words)
    at = next(line for line in out.splitlines() if "#0" in line)
    here.rename(there)
    moved = there / "two.session"
    assert at in _run(capsys, "open", *_commands("bt", "info notes"), str(moved))
    (there / "main.wat").rename(there / "renamed.wat")
    (there / "math.wat").rename(there / "other.wat")
    assert "as left" in _run(capsys, "open", *_commands("bt", "info notes"), str(moved))
    (apart := tmp_path / "apart").mkdir()
    alone = Path(shutil.move(moved, apart))
    assert "is neither at" in _run(capsys, "open", "-ex", "bt", str(alone), code=2)
    assert at in _run(capsys, "open", "-ex", "bt", str(alone), str(there / "renamed.wat"))
    (there / "other.wat").write_text("(module)")
    assert "math.wat of the recording is neither at" in _run(
        capsys, "open", "-ex", "bt", str(alone), str(there / "renamed.wat"), code=2
    )


def test_directories_are_named_and_not_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, folder = tmp_path / "files.session", tmp_path / "sand"
    folder.mkdir()
    module = _PEOPLE.parents[1] / "wasi" / "files.wasm"
    words = ("--dir", f"{folder}::/sand", "-ex", f"save {saved}", str(module))
    _run(capsys, *words)
    out = _run(capsys, "open", *_commands("info files", "c", "stdin --eof", "c"), str(saved), code=134)
    assert str(folder) in out and not list(folder.iterdir())


@pytest.mark.parametrize("changes", [
    {"tick": -1}, {"tick": 1e400}, {"tick": True}, {"notes": [{"tick": 1e9, "text": ""}]}, {"notes": [{}]},
    {"moments": {"a": -1}}, {"moments": [1]}, {"screen": [1]}, {"screen": "usual"}, {"mocks": {}},
    {"watches": [1]}, {"breakpoints": 7}, {"format": "another"},
])  # fmt: skip
def test_a_head_that_is_wrong_is_refused(
    saved: Path, changes: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    _head(saved, **changes)
    assert "is no session file: it is damaged" in _run(capsys, "open", "-ex", "bt", str(saved), code=2)


def test_members_that_are_damaged_are_refused(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(saved) as file:
        members = {name: file.read(name) for name in ("session.json", "recording")}
    for name in members:
        with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as file:
            for each, data in members.items():
                file.writestr(each, data)
            start = file.getinfo(name).header_offset + 30 + len(name)
        whole = bytearray(saved.read_bytes())
        whole[start : start + 40] = os.urandom(40)
        saved.write_bytes(whole)
        assert "is no session file" in _run(capsys, "open", "-ex", "bt", str(saved), code=2)
    with zipfile.ZipFile(saved, "w") as file:
        file.writestr("session.json", "[" * 100_000)
        file.writestr("recording", members["recording"])
    assert "is no session file" in _run(capsys, "open", "-ex", "bt", str(saved), code=2)


def test_what_the_screen_said_is_kept_by_other_front_ends(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screen = {"panes": [["code", "code"]], "unknown": [1, 2]}
    _head(saved, screen=screen)
    again = saved.with_name("again.session")
    _run(capsys, "open", "-ex", f"save {again}", str(saved))
    assert _head(again)["screen"] == screen


def test_sources_are_found_elsewhere(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On another machine they are not where the compiler saw them."""
    (elsewhere := saved.parent / "elsewhere").mkdir()
    shutil.copy(_PEOPLE.with_name("people.c"), elsewhere / "people.c")
    apart = saved.parent.parent / "apart"
    apart.mkdir(exist_ok=True)
    for name in (saved.name, _PEOPLE.name):
        shutil.copy(saved.parent / name, apart)
    there = str(apart / saved.name)
    assert "the file was not found" in _run(capsys, "open", "-ex", "stepi", there)
    mapped = _run(capsys, "open", "--source-map", f"/build={elsewhere}", "-ex", "stepi", there)
    assert " ▶ " in mapped and "was not found" not in mapped and "sum" in mapped
    assert "maps no paths" in _run(capsys, "open", "--source-map", "x", "-ex", "bt", there, code=2)
