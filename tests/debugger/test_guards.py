"""Guards decide what the evaluator would, without stopping."""

from __future__ import annotations

import random

import pytest

from debugger.events import Reason
from debugger.expression.guard import guard
from tests.debugger.sessions import session
from vm.errors import UserError
from vm.stop import Site

NAMES = """(module (memory 1) (data (i32.const 0) "\\01\\ff\\80\\7f\\00\\00\\00\\80\\ff\\ff\\ff\\ff")
  (global $g (mut i32) (i32.const -5)) (global $h i64 (i64.const 0x8000000000000001))
  (func (export "run") (param $a i32) (param $b i64) (param $c i32) (local $f f32)
    nop (drop (i32.const 0))))"""
COUNTING = """(module (func $f (param $n i32))
  (func (export "run") (param $n i32)
    (loop $again (call $f (local.get $n))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
LEAVES = ["$a", "b", "local[2]", "local.a", "$var1", "$g", "h", "global[0]", "0", "1", "-1", "7", "255", "0x80000000",
          "0xffffffff", "4294967296", "9223372036854775807", "-2147483648", "true"]  # fmt: skip
OPERATORS = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=", "&&", "||"]
TYPES = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"]


def expression(chance: random.Random, depth: int) -> str:
    """An expression of what guards know."""
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(LEAVES)
    match chance.randrange(8):
        case 0:
            return f"!({expression(chance, depth - 1)})"
        case 1:
            return f"{chance.choice(TYPES)}@({expression(chance, depth - 1)})"
        case 2:
            return f"{chance.choice(TYPES)}@{chance.choice([0, 1, 4, 8, 65535, 65536])}"
        case _:
            left, right = expression(chance, depth - 1), expression(chance, depth - 1)
            return f"({left}) {chance.choice(OPERATORS)} ({right})"


@pytest.mark.parametrize("seed", range(4))
def test_a_guard_decides_as_the_evaluator(seed: int) -> None:
    chance = random.Random(seed)
    edges = [0, 1, -1, 5, 0x7FFFFFFF, -0x80000000, 12]
    args = str(chance.choice(edges)), str(chance.choice([*edges, 1 << 40, -(1 << 63)])), str(chance.choice(edges))
    with session(NAMES, "run", *args) as each:
        record = each.machine.control.top
        site = Site(record.vmctx, record.func, record.pc)
        frame = each.machine.space.words(record.base, 8)
        known = 0
        for _ in range(1500):
            text = expression(chance, 4)
            made = guard(text, each.machine, each.inspect, site)
            if made is None:
                continue
            known += 1
            try:
                expected = each.evaluator().truth(text)
            except UserError:
                expected = True  # the evaluator says what is wrong
            assert made(frame) == expected, text
        assert known > 1000


@pytest.mark.parametrize("text", ["$f > 1", "tick > 5", "memory[0].size", "vmctx.magic", "depth == 2", '"a" == "a"'])
def test_what_a_guard_does_not_know_is_left_to_the_evaluator(text: str) -> None:
    with session(NAMES, "run", "1", "2", "3") as each:
        record = each.machine.control.top
        assert guard(text, each.machine, each.inspect, Site(record.vmctx, record.func, record.pc)) is None


@pytest.mark.parametrize(
    ("options", "stops"),
    [
        ({"condition": "$n % 3 == 0"}, [9, 6, 3]),
        ({"condition": "$n < 9", "ignore": 2}, [6, 5, 4, 3, 2, 1]),
        ({"hit_rule": "%4"}, [7, 3]),
        ({"hit_rule": "==2", "condition": "$n < 5"}, [3]),
        ({"ignore": 9}, [1]),
        ({"condition": "$n > depth * 4"}, [10, 9]),
    ],
)
def test_hits_are_counted_the_same_whoever_decides(options: dict[str, str | int], stops: list[int]) -> None:
    for other in (False, True):  # a second breakpoint in the same place: nothing is decided without stopping
        with session(COUNTING, "run", "10") as each:
            made = each.add_breakpoint("$f", **options)
            if other:
                each.add_breakpoint("$f", condition="false")
            seen = []
            while each.resume().reason is Reason.BREAKPOINT:
                seen.append(int(each.evaluator().evaluate("$n").integer))
            assert seen == stops
            assert made.hits == (10 if "condition" not in options else made.hits)


def test_a_condition_is_about_the_innermost_frame_whatever_was_selected() -> None:
    with session(COUNTING, "run", "4") as each:
        each.add_breakpoint("$f", condition="depth == 2 && local[0] == 3")
        each.add_breakpoint("$f", condition="false")
        each.step_instruction(2)
        each.selected = min(1, each.machine.control.depth - 1)
        assert each.resume().reason is Reason.BREAKPOINT
        assert each.evaluator().evaluate("$n").integer == 3


def test_a_condition_that_cannot_be_read_stops_and_says_so() -> None:
    said: list[str] = []
    with session(NAMES.replace("nop", "(drop (i32.const 1))"), "run", "1", "2", "3") as each:
        each.listen(lambda event: said.append(str(event)))
        each.add_breakpoint("@0x" + format(each.inspect.frame(0).offset + 2, "x"), condition="u32@70000 == 1")  # type: ignore[union-attr]
        assert each.resume().reason is Reason.BREAKPOINT
        assert any("u32@70000" in text for text in said)
