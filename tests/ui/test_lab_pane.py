"""The layouts pane: the module's structures in another release, and why a field lies elsewhere there."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.lab import compare, lay_out
from tests.ui.programs import FIB, start
from tests.ui.screens import SIZES, on_loop, shown
from ui.tui.panes.lab import LabPane
from vm.eras.table import chosen


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def _text(pane: LabPane) -> str:
    return "\n".join("".join(text for text, _ in pane.row(i)) for i in range(pane.row_count()))


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_another_release(tmp_path: Path, size: tuple[int, int]) -> None:
    era = chosen("wasmtime@50")
    async with shown(start(tmp_path, FIB, "fib", "5", era=era), size) as screen:
        screen.app.desk.go_to("lab")
        await screen.idle()
        pane = screen.app.query_one(LabPane)
        assert "wasmtime 47" in _text(pane).splitlines()[0] and "wasmtime 48" in _text(pane).splitlines()[0]
        await screen.press(*["left_square_bracket"] * 40)
        assert "wasmtime 0.38" in _text(pane).splitlines()[0]
        module = screen.app.session.instance().module
        for change in compare(lay_out(module, chosen("wasmtime@0.38")), lay_out(module, era)):
            assert (change.kind == "same" and not change.reason) or change.field in _text(pane)
        fewer = pane.row_count()
        await screen.press("space")
        assert pane.row_count() > fewer
        await screen.press(*["down"] * 4)
        why = "".join(text for text, _ in pane.foot(0))
        assert not pane.foot_height() or "VMContext." in why
        await screen.press(*["right_square_bracket"] * 41)
        assert "wasmtime 47" in _text(pane).splitlines()[0]
