"""Atomic accesses, waiting and notifying (threads proposal)."""

from __future__ import annotations

from vm.ops.row import Has, Imm, Op

_LOADS, _STORES, _BOTH = Has.LOADS | Has.TRAPS, Has.STORES | Has.TRAPS, Has.LOADS | Has.STORES | Has.TRAPS

# (type, suffix of what is narrower, bytes), in the order of the opcodes
_SHAPES = (
    ("i32", "", 4),
    ("i64", "", 8),
    ("i32", "8", 1),
    ("i32", "16", 2),
    ("i64", "8", 1),
    ("i64", "16", 2),
    ("i64", "32", 4),
)
READ_MODIFY_WRITE = ("add", "sub", "and", "or", "xor", "xchg", "cmpxchg")


def _op(number: int, name: str, sig: str, has: Has, width: int, imm: tuple[Imm, ...] = (Imm.MEMARG,)) -> Op:
    return Op((0xFE, number), name, imm, sig, has, "threads", "exec-atomic", width)


def _unsigned(bits: str) -> str:
    return "_u" if bits else ""


ROWS: tuple[Op, ...] = (
    _op(0x00, "memory.atomic.notify", "addr i32 -> i32", _LOADS, 4),
    _op(0x01, "memory.atomic.wait32", "addr i32 i64 -> i32", _LOADS, 4),
    _op(0x02, "memory.atomic.wait64", "addr i64 i64 -> i32", _LOADS, 8),
    _op(0x03, "atomic.fence", "->", Has.NOTHING, 0, (Imm.ZERO,)),
    *(_op(0x10 + i, f"{t}.atomic.load{b}{_unsigned(b)}", f"addr -> {t}", _LOADS, w)
      for i, (t, b, w) in enumerate(_SHAPES)),
    *(_op(0x17 + i, f"{t}.atomic.store{b}", f"addr {t} ->", _STORES, w) for i, (t, b, w) in enumerate(_SHAPES)),
    *(
        _op(0x1E + 7 * n + i, f"{t}.atomic.rmw{b}.{name}{_unsigned(b)}",
            f"addr {t} {t} -> {t}" if name == "cmpxchg" else f"addr {t} -> {t}", _BOTH, w)
        for n, name in enumerate(READ_MODIFY_WRITE)
        for i, (t, b, w) in enumerate(_SHAPES)
    ),
)  # fmt: skip
