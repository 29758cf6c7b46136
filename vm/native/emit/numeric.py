"""Integer and floating-point instructions, comparisons and conversions: from operands to a value.

A NaN comes out as x86-64 hardware makes it, the first operand's before the second's: the same as in the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vm.native.ir import FLOAT, INT, LLVM, Code

Value = Callable[[Code, str, str, str], str]  # (handler, value type, operand, operand) → value

INT_PREDICATES = {
    "eq": "eq", "ne": "ne", "lt_s": "slt", "lt_u": "ult", "gt_s": "sgt", "gt_u": "ugt",
    "le_s": "sle", "le_u": "ule", "ge_s": "sge", "ge_u": "uge",
}  # fmt: skip
FLOAT_PREDICATES = {"eq": "oeq", "ne": "une", "lt": "olt", "gt": "ogt", "le": "ole", "ge": "oge"}
_PLAIN = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_SHIFTS = {"shl": "shl", "shr_s": "ashr", "shr_u": "lshr"}
_ROTATES = {"rotl": "fshl", "rotr": "fshr"}
_ROUNDINGS = {"ceil": "ceil", "floor": "floor", "trunc": "trunc", "nearest": "roundeven", "sqrt": "sqrt"}
_FLOAT_PLAIN = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}


def condition(name: str, c: Code, x: str, y: str) -> str:
    """A comparison as an i1."""
    type_, _, what = name.partition(".")
    if type_ in FLOAT:
        return c.let(f"fcmp {FLOAT_PREDICATES[what]} {FLOAT[type_]} {x}, {y}")
    return c.let(f"icmp {INT_PREDICATES[what]} {type_} {x}, {y}")


def is_comparison(name: str) -> bool:
    type_, _, what = name.partition(".")
    return what in (FLOAT_PREDICATES if type_ in FLOAT else INT_PREDICATES) and type_ in INT


def _compare(name: str) -> Value:
    return lambda c, t, x, y: c.let(f"zext i1 {condition(name, c, x, y)} to i32")


def _plain(operator: str) -> Value:
    return lambda c, t, x, y: c.let(f"{operator} {LLVM[t]} {x}, {y}")


def _shift(operator: str) -> Value:
    def emit(c: Code, t: str, x: str, y: str) -> str:
        by = c.let(f"and {t} {y}, {31 if t == 'i32' else 63}")
        return c.let(f"{operator} {t} {x}, {by}")

    return emit


def _rotate(operator: str) -> Value:
    return lambda c, t, x, y: c.let(f"call {t} @llvm.{operator}.{t}({t} {x}, {t} {x}, {t} {y})")


def _divide(operator: str) -> Value:
    def emit(c: Code, t: str, x: str, y: str) -> str:
        c.guard(c.let(f"icmp eq {t} {y}, 0"))
        if operator == "sdiv":
            least = -(1 << (31 if t == "i32" else 63))
            c.guard(c.let(f"and i1 {c.let(f'icmp eq {t} {x}, {least}')}, {c.let(f'icmp eq {t} {y}, -1')}"))
        elif operator == "srem":  # the least number's remainder by -1 is 0, and must not be computed
            y = c.let(f"select i1 {c.let(f'icmp eq {t} {y}, -1')}, {t} 1, {t} {y}")
        return c.let(f"{operator} {t} {x}, {y}")

    return emit


def _count(operator: str) -> Value:
    last = "" if operator == "ctpop" else ", i1 false"
    return lambda c, t, x, y: c.let(f"call {t} @llvm.{operator}.{t}({t} {x}{last})")


def _eqz(c: Code, t: str, x: str, y: str) -> str:
    return c.let(f"zext i1 {c.let(f'icmp eq {t} {x}, 0')} to i32")


def _extend(bits: int) -> Value:
    return lambda c, t, x, y: c.let(f"sext i{bits} {c.let(f'trunc {t} {x} to i{bits}')} to {t}")


def _rounding(operator: str) -> Value:
    def emit(c: Code, t: str, x: str, y: str) -> str:
        f = FLOAT[t]
        return c.let(f"call {f} @llvm.{operator}.f{t[1:]}({f} {x})")

    return emit


def least_or_greatest(c: Code, f: str, bits: str, x: str, y: str, predicate: str, zeros: str) -> str:
    """min and max of floats or vectors of them: NaNs add up, of two zeros the bits decide."""
    sign = "" if not f.startswith("<") else f[:-1].split(" x ")[0] + " x i1>"
    flag = sign or "i1"
    xb, yb = c.let(f"bitcast {f} {x} to {bits}"), c.let(f"bitcast {f} {y} to {bits}")
    same = c.let(f"bitcast {bits} {c.let(f'{zeros} {bits} {xb}, {yb}')} to {f}")
    chosen = c.let(f"select {flag} {c.let(f'fcmp {predicate} {f} {x}, {y}')}, {f} {x}, {f} {y}")
    chosen = c.let(f"select {flag} {c.let(f'fcmp oeq {f} {x}, {y}')}, {f} {same}, {f} {chosen}")
    added = c.let(f"fadd {f} {x}, {y}")
    return c.let(f"select {flag} {c.let(f'fcmp uno {f} {x}, {y}')}, {f} {added}, {f} {chosen}")


def _min_max(predicate: str, zeros: str) -> Value:
    return lambda c, t, x, y: least_or_greatest(c, FLOAT[t], INT[t], x, y, predicate, zeros)


def _on_bits(make: Callable[[Code, str, int, str, str], str]) -> Value:
    def emit(c: Code, t: str, x: str, y: str) -> str:
        bits = INT[t]
        sign = -(1 << (int(t[1:]) - 1))
        xb = c.let(f"bitcast {FLOAT[t]} {x} to {bits}")
        yb = c.let(f"bitcast {FLOAT[t]} {y} to {bits}") if y else ""
        return c.let(f"bitcast {bits} {make(c, bits, sign, xb, yb)} to {FLOAT[t]}")

    return emit


def _abs(c: Code, bits: str, sign: int, x: str, y: str) -> str:
    return c.let(f"and {bits} {x}, {~sign}")


def _neg(c: Code, bits: str, sign: int, x: str, y: str) -> str:
    return c.let(f"xor {bits} {x}, {sign}")


def _copysign(c: Code, bits: str, sign: int, x: str, y: str) -> str:
    return c.let(f"or {bits} {c.let(f'and {bits} {x}, {~sign}')}, {c.let(f'and {bits} {y}, {sign}')}")


def _integers(t: str) -> Mapping[str, Value]:
    table: dict[str, Value] = {f"{t}.{n}": _compare(f"{t}.{n}") for n in INT_PREDICATES}
    table |= {f"{t}.{n}": _plain(operator) for n, operator in _PLAIN.items()}
    table |= {f"{t}.{n}": _shift(operator) for n, operator in _SHIFTS.items()}
    table |= {f"{t}.{n}": _rotate(operator) for n, operator in _ROTATES.items()}
    table |= {f"{t}.{n}": _divide(o) for n, o in
              (("div_s", "sdiv"), ("div_u", "udiv"), ("rem_s", "srem"), ("rem_u", "urem"))}  # fmt: skip
    table |= {f"{t}.{n}": _count(o) for n, o in (("clz", "ctlz"), ("ctz", "cttz"), ("popcnt", "ctpop"))}
    table |= {f"{t}.extend{bits}_s": _extend(bits) for bits in (8, 16, 32) if bits < int(t[1:])}
    return {**table, f"{t}.eqz": _eqz}


def _floats(t: str) -> Mapping[str, Value]:
    return {
        **{f"{t}.{n}": _compare(f"{t}.{n}") for n in FLOAT_PREDICATES},
        **{f"{t}.{n}": _plain(operator) for n, operator in _FLOAT_PLAIN.items()},
        **{f"{t}.{n}": _rounding(operator) for n, operator in _ROUNDINGS.items()},
        f"{t}.min": _min_max("olt", "or"),
        f"{t}.max": _min_max("ogt", "and"),
        f"{t}.abs": _on_bits(_abs),
        f"{t}.neg": _on_bits(_neg),
        f"{t}.copysign": _on_bits(_copysign),
    }


# -- conversions -----------------------------------------------------------------------------------

_DOUBLE = {-(1 << 31) - 1: "0xC1E0000000200000", -(1 << 31): "0xC1E0000000000000", 1 << 31: "0x41E0000000000000",
           1 << 32: "0x41F0000000000000", -(1 << 63): "0xC3E0000000000000", 1 << 63: "0x43E0000000000000",
           1 << 64: "0x43F0000000000000", -1: "0xBFF0000000000000"}  # fmt: skip  # LLVM writes floats as f64 bits


def _truncate(to: str, frm: str, signed: bool) -> Value:
    bits, f = int(to[1:]), FLOAT[frm]
    low, predicate = (-(1 << bits - 1), "oge") if signed else (-1, "ogt")
    if signed and bits == 32 and frm == "f64":
        low, predicate = low - 1, "ogt"
    high = 1 << (bits - 1 if signed else bits)

    def emit(c: Code, t: str, x: str, y: str) -> str:
        above = c.let(f"fcmp {predicate} {f} {x}, {_DOUBLE[low]}")
        below = c.let(f"fcmp olt {f} {x}, {_DOUBLE[high]}")
        c.guard(c.let(f"xor i1 {c.let(f'and i1 {above}, {below}')}, true"))
        return c.let(f"fpto{'s' if signed else 'u'}i {f} {x} to {to}")

    return emit


def _saturate(to: str, frm: str, signed: bool) -> Value:
    f, how = FLOAT[frm], "fptosi" if signed else "fptoui"
    return lambda c, t, x, y: c.let(f"call {to} @llvm.{how}.sat.{to}.f{frm[1:]}({f} {x})")


def _cast(operator: str, frm: str, to: str) -> Value:
    return lambda c, t, x, y: c.let(f"{operator} {LLVM[frm]} {x} to {LLVM[to]}")


def _conversions() -> Mapping[str, Value]:
    table: dict[str, Value] = {
        "i32.wrap_i64": _cast("trunc", "i64", "i32"),
        "i64.extend_i32_s": _cast("sext", "i32", "i64"),
        "i64.extend_i32_u": _cast("zext", "i32", "i64"),
        "f32.demote_f64": _cast("fptrunc", "f64", "f32"),
        "f64.promote_f32": _cast("fpext", "f32", "f64"),
    }
    for i, f in (("i32", "f32"), ("i64", "f64")):
        table |= {f"{i}.reinterpret_{f}": _cast("bitcast", f, i), f"{f}.reinterpret_{i}": _cast("bitcast", i, f)}
    for i in ("i32", "i64"):
        for f in FLOAT:
            for s, signed in (("s", True), ("u", False)):
                table[f"{i}.trunc_{f}_{s}"] = _truncate(i, f, signed)
                table[f"{i}.trunc_sat_{f}_{s}"] = _saturate(i, f, signed)
                table[f"{f}.convert_{i}_{s}"] = _cast("sitofp" if signed else "uitofp", i, f)
    return table


VALUES: Mapping[str, Value] = {
    **_integers("i32"),
    **_integers("i64"),
    **_floats("f32"),
    **_floats("f64"),
    **_conversions(),
}

INTRINSICS = "\n".join(
    [f"declare {t} @llvm.{n}.{t}({t}, i1)" for n in ("ctlz", "cttz") for t in ("i32", "i64")]
    + [f"declare {t} @llvm.ctpop.{t}({t})" for t in ("i32", "i64")]
    + [f"declare {t} @llvm.{n}.{t}({t}, {t}, {t})" for n in _ROTATES.values() for t in ("i32", "i64")]
    + [f"declare {f} @llvm.{n}.f{t[1:]}({f})" for n in _ROUNDINGS.values() for t, f in FLOAT.items()]
    + [f"declare {i} @llvm.{n}.sat.{i}.f{t[1:]}({f})" for n in ("fptosi", "fptoui") for i in ("i32", "i64")
       for t, f in FLOAT.items()]
)  # fmt: skip
