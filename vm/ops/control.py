"""Control, calls, parametric and variable instructions."""

from __future__ import annotations

from vm.ops.row import Has, Imm, Op

_EXEC = "exec-control"


def _op(
    number: int, name: str, imm: tuple[Imm, ...], sig: str, has: Has, proposal: str = "mvp", anchor: str = _EXEC
) -> Op:
    return Op((0, number), name, imm, sig, has, proposal, anchor)


_C, _S = Has.CONTROL, Has.CONTROL | Has.SILENT
_FUNC_REFS = "function-references"
_CALL = Has.CONTROL | Has.CALLS | Has.TRAPS

ROWS: tuple[Op, ...] = (
    _op(0x00, "unreachable", (), "@unreachable", _C | Has.TRAPS),
    _op(0x01, "nop", (), "->", Has.SILENT),
    _op(0x02, "block", (Imm.BLOCK,), "@block", _S),
    _op(0x03, "loop", (Imm.BLOCK,), "@loop", _S),
    _op(0x04, "if", (Imm.BLOCK,), "@if", _C),
    _op(0x05, "else", (), "@else", _C),
    _op(0x0B, "end", (), "@end", _C | Has.CONST),  # silent, but for a function's last, which returns
    _op(0x0C, "br", (Imm.LABEL,), "@br", _C),
    _op(0x0D, "br_if", (Imm.LABEL,), "@br_if", _C),
    _op(0x0E, "br_table", (Imm.LABELS,), "@br_table", _C),
    _op(0x0F, "return", (), "@return", _C),
    _op(0x10, "call", (Imm.FUNC,), "@call", _CALL),
    _op(0x11, "call_indirect", (Imm.TYPE, Imm.TABLE), "@call_indirect", _CALL),
    _op(0x12, "return_call", (Imm.FUNC,), "@return_call", _CALL, "tail-call"),
    _op(0x13, "return_call_indirect", (Imm.TYPE, Imm.TABLE), "@return_call_indirect", _CALL, "tail-call"),
    _op(0x14, "call_ref", (Imm.TYPE,), "@call_ref", _CALL, _FUNC_REFS, "exec-call-ref"),
    _op(0x15, "return_call_ref", (Imm.TYPE,), "@return_call_ref", _CALL, _FUNC_REFS, "exec-return-call-ref"),
    _op(0x1A, "drop", (), "@drop", Has.PURE, anchor="exec-drop"),
    _op(0x1B, "select", (), "@select", Has.PURE, anchor="exec-select"),
    _op(0x1C, "select_t", (Imm.TYPES,), "@select_t", Has.PURE, "reference-types", "exec-select"),
    _op(0x20, "local.get", (Imm.LOCAL,), "@local.get", Has.PURE, anchor="exec-local-get"),
    _op(0x21, "local.set", (Imm.LOCAL,), "@local.set", Has.NOTHING, anchor="exec-local-set"),
    _op(0x22, "local.tee", (Imm.LOCAL,), "@local.tee", Has.NOTHING, anchor="exec-local-tee"),
    _op(0x23, "global.get", (Imm.GLOBAL,), "@global.get", Has.LOADS | Has.CONST, anchor="exec-global-get"),
    _op(0x24, "global.set", (Imm.GLOBAL,), "@global.set", Has.STORES, anchor="exec-global-set"),
)
