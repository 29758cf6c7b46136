"""The one table of instructions, and its indexes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.ops import control, memory, numeric, reference, simd, wide
from vm.ops.row import Op

FAMILIES = (control, numeric, memory, reference, simd, wide)
OPS: tuple[Op, ...] = tuple(sorted((op for family in FAMILIES for op in family.ROWS), key=lambda op: op.code))
BY_CODE: Mapping[tuple[int, int], Op] = MappingProxyType({op.code: op for op in OPS})
BY_NAME: Mapping[str, Op] = MappingProxyType({op.name: op for op in OPS})

_THREADS, _GC = "threads", "GC"
_EXCEPTIONS, _LEGACY, _FUNC_REFS = "exceptions", "legacy exceptions", "typed function references"

# Opcodes of proposals that have no rows yet: refused by name. A prefix stands for all its numbers.
UNSUPPORTED_PREFIXES: Mapping[int, str] = MappingProxyType({0xFB: _GC, 0xFE: _THREADS})
UNSUPPORTED_CODES: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        (0, 0x06): _LEGACY,
        (0, 0x07): _LEGACY,
        (0, 0x09): _LEGACY,
        (0, 0x18): _LEGACY,
        (0, 0x19): _LEGACY,
        (0, 0x08): _EXCEPTIONS,
        (0, 0x0A): _EXCEPTIONS,
        (0, 0x1F): _EXCEPTIONS,
        (0, 0x14): _FUNC_REFS,
        (0, 0x15): _FUNC_REFS,
        (0, 0xD3): _GC,
        (0, 0xD4): _FUNC_REFS,
        (0, 0xD5): _FUNC_REFS,
        (0, 0xD6): _FUNC_REFS,
    }
)
