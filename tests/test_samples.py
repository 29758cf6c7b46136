"""Every sample module does what its `expect.toml` says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from debugger.events import Reason
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from vm.wasi.world import Stream

_FOLDER = Path(__file__).parents[1] / "sample-modules"
_SAMPLES = sorted(p.parent for p in _FOLDER.glob("*/expect.toml"))


def _expected(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "expect.toml").read_text())


@pytest.mark.parametrize("folder", _SAMPLES, ids=lambda p: p.name)
def test_sample(folder: Path) -> None:
    expected = _expected(folder)
    preloads = tuple((name, folder / file) for name, file in expected.get("preload", {}).items())
    world = RealWorld()
    world.feed_stdin(expected.get("stdin", "").encode())
    world.close_stdin()
    options = Options(
        folder / expected["module"], args=tuple(expected.get("args", ())),
        invoke=tuple(expected.get("invoke", ())), preloads=preloads,
    )  # fmt: skip
    session = Session(options, world)
    session.start()
    stopped = session.resume()
    assert world.outputs.text(Stream.STDOUT).decode() == expected.get("stdout", "")
    if "trap" in expected:
        assert stopped.detail.trap is not None and stopped.detail.trap.kind.value == expected["trap"]
    elif "results" in expected:
        assert list(stopped.detail.results) == expected["results"]
    else:
        code = stopped.detail.exit_code if stopped.reason is Reason.EXITED else 0
        assert code == expected["exit"]
    session.close()


def test_there_are_enough_and_each_says_what_it_is_about() -> None:
    assert len(_SAMPLES) >= 8
    assert all(_expected(folder)["about"] for folder in _SAMPLES)
