"""Vector instructions: a value from one to three operands, written once for each kind and made for every shape.

The third operand's slot offset, or a lane, is the word's immediate; a shuffle's sixteen lanes stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from vm.native.emit.lanes import BYTES, SHAPES, Compute, Shape, Vectors, splatted
from vm.native.emit.numeric import FLOAT_PREDICATES, INT_PREDICATES, least_or_greatest
from vm.native.emit.resized import NAMED, between
from vm.native.ir import AT_A, AT_B, Body, Code, straight
from vm.ops.simd import ROWS
from vm.reference.canonical import MAKES_NANS


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
        return s.type, v.c.let(f"{operator} {s.type} {v.seen(s, 0)}, {splatted(v.c, s.type, s.lane, s.count, lane)}")

    return compute


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


# -- bits and places -------------------------------------------------------------------------------


def _bits(operator: str) -> Compute:
    return lambda v, s: (BYTES, v.c.let(f"{operator} {BYTES} {v[0]}, {v[1]}"))


def _not(v: Vectors, s: Shape) -> tuple[str, str]:
    return BYTES, v.c.let(f"xor {BYTES} {v[0]}, splat(i8 -1)")


def _and_not(v: Vectors, s: Shape) -> tuple[str, str]:
    return BYTES, v.c.let(f"and {BYTES} {v[0]}, {v.c.let(f'xor {BYTES} {v[1]}, splat(i8 -1)')}")


def _bitselect(v: Vectors, s: Shape) -> tuple[str, str]:
    first = v.c.let(f"and {BYTES} {v[0]}, {v[2]}")
    inverse = v.c.let(f"xor {BYTES} {v[2]}, splat(i8 -1)")
    return BYTES, v.c.let(f"or {BYTES} {first}, {v.c.let(f'and {BYTES} {v[1]}, {inverse}')}")


def _any_true(v: Vectors, s: Shape) -> tuple[str, str]:
    whole = v.c.let(f"bitcast {BYTES} {v[0]} to i128")
    return "i32", v.c.let(f"zext i1 {v.c.let(f'icmp ne i128 {whole}, 0')} to i32")


def _swizzle(v: Vectors, s: Shape) -> tuple[str, str]:
    inside = v.c.let(f"icmp ult {BYTES} {v[1]}, splat(i8 16)")
    masked = v.c.let(f"and {BYTES} {v[1]}, splat(i8 15)")
    found = _gathered(v.c, [v[0]], masked)
    return BYTES, v.c.let(f"select <16 x i1> {inside}, {BYTES} {found}, {BYTES} zeroinitializer")


def _shuffle(v: Vectors, s: Shape) -> tuple[str, str]:
    return BYTES, _gathered(v.c, [v[0], v[1]], v.c.load(BYTES, v.c.imm("ptr")))


def _gathered(c: Code, sources: list[str], lanes: str) -> str:
    """Bytes of some vectors, by number, put together in memory."""
    table = c.let(f"alloca [{16 * len(sources)} x i8], align 16")
    for i, source in enumerate(sources):
        c.store(BYTES, source, c.at(table, 16 * i), 16)
    made = "poison"
    for lane in range(16):
        number = c.let(f"zext i8 {c.let(f'extractelement {BYTES} {lanes}, i32 {lane}')} to i64")
        byte = c.load("i8", c.at(table, number))
        made = c.let(f"insertelement {BYTES} {made}, i8 {byte}, i32 {lane}")
    return made


def _splat(v: Vectors, s: Shape) -> tuple[str, str]:
    value = v[0]
    if s.bits < 32:
        value = v.c.let(f"trunc i32 {value} to i{s.bits}")
    return s.type, splatted(v.c, s.type, s.lane, s.count, value)


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
    **NAMED,
    "all_true": _all_true, "bitmask": _bitmask, "avgr_u": _average, "splat": _splat, "replace_lane": _replace,
    "extract_lane": _extract(""), "extract_lane_s": _extract("s"), "extract_lane_u": _extract("u"),
    "popcnt": _intrinsic("ctpop", 1), "relaxed_laneselect": _bitselect,
    "swizzle": _swizzle, "relaxed_swizzle": _swizzle,
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


def _compute(name: str) -> Compute | None:
    shape, _, what = name.partition(".")
    return (_FLOATS if shape[0] == "f" else _INTS).get(what) or _ANY_SHAPE.get(what) or between(what)


def _handler(name: str, sig: str, compute: Compute) -> Body:
    shape = SHAPES.get(name.partition(".")[0], SHAPES["i8x16"])
    params, result = sig.partition("->")[0].split(), sig.partition("->")[2].strip()

    def body(c: Code) -> None:
        operands = [c.operand(p, at) for p, at in zip(params, (AT_A, AT_B), strict=False)]
        if len(params) == 3:
            operands.append(c.load(BYTES, c.at("%fp", c.imm()), 8))
        type_, value = compute(Vectors(c, operands), shape)
        if c.shape.canonical_nan and name.partition(".")[2] in MAKES_NANS and shape.is_float:
            value = _canonical(c, shape, value)
        if result == "v128":
            value = value if type_ == BYTES else c.let(f"bitcast {type_} {value} to {BYTES}")
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
