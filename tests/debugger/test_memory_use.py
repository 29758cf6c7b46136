"""The stack in linear memory, and the blocks of an allocator."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.allocations import Allocations, Follower
from debugger.session import Session
from debugger.shadow_stack import shadow_stack
from tests.debugger.sessions import session
from ui.cli import main

_SOURCE = Path(__file__).parents[1] / "data" / "source"

STACK = """(module
  (memory 1)
  (data (i32.const 16) "0123456789abcdef")
  (global $__stack_pointer (mut i32) (i32.const 128))
  (func $deeper (param $n i32) (local $at i32)
    (local.set $at (i32.sub (global.get $__stack_pointer) (i32.const 32)))
    (global.set $__stack_pointer (local.get $at))
    (if (local.get $n) (then (call $deeper (i32.sub (local.get $n) (i32.const 1)))))
    (nop)
    (global.set $__stack_pointer (i32.add (local.get $at) (i32.const 32))))
  (func (export "run") (param $n i32) (call $deeper (local.get $n)) (unreachable)))"""

HEAP = """(module
  (memory 1)
  (global $top (mut i32) (i32.const 1024))
  (func $malloc (param $size i32) (result i32) (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (global.get $top) (local.get $size)))
    (return (local.get $at)))
  (func $calloc (param $n i32) (param $size i32) (result i32)
    (call $malloc (i32.mul (local.get $n) (local.get $size))))
  (func $realloc (param $at i32) (param $size i32) (result i32) (call $malloc (local.get $size)))
  (func $free (param $at i32))
  (func $leaky (drop (call $malloc (i32.const 100))))
  (func (export "run") (local $a i32) (local $b i32)
    (local.set $a (call $malloc (i32.const 16)))
    (local.set $b (call $calloc (i32.const 3) (i32.const 8)))
    (call $leaky)
    (call $free (local.get $a))
    (local.set $b (call $realloc (local.get $b) (i32.const 48)))
    (call $free (i32.const 0))
    (call $free (local.get $a))
    (call $free (i32.const 4000))))"""


def test_the_stack_in_memory_by_frame() -> None:
    with session(STACK, "run", "2") as made:
        made.add_breakpoint("deeper+0x1a")  # in the innermost one, once all are there
        made.run_to("$deeper")
        found = shadow_stack(made.inspect, made.main)
        assert found is not None and (found.pointer, found.top, found.floor) == (128, 128, 32)
        while made.machine.control.depth < 4:
            made.step_instruction()
        made.step_instruction(6)
        found = shadow_stack(made.inspect, made.main)
        assert found is not None and found.pointer == 32 and found.overflow == 0
        sizes = [(p.frame.name, p.start, p.size) for p in found.pieces]
        assert sizes[:3] == [("$deeper", 32, 32), ("$deeper", 64, 32), ("$deeper", 96, 32)]
        assert sizes[3][1:] == (128, 0)


def test_an_overflow_into_data_is_said() -> None:
    with session(STACK, "run", "5") as made:
        while made.machine.control.depth < 6:
            made.step_instruction()
        found = shadow_stack(made.inspect, made.main)
        assert found is not None and found.overflow > 0 and found.below == "data segment 0"


def test_no_stack_is_none() -> None:
    with session('(module (func (export "run")))', "run") as made:
        assert shadow_stack(made.inspect, made.main) is None


def _followed(made: Session) -> Allocations:
    follower = Follower(made.machine, made.inspect, made.history, made.main)
    assert set(follower.allocator) == {"malloc", "calloc", "realloc", "free"}
    with made.history.excursion():
        return follower.follow(made.history.first_tick, made.tick, lambda done, of: True)


def test_blocks_leaks_and_double_frees() -> None:
    with session(HEAP, "run") as made:
        made.resume()
        found = _followed(made)
        run = made.inspect.func_name(made.main, 5)
        assert {b.size: b.stack[0] for b in found.live.values()} == {100: "$leaky", 48: run}
        twice, never = found.bad_frees
        assert twice.before is not None and twice.before.size == 16 and 0 < twice.freed < twice.tick
        assert never.address == 4000 and never.before is None
        assert found.calls == 8 and found.total == 16 + 24 + 100 + 48 and found.whole


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    words = [w for c in ("b total", "c", "info allocations", "info shadow-stack") for w in ("-ex", c)]
    assert main([*words, str(_SOURCE / "shapes-O0.wasm"), "--invoke", "run", "3"]) == 0
    out = capsys.readouterr().out
    assert "6 live blocks, 140 bytes" in out and "bytes in use" in out
    assert main(["-ex", "info allocations", str(_SOURCE / "queue-O2.wasm"), "--invoke", "run", "3"]) in (0, 2)
