"""What happens before the module is validated, and what is said while the program runs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.ui.programs import FIB, HELLO, start
from tests.ui.screens import on_loop, shown
from ui import exits
from ui.tui.speed import Speed
from ui.wast import How, debug_start
from vm.text import assemble


@on_loop
async def test_the_first_screen_is_there_before_validation_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from debugger.session import Session

    gate = threading.Event()
    validate = Session.validate

    def waits(session: Session, goes_on: Any = lambda done, of: True) -> None:
        gate.wait(10)
        validate(session, goes_on)

    monkeypatch.setattr(Session, "validate", waits)
    async with shown(start(tmp_path, FIB, "fib", "5"), wait=False) as screen:
        await screen.sees("validating… 0%")
        await screen.sees("(func $fib")
        await screen.sees("VMContext of")
        await screen.pilot.press("c")
        await screen.sees("runs once the module is validated")
        assert screen.app.session.tick == 0
        gate.set()
        await screen.sees("finished: 5")
        assert "validating" not in screen.text()


@on_loop
async def test_an_invalid_body_ends_the_screen_with_one_line(tmp_path: Path) -> None:
    text = '(module (func (export "go") (result i32) i32.const 1) (func (result i32) i32.const 1))'
    data = bytearray(assemble(text, "x"))
    at = data.rindex(b"\x41\x01\x0b")
    data[at] = 0x42  # i64.const
    begun = start(tmp_path, FIB, "go")
    begun.options.path.write_bytes(data)
    async with shown(begun, wait=False) as screen:
        await screen.until(lambda: not screen.app.is_running)
        assert screen.app.return_code == exits.FAILED
        assert "i64" in screen.app.failure


def test_speed_is_counted_over_the_last_second() -> None:
    clock = [0.0]
    speed = Speed(lambda: clock[0])
    speed.begin(100)
    for second in range(1, 71):
        clock[0] = second
        speed.saw(100 + second * 2_500_000)
    assert speed.text == "2.5 M/s, 1:10"
    speed.begin(0)
    assert speed.text == "0 /s, 0.0 s"


@on_loop
async def test_the_title_tells_speed_and_time_while_running(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever")) as screen:
        await screen.pilot.press("c")
        await screen.sees("▶ running")
        await screen.until(lambda: "M/s" in screen.text() or "k/s" in screen.text())
        assert "tick " in screen.text().split("\n")[0]
        await screen.press("f6")
        await screen.sees("❚❚ pause")


@on_loop
async def test_the_title_says_when_input_is_waited_for(tmp_path: Path) -> None:
    async with shown(start(tmp_path, HELLO, "echo")) as screen:
        await screen.pilot.press("c")
        await screen.sees("waiting for input")
        await screen.press("f6")
        await screen.sees("❚❚ pause")


@on_loop
async def test_hints_are_gone_once_they_were_of_use(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "5"), first_time=True) as screen:
        await screen.sees("first time here: n steps over")
        await screen.press("n")
        assert "steps over" not in screen.text()
        await screen.sees("first time here: b sets a breakpoint")
        await screen.press("b")
        assert "sets a breakpoint" not in screen.text()
    async with shown(start(tmp_path, FIB, "fib", "5"), first_time=True) as screen:
        await screen.sees("first time here: ^P finds")
        await screen.press("ctrl+p", "escape")
        assert "first time" not in screen.text()
        await screen.press("b", "n")
        await screen.sees("tick")
    async with shown(start(tmp_path, FIB, "fib", "5"), (80, 20), first_time=True) as screen:
        assert "first time" not in screen.text()


@on_loop
async def test_rows_that_are_empty_while_the_program_runs_have_no_byte_under_the_cursor(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever")) as screen:
        await screen.press("5")
        await screen.pilot.press("c")
        await screen.sees("▶ running")
        await screen.pilot.resize_terminal(200, 50)
        await screen.sees("▶ running")
        await screen.press("f6")
        await screen.sees("❚❚ pause")


@on_loop
async def test_a_failing_assertion_is_said_where_it_stops(tmp_path: Path) -> None:
    script = tmp_path / "one.wast"
    script.write_text(
        '(module (func (export "f") (result i32) i32.const 1)) (assert_return (invoke "f") (i32.const 2))'
    )
    async with shown(debug_start(script, None, How())) as screen:
        await screen.sees("one.wast:1: assert_return: expected (i32.const 2), got (i32 0x1)")
        assert "▶ 0x" in screen.text()
        await screen.press("8")
        await screen.sees("one.wast:1: assert_return: expected")
