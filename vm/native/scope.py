"""What a word of translated code is made from: the function around it, and the records that words point to."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from vm.facts import Branch, FunctionFacts, Instr
from vm.instance import Instance
from vm.libcalls.libcall import entry_at
from vm.libcalls.table import AnyLibcall
from vm.machine import Machine
from vm.memories import LinearMemory
from vm.memory import Region
from vm.tables import Table
from vm.types import SLOT_BYTES, Addr

_U64 = (1 << 64) - 1
_WAY = struct.Struct("<QIII12x")
_FAR = struct.Struct("<QQQQ")
_ENTRY = struct.Struct("<QQ")
_NO_ENTRY = bytearray(SLOT_BYTES)
_TABLE = struct.Struct("<QQQ")

Place = Callable[[int], int]  # the address of an instruction's block
Record = Callable[[Place], bytes]


class Word(NamedTuple):
    """A word to be: a handler's name and operands, slots by number. Where it leads is said by instruction indexes."""

    handler: str
    d: int = 0
    a: int = 0
    b: int = 0
    imm: int = 0
    pair: int | None = None  # 64 bits that stand in the place of `a` and `b`
    to: int | None = None  # the immediate is the address of that instruction's block
    fork: tuple[int, int] | None = None  # blocks to go to: condition not 0, condition 0
    record: Record | None = None  # the immediate is the address of a record with addresses in it

    def packed(self, handler: int, ticks: int, imm: int) -> bytes:
        """What lies in memory."""
        if self.pair is None:
            a, b = self.a * SLOT_BYTES, self.b * SLOT_BYTES
        else:
            a, b = self.pair & 0xFFFF_FFFF, self.pair >> 32
        return _PACKED.pack(handler, self.d * SLOT_BYTES, ticks, a, b, imm & _U64)


_PACKED = struct.Struct("<QIIIIQ")
RUNTIME = Word("runtime")


def address_of(view: memoryview) -> int:
    """Where a writable view's bytes are."""
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


def cards_of(region: Region) -> int:
    """The address of a region's cards."""
    assert region.cards is not None
    return address_of(region.cards)


def memory_fields(machine: Machine, definition: Addr) -> tuple[int, int]:
    """The addresses of the fields that say where a memory lies and how long it is."""
    layout = machine.layouts.struct("VMMemoryDefinition")
    return layout.field("base").at(definition), layout.field("current_length").at(definition)


def table_fields(machine: Machine, definition: Addr) -> tuple[int, int]:
    """The same of a table."""
    layout = machine.layouts.struct("VMTableDefinition")
    return layout.field("base").at(definition), layout.field("current_elements").at(definition)


@dataclass
class Scope:
    """What the words of one function refer to."""

    machine: Machine
    instance: Instance
    facts: FunctionFacts
    record_of: Callable[[int], int]  # address of the function record of a function of the instance
    kept: list[ctypes.Array[ctypes.c_char]] = field(default_factory=list)  # what words point to

    def keep(self, data: bytes) -> int:
        """The address of a record that immediates point to."""
        buffer = ctypes.create_string_buffer(data, len(data))
        self.kept.append(buffer)
        return ctypes.addressof(buffer)

    def way(self, instr: Instr, branch: Branch, popped: int, place: Place) -> bytes:
        """A branch's way as a record: where it leads, and what it carries."""
        frm, to, count = self.facts.carried(instr, branch, popped) or (0, 0, 0)
        return _WAY.pack(place(branch.target), frm * SLOT_BYTES, to * SLOT_BYTES, count * SLOT_BYTES)

    def far(self, memory: LinearMemory, offset: int = 0) -> bytes:
        base, length = memory_fields(self.machine, memory.definition)
        return _FAR.pack(offset, base, length, cards_of(memory.region))

    def entry(self, call: AnyLibcall) -> bytes:
        """The entry of a function of the runtime that native code does itself, and what stands there as long as it may.

        Without one, what stands there is taken from the record.
        """
        layouts = self.machine.layouts
        number = call.number(layouts.era)
        if number is None:
            return _ENTRY.pack(address_of(memoryview(_NO_ENTRY)), 0)
        entry = entry_at(layouts, self.instance, number)
        return _ENTRY.pack(entry, self.machine.runtime_code(number))

    def table(self, table: Table, third: int) -> int:
        """The address of the record of a table instruction."""
        return self.keep(_TABLE.pack(*table_fields(self.machine, table.definition), third))


class At(NamedTuple):
    """An instruction being made a word."""

    scope: Scope
    instr: Instr
    number: int

    @property
    def push(self) -> int:
        """Slot of an operand pushed on top."""
        return self.scope.facts.num_local_slots + self.instr.height

    def imm(self, i: int = 0) -> int:
        value = self.instr.imm[i]
        assert isinstance(value, int)
        return value
