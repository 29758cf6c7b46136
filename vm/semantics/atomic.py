"""What atomic read-modify-write operations make of the old value and their operand (threads proposal)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

Combine = Callable[[int, int], int]  # cut to the access's width by the caller

COMBINE: Mapping[str, Combine] = MappingProxyType(
    {
        "add": lambda old, operand: old + operand,
        "sub": lambda old, operand: old - operand,
        "and": lambda old, operand: old & operand,
        "or": lambda old, operand: old | operand,
        "xor": lambda old, operand: old ^ operand,
        "xchg": lambda old, operand: operand,
    }
)
