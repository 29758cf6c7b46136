"""Session files keep how the screen was; one that says something else of it does no harm."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from debugger.kept import load
from debugger.launch import Options
from debugger.recording import options_of
from tests.debugger.sessions import SAMPLES
from tests.ui.programs import FIB, start
from tests.ui.screens import on_loop, shown
from ui.start import Start, WorldArgs
from ui.tui.arrange import Place
from ui.tui.arrangement import Arrangement, arrangement_from
from ui.tui.registry import PANES, default_layout

real_era = pytest.mark.skipif(
    os.environ.get("WASMSCOPE_TEST_ERA") == "invented", reason="a recording names its era, which must be a real one"
)


def reopened(path: Path) -> Start:
    recording, kept = load(path)
    return Start(options_of(recording, None, path), WorldArgs(), recording=recording, kept=kept)


@real_era
@on_loop
async def test_the_panes_are_where_they_were(tmp_path: Path) -> None:
    saved = tmp_path / "panes.session"
    average = Start(Options(SAMPLES / "find-the-bug" / "average.wasm"), WorldArgs())
    async with shown(average, (200, 50)) as screen:
        for command in ("pane tables hide", "pane map code", "b sum", "c", f"save {saved}"):
            await screen.command(command)
        screen.app.action_switch()
        screen.app.desk.go_to("memory")
        screen.app.desk.resize(3)
        screen.app.desk.show("module")
        await screen.command(f"save {saved}")
        screen.app.desk.go_to("memory")
        await screen.press("z")
        screen.app.talking.command(f"save {saved}")
        await screen.idle()
        wanted, sides, tick = screen.app.desk.arrangement, screen.app.sides.preference, screen.app.session.tick
        text = screen.text()
    assert wanted.zoomed == "memory" and wanted.shares and sides != "source"
    async with shown(reopened(saved), (200, 50)) as screen:
        await screen.idle()
        assert screen.app.desk.arrangement == wanted and screen.app.sides.preference == sides
        assert screen.app.session.tick == tick and screen.app.desk.active == "memory"
        assert screen.text().splitlines()[1:-2] == text.splitlines()[1:-2]
        await screen.press("z")
        assert "tables" not in [id_ for id_, _, _ in screen.app.desk.tab_places()]
        assert screen.app.desk.active == "memory"


@real_era
@pytest.mark.parametrize("screen_of", [
    {"panes": []}, {"panes": "all"}, {"panes": [["nobody", "code"], ["code", "nowhere"], [1, 2], "x", []]}, {"a": 1},
    {"panes": {"code": "code"}},
], ids=range(5))  # fmt: skip
def test_one_that_is_not_understood_is_said(tmp_path: Path, screen_of: dict[str, object]) -> None:
    @on_loop
    async def check() -> None:
        saved = tmp_path / "odd.session"
        async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
            await screen.command(f"save {saved}")
        with zipfile.ZipFile(saved) as file:
            head, data = json.loads(file.read("session.json")), file.read("recording")
        with zipfile.ZipFile(saved, "w") as file:
            file.writestr("session.json", json.dumps({**head, "screen": screen_of}))
            file.writestr("recording", data)
        async with shown(reopened(saved)) as screen:
            await screen.sees("the panes are not as in the session file")
            assert screen.app.desk.arrangement.layout == default_layout()

    check()


@pytest.mark.parametrize("shares", [
    {"upper": float("nan")}, {"upper": float("inf")}, {"upper": 10**400}, {"upper": True}, {"upper": "1"},
    {"upper": None}, [1], "x",
], ids=range(8))  # fmt: skip
def test_shares_that_are_none_are_left_out(shares: object) -> None:
    found = arrangement_from({"panes": [["code", "code"]], "shares": shares})
    assert found is not None and found.shares == {}


def test_what_is_understood_is_taken() -> None:
    found = arrangement_from({
        "panes": [["time", "code"], ["time", "side"], ["code", "fields"], ["later", "code"]],
        "shares": {"upper": 7.5, "side": -1.0, **{f"x{i}": 0.5 for i in range(1000)}},
        "chosen": ["code", "vmctx", 3, "code"], "active": "vmctx", "zoomed": ["time"],
    })  # fmt: skip
    assert found is not None and len(found.shares) < 100
    assert found.layout == (("time", Place.CODE), ("code", Place.FIELDS))
    assert (found.shares["upper"], found.shares["side"]) == (0.95, 0.05)
    assert (found.chosen, found.active, found.zoomed) == (("code",), "time", None)


def test_an_arrangement_is_what_is_read_again() -> None:
    ids = [kind.id for kind in PANES]
    made = Arrangement(default_layout()[::-1], {"upper": 0.25}, tuple(ids[3:6]), ids[4], ids[4])
    assert arrangement_from(json.loads(json.dumps(made.as_data()))) == made
