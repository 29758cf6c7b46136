"""Expressions: names, memory, arithmetic, the runtime's structs, log text, and writing."""

from __future__ import annotations

import random

import pytest

from debugger.expression.errors import ExpressionError
from debugger.expression.evaluate import Evaluator
from tests.worlds import World
from vm.errors import UserError
from vm.state import state_hash

WAT = r"""
(module $m (type $t (func (param i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 16) "hello\00\01\02\03\04")
  (table $tab 4 8 funcref) (elem (i32.const 1) $f $g)
  (global $count (mut i32) (i32.const 7)) (global $pi f64 (f64.const 3.25))
  (global $ref (mut funcref) (ref.null func)) (global $wide (mut i64) (i64.const -1))
  (func $f (type $t) local.get 0) (func $g (type $t) (i32.add (local.get 0) (i32.const 1))) (func $lone)
  (func $main (export "main") (param $n i32) (param $p i64) (result i32) (local $x f32) (local i64)
    (local.set $x (f32.const 0.1))
    i32.const 3 i32.const 4 i32.add
    (call_indirect (type $t) (i32.const 1))))
"""


@pytest.fixture
def world() -> World:
    """Stopped in $main with n = -5, p = 20, and 3 and 4 on the operand stack."""
    here = World(WAT, name="m")
    here.run("main", -5 & 0xFFFF_FFFF, 20, ticks=4)
    return here


@pytest.mark.parametrize(
    ("text", "type_", "shown"),
    [
        ("$n", "i32", "-5"),
        ("n", "i32", "-5"),
        ("local.n", "i32", "-5"),
        ("local[1]", "i64", "20"),
        ("$var3", "i64", "0"),
        ("$x", "f32", "0.1"),
        ("stack[0]", "i32", "4"),
        ("stack[1]", "i32", "3"),
        ("global.count + global[0]", "i32", "14"),
        ("$pi", "f64", "3.25"),
        ("instance[0].global.count", "i32", "7"),
        ("instance[0].name", "string", '"m"'),
        ("memory[0][16:5]", "u8[5]", "68 65 6c 6c 6f"),
        ("memory[0][0x10]", "u8", "104"),
        ("memory[0].size", "u64", "65536"),
        ("cstr@16", "string", '"hello"'),
        ("char*@16", "string", '"hello"'),
        ("u8[2]@$p + 0 == u8[2]@20", "bool", "error"),
        ("u32@21", "u32", "50462976"),
        ("*(u32*)21", "u32", "50462976"),
        ("((u8*)16)[1]", "u8", "101"),
        ("(u32*)16 + 2", "u32*", "0x18"),
        ("$n >> 1", "i32", "-3"),
        ("(u32)$n >> 1", "u32", "2147483645"),
        ("u32($n) / 2", "u32", "2147483645"),
        ("$n / 2", "i32", "-2"),
        ("$n % 2", "i32", "-1"),
        ("$n * 0x7fffffff", "i32", "-2147483643"),
        ("$n == 0xfffffffb", "bool", "true"),
        ("$n > 3000000000", "bool", "false"),
        ("(u32)$n > 3000000000", "bool", "true"),
        ("$wide > 0", "bool", "false"),
        ("(u64)$wide", "u64", "18446744073709551615"),
        ("1 << 33", "int", "8589934592"),
        ("$n << 33", "i32", "-10"),
        ("1.5 + $n", "f64", "-3.5"),
        ("1.0 / 0", "f64", "inf"),
        ("f64(f32(0.1))", "f64", "0.10000000149011612"),
        ("i8(200)", "i8", "-56"),
        ("i32(-1.9)", "i32", "-1"),
        ("~0 & 0xff", "int", "255"),
        ("1 + 2 * 3", "int", "7"),
        ("(1 + 2) * 3", "int", "9"),
        ("$n & 1 == 1", "bool", "true"),
        ("not 1 or 1 and 0 == 0", "bool", "true"),
        ("0 && 1/0", "bool", "false"),
        ("1 ? 2 : 1/0", "int", "2"),
        ("0 ? 1 : 0 ? 2 : 3", "int", "3"),
        ("'a' + 1", "int", "98"),
        (r'"x\n" == "x\n"', "bool", "true"),
        ('cstr@16 == "hello"', "bool", "true"),
        ('memory[0][16:5] == "hello"', "bool", "true"),
        ("table[0][1]", "funcref", "unresolved → $f"),
        ("table[0][3]", "funcref", "unresolved → null"),
        ("table[0].size", "u64", "4"),
        ("vmctx.tables[0].current_elements", "u64", "4"),
        ("vmctx.tables[0].base.foo", "", "error"),
        ("vmctx.magic != 0", "bool", "true"),
        ("vmctx.store_context.stack_limit == store.stack_limit", "bool", "true"),
        ("*vmctx.type_ids", "u32", "0"),
        ("tick", "u64", "4"),
        ("depth", "u32", "1"),
        ("frame", "u32", "0"),
        ("*&$n", "i32", "-5"),
        ("$lone", "funcref", "$lone of m, which has no funcref"),
        ("$ref == null", "bool", "true"),
        ("0b101 + 1_000", "int", "1005"),
    ],
)
def test_values(world: World, text: str, type_: str, shown: str) -> None:
    if shown == "error":
        with pytest.raises(ExpressionError):
            world.evaluator().evaluate(text)
        return
    value = world.evaluator().evaluate(text)
    assert (str(value.type), value.text) == (type_, shown)


def test_every_memory_is_reached_by_its_access_path(world: World) -> None:
    memory = world.instance.memories[0]
    value = world.evaluator().evaluate("vmctx.memories[0].current_length")
    assert value.value == memory.size_bytes


def test_a_resolved_element(world: World) -> None:
    world.executor.run(3)
    evaluator = Evaluator(world.machine, world.inspect, world.instance, world.inspect.frame(0))
    assert evaluator.evaluate("table[0][1]").text.endswith("→ $f of m")
    assert evaluator.evaluate("table[0][1].func").text == '"$f of m"'
    assert evaluator.truth("table[0][1].type_index == vmctx.type_ids[0]")
    assert evaluator.truth("table[0][1].vmctx == &vmctx")
    assert evaluator.truth("funcref(table[0][1]).array_call == table[0][1].array_call")
    assert evaluator.truth("table[0][1].vmctx.tables[0].current_elements == 4")


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("foo", 1, "unknown name 'foo'"),
        ("1 + foo", 5, "unknown name 'foo'"),
        ("$n +", 5, "found the end"),
        ("x y", 3, "an operator is missing"),
        ("1 / 0", 3, "division by zero"),
        ("stack[7]", 6, "there is no stack[7]"),
        ("memory[0][70000]", 10, "not in memory 0"),
        ("memory[0][65535:2]", 10, "not in memory 0"),
        ("u32@65534", 1, "pass the memory's end"),
        ("u32@0x7fffffff", 1, "neither in memory 0"),
        ("vmctx.foo", 6, "no field 'foo'"),
        ("*5", 1, "no pointer"),
        ('"a', 1, "a quote is not closed"),
        ("1abc", 1, "not a number"),
        ("2 # 3", 3, "means nothing"),
        ("table[0][1].type_index", 12, "unresolved"),
        ('"a" + 1', 5, "not a number"),
        ("+".join("1" * 400), 302, "more than 150 operators"),
        ("(" * 400, 151, "more than 150 operators"),
        ("", 1, "an expression is missing"),
        ("99999999999999999999", 1, "does not fit 64 bits"),
    ],
)
def test_errors_point_at_their_column(world: World, text: str, column: int, what: str) -> None:
    with pytest.raises(ExpressionError, match=what.replace("[", r"\[")) as caught:
        world.evaluator().evaluate(text)
    assert caught.value.column == column
    assert f"column {column}" in str(caught.value)


def test_without_a_frame(world: World) -> None:
    evaluator = Evaluator(world.machine, world.inspect, world.instance, None)
    assert evaluator.evaluate("$count").text == "7"
    for text in ("pc", "frame", "local[0]", "stack[0]", "$n"):
        with pytest.raises(ExpressionError):
            evaluator.evaluate(text)


@pytest.mark.parametrize(
    ("text", "fmt", "shown"),
    [
        ("$n", "x", "0xfffffffb"),
        ("$n", "u", "4294967291"),
        ("u32($n)", "d", "-5"),
        ("$count", "t", "0b111"),
        ("$count", "o", "0o7"),
        ("104", "c", "104 'h'"),
        ("u32(0x3f800000)", "f", "1.0"),
        ("$pi", "x", "0x400a000000000000"),
        ("16", "s", '"hello"'),
        ("memory[0][16:10]", "s", '"hello"'),
        ("memory[0][16:2]", "x", "[0x68, 0x65]"),
        ("vmctx.type_ids", "a", "type ids of m"),
    ],
)
def test_formats(world: World, text: str, fmt: str, shown: str) -> None:
    assert world.evaluator().show(text, fmt).endswith(shown)


def test_log_text(world: World) -> None:
    text = world.evaluator().fill('n={$n} {$n:x} {$n ? 1 : 2} {oops} {{}} {"}"} {16:s}')
    head, _, tail = text.partition("<unknown name 'oops', column 1")
    assert head == "n=-5 0xfffffffb 1 "
    assert tail.endswith('> {} "}" "hello"')


@pytest.mark.parametrize(
    ("target", "value", "said"),
    [
        ("$n", "8", "local $n: -5 → 8"),
        ("n", "-1", "local $n: -5 → -1"),
        ("$x", "2.5", "local $x: 0.1 → 2.5"),
        ("stack[0]", "$n", "stack[0]: 4 → -5"),
        ("$count", "0x10", "global $count: 7 → 16"),
        ("memory[0][16:5]", '"HELLO"', "memory[0][0x10:5]: 68 65 6c 6c 6f → 48 45 4c 4c 4f"),
        ("u16@16", "1", "u16@16: 25960 → 1"),
        ("table[0][1]", "null", "table[0][1]: unresolved → $f → null"),
        ("vmctx.tables[0].current_elements", "2", "vmctx.tables[0].current_elements: 4 → 2"),
    ],
)
def test_assign(world: World, target: str, value: str, said: str) -> None:
    assert world.evaluator().assign(target, value) == said


def test_assign_a_function(world: World) -> None:
    assert world.evaluator().assign("$ref", "$g").endswith("→ $g of m")
    assert world.evaluator().assign("table[0][1]", "$g").endswith("→ $g of m")
    world.executor.run(None)
    assert world.machine.results() == (8,)


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("tick", "1"),
        ("1", "2"),
        ("vmctx.magic", "4"),
        ("table[0][0]", "5"),
        ("$ref", "$lone"),
        ("$n", '"text"'),
        ("memory[0][16:5]", '"no"'),
        ("vmctx.owned", "1"),
    ],
)
def test_what_cannot_be_assigned_changes_nothing(world: World, target: str, value: str) -> None:
    before = state_hash(world.machine)
    with pytest.raises(UserError):
        world.evaluator().assign(target, value)
    assert state_hash(world.machine) == before


_PIECES = (
    "$n $p $x n stack local global memory table vmctx store instance tick pc frame null true 0 1 16 0x10 1.5 'a' \"s\" "
    "( ) [ ] : . + - * / % & | ^ ~ ! << >> < == != and or not ? @ u8 u32 u32* i64 f64 cstr funcref( VMFuncRef "
    "VMContext [0] [1] .base .current_length .memories .tables .func .vmctx $f $main u8[4]@ *( & $"
)


def test_random_expressions_never_crash_and_write_nothing(world: World) -> None:
    rng, evaluator, before = random.Random(1), world.evaluator(), state_hash(world.machine)
    pieces, worked = _PIECES.split(), 0
    for _ in range(20_000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randrange(1, 9)))
        try:
            worked += bool(evaluator.evaluate(text).text)
            evaluator.show(text, rng.choice("xduotacfs"))
        except UserError:
            pass
    assert worked > 500
    assert state_hash(world.machine) == before


VECTORS = """
(module (func (export "f") (param $v v128) (result v128) (local.get $v)))
"""


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("$v.i32x4", "[1065353216, 2, -3, 4]"),
        ("$v.f32x4[0]", "1.0"),
        ("$v.u8x16[3]", "63"),
        ("$v.i64x2[1]", "21474836477"),
        ("$v.i16x8[4]", "-3"),
    ],
)
def test_a_vector_in_every_shape_of_lanes(expression: str, text: str) -> None:
    world = World(VECTORS)
    world.begin("f", 2 << 32 | 1065353216, 4 << 32 | 0xFFFF_FFFD)
    assert world.evaluator().evaluate(expression).text == text


def test_lanes_of_globals_are_set_too() -> None:
    world = World('(module (global $g (mut v128) (v128.const i32x4 1 2 3 4)) (func (export "f")))')
    world.begin("f")
    evaluator = world.evaluator()
    evaluator.assign("$g.f32x4[1]", "2.5")
    assert evaluator.evaluate("$g.i32x4").text == "[1, 1075838976, 3, 4]"
    evaluator.assign("$g", "i16x8 1 2 3 4 5 6 7 -8")
    assert evaluator.evaluate("$g.i16x8").text == "[1, 2, 3, 4, 5, 6, 7, -8]"
    evaluator.assign("$g", "f64x2 1.5 -nan:0x1")
    assert evaluator.evaluate("$g.u64x2[1]").text == str(0xFFF0_0000_0000_0001)
    with pytest.raises(UserError, match="i8x16 1 2"):
        evaluator.assign("$g", "i8x16 1 2")
