"""Floating-point instructions (spec: Execution, Floating-Point Operations).

Arithmetic works on Python floats: an f32 operand arrives exactly converted, and its result is rounded when it is
stored; for these operators rounding twice gives the same value. What must keep a NaN's bits works on bits.
A NaN made here is the one x86-64 hardware makes, a negative quiet one; of two NaNs the first is handed on, made quiet,
whichever order Python adds and multiplies in. The specification leaves both open.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping

_F32, _U32 = struct.Struct("<f"), struct.Struct("<I")
_F64, _U64 = struct.Struct("<d"), struct.Struct("<Q")

NAN: float = _F64.unpack(_U64.pack(0xFFF8_0000_0000_0000))[0]


def f64_bits(value: float) -> int:
    """The bit pattern of an f64."""
    bits: int = _U64.unpack(_F64.pack(value))[0]
    return bits


def f64_from_bits(bits: int) -> float:
    """The f64 with this bit pattern."""
    value: float = _F64.unpack(_U64.pack(bits))[0]
    return value


def f32_bits(value: float) -> int:
    """The bit pattern of the f32 nearest to `value`."""
    try:
        bits: int = _U32.unpack(_F32.pack(value))[0]
    except OverflowError:  # rounds to infinity
        return 0x7F80_0000 if value > 0 else 0xFF80_0000
    return bits


def f32_from_bits(bits: int) -> float:
    """The f32 with this bit pattern; a signalling NaN comes out quiet."""
    value: float = _F32.unpack(_U32.pack(bits))[0]
    return value


def eq(a: float, b: float) -> int:
    return 1 if a == b else 0


def ne(a: float, b: float) -> int:
    return 1 if a != b else 0


def lt(a: float, b: float) -> int:
    return 1 if a < b else 0


def gt(a: float, b: float) -> int:
    return 1 if a > b else 0


def le(a: float, b: float) -> int:
    return 1 if a <= b else 0


def ge(a: float, b: float) -> int:
    return 1 if a >= b else 0


def add(a: float, b: float) -> float:
    result = a + b
    return result if result == result or a == a else a + 0.0


def sub(a: float, b: float) -> float:
    return a - b


def mul(a: float, b: float) -> float:
    result = a * b
    return result if result == result or a == a else a + 0.0


def div(a: float, b: float) -> float:
    if b:
        return a / b
    if a != a:
        return a + 0.0
    if a == 0:
        return NAN
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def fmin(a: float, b: float) -> float:
    if a != a or b != b:
        return add(a, b)
    if a == b:
        return a if math.copysign(1.0, a) < 0 else b
    return a if a < b else b


def fmax(a: float, b: float) -> float:
    if a != a or b != b:
        return add(a, b)
    if a == b:
        return b if math.copysign(1.0, a) < 0 else a
    return a if a > b else b


def sqrt(a: float) -> float:
    if a < 0:
        return NAN
    return math.sqrt(a) if a == a else a + a


def _whole(round_: Callable[[float], int]) -> Callable[[float], float]:
    def run(a: float) -> float:
        if a != a or a in (math.inf, -math.inf):
            return a + a
        return math.copysign(float(round_(a)), a)

    return run


ARITHMETIC: Mapping[str, Callable[..., float]] = {
    "eq": eq, "ne": ne, "lt": lt, "gt": gt, "le": le, "ge": ge,
    "add": add, "sub": sub, "mul": mul, "div": div, "min": fmin, "max": fmax, "sqrt": sqrt,
    "ceil": _whole(math.ceil), "floor": _whole(math.floor), "trunc": _whole(math.trunc), "nearest": _whole(round),
}  # fmt: skip


def on_bits(bits: int) -> Mapping[str, Callable[..., int]]:
    """`abs`, `neg` and `copysign` for floats of 32 or 64 bits: they touch the sign alone."""
    sign = 1 << (bits - 1)
    rest = sign - 1

    def fabs(a: int) -> int:
        return a & rest

    def neg(a: int) -> int:
        return a ^ sign

    def copysign(a: int, b: int) -> int:
        return (a & rest) | (b & sign)

    return {"abs": fabs, "neg": neg, "copysign": copysign}
