"""Which Python function runs which row, by the row's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vm.semantics.conversion import CONVERSIONS
from vm.semantics.floating import ARITHMETIC, on_bits
from vm.semantics.integer import integer


def _numeric() -> dict[str, Callable[..., float]]:
    table: dict[str, Callable[..., float]] = dict(CONVERSIONS)
    for bits in (32, 64):
        table |= {f"i{bits}.{name}": run for name, run in integer(bits).items()}
        table |= {f"f{bits}.{name}": run for name, run in ARITHMETIC.items()}
        table |= {f"f{bits}.{name}": run for name, run in on_bits(bits).items()}
    return table


NUMERIC: Mapping[str, Callable[..., float]] = MappingProxyType(_numeric())

# Rows whose floats are handled as bits: their slots are read and written as integers.
BITWISE = frozenset(f"f{bits}.{name}" for bits in (32, 64) for name in ("abs", "neg", "copysign")) | frozenset(
    f"{a}{n}.reinterpret_{b}{n}" for a, b in ("if", "fi") for n in (32, 64)
)
