"""The time pane: going along, clicking, scrubbing, zooming."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.launch import Options
from tests.ui.programs import start
from tests.ui.screens import SIZES, Shown, on_loop, shown
from ui.start import Start, WorldArgs
from ui.tui.panes.time import TimePane

SAMPLES = Path(__file__).parents[2] / "sample-modules"
FIB = Start(Options(path=SAMPLES / "fib" / "fib.wasm", args=("12",)), WorldArgs())
LABEL = 12  # cells


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def at_the_end(screen: Shown) -> TimePane:
    """The program has run; the pane is alone on the screen, the cursor on its first row."""
    await screen.press("c", "T", "z", "up", "up", "up", "up", "up", "up", "up", "up")
    pane = screen.app.desk.pane("time")
    assert isinstance(pane, TimePane)
    return pane


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_what_happened_is_on_it(size: tuple[int, int]) -> None:
    async with shown(FIB, size) as screen:
        await at_the_end(screen)
        session = screen.app.session
        end = session.tick
        for text in ("stops ", "host calls", "output", "checkpoints", "▴", f"at {end:,} of {end:,}"):
            await screen.sees(text)
        await screen.press("home")
        await screen.sees("args_sizes_get(")
        await screen.press("enter")
        assert session.tick == 0 and session.history.in_past
        await screen.sees(f"at 0 of {end:,}")


@on_loop
async def test_scrubbing_and_things_of_a_lane() -> None:
    async with shown(FIB, (120, 40)) as screen:
        pane = await at_the_end(screen)
        session = screen.app.session
        end = session.tick
        await screen.press("shift+left", "shift+left")
        assert 0 < session.tick < end
        column = end / pane._columns
        assert end - 4 * column < session.tick < end - column
        await screen.press("down", "down", "down", "down", "comma")  # the host calls' lane
        calls = [e.tick for e in session.machine.journal.entries if type(e).__name__ == "HostResult"]
        assert session.tick in calls
        before = session.tick
        await screen.press("full_stop")
        assert session.tick == min((tick for tick in calls if tick > before), default=before)


@on_loop
async def test_a_click_goes_there() -> None:
    async with shown(FIB, (120, 40)) as screen:
        pane = await at_the_end(screen)
        session = screen.app.session
        end = session.tick
        await screen.pilot.click(TimePane, offset=(LABEL + pane._columns // 2 + 1, 2))
        await screen.idle()
        assert abs(session.tick - end // 2) <= end // pane._columns + 1
        await screen.pilot.click(TimePane, offset=(LABEL + 1, 2))
        await screen.idle()
        assert session.tick == 0
        later = next(row for row, happened in enumerate(pane._items) if happened.tick)
        tick = pane._items[later].tick
        await screen.pilot.click(TimePane, offset=(20, 9 + later))
        await screen.idle()
        assert session.tick == tick


@on_loop
async def test_zooming_and_names() -> None:
    async with shown(FIB, (120, 40)) as screen:
        pane = await at_the_end(screen)
        session = screen.app.session
        end = session.tick
        await screen.press("shift+left", "right_square_bracket")
        await screen.sees("in sight")
        assert pane._span[1] - pane._span[0] <= end // 4 + 1
        await screen.press("m")
        await screen.type("here")
        await screen.press("enter")
        assert session.moments == {"here": session.tick}
        await screen.sees("bookmark here")
        await screen.press("left_square_bracket", "left_square_bracket")
        assert pane._window is None


@on_loop
async def test_back_to_what_wrote_an_element(tmp_path: Path) -> None:
    text = """(module (table $t 4 funcref) (elem declare func $f) (func $f)
      (func (export "run") (nop) (table.set $t (i32.const 2) (ref.func $f)) (drop (i32.const 1))))"""
    async with shown(start(tmp_path, text, "run"), (120, 40)) as screen:
        await screen.press("c", "6", "z", "home", "down", "down", "down", "W")
        session = screen.app.session
        frame = session.inspect.frame(0)
        assert frame is not None and session.inspect.instr(frame).op.name == "table.set"


_WRITTEN = """(module (memory 1) (global $g (mut i32) (i32.const 0)) (table $t 4 funcref)
  (elem declare func $f) (func $f)
  (type $point (struct (field $x (mut i32)) (field $y (mut i32)))) (global $o (mut (ref null $point)) (ref.null $point))
  (func (export "run") (local $l i32)
    (global.set $o (struct.new $point (i32.const 1) (i32.const 2)))
    (local.set $l (i32.const 3))
    (i32.store (i32.const 0) (i32.const 4))
    (global.set $g (i32.const 5))
    (table.set $t (i32.const 2) (ref.func $f))
    (struct.set $point $y (global.get $o) (i32.const 6))
    (drop (memory.grow (i32.const 1)))
    (drop (i32.const 1))))"""


@pytest.mark.parametrize(
    ("pane", "keys", "wrote"),
    [
        ("memory", ("home",), "i32.store"),
        ("frame", ("home", "down"), "local.set"),
        ("frame", ("home", *["down"] * 7), "global.set"),
        ("heap", ("home", "enter", "down", "down"), "struct.set"),
        ("tables", ("home", *["down"] * 3), "table.set"),
    ],
)  # fmt: skip
@on_loop
async def test_one_key_leads_to_what_wrote_it(pane: str, keys: tuple[str, ...], wrote: str, tmp_path: Path) -> None:
    async with shown(start(tmp_path, _WRITTEN, "run"), (120, 40)) as screen:
        session = screen.app.session
        last = session.inspect.facts(session.inspect.frame(0)).instrs[-1]  # type: ignore[arg-type]
        screen.app.run_to(f"@{last.offset:#x}")
        await screen.idle()
        screen.app.desk.go_to(pane)
        await screen.press("z", *keys, "W")
        frame = session.inspect.frame(0)
        assert frame is not None and session.inspect.instr(frame).op.name == wrote


@on_loop
async def test_output_is_shown_with_its_text() -> None:
    async with shown(FIB, (120, 40)) as screen:
        await at_the_end(screen)
        await screen.press("z")
        await screen.sees('stdout "fib(')


@on_loop
async def test_another_width_has_other_columns() -> None:
    async with shown(FIB, (120, 40)) as screen:
        pane = await at_the_end(screen)
        for _ in range(3):
            await screen.press("z", "end")
            assert pane._column < pane._columns
