"""The pane of blocks: what was misused, what is live, and the moments they lead to."""

from __future__ import annotations

import pytest

from debugger.launch import Options
from tests.debugger.sessions import SAMPLES
from tests.ui.screens import SIZES, Shown, on_loop, shown
from ui.start import Start, WorldArgs
from ui.tui.panes.blocks import BlocksPane

_QUEUE = Start(Options(SAMPLES / "use-after-free" / "queue.wasm"), WorldArgs())
_SHAPES = Start(Options(SAMPLES / "indirect-table" / "shapes.wat", invoke=("all", "3", "4")), WorldArgs())


async def _asked(screen: Shown) -> BlocksPane:
    """The pane has the keys, and has gone through the recording."""
    screen.app.desk.go_to("blocks")
    await screen.pilot.pause()
    await screen.press("a")
    pane = screen.app.desk.pane("blocks")
    assert isinstance(pane, BlocksPane)
    return pane


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_misuses_and_live_blocks_lead_to_their_moments(size: tuple[int, int]) -> None:
    async with shown(_QUEUE, size) as screen:
        await screen.press("c")
        screen.app.desk.go_to("blocks")
        await screen.sees("a follows the")
        pane = await _asked(screen)
        await screen.sees("misuses  6")
        await screen.sees("1  read 0x")
        await screen.sees("up to tick 127,7")
        await screen.press("down", "enter")
        assert (
            screen.app.session.tick == 3_330
            and screen.app.session.inspect.instr(next(screen.app.session.inspect.frames())).op.name == "i32.load"
        )
        await screen.press("down", "enter")  # who freed it
        assert next(screen.app.session.inspect.frames()).name == "$free"
        await screen.press("down", "enter")  # who took it
        assert next(screen.app.session.inspect.frames()).name == "$malloc"
        await screen.press("end")
        await screen.sees("live blocks  4, 32 bytes")
        await screen.sees("4 bytes")
        assert pane.row_count() == 2 + 6 * 3 + 4
        await screen.press("m")
        assert screen.app.desk.active == "memory"


@on_loop
async def test_what_runs_later_is_in_it_once_it_is_asked_again() -> None:
    async with shown(_QUEUE) as screen:
        await screen.command("b cancel")
        await screen.command("c")
        pane = await _asked(screen)
        await screen.sees("misuses  0")
        await screen.sees("live blocks  8, 63 bytes")
        await screen.command("c")
        assert pane.row_count() == 10
        await _asked(screen)
        await screen.sees("misuses  6")
        await screen.command("restart")
        screen.app.desk.go_to("blocks")
        await screen.sees("a follows the")


@on_loop
async def test_a_module_without_an_allocator_is_said_to_be_one() -> None:
    async with shown(_SHAPES) as screen:
        await _asked(screen)
        await screen.sees("no function of this module is called like one of an allocator")
