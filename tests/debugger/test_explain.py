"""Traps in words: every kind says its check, its values and its place."""

from __future__ import annotations

import pytest

from debugger.explain import backtrace_lines, explain_trap
from debugger.inspect import Inspector
from tests.worlds import World
from vm.errors import TrapKind
from vm.machine import Machine, MachineLimits

WAT = """
(module (memory 1) (table $t 3 funcref) (elem (i32.const 1) $f) (type $v (func (param i64)))
  (func $f)
  (func (export "unreachable") unreachable)
  (func (export "load") (drop (i32.load offset=4 (i32.const 65534))))
  (func (export "swap") (drop (i32.atomic.rmw.cmpxchg (i32.const 65536) (i32.const 1) (i32.const 2))))
  (func (export "fill") (memory.fill (i32.const 65000) (i32.const 1) (i32.const 1000)))
  (func (export "get") (drop (table.get $t (i32.const 3))))
  (func (export "undefined") (call_indirect $t (i32.const 3)))
  (func (export "null") (call_indirect $t (i32.const 0)))
  (func (export "type") (call_indirect $t (type $v) (i64.const 1) (i32.const 1)))
  (func (export "zero") (drop (i32.div_u (i32.const 7) (i32.const 0))))
  (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
  (func (export "nan") (drop (i32.trunc_f32_s (f32.const nan))))
  (func $deep (export "deep") call $deep))
"""


@pytest.mark.parametrize(
    ("export", "kind", "wanted"),
    [
        ("unreachable", TrapKind.UNREACHABLE, ["unreachable instruction"]),
        (
            "load",
            TrapKind.OUT_OF_BOUNDS_MEMORY,
            ["address = 65534 (0xfffe)", "0xfffe + offset 0x4 = 0x10002; 4 bytes end at 0x10006", "= 0x10000 bytes"],
        ),
        (
            "swap",
            TrapKind.OUT_OF_BOUNDS_MEMORY,
            ["address = 65536 (0x10000), expected = 1 (0x1), replacement = 2", "4 bytes end at 0x10004"],
        ),
        ("fill", TrapKind.OUT_OF_BOUNDS_MEMORY, ["size = 1000 (0x3e8)", ".current_length = 0x10000 bytes"]),
        ("get", TrapKind.OUT_OF_BOUNDS_TABLE, ["index = 3", "tables[0].current_elements = 3 elements"]),
        ("undefined", TrapKind.UNDEFINED_ELEMENT, ["index = 3", "tables[0].current_elements = 3 elements"]),
        ("null", TrapKind.UNINITIALIZED_ELEMENT, ["index = 0", "(null)"]),
        (
            "type",
            TrapKind.INDIRECT_CALL_TYPE,
            ["table[0][1] = ", "$f", "expected type [i64] -> []", "found type [] -> []"],
        ),
        ("zero", TrapKind.INTEGER_DIVIDE_BY_ZERO, ["left = 7 (0x7), right = 0 (0x0)"]),
        ("overflow", TrapKind.INTEGER_OVERFLOW, ["left = -2147483648", "does not fit"]),
        ("nan", TrapKind.INVALID_CONVERSION, ["a = nan", "not a number"]),
        ("deep", TrapKind.CALL_STACK_EXHAUSTED, ["5,000 frames", "$deep (1000×)"]),
    ],
)
def test_every_kind(export: str, kind: TrapKind, wanted: list[str]) -> None:
    here = World(WAT, machine=Machine(limits=MachineLimits(max_frames=5_000)))
    stop = here.run(export)
    assert stop.trap is not None and stop.trap.kind is kind
    text = "\n".join(explain_trap(here.machine, here.inspect, stop.trap))
    assert text.startswith(kind.value)
    for part in wanted:
        assert part in text, text


def test_a_deep_backtrace_leaves_out_its_middle() -> None:
    here = World(WAT)
    here.run("deep", ticks=100)
    lines = backtrace_lines(here.inspect)
    assert lines[0].startswith("#0   $deep+0x1 (@")
    assert lines[24] == "    … 69 frames more …"
    assert lines[-1].startswith("#100")


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("(i32.store (i32.const -1) (i32.const 2))", "address by i32.const -1 @0x{0:x}, value by i32.const 2 @0x{1:x}"),
        ("(i32.store (i32.const -1) (if (result i32) (global.get 0) (then (i32.const 2)) (else (i32.const 3))))",
         "address by i32.const -1 @0x{0:x}"),
        ("(i32.store (i32.const -1) (block (result i32) (drop (br_if 0 (i32.const 2) (global.get 0))) (i32.const 3)))",
         "address by i32.const -1 @0x{0:x}"),
        ("(i32.store (i32.const -1) (call $one))", "address by i32.const -1 @0x{0:x}, value by call $one @0x{1:x}"),
    ],
)  # fmt: skip
def test_operands_say_what_made_them(body: str, made: str) -> None:
    here = World(
        f"""(module (memory 1) (global i32 (i32.const 1)) (func $one (result i32) (i32.const 1))
          (func (export "run") {body}))"""
    )
    here.begin("run")
    stop = here.executor.run(None)
    assert stop.trap is not None
    offsets = [instr.offset for instr in here.instance.facts(1).instrs]
    lines = explain_trap(here.machine, Inspector(here.machine), stop.trap)
    (found,) = [line.strip() for line in lines if line.strip().startswith("made:")]
    assert found == "made: " + made.format(*offsets)
