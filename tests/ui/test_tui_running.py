"""While the program runs: what panes show, how often the screen is drawn, and lines that are broken."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests.ui.programs import FIB, HELLO, start
from tests.ui.screens import Shown, on_loop, shown
from ui.render.line import Role, line, text_of
from ui.tui.bridge import UPDATES_PER_SECOND
from ui.tui.panes.frame import FramePane
from ui.tui.wrap import broken

PRINTS = HELLO.replace("(loop $again (br $again))", "(loop $again (call $all) (br $again))").replace(
    '(func (export "echo")',
    """(func $all (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func (export "echo")""",
)


async def runs(screen: Shown, key: str = "c") -> None:
    await screen.pilot.press(key)
    await screen.sees("running")


@on_loop
async def test_going_back_and_on_to_where_it_was_left(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "6")) as screen:
        await screen.press("c")
        await screen.sees("finished: 8")
        end = screen.app.session.tick
        await screen.press("I", "I")
        await screen.sees(f"◀ past, left at {end:,}")
        assert screen.app.session.tick == end - 2
        await screen.press("N", "S", "F")
        await screen.sees("◀ past")
        await screen.press("C")
        await screen.sees("the recording begins here")
        await screen.press("c")
        await screen.sees("finished: 8")
        assert "◀ past" not in screen.text()


@on_loop
async def test_what_is_shown_while_it_runs_is_of_the_past_and_looks_like_that(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever"), (200, 50)) as screen:
        frame = screen.app.query_one(FramePane)
        before = screen.text()
        assert "$calls  i32  0" in before
        await runs(screen)
        await screen.until(lambda: frame.held is not None and frame.held.faded)
        assert frame.held is not None
        assert {role for row in frame.held.rows.values() for _, role in row} == {Role.DIM}
        await screen.pilot.pause()
        assert rows_of(screen.text()) == rows_of(before)
        assert "▶ 0x" not in screen.text()  # the pc is elsewhere by now
        await screen.pilot.press("f6")
        await screen.sees("❚❚ pause")
        await screen.idle()
        assert frame.held is None
        assert {role for _, role in frame.row(0)} == {Role.HEADING, Role.DIM}
        assert "▶ 0x" in screen.text()


def rows_of(shown: str) -> list[str]:
    """What the panes at the right and below say."""
    return [row[110:] for row in shown.split("\n")[1:-1]]


@on_loop
async def test_a_pane_first_seen_while_it_runs_says_when_its_values_come(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever"), (80, 24)) as screen:
        await runs(screen)
        await screen.pilot.press("4")
        await screen.sees("the program runs: what is here comes when it stops")
        await screen.pilot.press("f6")
        await screen.sees("VMContext of program")


@on_loop
async def test_the_screen_is_drawn_at_most_thirty_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much the guest writes."""
    async with shown(start(tmp_path, PRINTS, "spin")) as screen:
        await screen.press("o")
        taken: list[float] = []
        lines: list[int] = []
        bridge, real = screen.app.bridge, screen.app.bridge.taken

        def counted() -> Any:
            found = real()
            taken.append(time.monotonic())
            lines.append(len(found[1]))
            return found

        monkeypatch.setattr(bridge, "taken", counted)
        await screen.pilot.press("f5")
        async with asyncio.timeout(20):
            while len(taken) < 30:
                await asyncio.sleep(0.01)
        span = taken[-1] - taken[0]
        assert (len(taken) - 1) / span <= UPDATES_PER_SECOND * 1.05
        assert max(lines) > 10  # many pieces of output came in one go
        await screen.pilot.press("f6")
        await screen.sees("❚❚ pause")


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 9, ["one two", "three"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("a unbreakable", 6, ["a", "unbrea", "kable"]),
    ],
)
def test_rows_end_between_words(text: str, width: int, rows: list[str]) -> None:
    assert [text_of(row) for row in broken(line(text), width, words=True)] == rows


def test_words_that_stand_in_several_parts() -> None:
    rendered = line(("stopped: ", Role.WARNING), "at ", ("$some_function", Role.NAME), ", tick 1")
    assert [text_of(row) for row in broken(rendered, 22, words=True)] == ["stopped: at", "$some_function, tick 1"]


@on_loop
async def test_keys_that_come_all_at_once_are_done_in_their_order(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5")) as screen:
        for key in ("1", "down", "down", "b", "c"):
            screen.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await screen.sees("❚❚ breakpoint #1")
