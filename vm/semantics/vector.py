"""Vector instructions on 16 bytes (spec: Execution, Vector Operations).

A vector is `bytes` of length 16, lane 0 first; a scalar operand is its slot. Lanewise instructions are the scalar
functions of `integer` and `floating`, applied lane by lane.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from vm.ops.simd import ROWS
from vm.semantics.conversion import i64_to_f32, saturate
from vm.semantics.floating import ARITHMETIC, f32_bits, f64_bits, on_bits
from vm.semantics.integer import integer

Run = Callable[..., Any]
_BYTES = 16


@dataclass(frozen=True, slots=True)
class Lanes:
    """A shape: how to take a vector apart and put it together. Unsigned numbers for integers, bits for floats."""

    count: int
    bits: int
    unpack: Callable[[bytes], tuple[Any, ...]]
    signed: Callable[[bytes], tuple[Any, ...]]
    floats: Callable[[bytes], tuple[Any, ...]]
    join: Callable[[Iterable[int]], bytes]


def _lanes(bits: int) -> Lanes:
    count, mask = 128 // bits, (1 << bits) - 1
    unsigned = struct.Struct(f"<{count}{ {8: 'B', 16: 'H', 32: 'I', 64: 'Q'}[bits] }".replace(" ", ""))
    signed = struct.Struct(f"<{count}{ {8: 'b', 16: 'h', 32: 'i', 64: 'q'}[bits] }".replace(" ", ""))
    floats = struct.Struct("<4f" if bits == 32 else "<2d")

    def join(values: Iterable[int]) -> bytes:
        return unsigned.pack(*[v & mask for v in values])

    return Lanes(count, bits, unsigned.unpack, signed.unpack, floats.unpack, join)


B8, B16, B32, B64 = _lanes(8), _lanes(16), _lanes(32), _lanes(64)
_INT_SHAPES: Mapping[str, Lanes] = {"i8x16": B8, "i16x8": B16, "i32x4": B32, "i64x2": B64}
_FLOAT_SHAPES: Mapping[str, Lanes] = {"f32x4": B32, "f64x2": B64}


# -- lane by lane ----------------------------------------------------------------------------------


def _unary(lanes: Lanes, run: Run) -> Run:
    return lambda a: lanes.join(map(run, lanes.unpack(a)))


def _binary(lanes: Lanes, run: Run) -> Run:
    return lambda a, b: lanes.join(map(run, lanes.unpack(a), lanes.unpack(b)))


def _compare(lanes: Lanes, run: Run) -> Run:
    return lambda a, b: lanes.join(-run(x, y) for x, y in zip(lanes.unpack(a), lanes.unpack(b), strict=True))


def _signed_binary(lanes: Lanes, run: Run) -> Run:
    return lambda a, b: lanes.join(map(run, lanes.signed(a), lanes.signed(b)))


def _clamp(value: int, low: int, high: int) -> int:
    return low if value < low else high if value > high else value


def _saturating(lanes: Lanes, run: Run, signed: bool) -> Run:
    low, high = (-(1 << lanes.bits - 1), (1 << lanes.bits - 1) - 1) if signed else (0, (1 << lanes.bits) - 1)
    read = lanes.signed if signed else lanes.unpack
    return lambda a, b: lanes.join(_clamp(run(x, y), low, high) for x, y in zip(read(a), read(b), strict=True))


def _shift(lanes: Lanes, run: Run) -> Run:
    return lambda a, by: lanes.join(run(x, by % lanes.bits) for x in lanes.unpack(a))


def _all_true(lanes: Lanes) -> Run:
    return lambda a: 1 if all(lanes.unpack(a)) else 0


def _bitmask(lanes: Lanes) -> Run:
    top = lanes.bits - 1
    return lambda a: sum((x >> top) << i for i, x in enumerate(lanes.unpack(a)))


def _integers(shape: str, lanes: Lanes) -> dict[str, Run]:
    scalar = integer(lanes.bits)
    table: dict[str, Run] = {
        "abs": lambda a: lanes.join(map(abs, lanes.signed(a))),
        "neg": lambda a: lanes.join(-x for x in lanes.unpack(a)),
        "popcnt": _unary(lanes, scalar["popcnt"]),
        "all_true": _all_true(lanes),
        "bitmask": _bitmask(lanes),
        "min_u": _binary(lanes, min),
        "max_u": _binary(lanes, max),
        "min_s": _signed_binary(lanes, min),
        "max_s": _signed_binary(lanes, max),
        "avgr_u": _binary(lanes, lambda x, y: (x + y + 1) >> 1),
    }
    table |= {
        n: _compare(lanes, scalar[n])
        for n in ("eq", "ne", *(f"{c}_{s}" for c in ("lt", "gt", "le", "ge") for s in "su"))
    }
    table |= {name: _binary(lanes, scalar[name]) for name in ("add", "sub", "mul")}
    table |= {name: _shift(lanes, scalar[name]) for name in ("shl", "shr_s", "shr_u")}
    for name, run in (("add", int.__add__), ("sub", int.__sub__)):
        table |= {f"{name}_sat_{s}": _saturating(lanes, run, s == "s") for s in "su"}
    return {f"{shape}.{name}": run for name, run in table.items()}


# -- floats ----------------------------------------------------------------------------------------


def _float_bits(lanes: Lanes) -> Callable[[float], int]:
    return f32_bits if lanes.bits == 32 else f64_bits


def _float_lanewise(lanes: Lanes, run: Run) -> Run:
    """A scalar function on every lane, the results rounded to the lanes' width."""
    bits = _float_bits(lanes)
    return lambda *vectors: lanes.join(bits(run(*values)) for values in zip(*map(lanes.floats, vectors), strict=True))


def _float_compare(lanes: Lanes, run: Run) -> Run:
    return lambda a, b: lanes.join(-run(x, y) for x, y in zip(lanes.floats(a), lanes.floats(b), strict=True))


def _pseudo(lanes: Lanes, second_wins: Callable[[float, float], bool]) -> Run:
    """pmin and pmax hand one operand on bit for bit."""

    def run(a: bytes, b: bytes) -> bytes:
        chosen = (y if second_wins(u, v) else x for x, y, u, v in zip(
            lanes.unpack(a), lanes.unpack(b), lanes.floats(a), lanes.floats(b), strict=True))  # fmt: skip
        return lanes.join(chosen)

    return run


def _multiply_add(lanes: Lanes, sign: int) -> Run:
    """relaxed_madd and relaxed_nmadd, rounded after the product and after the sum."""
    round_ = struct.Struct("<f" if lanes.bits == 32 else "<d")
    bits = _float_bits(lanes)
    pack = struct.Struct("<I" if lanes.bits == 32 else "<Q").pack

    def rounded(value: float) -> float:
        result: float = round_.unpack(pack(bits(value)))[0]
        return result

    add, mul = ARITHMETIC["add"], ARITHMETIC["mul"]
    return _float_lanewise(lanes, lambda x, y, z: add(rounded(mul(x if sign > 0 else mul(-1.0, x), y)), z))


def _floats(shape: str, lanes: Lanes) -> dict[str, Run]:
    table: dict[str, Run] = {
        name: _unary(lanes, run) for name, run in on_bits(lanes.bits).items() if name != "copysign"
    }
    table |= {n: _float_compare(lanes, ARITHMETIC[n]) for n in ("eq", "ne", "lt", "gt", "le", "ge")}
    arithmetic = ("add", "sub", "mul", "div", "min", "max", "sqrt", "ceil", "floor", "trunc", "nearest")
    table |= {n: _float_lanewise(lanes, ARITHMETIC[n]) for n in arithmetic}
    table |= {
        "pmin": _pseudo(lanes, lambda x, y: y < x),
        "pmax": _pseudo(lanes, lambda x, y: x < y),
        "relaxed_min": table["min"],
        "relaxed_max": table["max"],
        "relaxed_madd": _multiply_add(lanes, 1),
        "relaxed_nmadd": _multiply_add(lanes, -1),
    }
    return {f"{shape}.{name}": run for name, run in table.items()}


# -- between shapes --------------------------------------------------------------------------------


def _read(lanes: Lanes, sign: str) -> Callable[[bytes], tuple[Any, ...]]:
    return lanes.signed if sign == "s" else lanes.unpack


def _half(values: Sequence[Any], half: str) -> Sequence[Any]:
    middle = len(values) // 2
    return values[:middle] if half == "low" else values[middle:]


def _widening(shape: str, lanes: Lanes, narrow_shape: str, narrow: Lanes) -> dict[str, Run]:
    """extend, extmul and extadd_pairwise into `lanes`, and narrow out of it."""
    table: dict[str, Run] = {}
    for sign in "su":
        read = _read(narrow, sign)
        for half in ("low", "high"):
            table[f"{shape}.extend_{half}_{narrow_shape}_{sign}"] = _extend(lanes, read, half)
            table[f"{shape}.extmul_{half}_{narrow_shape}_{sign}"] = _extmul(lanes, read, half)
        table[f"{shape}.extadd_pairwise_{narrow_shape}_{sign}"] = _extadd(lanes, read)
        table[f"{narrow_shape}.narrow_{shape}_{sign}"] = _narrow(narrow, lanes, sign == "s")
    return table


def _extend(lanes: Lanes, read: Callable[[bytes], tuple[Any, ...]], half: str) -> Run:
    return lambda a: lanes.join(_half(read(a), half))


def _extmul(lanes: Lanes, read: Callable[[bytes], tuple[Any, ...]], half: str) -> Run:
    return lambda a, b: lanes.join(x * y for x, y in zip(_half(read(a), half), _half(read(b), half), strict=True))


def _extadd(lanes: Lanes, read: Callable[[bytes], tuple[Any, ...]]) -> Run:
    def run(a: bytes) -> bytes:
        values = read(a)
        return lanes.join(x + y for x, y in zip(values[::2], values[1::2], strict=True))

    return run


def _narrow(narrow: Lanes, wide: Lanes, signed: bool) -> Run:
    low, high = (-(1 << narrow.bits - 1), (1 << narrow.bits - 1) - 1) if signed else (0, (1 << narrow.bits) - 1)
    return lambda a, b: narrow.join(_clamp(x, low, high) for x in (*wide.signed(a), *wide.signed(b)))


def _dot(a: bytes, b: bytes) -> bytes:
    products = [x * y for x, y in zip(B16.signed(a), B16.signed(b), strict=True)]
    return B32.join(x + y for x, y in zip(products[::2], products[1::2], strict=True))


def _relaxed_dot(a: bytes, b: bytes) -> bytes:
    products = [x * y for x, y in zip(B8.signed(a), B8.signed(b), strict=True)]
    return B16.join(x + y for x, y in zip(products[::2], products[1::2], strict=True))


def _relaxed_dot_add(a: bytes, b: bytes, c: bytes) -> bytes:
    pairs = B16.signed(_relaxed_dot(a, b))
    sums = (x + y for x, y in zip(pairs[::2], pairs[1::2], strict=True))
    return B32.join(x + y for x, y in zip(sums, B32.unpack(c), strict=True))


def _q15mulr(a: bytes, b: bytes) -> bytes:
    return _saturating(B16, lambda x, y: (x * y + 0x4000) >> 15, signed=True)(a, b)  # type: ignore[no-any-return]


def _conversions() -> dict[str, Run]:
    table: dict[str, Run] = {
        "f32x4.demote_f64x2_zero": lambda a: B32.join((*map(f32_bits, B64.floats(a)), 0, 0)),
        "f64x2.promote_low_f32x4": lambda a: B64.join(map(f64_bits, B32.floats(a)[:2])),
    }
    for sign in "su":
        sat, read = saturate(32, sign == "s"), _read(B32, sign)
        from_f32, from_f64 = _truncate(B32, sat), _truncate(B64, sat)
        table |= {
            f"i32x4.trunc_sat_f32x4_{sign}": from_f32,
            f"i32x4.relaxed_trunc_f32x4_{sign}": from_f32,
            f"i32x4.trunc_sat_f64x2_{sign}_zero": from_f64,
            f"i32x4.relaxed_trunc_f64x2_{sign}_zero": from_f64,
            f"f32x4.convert_i32x4_{sign}": _convert(B32, read, lambda v: f32_bits(i64_to_f32(v))),
            f"f64x2.convert_low_i32x4_{sign}": _convert(B64, read, lambda v: f64_bits(float(v))),
        }
    return table


def _truncate(lanes: Lanes, sat: Run) -> Run:
    """Missing lanes are zero."""
    return lambda a: B32.join((*map(sat, lanes.floats(a)), *[0] * (4 - lanes.count)))


def _convert(lanes: Lanes, read: Callable[[bytes], tuple[Any, ...]], bits: Callable[[int], int]) -> Run:
    return lambda a: lanes.join(map(bits, read(a)[: lanes.count]))


# -- bits and places -------------------------------------------------------------------------------


def _whole(run: Callable[..., int]) -> Run:
    """A function of all 128 bits at once."""
    mask = (1 << 128) - 1
    read = int.from_bytes
    return lambda *vectors: (run(*(read(v, "little") for v in vectors)) & mask).to_bytes(_BYTES, "little")


def _bitselect(a: int, b: int, c: int) -> int:
    return (a & c) | (b & ~c)


def _swizzle(a: bytes, b: bytes) -> bytes:
    return bytes(a[i] if i < _BYTES else 0 for i in b)


def shuffle(a: bytes, b: bytes, *lanes: int) -> bytes:
    """i8x16.shuffle: lanes 0 to 15 are of the first vector, 16 to 31 of the second."""
    both = a + b
    return bytes(both[i] for i in lanes)


def _places(shape: str, lanes: Lanes) -> dict[str, Run]:
    """splat, extract_lane and replace_lane; a float lane is its bits."""

    def replace(a: bytes, value: int, lane: int) -> bytes:
        values = list(lanes.unpack(a))
        values[lane] = value
        return lanes.join(values)

    def extract_s(a: bytes, lane: int) -> int:
        value: int = lanes.signed(a)[lane]
        return value & 0xFFFF_FFFF

    def extract(a: bytes, lane: int) -> int:
        value: int = lanes.unpack(a)[lane]
        return value

    return {
        f"{shape}.splat": lambda value: lanes.join([value] * lanes.count),
        f"{shape}.replace_lane": replace,
        f"{shape}.extract_lane": extract,
        f"{shape}.extract_lane_u": extract,
        f"{shape}.extract_lane_s": extract_s,
    }


def _table() -> dict[str, Run]:
    table: dict[str, Run] = {
        "v128.not": _whole(lambda a: ~a),
        "v128.and": _whole(lambda a, b: a & b),
        "v128.andnot": _whole(lambda a, b: a & ~b),
        "v128.or": _whole(lambda a, b: a | b),
        "v128.xor": _whole(lambda a, b: a ^ b),
        "v128.bitselect": _whole(_bitselect),
        "v128.any_true": lambda a: 1 if any(a) else 0,
        "i8x16.shuffle": shuffle,
        "i8x16.swizzle": _swizzle,
        "i8x16.relaxed_swizzle": _swizzle,
        "i16x8.q15mulr_sat_s": _q15mulr,
        "i16x8.relaxed_q15mulr_s": _q15mulr,
        "i32x4.dot_i16x8_s": _dot,
        "i16x8.relaxed_dot_i8x16_i7x16_s": _relaxed_dot,
        "i32x4.relaxed_dot_i8x16_i7x16_add_s": _relaxed_dot_add,
        **_conversions(),
        **_widening("i16x8", B16, "i8x16", B8),
        **_widening("i32x4", B32, "i16x8", B16),
        **_widening("i64x2", B64, "i32x4", B32),
    }
    for shape, lanes in _INT_SHAPES.items():
        table |= _integers(shape, lanes) | _places(shape, lanes)
        table[f"{shape}.relaxed_laneselect"] = _whole(_bitselect)
    for shape, lanes in _FLOAT_SHAPES.items():
        table |= _floats(shape, lanes) | _places(shape, lanes)
    return table


def _of_rows(table: Mapping[str, Run]) -> Mapping[str, Run]:
    """The functions that a row asks for: not every shape has every instruction."""
    return MappingProxyType({op.name: table[op.name] for op in ROWS if op.name in table})


VECTOR: Mapping[str, Run] = _of_rows(_table())


# -- memory ----------------------------------------------------------------------------------------


def _extending(narrow: Lanes, wide: Lanes, sign: str) -> Run:
    read, zeros = _read(narrow, sign), bytes(8)
    return lambda data: wide.join(read(data + zeros)[: wide.count])


# From the bytes that a load touches to the vector.
VECTOR_LOADS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "v128.load": bytes,
        **{f"v128.load8x8_{s}": _extending(B8, B16, s) for s in "su"},
        **{f"v128.load16x4_{s}": _extending(B16, B32, s) for s in "su"},
        **{f"v128.load32x2_{s}": _extending(B32, B64, s) for s in "su"},
        **{f"v128.load{8 * n}_splat": lambda data: data * (_BYTES // len(data)) for n in (1, 2, 4, 8)},
        **{f"v128.load{8 * n}_zero": lambda data: data.ljust(_BYTES, b"\0") for n in (4, 8)},
    }
)
