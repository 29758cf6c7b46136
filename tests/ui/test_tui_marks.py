"""Breakpoints and watches, changed in their panes."""

from __future__ import annotations

from pathlib import Path

from tests.ui.programs import FIB, start
from tests.ui.screens import Shown, on_loop, shown


async def answer(screen: Shown, text: str) -> None:
    await screen.press("ctrl+u")
    await screen.type(text)
    await screen.press("enter")


@on_loop
async def test_breakpoints_are_changed_in_place(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "6")) as screen:
        await screen.press("9", "a")
        await answer(screen, "fib")
        await screen.sees("$fib+0x1")
        await screen.press("e")
        await answer(screen, "n <")
        assert not next(iter(screen.app.session.breakpoints)).condition
        await screen.press("e")
        await answer(screen, "n == 3")
        await screen.sees("if n == 3")
        await screen.press("h")
        await answer(screen, "often")
        await screen.sees("'often' is not a hit rule")
        await screen.press("h")
        await answer(screen, "2")
        await screen.sees("hits 2")
        await screen.press("c")
        await screen.sees("breakpoint #1")
        assert "$n  i32  3" in screen.text()
        await screen.press("h", "ctrl+u", "enter", "e", "ctrl+u", "enter", "l")
        await answer(screen, "n is {n}")
        await screen.press("c")
        await screen.sees("finished: 8")
        await screen.press("8")
        await screen.sees("n is 1")
        await screen.press("escape", "9", "l", "ctrl+u", "enter")
        assert not next(iter(screen.app.session.breakpoints)).log
        await screen.press("enter")
        assert screen.app.desk.active == "code"
        await screen.press("9", "a")
        await answer(screen, "nowhere_yet")
        await screen.press("end", "enter")
        await screen.sees("nothing is called nowhere_yet yet")


WATCHED = """(module (memory 1) (func (export "run") (param $n i32)
  (local.set $n (i32.const 5)) (i32.store8 (i32.const 1) (i32.const 7)) (i32.store8 (i32.const 9) (i32.const 7))))"""


@on_loop
async def test_what_is_under_the_cursor_is_watched(tmp_path: Path) -> None:
    async with shown(start(tmp_path, WATCHED, "run", "1")) as screen:
        await screen.press("2", "down", "b")
        await screen.sees("watchpoint 1")
        await screen.press("c")
        await screen.sees("❚❚ watchpoint #1")
        assert "$n  i32  5" in screen.text()
        await screen.press("5", "right", "b")
        await screen.sees("watchpoint 2")
        await screen.press("c")
        await screen.sees("❚❚ watchpoint #2")
        await screen.press("5", "b")
        await screen.sees("no watchpoint on u8@0x1 any more")
        await screen.press("4", "down", "down", "b")
        await screen.sees("watchpoint 3")
        await screen.press("9")
        await screen.sees("⌖")
        await screen.press("x", "c")
        await screen.sees("finished")
        await screen.press("5", "W")
        await screen.sees("the next instruction is the last that wrote u8@0x1")


@on_loop
async def test_watches_are_changed_in_place(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "6")) as screen:
        await screen.press("w")
        await answer(screen, "n + 1")
        await screen.sees("n + 1  7")
        await screen.press("0", "enter")
        await answer(screen, "n +")
        await screen.sees("n + 1  7")
        await screen.press("e")
        await answer(screen, "n * 100")
        await screen.sees("n * 100  600")
        await screen.press("x")
        await screen.sees("no watch expression")


@on_loop
async def test_keys_that_come_faster_than_the_screen(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "6")) as screen:
        for location in ("fib", "twice"):
            screen.app.session.add_breakpoint(location)
        for text in ("n", "n + 1"):
            screen.app.session.watches.add(text)
        screen.app.follow()
        for pane, left in (("breakpoints", screen.app.session.breakpoints), ("watches", screen.app.session.watches)):
            screen.app.desk.go_to(pane)
            found = screen.app.desk.pane(pane)
            assert found is not None
            for _ in range(3):
                found.run_worker(screen.app.run_action("delete", found), exclusive=False)
            await screen.until(lambda items=left: len(items) == 0)
        await screen.press("x")
        assert screen.app.is_running
