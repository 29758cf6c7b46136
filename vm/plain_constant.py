"""Constant expressions that are a single number. Most are, and a module may have a million of them: they need no stack,
no typing and no list of instructions."""

from __future__ import annotations

from vm.instructions import READERS, ReadImmediates
from vm.module import Plain
from vm.ops.table import BY_NAME
from vm.types import NumType

_END = BY_NAME["end"].code[1]
_NUMBERS: dict[int, tuple[NumType, ReadImmediates]] = {
    op.code[1]: (type_, READERS[op.code])
    for type_ in (NumType.I32, NumType.I64, NumType.F32, NumType.F64)
    for op in (BY_NAME[f"{type_.name.lower()}.const"],)
}


def plain_constant(data: bytes, pos: int, end: int) -> Plain | None:
    """The expression at `pos` if it is one number; the whole of it lies in [pos, end). Raises DecodeError."""
    if pos >= end or (found := _NUMBERS.get(data[pos])) is None:
        return None
    type_, read = found
    (value, *_), after = read(data, pos + 1, end)
    if after >= end or data[after] != _END:
        return None
    assert isinstance(value, int)
    return Plain(type_, value, after + 1)
