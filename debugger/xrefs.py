"""Who uses what: calls, globals, tables, memories and types, found by one scan of a module's code."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from vm.errors import DecodeError
from vm.instructions import READERS, ReadImmediates, read_instruction, read_opcode
from vm.module import Module
from vm.ops.row import Imm, Op
from vm.ops.table import BY_CODE

_REPORT_EVERY = 256  # function bodies


class Use(NamedTuple):
    """An instruction at a file offset, in a function, that names something."""

    func: int
    offset: int
    op: str


Progress = Callable[[int, int], None]  # (function bodies done, of how many)
_Key = tuple[Imm, int]
_Names = tuple[tuple[int, Imm], ...]  # (place in the immediates, what the number there counts)

_INDEXED = (Imm.FUNC, Imm.GLOBAL, Imm.TABLE, Imm.MEMORY, Imm.TYPE)
_MEMORY_OF_MEMARG = 1  # a memory argument is (alignment, memory, offset)


def _names(op: Op) -> _Names:
    """Which of an instruction's immediates are indices that can be looked up."""
    if op.imm == (Imm.MEMARG,):
        return ((_MEMORY_OF_MEMARG, Imm.MEMORY),)
    return tuple((i, kind) for i, kind in enumerate(op.imm) if kind in _INDEXED)


_NAMES: Mapping[tuple[int, int], _Names] = MappingProxyType({code: _names(op) for code, op in BY_CODE.items()})
_SHORT: Mapping[int, tuple[ReadImmediates | None, _Names]] = MappingProxyType(
    {number: (READERS[0, number] if op.imm else None, _NAMES[0, number])
     for (prefix, number), op in BY_CODE.items() if not prefix}
)  # fmt: skip


class Xrefs:
    """Cross references of one module; the first question scans its code."""

    def __init__(self, module: Module, progress: Progress | None = None) -> None:
        self.module = module
        self._progress = progress

    def callers(self, func: int) -> tuple[Use, ...]:
        """Calls of a function, and instructions that take its reference."""
        return self._uses((Imm.FUNC, func))

    def callees(self, func: int) -> tuple[Use, ...]:
        """What a function calls, once each: `func` of a result is the function called, `offset` the first call."""
        if func < self.module.num_imported_funcs:
            return ()
        pos, end = self.module.body(func).code
        found: dict[int, Use] = {}
        with suppress(DecodeError):  # of a body that is not valid, what stands before counts
            while pos < end:
                instr = read_instruction(self.module.bytes, pos, end)
                if instr.op.imm == (Imm.FUNC,) and isinstance(instr.imm[0], int):
                    found.setdefault(instr.imm[0], Use(instr.imm[0], instr.offset, instr.op.name))
                pos = instr.end
        return tuple(found.values())

    def global_users(self, index: int) -> tuple[Use, ...]:
        return self._uses((Imm.GLOBAL, index))

    def table_users(self, index: int) -> tuple[Use, ...]:
        return self._uses((Imm.TABLE, index))

    def memory_users(self, index: int) -> tuple[Use, ...]:
        """Loads and stores among them."""
        return self._uses((Imm.MEMORY, index))

    def type_users(self, index: int) -> tuple[Use, ...]:
        """Indirect calls that expect a type."""
        return self._uses((Imm.TYPE, index))

    # -- the scan --------------------------------------------------------------------------------

    def _uses(self, key: _Key) -> tuple[Use, ...]:
        return tuple(self._use(offset) for offset in self._found.get(key, ()))

    def _use(self, offset: int) -> Use:
        body = bisect_right(self._starts, offset) - 1
        op, _ = read_opcode(self.module.bytes, offset, len(self.module.bytes))
        return Use(self.module.num_imported_funcs + body, offset, op.name)

    @cached_property
    def _starts(self) -> list[int]:
        return [body.span.start for body in self.module.bodies]

    @cached_property
    def _found(self) -> Mapping[_Key, array[int]]:
        """File offsets of the instructions that name each thing."""
        found: defaultdict[_Key, array[int]] = defaultdict(lambda: array("I"))
        bodies = self.module.bodies
        for i, body in enumerate(bodies):
            if self._progress is not None and i % _REPORT_EVERY == 0:
                self._progress(i, len(bodies))
            try:
                self._scan(*body.code, found)
            except DecodeError:
                continue
        if self._progress is not None:
            self._progress(len(bodies), len(bodies))
        return found

    def _scan(self, pos: int, end: int, found: defaultdict[_Key, array[int]]) -> None:
        data, short = self.module.bytes, _SHORT
        while pos < end:
            start, byte = pos, data[pos]
            known = short.get(byte)
            if known is not None:
                read, names = known
                if read is None:
                    pos += 1
                    continue
                imm, pos = read(data, pos + 1, end)
            else:
                instr = read_instruction(data, pos, end)
                imm, pos, names = instr.imm, instr.end, _NAMES[instr.op.code]
            for place, kind in names:
                index = imm[place]
                assert isinstance(index, int)
                found[kind, index].append(start)
