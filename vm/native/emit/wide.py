"""Wide arithmetic: operands from [a] on, slot after slot, the result's halves to [d] and the slot above."""

from __future__ import annotations

from collections.abc import Mapping

from vm.native.ir import AT_A, AT_D, Body, Code, straight


def _half(c: Code, number: int, extend: str) -> str:
    value = c.load("i64", c.slot(AT_A, 8 * number), 8)
    return c.let(f"{extend} i64 {value} to i128")


def _whole(c: Code, first: int) -> str:
    """Two slots as one number."""
    high = c.let(f"shl i128 {_half(c, first + 1, 'zext')}, 64")
    return c.let(f"or i128 {_half(c, first, 'zext')}, {high}")


def _put(c: Code, value: str) -> None:
    to = c.slot(AT_D)
    c.store("i64", c.let(f"trunc i128 {value} to i64"), to, 8)
    c.store("i64", c.let(f"trunc i128 {c.let(f'lshr i128 {value}, 64')} to i64"), c.at(to, 8), 8)


def _sum(operator: str) -> Body:
    return straight(lambda c: _put(c, c.let(f"{operator} i128 {_whole(c, 0)}, {_whole(c, 2)}")))


def _product(extend: str) -> Body:
    return straight(lambda c: _put(c, c.let(f"mul i128 {_half(c, 0, extend)}, {_half(c, 1, extend)}")))


HANDLERS: Mapping[str, Body] = {
    "i64.add128": _sum("add"),
    "i64.sub128": _sum("sub"),
    "i64.mul_wide_s": _product("sext"),
    "i64.mul_wide_u": _product("zext"),
}
