"""The stack in linear memory, and what commands say of the memory that a program uses."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    words = [w for c in ("b total", "c", "info allocations", "info shadow-stack") for w in ("-ex", c)]
    assert main([*words, str(_SOURCE / "shapes-O0.wasm"), "--invoke", "run", "3"]) == 0
    out = capsys.readouterr().out
    assert "6 blocks live, 140 bytes" in out and "bytes in use" in out
    assert main(["-ex", "info allocations", str(_SOURCE / "queue-O2.wasm"), "--invoke", "run", "3"]) in (0, 2)
