"""Repeating runs from their journals: what was under way at a pause is under way again."""

from __future__ import annotations

import pytest

from debugger.events import Event, Reason, Running
from debugger.replay import replay
from tests.debugger.sessions import session
from vm.host import Call, HostCall, HostFunction, Outcome, Return, Throw
from vm.state import state_hash
from vm.types import FUNCREF, I32, FuncType

FILL = """(module (memory 1024)
  (func (export "run") (memory.fill (i32.const 5) (i32.const 1) (i32.const 0x3f00000))))"""
COPY = """(module (memory 1024) (data (i32.const 0) "abc")
  (func (export "run") (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3f00000))))"""
SLEEP = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"""


@pytest.mark.parametrize("wat", [FILL, COPY, SLEEP], ids=["memory.fill", "memory.copy", "poll_oneoff"])
def test_a_run_paused_inside_an_instruction_is_repeated_up_to_there(wat: str) -> None:
    with session(wat, "run") as s:

        def pause(event: Event) -> None:
            if isinstance(event, Running):
                s.request_pause()

        s.listen(pause)
        for _ in range(2):
            assert s.resume().reason is Reason.PAUSE
            assert state_hash(replay(s.options, s.loaded, s.machine)) == state_hash(s.machine)


HOSTED = """(module
  (import "h" "go" (func $go (param i32) (result i32)))
  (import "h" "stop" (func $stop))
  (memory (export "memory") 1)
  (table 2 funcref) (elem (i32.const 0) func $twice $jumps)
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $jumps (param i32) (result i32) (call $stop) (i32.const 1))
  (func (export "run") (result i32)
    (i32.add (call $go (i32.const 0)) (i32.add (call $go (i32.const 1)) (i32.load (i32.const 64))))))"""


class _Hosts:
    """Calls back into the guest, writes its memory, and is thrown through; counts how often it was run."""

    def __init__(self) -> None:
        self.runs = 0

    def functions(self) -> tuple[HostFunction, ...]:
        go = HostFunction("h", "go", FuncType((I32,), (I32,)), self._go)
        return go, HostFunction("h", "stop", FuncType((), ()), self._stop)

    def _go(self, call: HostCall) -> Outcome:
        self.runs += 1
        assert call.memory is not None
        call.memory.write(64 + self.runs, b"\1")
        return Call(
            call.element(0, call.args[0]), (21,), lambda c, r: Return(r), lambda c, thrown: Return(thrown.values)
        )

    def _stop(self, call: HostCall) -> Outcome:
        self.runs += 1
        return Throw("stop", (1000,))


def test_callbacks_and_throws_are_repeated_without_running_host_code() -> None:
    hosts = _Hosts()
    with session(HOSTED, "run", hosts=hosts.functions()) as s:
        for _ in range(3):
            s.step_instruction()
            assert state_hash(replay(s.options, s.loaded, s.machine)) == state_hash(s.machine)
        assert s.resume().detail.results == (str(42 + 1000 + 0x10100),)
        ran = hosts.runs
        assert state_hash(replay(s.options, s.loaded, s.machine)) == state_hash(s.machine)
        assert hosts.runs == ran == 3


HANDED = """(module
  (import "h" "other" (func $other (param funcref i32) (result i32 funcref)))
  (type $t (func (result i32))) (table $t 2 funcref) (elem declare func $one $two)
  (func $one (type $t) (i32.const 1)) (func $two (type $t) (i32.const 2))
  (func (export "run") (result i32) (local $given funcref)
    (table.set $t (i32.const 1) (ref.func $two))
    (call $other (ref.func $one) (i32.const 1))
    (local.set $given)
    (table.set $t (i32.const 0) (local.get $given))
    (i32.add (call_indirect $t (type $t) (i32.const 0)))))"""


def other(call: HostCall) -> Outcome:
    """Answers a number and an element of the table."""
    assert call.args[0], "a reference to $one"
    return Return((40, call.element(0, call.args[1])))


def test_functions_that_a_host_is_given_and_gives_lie_elsewhere_in_a_repeated_run() -> None:
    host = HostFunction("h", "other", FuncType((FUNCREF, I32), (I32, FUNCREF)), other)
    with session(HANDED, "run", hosts=(host,)) as s:
        assert s.resume().detail.results == ("42",)
        again = replay(s.options, s.loaded, s.machine)
        assert again.instances[0].addr != s.main.addr
        assert state_hash(again) == state_hash(s.machine)
        s.until_tick(0)
        assert s.resume().detail.results == ("42",)
