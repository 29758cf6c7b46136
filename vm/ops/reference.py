"""Reference and table instructions."""

from __future__ import annotations

from vm.ops.row import Has, Imm, Op

_R, _FUNC_REFS = "reference-types", "function-references"


def _table(code: tuple[int, int], name: str, imm: tuple[Imm, ...], sig: str, has: Has, proposal: str = _R) -> Op:
    return Op(code, name, imm, sig, has, proposal, "exec-" + name.replace(".", "-").replace("_", "-"))


_LT, _ST = Has.LOADS | Has.TRAPS, Has.STORES | Has.TRAPS
_BULK = "bulk-memory-operations"

ROWS: tuple[Op, ...] = (
    _table((0, 0xD0), "ref.null", (Imm.HEAP,), "@ref.null", Has.PURE | Has.CONST),
    _table((0, 0xD1), "ref.is_null", (), "@ref.is_null", Has.PURE),
    _table((0, 0xD2), "ref.func", (Imm.FUNC,), "@ref.func", Has.LOADS | Has.CONST),
    _table((0, 0xD3), "ref.eq", (), "@ref.eq", Has.PURE, "gc"),
    _table((0, 0xD4), "ref.as_non_null", (), "@ref.as_non_null", Has.PURE | Has.TRAPS, _FUNC_REFS),
    _table((0, 0xD5), "br_on_null", (Imm.LABEL,), "@br_on_null", Has.CONTROL, _FUNC_REFS),
    _table((0, 0xD6), "br_on_non_null", (Imm.LABEL,), "@br_on_non_null", Has.CONTROL, _FUNC_REFS),
    _table((0, 0x25), "table.get", (Imm.TABLE,), "@table.get", _LT),
    _table((0, 0x26), "table.set", (Imm.TABLE,), "@table.set", _ST),
    _table((0xFC, 12), "table.init", (Imm.ELEM, Imm.TABLE), "@table.init", _ST, _BULK),
    _table((0xFC, 13), "elem.drop", (Imm.ELEM,), "->", Has.STORES, _BULK),
    _table((0xFC, 14), "table.copy", (Imm.TABLE, Imm.TABLE), "@table.copy", _ST, _BULK),
    _table((0xFC, 15), "table.grow", (Imm.TABLE,), "@table.grow", Has.STORES),
    _table((0xFC, 16), "table.size", (Imm.TABLE,), "-> addr", Has.LOADS),
    _table((0xFC, 17), "table.fill", (Imm.TABLE,), "@table.fill", _ST),
)
