"""Structs, arrays, i31 and casts (spec: GC)."""

from __future__ import annotations

from vm.ops.row import Has, Imm, Op


def _op(number: int, name: str, imm: tuple[Imm, ...], has: Has) -> Op:
    text = name.removesuffix("_null")
    return Op((0xFB, number), name, imm, "@" + name, has, "gc", "exec-" + text.replace(".", "-").replace("_", "-"))


_T = (Imm.TYPE,)
_NEW, _CONST_NEW = Has.STORES | Has.TRAPS, Has.STORES | Has.TRAPS | Has.CONST  # the heap may be full
_GET, _SET = Has.LOADS | Has.TRAPS, Has.STORES | Has.TRAPS
_BOTH = Has.LOADS | Has.STORES | Has.TRAPS

ROWS: tuple[Op, ...] = (
    _op(0, "struct.new", _T, _CONST_NEW),
    _op(1, "struct.new_default", _T, _CONST_NEW),
    _op(2, "struct.get", (Imm.TYPE, Imm.FIELD), _GET),
    _op(3, "struct.get_s", (Imm.TYPE, Imm.FIELD), _GET),
    _op(4, "struct.get_u", (Imm.TYPE, Imm.FIELD), _GET),
    _op(5, "struct.set", (Imm.TYPE, Imm.FIELD), _SET),
    _op(6, "array.new", _T, _CONST_NEW),
    _op(7, "array.new_default", _T, _CONST_NEW),
    _op(8, "array.new_fixed", (Imm.TYPE, Imm.COUNT), _CONST_NEW),
    _op(9, "array.new_data", (Imm.TYPE, Imm.DATA), _NEW),
    _op(10, "array.new_elem", (Imm.TYPE, Imm.ELEM), _NEW),
    _op(11, "array.get", _T, _GET),
    _op(12, "array.get_s", _T, _GET),
    _op(13, "array.get_u", _T, _GET),
    _op(14, "array.set", _T, _SET),
    _op(15, "array.len", (), _GET),
    _op(16, "array.fill", _T, _SET),
    _op(17, "array.copy", (Imm.TYPE, Imm.TYPE), _BOTH),
    _op(18, "array.init_data", (Imm.TYPE, Imm.DATA), _SET),
    _op(19, "array.init_elem", (Imm.TYPE, Imm.ELEM), _SET),
    _op(20, "ref.test", (Imm.REF,), Has.LOADS),
    _op(21, "ref.test_null", (Imm.REF_NULL,), Has.LOADS),
    _op(22, "ref.cast", (Imm.REF,), _GET),
    _op(23, "ref.cast_null", (Imm.REF_NULL,), _GET),
    _op(24, "br_on_cast", (Imm.CAST,), Has.CONTROL | Has.LOADS),
    _op(25, "br_on_cast_fail", (Imm.CAST,), Has.CONTROL | Has.LOADS),
    _op(26, "any.convert_extern", (), Has.PURE | Has.CONST),
    _op(27, "extern.convert_any", (), Has.PURE | Has.CONST),
    _op(28, "ref.i31", (), Has.PURE | Has.CONST),
    _op(29, "i31.get_s", (), Has.PURE | Has.TRAPS),
    _op(30, "i31.get_u", (), Has.PURE | Has.TRAPS),
)
