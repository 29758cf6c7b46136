"""The micro-steps pane: a key brings it and takes it away, and the bytes a micro-step touches are lit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.programs import start
from tests.ui.screens import SIZES, on_loop, shown
from ui.render.line import Role
from ui.tui.panes.microsteps import MicrostepsPane

_WAT = """(module (memory 1) (data (i32.const 8) "\\2a")
  (func $main (export "run") (result i32) (i32.load (i32.const 8))))"""


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_pane_comes_and_goes(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(start(tmp_path, _WAT, "run"), size) as screen:
        await screen.press("i", "4", "1")
        before = screen.text()
        await screen.press("f8")
        assert "load VMMemoryDefinition.base" in screen.text()
        assert await screen.press("f8") == before


@on_loop
async def test_the_bytes_of_a_micro_step_are_lit(tmp_path: Path) -> None:
    async with shown(start(tmp_path, _WAT, "run"), (120, 40)) as screen:
        await screen.press("i")
        screen.app.desk.go_to("micro")
        await screen.press("end")
        pane = screen.app.query_one(MicrostepsPane)
        lit = "".join(text for text, role in pane.foot(1) if role is Role.CURSOR)
        assert lit == "2a 00 00 00" and "memory 0" in "".join(text for text, _ in pane.foot(0))
        await screen.press("home")
        assert pane.foot(1) == ()
