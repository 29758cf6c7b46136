"""Wide arithmetic: 128-bit numbers as two i64 operands, the low half first."""

from __future__ import annotations

from vm.ops.row import Has, Op

_FOUR, _TWO = "i64 i64 i64 i64 -> i64 i64", "i64 i64 -> i64 i64"


def _op(number: int, name: str, sig: str) -> Op:
    return Op((0xFC, number), name, (), sig, Has.PURE, "wide arithmetic", "exec-binop")


ROWS: tuple[Op, ...] = (
    _op(19, "i64.add128", _FOUR),
    _op(20, "i64.sub128", _FOUR),
    _op(21, "i64.mul_wide_s", _TWO),
    _op(22, "i64.mul_wide_u", _TWO),
)
