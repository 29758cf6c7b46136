"""The trace pane: calls that fold, accesses and host calls, and the moments they lead to."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from debugger.events import Message
from debugger.launch import Options
from debugger.traces.calls import CallTree
from tests.ui.screens import SIZES, Shown, on_loop, shown
from ui import tracing
from ui.start import Start, WorldArgs
from ui.tui.panes.frame import FramePane
from ui.tui.panes.memory import MemoryPane
from ui.tui.panes.trace import TracePane
from ui.tui.row_tree import RowTree
from vm.types import Addr, Tick

_HELLO = Path(__file__).parents[2] / "sample-modules" / "hello-wasi" / "hello.wasm"
_START = Start(Options(path=_HELLO), WorldArgs())


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def _at_the_end(screen: Shown) -> TracePane:
    """The program has run, and the pane has the keys."""
    await screen.press("c")
    screen.app.desk.go_to("trace")
    await screen.pilot.pause()
    pane = screen.app.desk.pane("trace")
    assert isinstance(pane, TracePane)
    return pane


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_calls_fold_and_lead_to_their_moments(size: tuple[int, int]) -> None:
    async with shown(_START, size) as screen:
        pane = await _at_the_end(screen)
        await screen.sees("a lists the calls")
        await screen.press("a")
        await screen.sees("▾ $_start.command_export  42 calls")
        await screen.sees("▾ $__main_void  35 calls")
        await screen.press("down", "down", "down", "left")
        await screen.sees("▸ $__main_void  35 calls")
        assert pane.row_count() == 43 - 35
        await screen.press("space")
        assert pane.row_count() == 43
        await screen.press("down", "left")
        assert pane.cursor == 3, "a call that led to nothing: up to the one that led to it"
        await screen.press("down", "down", "enter")
        assert screen.app.session.tick == 34, "malloc is called"
        assert pane.marked() == 5


@on_loop
async def test_accesses_and_host_calls() -> None:
    async with shown(_START, (120, 40)) as screen:
        pane = await _at_the_end(screen)
        await screen.press("right_square_bracket")
        await screen.sees("a lists the memory")
        await screen.press("a", "z")
        await screen.sees("$__stdio_exit 0x002c3c")
        assert pane.cursor == pane.row_count() - 1 > 200, "at what was last"
        await screen.press("z", "m")
        memory = screen.app.desk.pane("memory")
        assert isinstance(memory, MemoryPane) and screen.app.desk.active == "memory"
        assert memory.place == screen.app.session.listings.accesses.rows[-1].offset
        screen.app.desk.go_to("trace")
        await screen.press("right_square_bracket", "a", "z")
        await screen.sees('fd_write(fd 1 stdout, ["Hello, wasm", "!\\n"], size to 0x1100c) → SUCCESS')
        await screen.press("up", "enter")
        assert screen.app.session.tick == 3213
        await screen.press("r", "z")
        await screen.press("z")
        await screen.sees("a lists the host calls")


@on_loop
async def test_a_pane_that_is_hidden_draws_nothing() -> None:
    async with shown(_START, (80, 24)) as screen:
        await screen.press("2")
        frame = screen.app.query_one(FramePane)
        await _at_the_end(screen)
        assert not frame.display and frame.render_line(0).text.strip() == ""


def test_rows_of_a_tree() -> None:
    # 0 (1 (2 3) 4 (5)) 6
    depths, lasts = array("I", [0, 1, 2, 2, 1, 2, 0]), array("I", [5, 3, 2, 3, 5, 5, 6])
    parents = array("I", [0, 0, 1, 1, 0, 4, 6])
    ticks = array("Q", range(7))
    tree = CallTree(Tick(0), Tick(9), [(Addr(0), 0)], array("I", [0] * 7), depths, ticks, ticks, lasts, parents, 0)
    rows = RowTree(tree, few=4)
    shown = lambda: [rows.number(i) for i in range(len(rows))]  # noqa: E731
    assert shown() == [0, 1, 4, 6], "as many levels as give few rows"
    rows.toggle(1)
    assert shown() == [0, 1, 2, 3, 4, 6] and rows.row_of(3) == 3 and rows.above(3) == 1
    rows.toggle(0)
    assert shown() == [0, 6] and rows.row_of(3) is None
    rows.toggle(0)
    assert shown() == [0, 1, 2, 3, 4, 6], "what was open in it is open"
    rows.toggle(2)
    assert shown() == [0, 1, 2, 3, 4, 6], "nothing is below it"


@on_loop
async def test_long_work_says_how_far_it_is_and_stops() -> None:
    fib = Start(Options(path=_HELLO.parents[1] / "fib" / "fib.wasm", args=("24",)), WorldArgs())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracing, "_SAID_EVERY_S", 0.01)
        async with shown(fib, (120, 40)) as screen:
            await screen.press("c")
            session, said = screen.app.session, list[str]()
            session.listen(lambda event: said.append(event.text) if isinstance(event, Message) else None)
            end = session.tick
            for where in (1000, end):  # in the past, and now
                screen.app.go_to_tick(where)
                await screen.idle()
                for command in ("trace memory --to end /dev/null", "trace --to end --operands /dev/null"):
                    said.clear()
                    screen.app.talking.command(command)
                    await screen.sees("%  F6 stops it")
                    await screen.pilot.press("f6")
                    await screen.idle()
                    assert "of " + f"{end:,}" in said[-1] and not said[-1].endswith("100 %")
                    assert session.tick == where
            await screen.sees("before the end")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_heat_stands_beside_code_and_bytes(size: tuple[int, int]) -> None:
    async with shown(_START, size) as screen:
        await screen.press("c", "5")
        memory = screen.app.desk.pane("memory")
        assert isinstance(memory, MemoryPane)
        memory.select(0x1458, 8)
        before = memory.row(memory.cursor)
        await screen.press("a")
        await screen.sees("at the right: read, written")
        heat = screen.app.session.memory_heat
        assert heat is not None
        memory.select(0xD70, 8)
        reads, writes = heat.heat.of(0xD70, 8)
        assert reads > 5 and writes > 5
        await screen.sees(f"read {reads:,}, written {writes:,} times")
        shown_counts = [text.strip() for text, _ in memory.row(memory.cursor)[-2:]]
        assert shown_counts == [
            str(n) for n in heat.heat.of(memory.cursor * memory._shape.per_row, memory._shape.per_row)
        ]
        await screen.press("1", "v")
        await screen.sees("    1 ") if screen.app.desk.active == "code" else None
        assert screen.app.session.heat is not None
        await screen.press("5", "a")
        memory.select(0x1458, 8)
        assert memory.row(memory.cursor) == before and screen.app.session.heat is None
