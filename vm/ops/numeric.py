"""Constants, comparisons, arithmetic and conversions, generated from rows of data."""

from __future__ import annotations

from collections.abc import Iterator

from vm.ops.row import Has, Imm, Op

_INT_COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_FLOAT_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
_INT_UNARY = ("clz", "ctz", "popcnt")
_INT_BINARY = (
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u",
    "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr",
)  # fmt: skip
_FLOAT_UNARY = ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")
_FLOAT_BINARY = ("add", "sub", "mul", "div", "min", "max", "copysign")
_TRAPPING = ("div_s", "div_u", "rem_s", "rem_u")
_EXTENDED_CONST = ("add", "sub", "mul")

_Family = tuple[tuple[int, str, tuple[str, ...]], ...]

# (first number, type, operator names); numbers run on from the first
_COMPARES: _Family = (
    (0x46, "i32", _INT_COMPARE),
    (0x51, "i64", _INT_COMPARE),
    (0x5B, "f32", _FLOAT_COMPARE),
    (0x61, "f64", _FLOAT_COMPARE),
)
_UNARIES: _Family = (
    (0x67, "i32", _INT_UNARY),
    (0x79, "i64", _INT_UNARY),
    (0x8B, "f32", _FLOAT_UNARY),
    (0x99, "f64", _FLOAT_UNARY),
)
_BINARIES: _Family = (
    (0x6A, "i32", _INT_BINARY),
    (0x7C, "i64", _INT_BINARY),
    (0x92, "f32", _FLOAT_BINARY),
    (0xA0, "f64", _FLOAT_BINARY),
)

# (number, name, from, to)
_CONVERSIONS = (
    (0xA7, "i32.wrap_i64", "i64", "i32"),
    (0xA8, "i32.trunc_f32_s", "f32", "i32"),
    (0xA9, "i32.trunc_f32_u", "f32", "i32"),
    (0xAA, "i32.trunc_f64_s", "f64", "i32"),
    (0xAB, "i32.trunc_f64_u", "f64", "i32"),
    (0xAC, "i64.extend_i32_s", "i32", "i64"),
    (0xAD, "i64.extend_i32_u", "i32", "i64"),
    (0xAE, "i64.trunc_f32_s", "f32", "i64"),
    (0xAF, "i64.trunc_f32_u", "f32", "i64"),
    (0xB0, "i64.trunc_f64_s", "f64", "i64"),
    (0xB1, "i64.trunc_f64_u", "f64", "i64"),
    (0xB2, "f32.convert_i32_s", "i32", "f32"),
    (0xB3, "f32.convert_i32_u", "i32", "f32"),
    (0xB4, "f32.convert_i64_s", "i64", "f32"),
    (0xB5, "f32.convert_i64_u", "i64", "f32"),
    (0xB6, "f32.demote_f64", "f64", "f32"),
    (0xB7, "f64.convert_i32_s", "i32", "f64"),
    (0xB8, "f64.convert_i32_u", "i32", "f64"),
    (0xB9, "f64.convert_i64_s", "i64", "f64"),
    (0xBA, "f64.convert_i64_u", "i64", "f64"),
    (0xBB, "f64.promote_f32", "f32", "f64"),
    (0xBC, "i32.reinterpret_f32", "f32", "i32"),
    (0xBD, "i64.reinterpret_f64", "f64", "i64"),
    (0xBE, "f32.reinterpret_i32", "i32", "f32"),
    (0xBF, "f64.reinterpret_i64", "i64", "f64"),
)

_SIGN_EXTENSIONS = (
    (0xC0, "i32.extend8_s", "i32"),
    (0xC1, "i32.extend16_s", "i32"),
    (0xC2, "i64.extend8_s", "i64"),
    (0xC3, "i64.extend16_s", "i64"),
    (0xC4, "i64.extend32_s", "i64"),
)

# prefix 0xFC, numbered from 0
_SATURATING = tuple(
    (f"{to}.trunc_sat_{frm}_{s}", frm, to) for to in ("i32", "i64") for frm in ("f32", "f64") for s in "su"
)


def _constants() -> Iterator[Op]:
    for number, type_, imm in (
        (0x41, "i32", Imm.I32),
        (0x42, "i64", Imm.I64),
        (0x43, "f32", Imm.F32),
        (0x44, "f64", Imm.F64),
    ):
        yield Op((0, number), f"{type_}.const", (imm,), f"-> {type_}", Has.PURE | Has.CONST, "mvp", "exec-const")


def _arithmetic() -> Iterator[Op]:
    for first, type_ in ((0x45, "i32"), (0x50, "i64")):
        yield Op((0, first), f"{type_}.eqz", (), f"{type_} -> i32", Has.PURE, "mvp", "exec-testop")
    for first, type_, names in _COMPARES:
        for i, name in enumerate(names):
            yield Op((0, first + i), f"{type_}.{name}", (), f"{type_} {type_} -> i32", Has.PURE, "mvp", "exec-relop")
    for first, type_, names in _UNARIES:
        for i, name in enumerate(names):
            yield Op((0, first + i), f"{type_}.{name}", (), f"{type_} -> {type_}", Has.PURE, "mvp", "exec-unop")
    for first, type_, names in _BINARIES:
        for i, name in enumerate(names):
            has = Has.TRAPS if name in _TRAPPING else Has.PURE
            if type_ in ("i32", "i64") and name in _EXTENDED_CONST:
                has |= Has.CONST
            yield Op((0, first + i), f"{type_}.{name}", (), f"{type_} {type_} -> {type_}", has, "mvp", "exec-binop")


def _conversions() -> Iterator[Op]:
    for number, name, frm, to in _CONVERSIONS:
        has = Has.TRAPS if ".trunc_" in name else Has.PURE
        yield Op((0, number), name, (), f"{frm} -> {to}", has, "mvp", "exec-cvtop")
    for number, name, type_ in _SIGN_EXTENSIONS:
        yield Op((0, number), name, (), f"{type_} -> {type_}", Has.PURE, "sign-extension", "exec-unop")
    for number, (name, frm, to) in enumerate(_SATURATING):
        yield Op((0xFC, number), name, (), f"{frm} -> {to}", Has.PURE, "saturating-float-to-int", "exec-cvtop")


ROWS: tuple[Op, ...] = (*_constants(), *_arithmetic(), *_conversions())
