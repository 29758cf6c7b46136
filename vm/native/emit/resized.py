"""Vector instructions that go from lanes of one width, or kind, to lanes of another."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vm.native.emit.lanes import BYTES, SHAPES, Compute, Shape, Vectors
from vm.native.ir import Code


def _taken(v: Vectors, shape: Shape, i: int, lanes: list[int]) -> tuple[str, str]:
    """Some lanes of an operand, as a shorter vector: its type and value."""
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    value = v.c.let(
        f"shufflevector {shape.type} {v.seen(shape, i)}, {shape.type} poison, <{len(lanes)} x i32> <{mask}>"
    )
    return f"<{len(lanes)} x {shape.lane}>", value


def _widened(v: Vectors, narrow: Shape, wide: Shape, i: int, lanes: list[int], sign: str) -> str:
    type_, value = _taken(v, narrow, i, lanes)
    return v.c.let(f"{'sext' if sign == 's' else 'zext'} {type_} {value} to {wide.type}")


def _half(shape: Shape, half: str) -> list[int]:
    middle = shape.count // 2
    return list(range(middle)) if half == "low" else list(range(middle, shape.count))


def _extend(half: str, narrow: Shape, sign: str) -> Compute:
    return lambda v, s: (s.type, _widened(v, narrow, s, 0, _half(narrow, half), sign))


def _extmul(half: str, narrow: Shape, sign: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        x, y = (_widened(v, narrow, s, i, _half(narrow, half), sign) for i in (0, 1))
        return s.type, v.c.let(f"mul {s.type} {x}, {y}")

    return compute


def _pairs(v: Vectors, narrow: Shape, wide: Shape, i: int, sign: str) -> tuple[str, str]:
    """The even lanes and the odd ones, widened."""
    even, odd = (list(range(first, narrow.count, 2)) for first in (0, 1))
    return _widened(v, narrow, wide, i, even, sign), _widened(v, narrow, wide, i, odd, sign)


def _extadd(narrow: Shape, sign: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        even, odd = _pairs(v, narrow, s, 0, sign)
        return s.type, v.c.let(f"add {s.type} {even}, {odd}")

    return compute


def _dot(narrow: Shape) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        (a, b), (c, d) = _pairs(v, narrow, s, 0, "s"), _pairs(v, narrow, s, 1, "s")
        products = v.c.let(f"mul {s.type} {a}, {c}"), v.c.let(f"mul {s.type} {b}, {d}")
        return s.type, v.c.let(f"add {s.type} {products[0]}, {products[1]}")

    return compute


def _dot_add(v: Vectors, s: Shape) -> tuple[str, str]:
    middle = SHAPES["i16x8"]
    _, pairs = _dot(SHAPES["i8x16"])(v, middle)
    inner = Vectors(v.c, [v.cast(pairs, middle.type, BYTES)])
    even, odd = _pairs(inner, middle, s, 0, "s")
    total = v.c.let(f"add {s.type} {even}, {odd}")
    return s.type, v.c.let(f"add {s.type} {total}, {v.seen(s, 2)}")


def _narrow(wide: Shape, sign: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        low, high = (-(1 << s.bits - 1), (1 << s.bits - 1) - 1) if sign == "s" else (0, (1 << s.bits) - 1)
        halves = []
        for i in (0, 1):
            value = v.call(f"smax.{wide.suffix}", wide.type, f"{wide.type} {v.seen(wide, i)}", _whole(wide, low))
            value = v.call(f"smin.{wide.suffix}", wide.type, f"{wide.type} {value}", _whole(wide, high))
            halves.append(v.c.let(f"trunc {wide.type} {value} to <{wide.count} x {s.lane}>"))
        half = f"<{wide.count} x {s.lane}>"
        mask = ", ".join(f"i32 {i}" for i in range(s.count))
        return s.type, v.c.let(f"shufflevector {half} {halves[0]}, {half} {halves[1]}, <{s.count} x i32> <{mask}>")

    return compute


def _whole(shape: Shape, value: int) -> str:
    """A typed constant, the same in every lane."""
    return f"{shape.type} <{','.join([f'{shape.lane} {value}'] * shape.count)}>"


def _rounded_q15(v: Vectors, s: Shape) -> tuple[str, str]:
    x, y = (v.c.let(f"sext {s.type} {v.seen(s, i)} to <8 x i32>") for i in (0, 1))
    product = v.c.let(f"mul <8 x i32> {x}, {y}")
    total = v.c.let(f"add <8 x i32> {product}, splat(i32 16384)")
    value = v.c.let(f"ashr <8 x i32> {total}, splat(i32 15)")
    over = v.c.let(f"icmp sgt <8 x i32> {value}, splat(i32 32767)")
    value = v.c.let(f"select <8 x i1> {over}, <8 x i32> splat(i32 32767), <8 x i32> {value}")
    return s.type, v.c.let(f"trunc <8 x i32> {value} to {s.type}")


def _truncate(frm: Shape, sign: str) -> Compute:
    """Missing lanes are zero."""

    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        short = f"<{frm.count} x i32>"
        name = f"fpto{sign}i.sat.v{frm.count}i32.{frm.suffix}"
        value = v.call(name, short, f"{frm.type} {v.seen(frm, 0)}")
        return s.type, value if frm.count == 4 else _with_zeros(v.c, "i32", value)

    return compute


def _with_zeros(c: Code, lane: str, value: str) -> str:
    """Two lanes, and two that are zero."""
    half = f"<2 x {lane}>"
    mask = "<4 x i32> <i32 0, i32 1, i32 2, i32 3>"
    return c.let(f"shufflevector {half} {value}, {half} zeroinitializer, {mask}")


def _demote(v: Vectors, s: Shape) -> tuple[str, str]:
    value = v.c.let(f"fptrunc <2 x double> {v.seen(SHAPES['f64x2'], 0)} to <2 x float>")
    return s.type, _with_zeros(v.c, "float", value)


def _promote(v: Vectors, s: Shape) -> tuple[str, str]:
    type_, value = _taken(v, SHAPES["f32x4"], 0, [0, 1])
    return s.type, v.c.let(f"fpext {type_} {value} to {s.type}")


def _convert(sign: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        type_, value = _taken(v, SHAPES["i32x4"], 0, list(range(s.count)))
        return s.type, v.c.let(f"{sign}itofp {type_} {value} to {s.type}")

    return compute


NAMED: Mapping[str, Compute] = {
    "q15mulr_sat_s": _rounded_q15, "relaxed_q15mulr_s": _rounded_q15, "dot_i16x8_s": _dot(SHAPES["i16x8"]),
    "relaxed_dot_i8x16_i7x16_s": _dot(SHAPES["i8x16"]), "relaxed_dot_i8x16_i7x16_add_s": _dot_add,
    "demote_f64x2_zero": _demote, "promote_low_f32x4": _promote,
}  # fmt: skip


def between(what: str) -> Compute | None:
    """Rows whose name tells of another shape."""
    if found := re.fullmatch(r"(extend|extmul)_(low|high)_(\w+)_([su])", what):
        make = _extend if found[1] == "extend" else _extmul
        return make(found[2], SHAPES[found[3]], found[4])
    if found := re.fullmatch(r"(extadd_pairwise|narrow)_(\w+)_([su])", what):
        make_two = _extadd if found[1] == "extadd_pairwise" else _narrow
        return make_two(SHAPES[found[2]], found[3])
    if found := re.fullmatch(r"(?:trunc_sat|relaxed_trunc)_(\w+?)_([su])(?:_zero)?", what):
        return _truncate(SHAPES[found[1]], found[2])
    if found := re.fullmatch(r"convert_(?:low_)?i32x4_([su])", what):
        return _convert(found[1])
    return None
