"""Stepping where a host function calls the guest back."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.events import Reason
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from vm.host import Call, HostCall, HostFunction, Outcome, Return
from vm.types import I32, FuncType

PROGRAM = """
(module
  (import "env" "twice" (func $twice (param i32) (result i32)))
  (func $back (export "back") (param $n i32) (result i32) (i32.add (local.get $n) (i32.const 10)))
  (func $main (export "main") (result i32)
    (i32.const 1)
    (call $twice)
    (i32.const 100)
    (i32.add)))
"""


def _twice(call: HostCall) -> Outcome:
    """Calls `back` with its argument, then with the result."""
    back = call.export("back")

    def second(again: HostCall, results: tuple[int, ...]) -> Outcome:
        return Call(back, results, lambda _, last: Return(last))

    return Call(back, call.args, second)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    path = tmp_path / "callbacks.wat"
    path.write_text(PROGRAM)
    host = HostFunction("env", "twice", FuncType((I32,), (I32,)), _twice)
    found = Session(Options(path, invoke=("main",), hosts=(host,)), RealWorld(()), make_executor=maker())
    found.start()
    found.step_instruction()  # at the call
    return found


def where(session: Session) -> tuple[str, int]:
    place = session.place()
    assert place is not None
    return place.name, place.pc


def test_over_a_host_function_that_calls_back(session: Session) -> None:
    assert session.step_over().reason is Reason.STEP
    assert where(session) == ("$main", 2)
    assert session.evaluator().evaluate("stack[0]").integer == 21


def test_into_the_callback_and_out_of_it(session: Session) -> None:
    while where(session)[0] != "$back":
        session.step_instruction()
    assert [f.name for f in session.inspect.frames()] == ["$back", "env.twice", "$main"]
    first = session.tick
    session.step_out()
    assert where(session) in (("$back", 0), ("env.twice", 0), ("env.twice", 1), ("$main", 2))
    assert session.tick > first
    while where(session)[0] != "$main":
        session.step_out()
    assert where(session) == ("$main", 2)


def test_a_breakpoint_in_the_callback_interrupts_a_step_over(session: Session) -> None:
    session.add_breakpoint("$back")
    assert session.step_over().reason is Reason.BREAKPOINT
    assert where(session) == ("$back", 0)
    assert session.resume().reason is Reason.BREAKPOINT  # the second time it is called
    assert session.evaluator().evaluate("local[0]").integer == 11
    session.breakpoints.delete(1)
    while where(session)[0] != "$main":
        session.step_out()
    assert where(session) == ("$main", 2)


def test_until_the_end_from_inside_the_callback(session: Session) -> None:
    session.add_breakpoint("$back")
    session.resume()
    session.resume()
    assert session.resume().detail.results == ("121",)
