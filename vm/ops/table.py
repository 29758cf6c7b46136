"""The one table of instructions, and its indexes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.ops import atomic, control, exceptions, gc, memory, numeric, reference, simd, wide
from vm.ops.row import Op

FAMILIES = (control, exceptions, numeric, memory, reference, gc, simd, wide, atomic)
OPS: tuple[Op, ...] = tuple(sorted((op for family in FAMILIES for op in family.ROWS), key=lambda op: op.code))
BY_CODE: Mapping[tuple[int, int], Op] = MappingProxyType({op.code: op for op in OPS})
BY_NAME: Mapping[str, Op] = MappingProxyType({op.name: op for op in OPS})

# Opcodes of proposals that have no rows yet: refused by name.
UNSUPPORTED_CODES: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        **dict.fromkeys(((0, code) for code in range(0xE0, 0xE7)), "stack switching"),
        **dict.fromkeys(((0xFB, number) for number in range(31, 40)), "custom descriptors"),
        **dict.fromkeys(((0xFE, number) for number in range(0x4F, 0x70)), "shared-everything threads"),
    }
)
