"""Instructions with a fixed signature, taken from the instruction table, and constants that make trouble."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from tests.fuzz.random_words import FLOATS, INTEGERS
from vm.ops.row import Has, Imm, Op
from vm.ops.table import OPS

_LANES = {"8x16": 16, "16x8": 8, "32x4": 4, "64x2": 2}
_BY_HAND = ("atomic.fence", "memory.size", "memory.grow", "atomic.wait", "atomic.notify")
_OPEN = ("relaxed_madd", "relaxed_nmadd")  # fused or not, as the machine likes: the two need not agree
_FLOAT_LANES = {32: ("nan", "-nan:0x1", "inf", "-0", "0x1p-149", "1.5", "nan:0x200001"),
                64: ("nan", "-nan:0x1", "-inf", "-0", "0x1p-1074", "2.5", "nan:0x4000000000001")}  # fmt: skip


def _sides(op: Op) -> tuple[tuple[str, ...], tuple[str, ...]]:
    params, _, results = op.sig.partition("->")
    return tuple(params.split()), tuple(results.split())


def _plain() -> Iterator[Op]:
    for op in OPS:
        if op.rule is None and not Has.CONTROL & op.has and not any(word in op.name for word in (*_BY_HAND, *_OPEN)):
            yield op


ONE_RESULT: dict[str, list[Op]] = defaultdict(list)  # by its type; constants left out
NO_RESULT: list[Op] = []  # stores
TWO_RESULTS: list[Op] = []
for _op in _plain():
    _params, _results = _sides(_op)
    if any(p == "funcref" for p in (*_params, *_results)) or not _params:
        continue
    if len(_results) == 1 and set(_op.imm) <= {Imm.MEMARG, Imm.LANE, Imm.LANES}:
        ONE_RESULT[_results[0]].append(_op)
    elif len(_results) == 2 and not _op.imm:
        TWO_RESULTS.append(_op)
    elif not _results and Imm.MEMARG in _op.imm:
        NO_RESULT.append(_op)


def params_of(op: Op) -> tuple[str, ...]:
    """The types an instruction takes; `addr` for an address."""
    return _sides(op)[0]


def constant(rng: random.Random, type_: str) -> str:
    """A constant, often one at an edge."""
    if type_ in INTEGERS:
        return f"({type_}.const {rng.choice(INTEGERS[type_])})"
    if type_ in FLOATS:
        return f"({type_}.const {rng.choice(FLOATS[type_])})"
    match rng.randrange(3):
        case 0:
            return f"(v128.const i64x2 {rng.choice(INTEGERS['i64'])} {rng.choice(INTEGERS['i64'])})"
        case 1:
            return f"(v128.const f32x4 {' '.join(rng.choices(_FLOAT_LANES[32], k=4))})"
        case _:
            return f"(v128.const f64x2 {' '.join(rng.choices(_FLOAT_LANES[64], k=2))})"


def immediates(rng: random.Random, op: Op, memory: str) -> str:
    """The immediates of an instruction as text, at random."""
    made = []
    for imm in op.imm:
        match imm:
            case Imm.MEMARG:
                offset = rng.choice((0, 0, 0, 1, 8, 100, 3, 60_000))
                if rng.random() < 0.02:
                    offset = rng.choice((65_530, 0xFFFF_FFFF))
                made.append(f"{memory} offset={offset & -op.width if 'atomic' in op.name else offset}")
            case Imm.LANE:
                made.append(str(rng.randrange(_lane_count(op))))
            case _:
                made += (str(rng.randrange(32)) for _ in range(16))
    return " ".join(made)


def _lane_count(op: Op) -> int:
    shape = op.name.split(".")[0][1:]
    return _LANES[shape] if shape in _LANES else 16 // op.width
