"""Vector instructions: a value from one to three operands, written once for each kind and made for every shape.

The third operand's slot offset, or a lane, is the word's immediate; a shuffle's sixteen lanes stand behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vm.native.emit.memory import FAR_BYTES, LOCATE, Locate, far, mark
from vm.native.emit.numeric import FLOAT_PREDICATES, INT_PREDICATES, least_or_greatest
from vm.native.ir import AT_A, AT_B, Body, Code, straight
from vm.native.shapes import READS, WRITES
from vm.ops.simd import ROWS
from vm.reference.canonical import MAKES_NANS

_BYTES = "<16 x i8>"


@dataclass(frozen=True, slots=True)
class Shape:
    """Lanes of a vector, as LLVM types."""

    name: str
    count: int
    bits: int
    is_float: bool

    @property
    def lane(self) -> str:
        return {32: "float", 64: "double"}[self.bits] if self.is_float else f"i{self.bits}"

    @property
    def type(self) -> str:
        return f"<{self.count} x {self.lane}>"

    @property
    def ints(self) -> str:
        return f"<{self.count} x i{self.bits}>"

    @property
    def suffix(self) -> str:
        """How an intrinsic's name says it."""
        return f"v{self.count}{'f' if self.is_float else 'i'}{self.bits}"

    def splat(self, value: int) -> str:
        """A constant in every lane."""
        return f"<{', '.join([f'i{self.bits} {value}'] * self.count)}>"


SHAPES = {
    f"{letter}{bits}x{128 // bits}": Shape(f"{letter}{bits}x{128 // bits}", 128 // bits, bits, letter == "f")
    for letter, widths in (("i", (8, 16, 32, 64)), ("f", (32, 64)))
    for bits in widths
}


class Vectors:
    """The operands of a handler under way, seen in the shapes that it needs."""

    def __init__(self, c: Code, operands: list[str]) -> None:
        self.c, self._operands = c, operands

    def __getitem__(self, i: int) -> str:
        return self._operands[i]

    def seen(self, shape: Shape, i: int) -> str:
        """An operand in a shape."""
        return self.cast(self._operands[i], _BYTES, shape.type)

    def ints(self, shape: Shape, i: int) -> str:
        return self.cast(self._operands[i], _BYTES, shape.ints)

    def cast(self, value: str, frm: str, to: str) -> str:
        return value if frm == to else self.c.let(f"bitcast {frm} {value} to {to}")

    def call(self, intrinsic: str, result: str, *arguments: str) -> str:
        """Calls an intrinsic, which is declared along the way."""
        types = ", ".join(a[: a.index(">") + 1] if a[0] == "<" else a.split()[0] for a in arguments)
        self.c.declarations.add(f"declare {result} @llvm.{intrinsic}({types})")
        return self.c.let(f"call {result} @llvm.{intrinsic}({', '.join(arguments)})")


# What a row computes: the operands and the row's shape to (LLVM type, value).
Compute = Callable[[Vectors, Shape], tuple[str, str]]


def _lanewise(operator: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        return s.type, v.c.let(f"{operator} {s.type} {v.seen(s, 0)}, {v.seen(s, 1)}")

    return compute


def _compare(operator: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        flags = v.c.let(f"{operator} {s.type} {v.seen(s, 0)}, {v.seen(s, 1)}")
        return s.ints, v.c.let(f"sext <{s.count} x i1> {flags} to {s.ints}")

    return compute


def _intrinsic(name: str, operands: int, last: str = "") -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        arguments = [f"{s.type} {v.seen(s, i)}" for i in range(operands)] + ([last] if last else [])
        return s.type, v.call(f"{name}.{s.suffix}", s.type, *arguments)

    return compute


def _neg(v: Vectors, s: Shape) -> tuple[str, str]:
    return s.type, v.c.let(f"sub {s.type} zeroinitializer, {v.seen(s, 0)}")


def _all_true(v: Vectors, s: Shape) -> tuple[str, str]:
    zero = v.c.let(f"icmp eq {s.type} {v.seen(s, 0)}, zeroinitializer")
    some = v.c.let(f"bitcast <{s.count} x i1> {zero} to i{s.count}")
    return "i32", v.c.let(f"zext i1 {v.c.let(f'icmp eq i{s.count} {some}, 0')} to i32")


def _bitmask(v: Vectors, s: Shape) -> tuple[str, str]:
    negative = v.c.let(f"icmp slt {s.type} {v.seen(s, 0)}, zeroinitializer")
    return "i32", v.c.let(f"zext i{s.count} {v.c.let(f'bitcast <{s.count} x i1> {negative} to i{s.count}')} to i32")


def _average(v: Vectors, s: Shape) -> tuple[str, str]:
    wide = f"<{s.count} x i{2 * s.bits}>"
    x, y = (v.c.let(f"zext {s.type} {v.seen(s, i)} to {wide}") for i in (0, 1))
    total = v.c.let(f"add {wide} {x}, {y}")
    ones = f"<{', '.join([f'i{2 * s.bits} 1'] * s.count)}>"
    half = v.c.let(f"lshr {wide} {v.c.let(f'add {wide} {total}, {ones}')}, {ones}")
    return s.type, v.c.let(f"trunc {wide} {half} to {s.type}")


def _shift(operator: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        by = v.c.let(f"and i32 {v[1]}, {s.bits - 1}")
        how = "trunc" if s.bits < 32 else "zext"
        lane = by if s.bits == 32 else v.c.let(f"{how} i32 {by} to i{s.bits}")
        return s.type, v.c.let(f"{operator} {s.type} {v.seen(s, 0)}, {_splatted(v.c, s.type, s.lane, s.count, lane)}")

    return compute


def _splatted(c: Code, type_: str, lane: str, count: int, value: str) -> str:
    first = c.let(f"insertelement {type_} poison, {lane} {value}, i32 0")
    return c.let(f"shufflevector {type_} {first}, {type_} poison, <{count} x i32> zeroinitializer")


# -- floats ----------------------------------------------------------------------------------------


def _min_max(predicate: str, zeros: str) -> Compute:
    return lambda v, s: (
        s.type, least_or_greatest(v.c, s.type, s.ints, v.seen(s, 0), v.seen(s, 1), predicate, zeros)
    )  # fmt: skip


def _pseudo(first: int, second: int) -> Compute:
    """pmin, pmax: the second operand when one is less than the other."""

    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        x, y = v.seen(s, 0), v.seen(s, 1)
        wins = v.c.let(f"fcmp olt {s.type} {(x, y)[first]}, {(x, y)[second]}")
        return s.type, v.c.let(f"select <{s.count} x i1> {wins}, {s.type} {y}, {s.type} {x}")

    return compute


def _on_sign(operator: str, negated: bool) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        sign = -(1 << s.bits - 1)
        return s.ints, v.c.let(f"{operator} {s.ints} {v.ints(s, 0)}, {s.splat(~sign if negated else sign)}")

    return compute


def _multiply_add(sign: int) -> Compute:
    """Rounded after the product and after the sum. A NaN keeps its sign, so -1 is a factor that LLVM must not see."""

    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        x = v.seen(s, 0)
        if sign < 0:
            minus = f"<{', '.join([f'{s.lane} -1.0'] * s.count)}>"
            x = v.c.let(f"fmul {s.type} {v.call(f'arithmetic.fence.{s.suffix}', s.type, f'{s.type} {minus}')}, {x}")
        product = v.c.let(f"fmul {s.type} {x}, {v.seen(s, 1)}")
        return s.type, v.c.let(f"fadd {s.type} {product}, {v.seen(s, 2)}")

    return compute


# -- between shapes --------------------------------------------------------------------------------


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
    inner = Vectors(v.c, [v.cast(pairs, middle.type, _BYTES)])
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


# -- bits and places -------------------------------------------------------------------------------


def _bits(operator: str) -> Compute:
    return lambda v, s: (_BYTES, v.c.let(f"{operator} {_BYTES} {v[0]}, {v[1]}"))


def _not(v: Vectors, s: Shape) -> tuple[str, str]:
    return _BYTES, v.c.let(f"xor {_BYTES} {v[0]}, splat(i8 -1)")


def _and_not(v: Vectors, s: Shape) -> tuple[str, str]:
    return _BYTES, v.c.let(f"and {_BYTES} {v[0]}, {v.c.let(f'xor {_BYTES} {v[1]}, splat(i8 -1)')}")


def _bitselect(v: Vectors, s: Shape) -> tuple[str, str]:
    first = v.c.let(f"and {_BYTES} {v[0]}, {v[2]}")
    inverse = v.c.let(f"xor {_BYTES} {v[2]}, splat(i8 -1)")
    return _BYTES, v.c.let(f"or {_BYTES} {first}, {v.c.let(f'and {_BYTES} {v[1]}, {inverse}')}")


def _any_true(v: Vectors, s: Shape) -> tuple[str, str]:
    whole = v.c.let(f"bitcast {_BYTES} {v[0]} to i128")
    return "i32", v.c.let(f"zext i1 {v.c.let(f'icmp ne i128 {whole}, 0')} to i32")


def _swizzle(v: Vectors, s: Shape) -> tuple[str, str]:
    inside = v.c.let(f"icmp ult {_BYTES} {v[1]}, splat(i8 16)")
    masked = v.c.let(f"and {_BYTES} {v[1]}, splat(i8 15)")
    found = _gathered(v.c, [v[0]], masked)
    return _BYTES, v.c.let(f"select <16 x i1> {inside}, {_BYTES} {found}, {_BYTES} zeroinitializer")


def _shuffle(v: Vectors, s: Shape) -> tuple[str, str]:
    return _BYTES, _gathered(v.c, [v[0], v[1]], v.c.load(_BYTES, v.c.imm("ptr")))


def _gathered(c: Code, sources: list[str], lanes: str) -> str:
    """Bytes of some vectors, by number, put together in memory."""
    table = c.let(f"alloca [{16 * len(sources)} x i8], align 16")
    for i, source in enumerate(sources):
        c.store(_BYTES, source, c.at(table, 16 * i), 16)
    made = "poison"
    for lane in range(16):
        number = c.let(f"zext i8 {c.let(f'extractelement {_BYTES} {lanes}, i32 {lane}')} to i64")
        byte = c.load("i8", c.at(table, number))
        made = c.let(f"insertelement {_BYTES} {made}, i8 {byte}, i32 {lane}")
    return made


def _splat(v: Vectors, s: Shape) -> tuple[str, str]:
    value = v[0]
    if s.bits < 32:
        value = v.c.let(f"trunc i32 {value} to i{s.bits}")
    return s.type, _splatted(v.c, s.type, s.lane, s.count, value)


def _extract(sign: str) -> Compute:
    def compute(v: Vectors, s: Shape) -> tuple[str, str]:
        value = v.c.let(f"extractelement {s.type} {v.seen(s, 0)}, i64 {v.c.imm()}")
        if s.bits >= 32:
            return s.lane, value
        return "i32", v.c.let(f"{'sext' if sign == 's' else 'zext'} {s.lane} {value} to i32")

    return compute


def _replace(v: Vectors, s: Shape) -> tuple[str, str]:
    value = v[1] if s.bits >= 32 else v.c.let(f"trunc i32 {v[1]} to i{s.bits}")
    return s.type, v.c.let(f"insertelement {s.type} {v.seen(s, 0)}, {s.lane} {value}, i64 {v.c.imm()}")


# -- which row does what ---------------------------------------------------------------------------

_ANY_SHAPE: Mapping[str, Compute] = {
    "all_true": _all_true, "bitmask": _bitmask, "avgr_u": _average, "splat": _splat, "replace_lane": _replace,
    "extract_lane": _extract(""), "extract_lane_s": _extract("s"), "extract_lane_u": _extract("u"),
    "popcnt": _intrinsic("ctpop", 1), "relaxed_laneselect": _bitselect, "q15mulr_sat_s": _rounded_q15,
    "relaxed_q15mulr_s": _rounded_q15, "dot_i16x8_s": _dot(SHAPES["i16x8"]),
    "relaxed_dot_i8x16_i7x16_s": _dot(SHAPES["i8x16"]), "relaxed_dot_i8x16_i7x16_add_s": _dot_add,
    "demote_f64x2_zero": _demote, "promote_low_f32x4": _promote, "swizzle": _swizzle, "relaxed_swizzle": _swizzle,
    "shuffle": _shuffle, "not": _not, "and": _bits("and"), "or": _bits("or"), "xor": _bits("xor"),
    "andnot": _and_not, "bitselect": _bitselect, "any_true": _any_true,
}  # fmt: skip
_INTS: Mapping[str, Compute] = {
    **{n: _lanewise(n) for n in ("add", "sub", "mul")},
    **{n: _compare(f"icmp {p}") for n, p in INT_PREDICATES.items()},
    **{f"{n}_{s}": _intrinsic(f"{s}{n}", 2) for n in ("min", "max") for s in "su"},
    **{f"{n}_sat_{s}": _intrinsic(f"{s}{n}.sat", 2) for n in ("add", "sub") for s in "su"},
    "abs": _intrinsic("abs", 1, "i1 false"), "neg": _neg,
    "shl": _shift("shl"), "shr_s": _shift("ashr"), "shr_u": _shift("lshr"),
}  # fmt: skip
_FLOATS: Mapping[str, Compute] = {
    **{n: _lanewise("f" + n) for n in ("add", "sub", "mul", "div")},
    **{n: _compare(f"fcmp {p}") for n, p in FLOAT_PREDICATES.items()},
    **{n: _intrinsic(i, 1) for n, i in (("ceil", "ceil"), ("floor", "floor"), ("trunc", "trunc"),
                                        ("nearest", "roundeven"), ("sqrt", "sqrt"))},
    "min": _min_max("olt", "or"), "max": _min_max("ogt", "and"),
    "relaxed_min": _min_max("olt", "or"), "relaxed_max": _min_max("ogt", "and"),
    "pmin": _pseudo(1, 0), "pmax": _pseudo(0, 1),
    "abs": _on_sign("and", negated=True), "neg": _on_sign("xor", negated=False),
    "relaxed_madd": _multiply_add(1), "relaxed_nmadd": _multiply_add(-1),
}  # fmt: skip


def _between(what: str) -> Compute | None:
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


def _compute(name: str) -> Compute | None:
    shape, _, what = name.partition(".")
    return (_FLOATS if shape[0] == "f" else _INTS).get(what) or _ANY_SHAPE.get(what) or _between(what)


def _handler(name: str, sig: str, compute: Compute) -> Body:
    shape = SHAPES.get(name.partition(".")[0], SHAPES["i8x16"])
    params, result = sig.partition("->")[0].split(), sig.partition("->")[2].strip()

    def body(c: Code) -> None:
        operands = [c.operand(p, at) for p, at in zip(params, (AT_A, AT_B), strict=False)]
        if len(params) == 3:
            operands.append(c.load(_BYTES, c.at("%fp", c.imm()), 8))
        type_, value = compute(Vectors(c, operands), shape)
        if c.shape.canonical_nan and name.partition(".")[2] in MAKES_NANS and shape.is_float:
            value = _canonical(c, shape, value)
        if result == "v128":
            value = value if type_ == _BYTES else c.let(f"bitcast {type_} {value} to {_BYTES}")
        c.put(result, value)

    return straight(body)


def _canonical(c: Code, shape: Shape, value: str) -> str:
    nan = f"<{', '.join([f'{shape.lane} 0x7FF8000000000000'] * shape.count)}>"
    flags = c.let(f"fcmp uno {shape.type} {value}, {value}")
    return c.let(f"select <{shape.count} x i1> {flags}, {shape.type} {nan}, {shape.type} {value}")


VALUES: Mapping[str, Body] = {
    op.name: _handler(op.name, op.sig, compute)
    for op in ROWS
    if op.width == 0 and (compute := _compute(op.name)) is not None
}

# -- memory ----------------------------------------------------------------------------------------


def _loaded(c: Code, name: str, pointer: str) -> tuple[str, str]:
    """What a load makes of the bytes at a pointer."""
    if found := re.fullmatch(r"v128\.load(\d+)x(\d+)_([su])", name):
        bits, count = int(found[1]), int(found[2])
        value = c.load(f"<{count} x i{bits}>", pointer)
        wide = f"<{count} x i{2 * bits}>"
        return wide, c.let(f"{'sext' if found[3] == 's' else 'zext'} <{count} x i{bits}> {value} to {wide}")
    if found := re.fullmatch(r"v128\.load(\d+)_(splat|zero)", name):
        bits = int(found[1])
        type_, value = f"<{128 // bits} x i{bits}>", c.load(f"i{bits}", pointer)
        if found[2] == "splat":
            return type_, _splatted(c, type_, f"i{bits}", 128 // bits, value)
        return type_, c.let(f"insertelement {type_} zeroinitializer, i{bits} {value}, i32 0")
    return _BYTES, c.load(_BYTES, pointer)


def _load(name: str, width: int, locate: Locate) -> Body:
    def body(c: Code) -> None:
        pointer = locate(c, width, c.bits(AT_A)).pointer
        c.touch(pointer, width, READS)
        type_, value = _loaded(c, name, pointer)
        c.put("v128", value if type_ == _BYTES else c.let(f"bitcast {type_} {value} to {_BYTES}"))

    return straight(body)


def _store(locate: Locate) -> Body:
    def body(c: Code) -> None:
        place = locate(c, 16, c.bits(AT_A))
        c.touch(place.pointer, 16, WRITES)
        c.store(_BYTES, c.operand("v128", AT_B), place.pointer)
        mark(c, place, 16)

    return straight(body)


LANE_AT = FAR_BYTES  # in the record of a lane's load or store, behind what every far access has


def _load_lane(bits: int) -> Body:
    def body(c: Code) -> None:
        value = c.load(f"i{bits}", far(c, bits // 8, c.bits(AT_A)).pointer)
        type_ = f"<{128 // bits} x i{bits}>"
        vector = c.load(type_, c.slot(AT_B), 8)
        lane = c.word("i64", c.imm("ptr"), LANE_AT)
        made = c.let(f"insertelement {type_} {vector}, i{bits} {value}, i64 {lane}")
        c.put("v128", made if type_ == _BYTES else c.let(f"bitcast {type_} {made} to {_BYTES}"))

    return straight(body)


def _store_lane(bits: int) -> Body:
    def body(c: Code) -> None:
        place = far(c, bits // 8, c.bits(AT_A))
        type_ = f"<{128 // bits} x i{bits}>"
        lane = c.word("i64", c.imm("ptr"), LANE_AT)
        value = c.let(f"extractelement {type_} {c.load(type_, c.slot(AT_B), 8)}, i64 {lane}")
        c.store(f"i{bits}", value, place.pointer)
        mark(c, place, bits // 8)

    return straight(body)


_WHOLE_LOADS = [op for op in ROWS if op.width and op.name.startswith("v128.load") and "lane" not in op.name]
ACCESSES: Mapping[str, Body] = {
    **{op.name + where: _load(op.name, op.width, how) for op in _WHOLE_LOADS for where, how in LOCATE.items()},
    **{"v128.store" + where: _store(how) for where, how in LOCATE.items()},
}
LANES: Mapping[str, Body] = {
    **{f"v128.load{bits}_lane": _load_lane(bits) for bits in (8, 16, 32, 64)},
    **{f"v128.store{bits}_lane": _store_lane(bits) for bits in (8, 16, 32, 64)},
}
HANDLERS: Mapping[str, Body] = {**VALUES, **ACCESSES, **LANES}
