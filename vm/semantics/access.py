"""Loads and stores on a view of a linear memory whose bounds were checked (spec: Execution, Memory Instructions).

A load is `run(view, at) → slot`, a store `run(view, at, slot)`. Floats are moved as bits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

_U16, _U32, _U64 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<Q")

Load = Callable[[memoryview, int], int]
Store = Callable[[memoryview, int, int], None]


def load8_u(view: memoryview, at: int) -> int:
    return view[at]


def load16_u(view: memoryview, at: int, unpack: Callable[..., tuple[int, ...]] = _U16.unpack_from) -> int:
    return unpack(view, at)[0]


def load32_u(view: memoryview, at: int, unpack: Callable[..., tuple[int, ...]] = _U32.unpack_from) -> int:
    return unpack(view, at)[0]


def load64(view: memoryview, at: int, unpack: Callable[..., tuple[int, ...]] = _U64.unpack_from) -> int:
    return unpack(view, at)[0]


def _signed(load: Load, width: int, bits: int) -> Load:
    top, mask = 1 << (width - 1), (1 << bits) - 1

    def run(view: memoryview, at: int) -> int:
        return ((load(view, at) ^ top) - top) & mask

    return run


def store8(view: memoryview, at: int, slot: int) -> None:
    view[at] = slot & 0xFF


def store16(view: memoryview, at: int, slot: int) -> None:
    _U16.pack_into(view, at, slot & 0xFFFF)


def store32(view: memoryview, at: int, slot: int) -> None:
    _U32.pack_into(view, at, slot & 0xFFFF_FFFF)


def store64(view: memoryview, at: int, slot: int) -> None:
    _U64.pack_into(view, at, slot)


LOADS: Mapping[str, Load] = {
    "i32.load": load32_u,
    "i64.load": load64,
    "f32.load": load32_u,
    "f64.load": load64,
    "i32.load8_s": _signed(load8_u, 8, 32),
    "i32.load8_u": load8_u,
    "i32.load16_s": _signed(load16_u, 16, 32),
    "i32.load16_u": load16_u,
    "i64.load8_s": _signed(load8_u, 8, 64),
    "i64.load8_u": load8_u,
    "i64.load16_s": _signed(load16_u, 16, 64),
    "i64.load16_u": load16_u,
    "i64.load32_s": _signed(load32_u, 32, 64),
    "i64.load32_u": load32_u,
}
STORES: Mapping[str, Store] = {
    "i32.store": store32,
    "i64.store": store64,
    "f32.store": store32,
    "f64.store": store64,
    "i32.store8": store8,
    "i32.store16": store16,
    "i64.store8": store8,
    "i64.store16": store16,
    "i64.store32": store32,
}
