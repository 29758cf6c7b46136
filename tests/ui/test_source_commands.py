"""Source variables at the prompt and in the frame pane."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.launch import Options
from tests.ui.screens import on_loop, shown
from ui.cli import main
from ui.start import Start, WorldArgs

_DATA = Path(__file__).parents[1] / "data" / "source"


def _printed(capsys: pytest.CaptureFixture[str], module: str, *commands: str) -> str:
    words = [str(_DATA / module)]
    for command in commands:
        words += ["-ex", command]
    assert main([*words, "--invoke", "run", "3"]) == 0
    return capsys.readouterr().out


def test_info_locals_shows_the_source_first(capsys: pytest.CaptureFixture[str]) -> None:
    out = _printed(capsys, "people-O0.wasm", "b sum_ages", "c", "n", "n", "info locals")
    assert "  p    person*  0x" in out and "  sum  int" in out and "WebAssembly locals\n  $var0" in out


def test_inlined_frames_stand_in_the_backtrace(capsys: pytest.CaptureFixture[str]) -> None:
    out = _printed(capsys, "people-O2.wasm", "b people.c:38", "c", "bt")
    assert "#0  sum_ages  inlined  people.c:38\n      in $run+" in out and "people.c:75" in out


def test_demangled_names(capsys: pytest.CaptureFixture[str]) -> None:
    out = _printed(capsys, "tree-O0.wasm", "b tree::depth", "c", "bt 2")
    assert "$tree::depth" in out and "_ZN" not in out


def test_set_watch_and_display(capsys: pytest.CaptureFixture[str]) -> None:
    commands = (
        "b sum_ages",
        "c",
        "display p->age",
        "set p->age = 31",
        "p people[0]",
        "x/4bx &p->age",
        "watch sum",
        "c",
    )
    out = _printed(capsys, "people-O0.wasm", *commands)
    assert "p->age: 30 → 31" in out and "age = 31, height = 1.5, favourite = GREEN" in out
    assert "0x1f" in out and "sum 0 → 31" in out


def _start(module: str) -> Start:
    return Start(Options(_DATA / module, invoke=("run", "3")), WorldArgs())


@on_loop
async def test_a_variable_opens_and_is_edited_in_the_frame_pane() -> None:
    async with shown(_start("people-O0.wasm")) as screen:
        await screen.press("colon")
        await screen.type("b sum_ages")
        await screen.press("enter", "escape", "c")
        await screen.sees("breakpoint #1")
        await screen.press("2")
        x, y = screen.at("▸ p ")
        await screen.click(x, y)
        await screen.press("space")
        await screen.sees('→ "Ada"')
        x, y = screen.at("age   ")
        await screen.click(x, y)
        await screen.press("enter")
        await screen.sees("p.age (int) = 30")
        await screen.press("ctrl+u")
        await screen.type("31")
        await screen.press("enter")
        await screen.sees("int  31")


@on_loop
async def test_heat_stands_in_the_code_pane() -> None:
    async with shown(_start("people-O0.wasm")) as screen:
        await screen.press("colon")
        await screen.type("b measure")
        await screen.press("enter", "escape", "c")
        await screen.sees("breakpoint #1")
        await screen.press("colon")
        await screen.type("coverage")
        await screen.press("enter")
        await screen.sees("functions,")
        await screen.press("escape", "v", "v")
        await screen.sees("    1 ")
        await screen.sees("local.")
