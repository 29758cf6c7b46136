"""The frame pane: what feeds the instruction at pc, editing in place, folding."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.launch import Options
from tests.ui.programs import FIB, start
from tests.ui.screens import SIZES, Shown, on_loop, shown
from ui.start import Start, WorldArgs


async def row_with(screen: Shown, text: str) -> None:
    """Puts the cursor of the frame pane on a row."""
    x, y = screen.at(text)
    await screen.click(x, y)


@on_loop
async def test_values_are_edited_in_place(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        await row_with(screen, "$n  ")
        await screen.press("enter")
        await screen.sees("$n (i32) =")
        await screen.sees("= 5")
        await screen.press("ctrl+u")
        await screen.type("2 * 4 + 1")
        await screen.press("enter")
        await screen.sees("$n  i32  9")
        assert screen.app.desk.active == "frame"
        await screen.press("e", "ctrl+u")
        await screen.type("1 +")
        await screen.press("enter")
        assert "$n  i32  9" in screen.text()
        assert "column" in screen.text().split("\n")[-1] or "expected" in screen.text().split("\n")[-1]
        await row_with(screen, "$calls  i32")
        await screen.press("e", "ctrl+u")
        await screen.type("77")
        await screen.press("enter")
        await screen.sees("$calls  i32  77")
        await row_with(screen, "locals")
        await screen.press("e")
        await screen.sees("put the cursor on one")


@on_loop
async def test_operands_say_what_they_are_to_the_instruction(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "divide", "7", "2")) as screen:
        await screen.press("i", "i")
        await screen.sees("← right of i32.div_s")
        await screen.sees("← left of i32.div_s")
        await row_with(screen, "← left of")
        await screen.press("e", "ctrl+u")
        await screen.type("40")
        await screen.press("enter", "c")
        await screen.sees("finished: 20")


@on_loop
async def test_sections_fold(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        await row_with(screen, "▼ locals")
        await screen.press("enter")
        await screen.sees("▶ locals")
        assert "$n  i32" not in screen.text()
        await screen.press("space")
        await screen.sees("$n  i32")


@on_loop
async def test_a_value_leads_to_the_memory_it_points_to(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "16")) as screen:
        await row_with(screen, "$n  ")
        await screen.press("m")
        assert screen.app.desk.active == "memory"
        await screen.press("backspace")
        assert screen.app.desk.active == "frame"


@on_loop
async def test_instances_are_listed_and_lead_to_their_context(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        screen.app.desk.go_to("instances")
        await screen.sees("▶ #0  program")
        await screen.press("enter")
        assert screen.app.desk.active == "vmctx"


_LANES = """(module (global $g (mut v128) (v128.const f32x4 1.5 nan -0 3)) (func (export "run") (param $k i32)
  (global.set $g (i32x4.splat (local.get $k)))))"""


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_a_vector_under_the_cursor_is_shown_in_every_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(start(tmp_path, _LANES, "run", "3"), size) as screen:
        screen.app.desk.go_to("frame")
        await screen.press("z", "end")
        for text in (
            "i8x16  0 0 -64 63",
            "i16x8  0 16320 0 32704",
            "i32x4  1069547520",
            "f32x4  1.5 nan -0.0 3.0",
            "f64x2",
        ):
            await screen.sees(text)
        await screen.press("enter", "ctrl+u")
        await screen.type("f64x2 1.5 -2")
        await screen.press("enter")
        await screen.sees("f64x2  1.5 -2.0")
        await screen.press("home")
        assert "f64x2" not in screen.text().split("\n", 3)[3]


@on_loop
async def test_variables_in_another_file_are_said_to_be_there() -> None:
    split = Path(__file__).parents[1] / "data" / "source" / "split5-O0.wasm"
    async with shown(Start(Options(split, invoke=("run", "3")), WorldArgs()), (200, 50)) as screen:
        await screen.command("b measure")
        await screen.command("c")
        await screen.sees("variables and types were split off")
        await screen.sees("people-split.dwo, which is not read")
