from __future__ import annotations

import pytest

from tests.vm.samples import NAMES, sample
from tests.worlds import module
from vm.disasm import disassemble
from vm.facts import function_facts
from vm.floats import hex_float, short_float
from vm.instructions import Immediates, instructions
from vm.module import Module
from vm.naming import IndexNaming, Naming, SectionNaming
from vm.ops.row import Op
from vm.wat import to_wat

FIB = """(func $fib (param $n i32) (result i32) (local $a i64) (local i32)
  (block $out
    (if (i32.lt_s (local.get $n) (i32.const 2)) (then (br $out)) (else (br_table 0 $out 0 (local.get $n)))))
  (i32.const -7))"""


def _texts(wat: str) -> list[str]:
    """The instructions of function 0 without their indentation."""
    found = module(wat)
    lines = disassemble(found, 0, SectionNaming(found.names))
    return [line.text for line in lines if line.offset >= found.body(0).code.start]


def test_a_function() -> None:
    found = module(FIB)
    lines = disassemble(found, 0, SectionNaming(found.names))
    assert ["  " * line.depth + line.text for line in lines] == [
        "(func $fib (type 0) (param $n i32) (result i32)",
        "  (local $a i64) (local i32)",
        "  block $out",
        "    local.get $n",
        "    i32.const 2",
        "    i32.lt_s",
        "    if",
        "      br $out",
        "    else",
        "      local.get $n",
        "      br_table 0 $out 0",
        "    end",
        "  end",
        "  i32.const -7",
        ") ;; end",
    ]


def test_indexes_are_those_of_the_facts() -> None:
    found = sample("sizes")
    for func in range(found.num_imported_funcs, len(found.func_type_indexes)):
        facts = function_facts(found, func)
        lines = disassemble(found, func, IndexNaming())
        indexed = [(line.index, line.offset, line.end) for line in lines if line.index is not None]
        assert indexed == [(i, instr.offset, instr.end) for i, instr in enumerate(facts.instrs)]


def test_memory_arguments_leave_defaults_out() -> None:
    text = _texts(
        """(memory 1) (memory $b 1) (func
        (drop (i32.load (i32.const 0))) (drop (i32.load offset=16 align=2 (i32.const 0)))
        (drop (i32.load8_u $b (i32.const 0))) (drop (memory.size)) (drop (memory.size $b))
        (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))"""
    )
    wanted = [line for line in text if "memory" in line or "load" in line]
    assert wanted == [
        "i32.load", "i32.load offset=16 align=2", "i32.load8_u $b", "memory.size", "memory.size $b", "memory.copy",
    ]  # fmt: skip


def test_types_and_calls() -> None:
    text = _texts(
        """(type $t (func (result i32))) (table 1 funcref) (table $u 1 funcref) (func $f (export "f")
        (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))
        (drop (call_indirect (type $t) (i32.const 0))) (drop (call_indirect $u (type $t) (i32.const 0)))
        call $f (drop (ref.func $f)) (drop (ref.null extern)))"""
    )
    wanted = [line for line in text if not line.startswith(("i32", "drop"))]
    assert wanted == [
        "select (result i32)", "call_indirect (type $t)", "call_indirect $u (type $t)", "call $f", "ref.func $f",
        "ref.null extern", ") ;; end",
    ]  # fmt: skip


def test_a_hidden_label_is_named_by_depth() -> None:
    text = _texts("(func (block $a (block $a (br 0) (br 1))))")
    assert [line for line in text if line.startswith("br")] == ["br $a", "br 1"]


def test_roles() -> None:
    found = module("(memory 1) (func $f (param $x i32) (drop (i32.load offset=4 (local.get $x))))")
    lines = disassemble(found, 0, SectionNaming(found.names))
    assert lines[1].tokens == (("local.get", "keyword"), (" ", "punct"), ("$x", "name"))
    assert lines[2].tokens == (("i32.load", "keyword"), (" ", "punct"), ("offset=4", "number"))


@pytest.mark.parametrize(
    ("bits", "width", "exact", "short"),
    [
        (0x4008_0000_0000_0000, 64, "0x1.8p+1", "3"),
        (0x8000_0000_0000_0000, 64, "-0x0p+0", "-0"),
        (0x0000_0000_0000_0001, 64, "0x0.0000000000001p-1022", "5e-324"),
        (0x7FF0_0000_0000_0000, 64, "inf", "inf"),
        (0xFFF8_0000_0000_0000, 64, "-nan", "-nan"),
        (0x7FF0_0000_0000_0001, 64, "nan:0x1", "nan:0x1"),
        (0x3DCC_CCCD, 32, "0x1.99999ap-4", "0.1"),
        (0x7F7F_FFFF, 32, "0x1.fffffep+127", "3.4028235e+38"),
        (0x7FA0_0000, 32, "nan:0x200000", "nan:0x200000"),
    ],
)
def test_floats(bits: int, width: int, exact: str, short: str) -> None:
    assert (hex_float(bits, width), short_float(bits, width)) == (exact, short)


def _code(found: Module) -> list[list[tuple[Op, Immediates]]]:
    return [[(i.op, i.imm) for i in instructions(found.bytes, body.code)] for body in found.bodies]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("named", [False, True])
def test_a_module_s_text_assembles_to_the_same_code(name: str, named: bool) -> None:
    found = sample(name)
    naming: Naming = SectionNaming(found.names) if named else IndexNaming()
    again = module(to_wat(found, naming))
    assert _code(again) == _code(found)
    assert again.types == found.types
    assert [d.mode for d in again.datas] == [d.mode for d in found.datas]


def test_every_float_constant_survives_its_text() -> None:
    bits = (0, 1 << 31, 1, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF, 0x3F80_0001)
    wat = "(func " + " ".join(f"f32.const {hex_float(b, 32)} drop" for b in bits) + ")"
    assert [imm[0] for op, imm in _code(module(wat))[0] if op.name == "f32.const"] == list(bits)
