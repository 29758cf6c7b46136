"""Conversions between number types (spec: Execution, Conversions)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from vm.errors import Trap, TrapKind


def _bounds(bits: int, signed: bool) -> tuple[int, int]:
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def truncate(bits: int, signed: bool) -> Callable[[float], int]:
    """Float to integer, trapping where the value does not fit."""
    low, high = _bounds(bits, signed)
    mask = (1 << bits) - 1

    def run(a: float) -> int:
        if a != a:
            raise Trap(TrapKind.INVALID_CONVERSION, "the operand is not a number")
        if a in (math.inf, -math.inf) or not low <= (whole := math.trunc(a)) <= high:
            raise Trap(TrapKind.INTEGER_OVERFLOW, f"{a!r} is outside {low} .. {high}")
        return whole & mask

    return run


def saturate(bits: int, signed: bool) -> Callable[[float], int]:
    """Float to integer, the nearest bound where the value does not fit; 0 for a NaN."""
    low, high = _bounds(bits, signed)
    mask = (1 << bits) - 1

    def run(a: float) -> int:
        if a != a:
            return 0
        if a <= low:
            return low & mask
        return high & mask if a >= high else math.trunc(a) & mask

    return run


def _signed(a: int, bits: int) -> int:
    return a - ((a >> (bits - 1)) << bits)


def i64_to_f32(whole: int) -> float:
    """Rounds an integer to f32 once: an i64 rounded to f64 on the way could come out different."""
    magnitude = abs(whole)
    excess = magnitude.bit_length() - 24
    if excess > 0:
        half, low = 1 << (excess - 1), magnitude & ((1 << excess) - 1)
        magnitude >>= excess
        if low > half or (low == half and magnitude & 1):
            magnitude += 1
        magnitude <<= excess
    return float(magnitude if whole >= 0 else -magnitude)


def wrap(a: int) -> int:
    return a & 0xFFFF_FFFF


def extend_s(a: int) -> int:
    return _signed(a, 32) & 0xFFFF_FFFF_FFFF_FFFF


def same(a: int) -> int:
    """For what changes a value's type but not its slot."""
    return a


def promote(a: float) -> float:
    return a


CONVERSIONS: Mapping[str, Callable[..., float]] = {
    "i32.wrap_i64": wrap,
    "i64.extend_i32_s": extend_s,
    "i64.extend_i32_u": same,
    **{f"{r}.reinterpret_{f}": same for r, f in (("i32", "f32"), ("i64", "f64"), ("f32", "i32"), ("f64", "i64"))},
    **{
        f"i{bits}.{how}_{f}_{s}": (truncate if how == "trunc" else saturate)(bits, s == "s")
        for bits in (32, 64)
        for f in ("f32", "f64")
        for s in "su"
        for how in ("trunc", "trunc_sat")
    },
    "f32.convert_i32_s": lambda a: float(_signed(a, 32)),
    "f32.convert_i32_u": float,
    "f32.convert_i64_s": lambda a: i64_to_f32(_signed(a, 64)),
    "f32.convert_i64_u": i64_to_f32,
    "f32.demote_f64": promote,
    "f64.convert_i32_s": lambda a: float(_signed(a, 32)),
    "f64.convert_i32_u": float,
    "f64.convert_i64_s": lambda a: float(_signed(a, 64)),
    "f64.convert_i64_u": float,
    "f64.promote_f32": promote,
}
