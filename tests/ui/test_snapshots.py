"""The main screens in five sizes, character by character, and some with their colours."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from debugger.launch import Options
from tests.ui.screens import Shown, on_loop, shown
from tests.ui.snapshots import Snapshots, known_addresses, masked, needs_same_drawing
from ui.start import Start, WorldArgs
from ui.tui.messages import AsBytes

SAMPLES = Path(__file__).parents[2] / "sample-modules"
SIZES = ((80, 24), (100, 30), (120, 40), (160, 45), (200, 50))
STACK = 70_976  # where the stack pointer of the sample stands by then

pytestmark = pytest.mark.skipif(
    os.environ.get("WASMSCOPE_TEST_ERA") == "invented", reason="the snapshots show the layout of a real era"
)


def sample(name: str, *args: str) -> Start:
    return Start(Options(path=SAMPLES / name, args=args), WorldArgs())


async def to_a_breakpoint(screen: Shown) -> None:
    for text in ("break fib.c:10", "display $var0", "continue", "continue", "continue"):
        await screen.command(text)
    await screen.press("escape", "1")


async def to_the_stack(screen: Shown) -> None:
    pane = screen.app.desk.pane("memory")
    assert pane is not None
    await screen.press("5")
    pane.open(AsBytes(screen.app.session.main.memories[0].region.base + STACK))
    await screen.idle()


def pressed(*keys: str) -> Callable[[Shown], Awaitable[None]]:
    async def press(screen: Shown) -> None:
        await screen.press(*keys)

    return press


async def palette(screen: Shown) -> None:
    await screen.press("ctrl+p")
    await screen.type("fib")
    await screen.pilot.pause()


WALK: tuple[tuple[str, Callable[[Shown], Awaitable[None]]], ...] = (
    ("entry", pressed()),
    ("stopped", to_a_breakpoint),
    ("split", pressed("v")),
    ("code", pressed("v")),
    ("memory", to_the_stack),
    ("vmctx", pressed("4", "z", *["down"] * 10)),
    ("tables", pressed("6")),
    ("map", pressed("7", "z")),
    ("stack", pressed("3", "down", "enter")),
    ("breakpoints", pressed("9")),
    ("jump", pressed("ctrl+o")),
    ("palette", palette),
    ("help", pressed("escape", "?")),
    ("finished", pressed("escape", "9", "x", "1", "c")),
)  # fmt: skip


async def walk(screen: Shown, snapshots: Snapshots, *svgs: str) -> None:
    """All screens one after the other; those in `svgs` with their colours."""
    width, height = screen.app.size
    for number, (name, go) in enumerate(WALK, 1):
        if name == "palette":
            await screen.press("escape")
        await go(screen)
        await screen.pilot.pause()
        if not svgs:
            snapshots.text(screen, f"{width}x{height}-{number:02}-{name}")
        elif name in svgs:
            snapshots.svg(screen, f"{width}x{height}-{name}{'-light' if 'light' in screen.app.theme else ''}")


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_the_main_screens(size: tuple[int, int]) -> None:
    snapshots = Snapshots()
    with known_addresses(SIZES.index(size)):
        async with shown(sample("fib/fib.wasm", "12"), size) as screen:
            await walk(screen, snapshots)
    snapshots.finish()


@pytest.mark.parametrize(("size", "theme"), [((80, 24), "wasmscope"), ((100, 30), "wasmscope-light")])
@on_loop
async def test_the_main_screens_with_their_colours(size: tuple[int, int], theme: str) -> None:
    needs_same_drawing()
    snapshots = Snapshots()
    with known_addresses(size[1]):
        async with shown(sample("fib/fib.wasm", "12"), size) as screen:
            screen.app.choosing.use_theme(theme)
            await walk(screen, snapshots, "stopped", "memory")
    snapshots.finish()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@on_loop
async def test_waiting_for_input_with_values_of_the_past(size: tuple[int, int]) -> None:
    snapshots = Snapshots()
    with known_addresses(size[0] // 8):
        async with shown(sample("echo-stdin/echo.wasm"), size) as screen:
            await screen.press("2")
            await screen.pilot.press("c")
            await screen.sees("waiting for input")
            frame = screen.app.desk.pane("frame")
            await screen.until(lambda: frame is not None and frame.held is not None and frame.held.faded)
            await screen.pilot.pause()
            snapshots.text(screen, f"{size[0]}x{size[1]}-waiting")
    snapshots.finish()


def test_what_is_of_one_run_alone_is_masked() -> None:
    shown = "→ 0x3100_16c4_0030 │ 12.3 M/s, 1:05 │ 199 k/s, 2.6 s  \n+0x0030 0x373 "
    assert masked(shown) == "→ ################ │ # /s, # s │ # /s, # s\n+0x0030 0x373\n"


def test_a_screen_that_looks_other_than_it_should_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ui.snapshots._UPDATE", False)
    snapshots = Snapshots()
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    snapshots._compare(tmp_path / "a.txt", "one\ntwo\n")
    snapshots.finish()
    snapshots._compare(tmp_path / "a.txt", "one\nother\n")
    with pytest.raises(AssertionError, match="-two"):
        snapshots.finish()
