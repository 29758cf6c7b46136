from __future__ import annotations

import pytest

from tests.vm.samples import NAMES, sample
from tests.worlds import module
from vm.decode import decode
from vm.errors import DecodeError, UnsupportedError, ValidationError
from vm.module import Module
from vm.ops.table import OPS
from vm.types import NumType
from vm.validate import validate
from vm.validator.steps import RULES


def _complaint(wat: str) -> str:
    with pytest.raises(ValidationError) as caught:
        validate(module(wat))
    return caught.value.what


def test_every_rule_the_table_names_exists_and_is_used() -> None:
    assert {op.rule for op in OPS if op.rule is not None} == set(RULES)


@pytest.mark.parametrize("name", NAMES)
def test_compiled_modules_are_valid(name: str) -> None:
    found = sample(name)
    assert validate(found).module is found


@pytest.mark.parametrize(
    ("wat", "complaint"),
    [
        ("(func i64.const 0 i32.eqz drop)", "expected i32, found i64"),
        ("(func i32.add drop)", "expected i32, found nothing on the operand stack"),
        ("(func i32.const 1)", "values are left on the operand stack at the end of a func: i32"),
        ("(func (result i32))", "expected i32, found nothing on the operand stack"),
        ("(func i32.const 0 (block drop))", "expected a value, found nothing on the operand stack"),
        ("(func local.get 2)", "unknown local 2, of 0"),
        ("(func br 3)", "unknown label 3, of 1"),
        ("(func call 9)", "unknown function 9, of 1"),
        ("(func (drop (i32.load (i32.const 0))))", "unknown memory 0, of 0"),
        ("(memory 1) (func (drop (i32.load align=8 (i32.const 0))))",
         "alignment 8 is larger than the 4 bytes that i32.load touches"),
        ("(memory i64 1) (func (drop (i32.load (i32.const 0))))", "expected i64, found i32"),
        ("(func (if (result i32) (i32.const 0) (then (i32.const 1))) drop)",
         "an if without else must leave what it takes, its type is [] -> [i32]"),
        ("(global i32 (i32.const 0)) (func (global.set 0 (i32.const 1)))", "global 0 is immutable"),
        ("(global i64 (i32.const 0))", "expected i64, found i32"),
        ("(global i32 (i32.const 0) (i32.const 1))", "values are left on the operand stack at the end of a func: i32"),
        ("(func (drop (ref.func 0)))", "function 0 is not declared outside function bodies, as ref.func needs"),
        ("(func (drop (select (ref.null func) (ref.null func) (i32.const 0))))",
         "select without a type takes numbers, found funcref"),
        ("(func $f (param i32)) (start $f)", "the start function must be [] -> [], function 0 is [i32] -> []"),
        ('(func) (export "a" (func 0)) (export "a" (func 0))', "two exports are called 'a'"),
        ("(memory 65537)", "a memory of 65537 is over the limit of 65536"),
        ("(memory 2 1)", "a memory's minimum 2 is over its maximum 1"),
        ("(global i32 (i32.popcnt (i32.const 1)))", "constant expression required: i32.popcnt is not allowed"),
        ("(global (mut i32) (i32.const 1)) (global i32 (global.get 0))",
         "constant expression required: global 0 is mutable"),
        ("(global i32 (global.get 0))", "unknown global 0, of 0"),
        ("(func return_call 1) (func (result i32) i32.const 0)",
         "a tail call's results must be the caller's, [] -> [i32] is called"),
        ("(table 1 externref) (type $t (func)) (func (call_indirect (type $t) (i32.const 0)))",
         "an indirect call needs a table of funcref, table 0 holds externref"),
    ],
)  # fmt: skip
def test_complaints_say_what_was_expected(wat: str, complaint: str) -> None:
    assert _complaint(wat) == complaint


def test_a_complaint_names_function_and_offset() -> None:
    with pytest.raises(ValidationError) as caught:
        validate(module("(func) (func i64.const 0 i32.eqz drop)"))
    found = caught.value
    assert str(found) == f"invalid module: expected i32, found i64, in function 1, at {found.offset:#x}"


@pytest.mark.parametrize(
    "wat",
    [
        "(func (result i32) unreachable)",
        "(func (result i32) (br 0 (i32.const 1)) i32.add)",
        "(func unreachable select drop)",
        "(func (result i64) unreachable (block (param i32) (result i64) drop i64.const 1))",
        "(func (block (result i32) unreachable br_table 0 0) drop)",
        "(func (result i32) i32.const 1 return br_if 0)",
    ],
)
def test_unreachable_code_is_polymorphic(wat: str) -> None:
    validate(module(wat))


def test_unreachable_code_is_typed_all_the_same() -> None:
    assert _complaint("(func unreachable i64.const 0 i32.add drop)") == "expected i32, found i64"


def test_a_global_that_is_one_number_is_known_as_that() -> None:
    found = module(
        "(global i32 (i32.const -1)) (global f32 (f32.const 1)) (global v128 (v128.const i64x2 0 0))"
        " (global i32 (i32.add (i32.const 1) (i32.const 2))) (global i32 (i32.const 0) (i32.const 0))"
    )
    plain = [global_.plain for global_ in found.defined_globals]
    assert [p and (p.type, p.value) for p in plain] == [
        (NumType.I32, 0xFFFF_FFFF), (NumType.F32, 0x3F80_0000), None, None, None
    ]  # fmt: skip


def test_constants_may_use_earlier_globals() -> None:
    validate(module("(global i32 (i32.const 1)) (global i32 (i32.add (global.get 0) (i32.const 2)))"))


def _with_body(code: bytes) -> Module:
    return decode(
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a" + bytes([len(code) + 3, 1, len(code) + 1, 0]) + code
    )


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (b"", "code ends without an end instruction"),
        (b"\x02\x40\x0b", "code ends without an end instruction"),
        (b"\x0b\x0b", "1 bytes follow the function's end"),
        (b"\x27\x0b", "27 is not an instruction"),
        (b"\xfc\x7f\x0b", "fc 7f is not an instruction"),
        (b"\x05\x0b", "else without an if"),
        (b"\x41\x80", "bytes end inside an integer"),
        (b"\xfc\x09\x00\x0b", "data segments are named in code, but there is no data count section"),
    ],
)
def test_bytes_that_are_no_instructions_are_malformed(code: bytes, complaint: str) -> None:
    with pytest.raises(DecodeError) as caught:
        validate(_with_body(code))
    assert caught.value.what == complaint


@pytest.mark.parametrize(
    ("code", "proposal"),
    [(b"\xe0\x00", "stack switching"), (b"\xfb\x20", "custom descriptors"), (b"\xfe\x50", "shared-everything threads")],
)
def test_later_proposals_instructions_are_refused_by_name(code: bytes, proposal: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        validate(_with_body(code))
    assert caught.value.what == proposal
