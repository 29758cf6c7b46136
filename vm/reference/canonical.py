"""Only canonical NaNs: what the deterministic profile asks of arithmetic (spec: Appendix, Profiles)."""

from __future__ import annotations

from vm.reference.step import Floats, Site, Slots, Step

MAKES_NANS = frozenset(
    ("add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest", "demote_f64", "promote_f32",
     "demote_f64x2_zero", "promote_low_f32x4", "relaxed_madd", "relaxed_nmadd", "relaxed_min", "relaxed_max")
)  # fmt: skip
_LOW = (1 << 64) - 1
_SHAPES = {"f32": (32, 1), "f64": (64, 1), "f32x4": (32, 4), "f64x2": (64, 2)}


def canonical(site: Site, step: Step) -> Step:
    """The step, and after it NaNs made canonical; steps that make none stay as they are."""
    shape, _, name = site.instr.op.name.partition(".")
    if shape not in _SHAPES or name not in MAKES_NANS:
        return step
    width, lanes = _SHAPES[shape]
    operands = site.instr.op.sig.split("->")[0].split()
    at = site.push - (2 * len(operands) if lanes > 1 else len(operands))

    def scalar(q: Slots, d: Floats, f: Floats) -> int:
        after = step(q, d, f)
        q[at] = _quiet(q[at], width)
        return after

    def vector(q: Slots, d: Floats, f: Floats) -> int:
        after = step(q, d, f)
        value = q[at] | q[at + 1] << 64
        made = sum(_quiet(value >> width * i & (1 << width) - 1, width) << width * i for i in range(lanes))
        q[at], q[at + 1] = made & _LOW, made >> 64
        return after

    return vector if lanes > 1 else scalar


def _quiet(bits: int, width: int) -> int:
    """The bits, or those of the canonical NaN when they are one's."""
    mantissa = 23 if width == 32 else 52
    infinity = ((1 << width - 1 - mantissa) - 1) << mantissa
    return infinity | 1 << mantissa - 1 if bits & (1 << width - 1) - 1 > infinity else bits
