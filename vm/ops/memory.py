"""Loads, stores and bulk memory instructions."""

from __future__ import annotations

from vm.ops.row import Has, Imm, Op

# (number, name, type, bytes touched)
_LOADS = (
    (0x28, "i32.load", "i32", 4),
    (0x29, "i64.load", "i64", 8),
    (0x2A, "f32.load", "f32", 4),
    (0x2B, "f64.load", "f64", 8),
    (0x2C, "i32.load8_s", "i32", 1),
    (0x2D, "i32.load8_u", "i32", 1),
    (0x2E, "i32.load16_s", "i32", 2),
    (0x2F, "i32.load16_u", "i32", 2),
    (0x30, "i64.load8_s", "i64", 1),
    (0x31, "i64.load8_u", "i64", 1),
    (0x32, "i64.load16_s", "i64", 2),
    (0x33, "i64.load16_u", "i64", 2),
    (0x34, "i64.load32_s", "i64", 4),
    (0x35, "i64.load32_u", "i64", 4),
)
_STORES = (
    (0x36, "i32.store", "i32", 4),
    (0x37, "i64.store", "i64", 8),
    (0x38, "f32.store", "f32", 4),
    (0x39, "f64.store", "f64", 8),
    (0x3A, "i32.store8", "i32", 1),
    (0x3B, "i32.store16", "i32", 2),
    (0x3C, "i64.store8", "i64", 1),
    (0x3D, "i64.store16", "i64", 2),
    (0x3E, "i64.store32", "i64", 4),
)

_M, _B = Has.LOADS | Has.TRAPS, Has.LOADS | Has.STORES | Has.TRAPS
_BULK = "bulk-memory-operations"


def _bulk(number: int, name: str, imm: tuple[Imm, ...], sig: str, has: Has) -> Op:
    return Op((0xFC, number), name, imm, sig, has, _BULK, "exec-" + name.replace(".", "-"))


ROWS: tuple[Op, ...] = (
    *(Op((0, n), name, (Imm.MEMARG,), f"addr -> {t}", _M, "mvp", "exec-load", w) for n, name, t, w in _LOADS),
    *(
        Op((0, n), name, (Imm.MEMARG,), f"addr {t} ->", Has.STORES | Has.TRAPS, "mvp", "exec-store", w)
        for n, name, t, w in _STORES
    ),
    Op((0, 0x3F), "memory.size", (Imm.MEMORY,), "-> addr", Has.LOADS, "mvp", "exec-memory-size"),
    Op((0, 0x40), "memory.grow", (Imm.MEMORY,), "addr -> addr", Has.STORES, "mvp", "exec-memory-grow"),
    _bulk(8, "memory.init", (Imm.DATA, Imm.MEMORY), "addr i32 i32 ->", Has.STORES | Has.TRAPS),
    _bulk(9, "data.drop", (Imm.DATA,), "->", Has.STORES),
    _bulk(10, "memory.copy", (Imm.MEMORY, Imm.MEMORY), "@memory.copy", _B),
    _bulk(11, "memory.fill", (Imm.MEMORY,), "addr i32 addr ->", Has.STORES | Has.TRAPS),
)
