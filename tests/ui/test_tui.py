"""The full screen: what keys and the mouse do, at several sizes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.ui.programs import FIB, HELLO, start
from tests.ui.screens import SIZES, Shown, on_loop, shown

SAMPLES = Path(__file__).parents[2] / "sample-modules"


def fib(folder: Path, n: int = 5) -> Any:
    return start(folder, FIB, "fib", str(n))


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_opens_at_the_entry(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(fib(tmp_path), size) as screen:
        text = screen.text()
        assert "❚❚ entry" in text
        assert "▶ 0x" in text
        assert "(func $fib" in text
        assert "$n  i32  5" in text.replace("    ", "  ")
        assert all(len(row) == size[0] for row in text.split("\n"))


@pytest.mark.parametrize("size", [(20, 10), (1, 1), (31, 8)])
@on_loop
async def test_a_tiny_screen_says_what_is_needed(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(fib(tmp_path), size) as screen:
        await screen.press("n", "4", "z")
        await screen.pilot.resize_terminal(80, 24)
        await screen.sees("(func $fib")
        await screen.pilot.resize_terminal(*size)
        if size[0] > 18:
            await screen.sees("The screen is too")


@on_loop
async def test_resizing_goes_through_all_arrangements(tmp_path: Path) -> None:
    async with shown(fib(tmp_path), (200, 50)) as screen:
        for width, height in ((80, 24), (45, 12), (120, 40), (200, 50)):
            await screen.pilot.resize_terminal(width, height)
            await screen.sees("0x")
            assert "▶ 0x" in screen.text()


IN_PANES = (
    ("1", "(func $fib"), ("2", "operand stack"), ("3", "#0  $fib"), ("4", "VMContext of"),
    ("5", "0010  68 65 6c 6c"), ("6", "table $table  funcref, 4 elements"), ("7", "start  "),
    ("9", "no breakpoint: b"), ("0", "no watch expression: w"), ("8", "type a command"),
)  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@on_loop
async def test_every_pane_opens_by_its_key(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(fib(tmp_path), size) as screen:
        for key, text in IN_PANES:
            await screen.press(key)
            await screen.sees(text)
            if key == "8":
                await screen.press("escape")
        await screen.press("o")
        await screen.sees("written nothing yet")


@on_loop
async def test_zoom_and_tab_move_between_panes(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("4", "z")
        await screen.sees("VMContext of")
        assert "(func $fib" not in screen.text()
        await screen.press("z")
        await screen.sees("(func $fib")
        await screen.press("1", "tab")
        assert screen.app.desk.active == "frame"
        await screen.press("shift+tab")
        assert screen.app.desk.active == "code"


# -- running ---------------------------------------------------------------------------------------


@on_loop
async def test_steps_continue_and_restart(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("s")
        await screen.sees("❚❚ step")
        await screen.sees("tick 1")
        await screen.press("i", "n")
        await screen.sees("tick 3")
        await screen.press("c")
        await screen.sees("■ finished: 5")
        assert "(func $fib" in screen.text()
        assert "$calls  i32  15" in screen.text()
        await screen.press("n")
        await screen.sees("the program has finished")
        await screen.press("r")
        await screen.sees("❚❚ entry")


@on_loop
async def test_breakpoint_by_key_is_hit_and_goes_away(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("b")
        await screen.sees("●▶")
        await screen.press("c")
        await screen.sees("breakpoint #1")
        assert "$n  i32  4" in screen.text()
        await screen.press("9")
        await screen.sees("$fib+0x1")
        await screen.press("space")
        await screen.sees("○")
        await screen.press("x")
        await screen.sees("no breakpoint: b")
        await screen.press("f9")
        await screen.sees("●▶")
        await screen.press("f9")
        assert "●" not in screen.text()


@on_loop
async def test_breakpoint_by_a_click_in_the_gutter(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        x, y = screen.at("call $fib")
        assert x > 10
        await screen.click(1, y)
        assert "●" in screen.text().split("\n")[y]
        await screen.press("c")
        await screen.sees("breakpoint #1")
        await screen.click(1, screen.at("●▶")[1])
        assert "●" not in screen.text()


@on_loop
async def test_run_to_the_cursor_and_out_of_the_frame(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        _, y = screen.at("call $fib")
        await screen.click(30, y)
        await screen.press("t")
        await screen.sees(";; → fib(4)")
        await screen.press("s", "f")
        await screen.sees("❚❚ step")
        assert "i32  3" in screen.text()


@on_loop
async def test_frames_up_and_down(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("b", "c", "c")
        await screen.sees("#2  $fib")
        await screen.press("u")
        await screen.sees("▷")
        assert "$n  i32  4" in screen.text()
        await screen.press("d")
        assert "$n  i32  3" in screen.text()
        await screen.press("d")
        await screen.sees("there is no frame -1")
        await screen.press("3", "down", "down", "enter")
        assert "$n  i32  5" in screen.text()


@on_loop
async def test_an_endless_loop_is_paused(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever")) as screen:
        await screen.pilot.press("c")
        await screen.sees("▶ running")
        await screen.pilot.press("n")
        await screen.sees("F6 pauses it")
        await screen.press("f6")
        await screen.sees("❚❚ pause")
        await screen.pilot.press("c")
        await screen.sees("▶ running")
        await screen.press("ctrl+c")
        await screen.sees("❚❚ pause")


@on_loop
async def test_quits_while_the_program_runs(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever")) as screen:
        await screen.pilot.press("c", "q")
        await screen.until(lambda: not screen.app.is_running)
        assert screen.app.return_code == 0


@on_loop
async def test_a_trap_is_explained_and_everything_still_there(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "divide", "7", "0")) as screen:
        await screen.press("c")
        await screen.sees("✖ trapped: integer divide by zero")
        text = screen.text()
        assert "an integer was divided by zero" in text
        assert "trap: operands: left = 7" in text.split("\n")[-1]
        assert "$a  i32  7" in text
        await screen.press("5")
        await screen.sees("68 65 6c 6c 6f")
        await screen.press("4")
        await screen.sees("VMContext of")


# -- input and output ------------------------------------------------------------------------------


@on_loop
async def test_input_typed_in_the_output_pane_reaches_the_program(tmp_path: Path) -> None:
    async with shown(start(tmp_path, HELLO, "echo")) as screen:
        await screen.pilot.press("c")
        await screen.sees("waiting for input")
        await screen.press("f6")
        await screen.sees("❚❚ pause")
        await screen.pilot.press("c", "o")
        await screen.sees("waiting for input")
        await screen.type("hey")
        await screen.press("enter")
        await screen.sees("■ finished")
        await screen.sees("│hey")


@on_loop
async def test_the_end_of_input(tmp_path: Path) -> None:
    async with shown(start(tmp_path, HELLO, "echo")) as screen:
        await screen.pilot.press("c", "o")
        await screen.sees("waiting for input")
        await screen.press("ctrl+d")
        await screen.sees("■ finished")


@on_loop
async def test_output_shows_escapes_as_text(tmp_path: Path) -> None:
    async with shown(start(tmp_path, HELLO)) as screen:
        await screen.press("c", "o")
        await screen.sees("a\\x1b[1m")
        await screen.sees("exited with code 7")


# -- looking ---------------------------------------------------------------------------------------


@on_loop
async def test_commands_in_the_console(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.command("set $n = 9")
        await screen.sees("$n  i32  9")
        await screen.command("print $n * 2")
        await screen.sees("18")
        await screen.command("nonsense")
        await screen.sees("there is no command 'nonsense'")
        await screen.press("up")
        await screen.type("x")
        assert "nonsensex" in screen.text()
        await screen.press("escape")
        assert screen.app.desk.active == "code"
        await screen.press("colon")
        await screen.press("ctrl+u")
        await screen.type("hexd")
        await screen.press("tab")
        await screen.sees("hexdump ")
        await screen.command("quit")
        await screen.until(lambda: not screen.app.is_running)


@on_loop
async def test_watches_change_and_are_kept(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("b", "w")
        await screen.type("$n + 1")
        await screen.press("enter")
        await screen.sees("1  $n + 1  6")
        await screen.press("c")
        await screen.sees("5  Δ was 6")
        await screen.press("w")
        await screen.type("1 +")
        await screen.press("enter")
        assert "1 +" not in [w.text for w in screen.app.session.watches]
        await screen.press("w", "escape")
        assert screen.app.desk.active == "code"
    async with shown(fib(tmp_path)) as screen:
        await screen.press("0")
        await screen.sees("1  $n + 1  6")
        await screen.press("x")
        await screen.sees("no watch expression")
    async with shown(fib(tmp_path)) as screen:
        assert len(screen.app.session.watches) == 0


@on_loop
async def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    async with shown(fib(tmp_path)) as screen:
        for expression, told in (("$n", True), ("$n + 1", False)):
            await screen.press("w")
            await screen.type(expression)
            await screen.press("enter")
            assert ("cannot keep the watches" in screen.text()) is told
            assert len(screen.app.session.watches) >= 1


@on_loop
async def test_changed_values_say_what_they_were(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("i", "i", "i", "i")
        await screen.sees("$calls  i32  1  Δ was 0")
        await screen.press("i")
        assert "Δ was" not in screen.text()


@on_loop
async def test_memory_goes_places(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("5", "g")
        await screen.type("16")
        await screen.press("enter")
        await screen.sees("u32 1819043176")
        await screen.press("right")
        await screen.sees("0x11 LE")
        await screen.command("set memory[16] = 1")
        await screen.press("escape", "5", "right_square_bracket")
        await screen.sees(" at 0x")
        await screen.press("left_square_bracket")
        await screen.sees("memory 0 of")
        await screen.press("g")
        await screen.type("nothing_like_this")
        await screen.press("enter")
        await screen.sees("nothing_like_this")
        await screen.press("7", "down", "enter")
        assert screen.app.desk.active == "memory"


@on_loop
async def test_code_goes_places(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("g")
        await screen.type("twice")
        await screen.press("enter")
        await screen.sees("(func $twice")
        await screen.press("backspace")
        await screen.sees("(func $fib")
        await screen.press("g")
        await screen.type("nobody")
        await screen.press("enter")
        await screen.sees("nothing is called 'nobody'")
        await screen.press("v")
        await screen.sees("(func $fib (export")  # the text as it was written


@on_loop
async def test_source_and_disassembly_take_turns() -> None:
    async with shown(sample("fib/fib.wasm", "12")) as screen:
        await screen.command("until fib.c:10")
        await screen.press("escape")
        await screen.sees("asked++;")
        await screen.press("n")
        assert "▶    11" in screen.text()
        await screen.press("v")
        await screen.sees("i32.")
        assert "asked++;" in screen.text()
        await screen.press("v")
        assert "asked++;" not in screen.text()
        await screen.press("v", "b", "t")
        await screen.sees("●▶")


@on_loop
async def test_help_lists_keys_and_commands(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("question_mark")
        await screen.sees("help: Escape closes")
        await screen.sees("one instruction")
        await screen.press("escape")
        assert "help: Escape" not in screen.text()


@on_loop
async def test_a_module_without_start_can_be_looked_at(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB)) as screen:
        await screen.sees("has no _start")
        await screen.sees("(func $fib")
        await screen.command("invoke twice 4")
        await screen.sees("❚❚ entry")
        await screen.press("escape", "c")
        await screen.sees("finished: 8")


def sample(name: str, *args: str) -> Any:
    from debugger.launch import Options
    from ui.start import Start, WorldArgs

    return Start(Options(path=SAMPLES / name, args=args), WorldArgs())


# -- what cannot be trusted ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "seen"),
    [("[red]x[/red]", "[red]x[/red]"), ("[/]", "[/]"), ("a\\1b[31mb", "a\\u{1b}[31mb"),
     ("\\e2\\80\\aerev", "\\u{202e}rev"),
     ("[@click=app.quit]q[/]", "[@click=app.quit]q[/]"), ("x\\0ay", '"x\\u{a}y"'), ("\\\\[b]", "\\[b]")],
)  # fmt: skip
@on_loop
async def test_names_are_only_text(tmp_path: Path, name: str, seen: str) -> None:
    wat = f"""(module (memory 1) (table 2 funcref) (elem (i32.const 0) $f)
      (func $f (@name "{name}") (param (@name "{name}") i32) (result i32) local.get 0)
      (export "{name}" (func $f)) (export "go" (func $f)))"""
    async with shown(start(tmp_path, wat, "go", "1"), (80, 24)) as screen:
        for key in "1234567":
            await screen.press(key)
            rows = screen.text().split("\n")
            assert all(character.isprintable() for row in rows for character in row)
        await screen.press("1")
        await screen.sees(seen)


def test_the_helper_shows_what_it_waits_for(tmp_path: Path) -> None:
    async def body(screen: Shown) -> None:
        with pytest.raises(AssertionError, match="not on the screen"):
            screen.at("never there")

    async def run() -> None:
        async with shown(fib(tmp_path)) as screen:
            await body(screen)

    asyncio.run(run())
