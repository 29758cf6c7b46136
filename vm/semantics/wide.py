"""Wide arithmetic on halves of 64 bits, the low one first; each answers with two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

_LOW = (1 << 64) - 1
Halves = tuple[int, int]


def _halves(value: int) -> Halves:
    return value & _LOW, value >> 64 & _LOW


def add128(a: int, a_high: int, b: int, b_high: int) -> Halves:
    return _halves((a | a_high << 64) + (b | b_high << 64))


def sub128(a: int, a_high: int, b: int, b_high: int) -> Halves:
    return _halves((a | a_high << 64) - (b | b_high << 64))


def _signed(a: int) -> int:
    return a - (a >> 63 << 64)


def mul_wide_s(a: int, b: int) -> Halves:
    return _halves(_signed(a) * _signed(b))


def mul_wide_u(a: int, b: int) -> Halves:
    return _halves(a * b)


WIDE: Mapping[str, Callable[..., Halves]] = MappingProxyType(
    {
        "i64.add128": add128,
        "i64.sub128": sub128,
        "i64.mul_wide_s": mul_wide_s,
        "i64.mul_wide_u": mul_wide_u,
    }
)
