"""Translated functions: words in native memory, and the records through which calls find them."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable
from dataclasses import dataclass, field

from vm.instance import Instance
from vm.machine import Machine
from vm.native.build import Handlers
from vm.native.join import joined
from vm.native.shapes import (
    AT_CODE,
    AT_FUNC,
    AT_ROOM,
    AT_VMCTX,
    AT_ZERO_FROM,
    AT_ZERO_TO,
    FUNC_BYTES,
    WORD_BYTES,
)
from vm.native.words import PACKED, At, Scope, Word, address_of, word
from vm.types import SLOT_BYTES, Addr

_POINTER_BYTES = 8


@dataclass(eq=False)
class Function:
    """A translated function. `apart` has the words that were joined, as their first instruction alone."""

    instance: Instance
    func: int
    buffer: ctypes.Array[ctypes.c_char]
    base: int
    count: int
    apart: dict[int, bytes]
    together: dict[int, bytes]
    kept: list[ctypes.Array[ctypes.c_char]] = field(repr=False)

    def put(self, index: int, data: bytes) -> None:
        """Overwrites the start of an instruction's word."""
        ctypes.memmove(self.base + index * WORD_BYTES, data, len(data))

    def joined_over(self, index: int) -> int | None:
        """The first instruction of the joined word that stands for an instruction, if one does."""
        for first in range(index, max(-1, index - 8), -1):
            data = self.together.get(first)
            if data is not None:
                return first if first + PACKED.unpack(data)[2] // WORD_BYTES > index else None
        return None


@dataclass(eq=False)
class Home:
    """The function records of an instance."""

    instance: Instance
    records: memoryview
    address: int


class CodeCache:
    """Translated functions of a machine, by instance and index."""

    def __init__(self, machine: Machine, handlers: Handlers) -> None:
        self.machine, self._handlers = machine, handlers
        self.functions: dict[tuple[Addr, int], Function] = {}
        self._homes: dict[Addr, Home] = {}
        self._stride = machine.layouts.struct("CodeRecord").size
        self._by_code = _zeroed(machine.code.reserved // self._stride * _POINTER_BYTES)
        self.by_code_address = address_of(self._by_code)
        self._by_code_words = self._by_code.cast("Q")

    def home(self, instance: Instance) -> Home:
        """An instance's function records; all are empty at first."""
        found = self._homes.get(instance.addr)
        if found is None:
            records = _zeroed(max(1, len(instance.module.func_type_indexes)) * FUNC_BYTES)
            found = self._homes[instance.addr] = Home(instance, records, address_of(records))
        return found

    def function(self, instance: Instance, func: int) -> Function:
        """A function, translated when it is first asked for."""
        key = (instance.addr, func)
        found = self.functions.get(key)
        if found is None:
            found = self.functions[key] = self._translate(instance, func)
        return found

    def _translate(self, instance: Instance, func: int) -> Function:
        facts, home = instance.facts(func), self.home(instance)
        count = len(facts.instrs)
        buffer = ctypes.create_string_buffer(count * WORD_BYTES)
        base = ctypes.addressof(buffer)
        scope = Scope(self.machine, instance, facts, base, lambda callee: home.address + callee * FUNC_BYTES)
        words = [word(At(scope, instr, i)) for i, instr in enumerate(facts.instrs)]
        together = {i: self._pack(w) for i, w in joined(facts.instrs, words).items()}
        packed = [self._pack(w) for w in words]
        apart = {i: packed[i] for i in together}
        ctypes.memmove(base, b"".join(together.get(i, data) for i, data in enumerate(packed)), count * WORD_BYTES)
        self._record(home, func, base, facts.frame_slots, (facts.param_slots, facts.num_local_slots))
        return Function(instance, func, buffer, base, count, apart, together, scope.kept)

    def _pack(self, made: Word) -> bytes:
        return PACKED.pack(*made.packed(self._handlers[made.handler]))

    def _record(self, home: Home, func: int, base: int, frame_slots: int, zeroed: tuple[int, int]) -> None:
        """Makes a function known to calls."""
        at = func * FUNC_BYTES
        values: Iterable[tuple[int, int, int]] = (
            (AT_ROOM, frame_slots * SLOT_BYTES, 8),
            (AT_ZERO_FROM, zeroed[0] * SLOT_BYTES, 4),
            (AT_ZERO_TO, zeroed[1] * SLOT_BYTES, 4),
            (AT_FUNC, func, 4),
            (AT_VMCTX, home.instance.addr, 8),
            (AT_CODE, base, 8),
        )
        for offset, value, size in values:
            home.records[at + offset : at + offset + size] = value.to_bytes(size, "little")
        code = self.machine.code_of(home.instance, func)
        self._by_code_words[(code - self.machine.code.base) // self._stride] = home.address + at


def _zeroed(size: int) -> memoryview:
    """Zeroed memory that takes no room where it was never written."""
    return memoryview(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
