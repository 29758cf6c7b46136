"""Exceptions: `try_table` and the older `try`, with what throws (spec: Control Instructions; legacy exceptions)."""

from __future__ import annotations

from vm.ops.row import Has, Imm, Op


def _op(number: int, name: str, imm: tuple[Imm, ...], has: Has, proposal: str = "exception-handling") -> Op:
    return Op((0, number), name, imm, "@" + name, Has.CONTROL | has, proposal, "exec-" + name.replace("_", "-"))


_OLD = "legacy-exceptions"

ROWS: tuple[Op, ...] = (
    _op(0x08, "throw", (Imm.TAG,), Has.STORES | Has.TRAPS),
    _op(0x0A, "throw_ref", (), Has.TRAPS),
    _op(0x1F, "try_table", (Imm.BLOCK, Imm.CATCHES), Has.SILENT),
    _op(0x06, "try", (Imm.BLOCK,), Has.SILENT, _OLD),
    _op(0x07, "catch", (Imm.TAG,), Has.NOTHING, _OLD),  # fallen into: a jump to the end
    _op(0x19, "catch_all", (), Has.NOTHING, _OLD),
    _op(0x09, "rethrow", (Imm.LABEL,), Has.TRAPS, _OLD),
    _op(0x18, "delegate", (Imm.LABEL,), Has.SILENT, _OLD),
)
