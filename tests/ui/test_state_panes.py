"""The panes of objects, exceptions and threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.debugger.test_threads import COUNTERS
from tests.ui.programs import FIB, start
from tests.ui.screens import SIZES, on_loop, shown

OBJECTS = """(module
  (type $point (struct (field $x i32) (field $y i32)))
  (type $pair (struct (field $first (ref null $point)) (field $second (ref null $point))))
  (type $list (array (mut (ref null $point))))
  (tag $oops (param i32 (ref null $point)))
  (global $kept (mut (ref null $pair)) (ref.null $pair))
  (func $thrower (param $p (ref $point)) (throw $oops (i32.const 7) (local.get $p)))
  (func $after (result i32) (i32.const 4))
  (func $main (export "run") (result i32) (local $p (ref null $point)) (local $e exnref)
    (local.set $p (struct.new $point (i32.const 3) (i32.const 4)))
    (global.set $kept (struct.new $pair (local.get $p) (ref.null $point)))
    (drop (array.new $list (local.get $p) (i32.const 3)))
    (block $h (result i32 (ref null $point) exnref)
      (try_table (result i32 (ref null $point) exnref) (catch_ref $oops $h)
        (call $thrower (ref.as_non_null (local.get $p))) (unreachable)))
    (local.set $e) (drop) (drop)
    (call $after)))
"""


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@on_loop
async def test_objects_open_and_lead_to_each_other(tmp_path: Path) -> None:
    async with shown(start(tmp_path, OBJECTS, "run"), (120, 40)) as screen:
        screen.app.desk.go_to("heap")
        await screen.press("z")
        await screen.sees("no object was ever made")
        await screen.command("break $thrower")
        await screen.command("c")
        screen.app.desk.go_to("heap")
        await screen.press("home")
        for text in ("▸  0x8   struct  $point", "$pair {first=→0x8, second=null}", "$list of 3 {→0x8"):
            await screen.sees(text)
        await screen.press("enter")
        for text in ("▾  0x8", "x  i32  3", "y  i32  4", "referred to by field 0 of $pair at 0x",
                     "referred to by element 2 of $list", "alive because  "):  # fmt: skip
            await screen.sees(text)
        await screen.press("end")
        await screen.press("enter")
        await screen.sees("nothing reaches it: the next collection frees it")
        await screen.press("home", "enter", "down", "enter")
        await screen.sees("first  (ref null")
        await screen.press("down", "enter")  # along the field, to the point
        await screen.sees("▾  0x8")


@on_loop
async def test_a_field_is_shown_as_bytes_and_a_type_alone(tmp_path: Path) -> None:
    async with shown(start(tmp_path, OBJECTS, "run"), (120, 40)) as screen:
        await screen.command("break $thrower")
        await screen.command("c")
        screen.app.desk.go_to("heap")
        await screen.press("home", "enter", "down", "down", "enter")
        assert screen.app.desk.active == "memory"
        await screen.sees("gc heap +0x")
        screen.app.desk.go_to("heap")
        await screen.press("slash")
        await screen.type("pair")
        await screen.press("enter")
        await screen.sees("1 object,")
        await screen.press("slash", "ctrl+u")
        await screen.type("nosuch")
        await screen.press("enter")
        await screen.sees("no object of a type like 'nosuch'")


@on_loop
async def test_an_exception_in_flight_names_its_handler(tmp_path: Path) -> None:
    async with shown(start(tmp_path, OBJECTS, "run"), (120, 40)) as screen:
        await screen.command("break $thrower")
        await screen.command("c")
        await screen.command("si 2")
        screen.app.desk.go_to("exceptions")
        await screen.press("z")
        for text in ("about to be thrown  $oops", "goes to $main+", "in frame 1, which catches it", "tags  1"):
            await screen.sees(text)
        await screen.press("home", "down", "enter")
        assert screen.app.desk.active == "code"
        await screen.sees("local.set $e")
        await screen.command("break $after")
        await screen.command("c")
        screen.app.desk.go_to("exceptions")
        await screen.sees("kept by frames")
        await screen.sees("frame 1, $e")
        assert "about to be thrown" not in screen.text()


@on_loop
async def test_without_exceptions_the_pane_says_so(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "fib", "3"), (120, 40)) as screen:
        screen.app.desk.go_to("exceptions")
        await screen.press("z")
        await screen.sees("no exception is in flight")


@on_loop
async def test_a_thread_is_selected_and_runs_alone(tmp_path: Path) -> None:
    async with shown(start(tmp_path, COUNTERS), (120, 40)) as screen:
        await screen.command("break wasi_thread_start")
        await screen.command("c")
        screen.app.desk.go_to("threads")
        await screen.press("z")
        session = screen.app.session
        assert session.machine.current.number == 1
        await screen.press("home", "enter")
        assert session.machine.current.number == 0
        await screen.sees("▶  0  ")
        await screen.press("down", "o")
        assert (session.machine.current.number, session.scheduler.policy.only) == (1, 1)
        await screen.sees("runs alone")
        await screen.sees("held")
        await screen.press("o")
        assert session.scheduler.policy.only is None and "runs alone" not in screen.text()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pane", ["heap", "exceptions", "threads"])
@on_loop
async def test_they_can_be_reached_at_every_size(tmp_path: Path, pane: str, size: tuple[int, int]) -> None:
    async with shown(start(tmp_path, OBJECTS, "run"), size) as screen:
        await screen.command("break $thrower")
        await screen.command("c")
        await screen.command("si 2")
        screen.app.desk.go_to(pane)
        await screen.idle()
        await screen.sees({"heap": "$point {x=3", "exceptions": "about to be thrown", "threads": "ready"}[pane])
