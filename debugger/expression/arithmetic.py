"""Operators on values, with the machine's wrap-around: i32 with i32 wraps at 32 bits.

The wider side's type wins, and unsigned over signed at the same width; smaller integers count as i32. An integer
literal takes the other side's type. `/`, `%`, `>>` and comparisons are signed unless the type is unsigned. Shift
counts are taken modulo the width, as in WebAssembly. A pointer moves by whole elements.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from debugger.expression.types import (
    BOOL,
    F32_TYPE,
    F64_TYPE,
    I32_TYPE,
    I64_TYPE,
    LITERAL,
    U64_TYPE,
    Pointer,
    Reference,
    Scalar,
    Sort,
    Type,
    size_of,
)
from debugger.expression.value import Value, float_bits, float_of
from vm.errors import UserError

COMPARE: Mapping[str, Callable[[float | str, float | str], bool]] = MappingProxyType(
    {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
_INTEGER: Mapping[str, Callable[[int, int], int]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "&": operator.and_,
        "|": operator.or_,
        "^": operator.xor,
    }
)


def boolean(value: bool) -> Value:
    return Value(BOOL, int(value))


def literal(value: int) -> Value:
    """An integer as written; past 63 bits it is a u64."""
    return Value(LITERAL if value < 1 << 63 else U64_TYPE, value)


def binary(op: str, left: Value, right: Value) -> Value:
    """An operator on two values. Raises UserError."""
    if op in COMPARE:
        return boolean(_compare(op, left, right))
    if isinstance(left.type, Pointer) and op in "+-":
        return _moved(op, left, right)
    type_ = common(left.type, right.type)
    if type_.sort is Sort.FLOAT:
        return _float(op, type_, _as_float(left), _as_float(right))
    if op in ("<<", ">>"):
        type_ = promoted(left.type) if left.type != LITERAL else type_
    return Value(type_, type_.wrap(integer(op, type_, left.integer, right.integer)))


def unary(op: str, operand: Value) -> Value:
    """`-`, `+` or `~`. Raises UserError."""
    type_ = promoted(operand.type)
    if type_.sort is Sort.FLOAT:
        if op == "~":
            raise UserError("~ is for integers")
        value = _as_float(operand)
        return Value(type_, -value if op == "-" else value)
    value = operand.integer
    return Value(type_, type_.wrap({"-": -value, "~": ~value}.get(op, value)))


def convert(value: Value, type_: Scalar | Pointer | Reference) -> Value:
    """A cast: integers wrap, floats are cut off towards zero. Raises UserError."""
    if isinstance(type_, Pointer | Reference):
        return Value(type_, value.integer & (1 << 64) - 1)
    if type_.sort is Sort.BOOL:
        return boolean(value.truth)
    if type_.sort is Sort.FLOAT:
        return _rounded(type_, _as_float(value))
    if isinstance(value.value, float):
        if not math.isfinite(value.value):
            raise UserError(f"{value.text} has no integer value")
        return Value(type_, type_.wrap(int(value.value)))
    return Value(type_, type_.wrap(value.integer))


def common(left: Type, right: Type) -> Scalar:
    """The type in which values of two types are combined. Raises UserError."""
    a, b = promoted(left), promoted(right)
    if LITERAL in (a, b):
        return b if a == LITERAL else a
    if Sort.FLOAT in (a.sort, b.sort):
        floats = [t for t in (a, b) if t.sort is Sort.FLOAT]
        return F32_TYPE if floats == [F32_TYPE, F32_TYPE] else F64_TYPE if len(floats) == 2 else floats[0]
    if a.size != b.size:
        return a if a.size > b.size else b
    return a if a.sort is Sort.UNSIGNED else b


def promoted(type_: Type) -> Scalar:
    """The type in which a value of a type is reckoned with. Raises UserError."""
    match type_:
        case Scalar(sort=Sort.BOOL):
            return I32_TYPE
        case Scalar() as scalar if scalar.sort is Sort.LITERAL or scalar.size >= 4:
            return scalar
        case Scalar():
            return I32_TYPE
        case Pointer() | Reference():
            return U64_TYPE
        case other:
            raise UserError(f"a {other} is not a number")


def _as_float(value: Value) -> float:
    if isinstance(value.value, int | float):
        return float(value.value)
    raise UserError(f"a {value.type} is not a number")


def _rounded(type_: Scalar, value: float) -> Value:
    return Value(type_, float_of(float_bits(value, 4), 4) if type_ == F32_TYPE else value)


def _moved(op: str, left: Value, right: Value) -> Value:
    assert isinstance(left.type, Pointer)
    stride = max(size_of(left.type.target), 1) if left.type.target is not None else 1
    if isinstance(right.type, Pointer):
        if op == "+":
            raise UserError("two pointers cannot be added")
        return Value(I64_TYPE, (left.integer - right.integer) // stride)
    distance = right.integer * stride * (1 if op == "+" else -1)
    return Value(left.type, (left.integer + distance) & (1 << 64) - 1)


def _compare(op: str, left: Value, right: Value) -> bool:
    if isinstance(left.value, str) or isinstance(right.value, str):
        a, b = _as_text(left), _as_text(right)
        return COMPARE[op](a, b)
    type_ = common(left.type, right.type)
    if type_.sort is Sort.FLOAT:
        return COMPARE[op](_as_float(left), _as_float(right))
    a_int, b_int = left.integer, right.integer
    if compares_wrapped(op, left.type, right.type):
        a_int, b_int = type_.wrap(a_int), type_.wrap(b_int)
    return COMPARE[op](a_int, b_int)


def compares_wrapped(op: str, left: Type, right: Type) -> bool:
    """Whether integers are brought into one type's range before they are compared; a literal's order is its own."""
    return op in ("==", "!=") or LITERAL not in (left, right)


def _as_text(value: Value) -> str:
    match value.value:
        case str(text):
            return text
        case bytes(data):
            return data.decode(errors="replace")
        case _:
            raise UserError(f"a {value.type} cannot be compared with text")


def integer(op: str, type_: Scalar, left: int, right: int) -> int:
    """An operator on integers, before the result is wrapped. Raises UserError."""
    if op in _INTEGER:
        return _INTEGER[op](left, right)
    left = type_.wrap(left)
    if op in ("<<", ">>"):
        count = right % type_.bits
        return left << count if op == "<<" else left >> count
    right = type_.wrap(right)
    if right == 0:
        raise UserError("division by zero")
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return quotient if op == "/" else left - quotient * right


def _float(op: str, type_: Scalar, left: float, right: float) -> Value:
    match op:
        case "+":
            return _rounded(type_, left + right)
        case "-":
            return _rounded(type_, left - right)
        case "*":
            return _rounded(type_, left * right)
        case "/":
            return _rounded(type_, _quotient(left, right))
        case "%":
            ok = math.isfinite(left) and right != 0 and not math.isnan(right)
            return _rounded(type_, math.fmod(left, right) if ok else math.nan)
        case _:
            raise UserError(f"{op} is for integers")


def _quotient(left: float, right: float) -> float:
    """IEEE division: by zero it is infinite, or no number."""
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)
