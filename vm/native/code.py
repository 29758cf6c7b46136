"""Translated functions in native memory, and the records through which calls find them."""

from __future__ import annotations

import ctypes
import mmap
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from vm.counting import Stretch, Way
from vm.instance import Instance
from vm.machine import Machine
from vm.native.build import Handlers
from vm.native.emit.control import WAY_BYTES, WAY_TIMES, WAYS_FIRST
from vm.native.flow import Flow, Pending, flow
from vm.native.scope import At, Scope, Word, address_of
from vm.native.shapes import (
    AT_CODE,
    AT_FUNC,
    AT_HEADS,
    AT_IMM,
    AT_ROOM,
    AT_TIMES,
    AT_TIMES_TAKEN,
    AT_VMCTX,
    AT_ZERO_FROM,
    AT_ZERO_TO,
    FUNC_BYTES,
    PLAIN_BYTES,
    SINGLE_BYTES,
    WORD_BYTES,
)
from vm.native.words import word
from vm.types import SLOT_BYTES, Addr

_POINTER_BYTES = 8
_FORK = struct.Struct("<QQ")
Buffer = ctypes.Array[ctypes.c_char]
_TABLES = ("br_table", "br_table.moving")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where native code stands at a word: before which instruction, and what of its block has not retired."""

    index: int
    not_retired: int
    pending: tuple[tuple[int, Pending], ...]


@dataclass(eq=False)
class Function:
    """A translated function: its blocks, and, once something has to stop in one, its instructions one by one."""

    instance: Instance
    func: int
    buffer: Buffer
    base: int  # address of the first block
    heads: array[int]  # by instruction: offset of the block that begins there, else of nothing
    ticks: Mapping[int, int]  # by first instruction: a block's ticks
    by_address: Mapping[int, int]  # by offset in the code: a block's first instruction
    indexes: array[int]  # by word: its instruction
    not_retired: array[int]  # by word: ticks of the block that have not retired before it
    pending: Mapping[int, tuple[tuple[int, Pending], ...]]
    branches: tuple[tuple[int, int], ...]  # words that go more than one way: offset in the code, instruction
    make_singles: Callable[[], Buffer]
    kept: list[Buffer] = field(repr=False)
    _singles: Buffer | None = None

    @property
    def count(self) -> int:
        """How many instructions it has."""
        return len(self.heads) - 1

    def block_at(self, index: int) -> int | None:
        """The address of the block that begins at an instruction."""
        return self.base + self.heads[index] if index in self.ticks else None

    def blocks_with(self, index: int) -> list[int]:
        """The first instructions of the blocks that an instruction is in."""
        return [first for first, ticks in self.ticks.items() if first <= index < first + ticks]

    def single(self, index: int) -> int:
        """The address of an instruction that stands alone."""
        if self._singles is None:
            self._singles = self.make_singles()
        return ctypes.addressof(self._singles) + WORD_BYTES + index * SINGLE_BYTES

    def plain(self, index: int) -> int:
        """The same, where no site stands in front of it."""
        return self.single(index) + PLAIN_BYTES

    def has(self, pc: int) -> bool:
        """Whether a word is one of this function's."""
        singles = self._singles
        if singles is not None and 0 <= pc - ctypes.addressof(singles) < len(singles):
            return True
        return 0 <= pc - self.base < len(self.indexes) * WORD_BYTES

    def swap(self, handlers: Mapping[int, int]) -> None:
        """Puts other handlers in the place of some, by their addresses, wherever they stand."""
        buffers = [self.buffer] if self._singles is None else [self.buffer, self._singles]
        for buffer in buffers:
            quads = memoryview(buffer).cast("B").cast("Q")
            for at in range(0, len(quads), WORD_BYTES // _POINTER_BYTES):
                other = handlers.get(quads[at])
                if other is not None:
                    quads[at] = other

    def first_of(self, block: int) -> int:
        """The first instruction of the block at an address, or of the one that stands alone there."""
        found = self.by_address.get(block - self.base)
        return (block - self.single(0)) // SINGLE_BYTES if found is None else found

    def standing(self, pc: int) -> Standing:
        """Where native code stands when it leaves at a word."""
        offset = pc - self.base
        if 0 <= offset < len(self.indexes) * WORD_BYTES:
            number = offset // WORD_BYTES
            return Standing(self.indexes[number], self.not_retired[number], self.pending.get(number, ()))
        return Standing((pc - self.single(0)) // SINGLE_BYTES, 1, ())

    # -- what is counted -------------------------------------------------------------------------

    def entered(self, block: int) -> None:
        """Counts a block, or an instruction that stands alone, that the driver goes to."""
        _u64(block + AT_TIMES).value += 1

    def take_times(self) -> Iterator[tuple[Stretch, int]]:
        """How often blocks were gone to since this was asked for last."""
        place = (self.instance.addr, self.func)
        for first, ticks in self.ticks.items():
            if times := _take(self.base + self.heads[first] + AT_TIMES):
                yield Stretch(*place, first, ticks), times
        for index in range(self.count if self._singles is not None else 0):
            if times := _take(self.single(index) + AT_TIMES):
                yield Stretch(*place, index, 1), times

    def take_ways(self) -> Iterator[tuple[Way, int]]:
        """How often branches went where; of two ways the one that a fork's word counts."""
        words = [(self.base + offset, index) for offset, index in self.branches]
        if self._singles is not None:
            words += [(at, i) for i in {i for _, i in self.branches} for at in (self.single(i), self.plain(i))]
        instrs, place = self.instance.facts(self.func).instrs, (self.instance.addr, self.func)
        for at, index in words:
            instr = instrs[index]
            if instr.op.name == "br_table":
                ways = _u64(at + AT_IMM).value + WAYS_FIRST
                for number, branch in enumerate(instr.branches):
                    yield Way(*place, index, branch.target), _take(ways + number * WAY_BYTES + WAY_TIMES)
            else:
                to = index + 1 if instr.op.name == "if" else instr.branches[0].target
                yield Way(*place, index, to), _take(at + AT_TIMES_TAKEN)


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
        self._variants: Mapping[str, str] = {}  # handlers that stand in the place of others
        self.functions: dict[tuple[Addr, int], Function] = {}
        self._homes: dict[Addr, Home] = {}
        self._stride = machine.layouts.struct("CodeRecord").size
        self._by_code = _zeroed(machine.code.reserved // self._stride * _POINTER_BYTES)
        self.by_code_address = address_of(self._by_code)
        self._by_code_words = self._by_code.cast("Q")

    def holding(self, pc: int) -> Function:
        """The function that a word is one of."""
        return next(function for function in self.functions.values() if function.has(pc))

    def home(self, instance: Instance) -> Home:
        """An instance's function records; all are empty at first."""
        found = self._homes.get(instance.addr)
        if found is None:
            records = _zeroed(max(1, len(instance.module.func_type_indexes)) * FUNC_BYTES)
            found = self._homes[instance.addr] = Home(instance, records, address_of(records))
        return found

    def translate(self, instance: Instance, func: int) -> Function:
        """Translates a function and makes it known to calls."""
        facts, home = instance.facts(func), self.home(instance)
        scope = Scope(self.machine, instance, facts, lambda callee: home.address + callee * FUNC_BYTES)
        made = flow(scope)
        at, size = _layout(made)
        buffer = ctypes.create_string_buffer(WORD_BYTES + size)
        base = ctypes.addressof(buffer) + WORD_BYTES
        heads = array("I", bytes(4 * (len(facts.instrs) + 1)))
        for first, block in made.blocks.items():
            heads[first] = at[block.first_word]
        indexes, not_retired = _standings(made, at, size)
        function = Function(
            instance, func, buffer, base, heads, {first: b.ticks for first, b in made.blocks.items()},
            {at[b.first_word]: first for first, b in made.blocks.items()},
            indexes, not_retired,
            {at[number] // WORD_BYTES: pending for number, pending in made.pending.items()},
            tuple((at[n], made.indexes[n]) for n, w in enumerate(made.words) if w.fork or w.handler in _TABLES),
            lambda: self._singles(scope, base, heads), scope.kept,
        )  # fmt: skip
        ticks = {block.first_word: block.ticks for block in made.blocks.values()}
        packed = bytearray(size)
        for number, each in enumerate(made.words):
            data = self._pack(each, ticks.get(number, 0), lambda i: base + heads[i], scope)
            packed[at[number] : at[number] + len(data)] = data
        ctypes.memmove(base, bytes(packed), size)
        self.functions[instance.addr, func] = function
        self._record(home, function, facts.frame_slots, (facts.param_slots, facts.num_local_slots))
        return function

    def use(self, variants: Mapping[str, str]) -> None:
        """Puts handlers in the place of others, by name, and back what is not in the place of something any more."""
        handlers, before = self._handlers, self._variants
        others = {}
        for name in {*variants, *before}:
            now, then = variants.get(name, name), before.get(name, name)
            if now != then and handlers.is_made(then):
                others[handlers[then]] = handlers[now]
        self._variants = variants
        if others:
            for function in self.functions.values():
                function.swap(others)

    def _singles(self, scope: Scope, base: int, heads: array[int]) -> Buffer:
        """A function's instructions one by one, each a block of its own; branches lead back to whole blocks."""
        instrs = scope.facts.instrs
        buffer = ctypes.create_string_buffer(WORD_BYTES + len(instrs) * SINGLE_BYTES)
        at = ctypes.addressof(buffer) + WORD_BYTES
        for i, instr in enumerate(instrs):
            made, single = word(At(scope, instr, i)), at + i * SINGLE_BYTES
            data = self._pack(made, 1, lambda index: base + heads[index], scope)
            if made.fork is None:
                data += Word("br").packed(self._handlers[self._variants.get("br", "br")], 0, single + SINGLE_BYTES)
            for place in (single, single + PLAIN_BYTES):
                ctypes.memmove(place, data, len(data))
        return buffer

    def _pack(self, made: Word, ticks: int, place: Callable[[int], int], scope: Scope) -> bytes:
        """A word as it lies in memory, with the one after it when it forks."""
        imm = made.imm
        if made.to is not None:
            imm = place(made.to)
        elif made.record is not None:
            imm = scope.keep(made.record(place))
        data = made.packed(self._handlers[self._variants.get(made.handler, made.handler)], ticks, imm)
        return data if made.fork is None else data + _FORK.pack(*map(place, made.fork))

    def _record(self, home: Home, function: Function, frame_slots: int, zeroed: tuple[int, int]) -> None:
        at = function.func * FUNC_BYTES
        for offset, value, size in (
            (AT_ROOM, frame_slots * SLOT_BYTES, 8),
            (AT_ZERO_FROM, zeroed[0] * SLOT_BYTES, 4),
            (AT_ZERO_TO, zeroed[1] * SLOT_BYTES, 4),
            (AT_FUNC, function.func, 4),
            (AT_VMCTX, home.instance.addr, 8),
            (AT_HEADS, function.heads.buffer_info()[0], 8),
            (AT_CODE, function.base, 8),
        ):
            home.records[at + offset : at + offset + size] = value.to_bytes(size, "little")
        code = self.machine.code_of(home.instance, function.func)
        self._by_code_words[(code - self.machine.code.base) // self._stride] = home.address + at


def _layout(made: Flow) -> tuple[list[int], int]:
    """Each word's offset from the first block, and the size of all in bytes. A block has its count in front of it."""
    offsets, at = [], 0
    firsts = {block.first_word for block in made.blocks.values()}
    for number, each in enumerate(made.words):
        if number and number in firsts and made.words[number - 1].fork is None:
            at += WORD_BYTES
        offsets.append(at)
        at += WORD_BYTES if each.fork is None else 2 * WORD_BYTES
    return offsets, at


def _standings(made: Flow, at: list[int], size: int) -> tuple[array[int], array[int]]:
    """By place in the code: the word's instruction, and the ticks of its block that have not retired before it."""
    indexes, not_retired = (array("I", bytes(4 * (size // WORD_BYTES))) for _ in range(2))
    blocks = sorted(made.blocks.values(), key=lambda block: block.first_word)
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        last = len(made.words) if following is None else following.first_word
        for number in range(block.first_word, last):
            place = at[number] // WORD_BYTES
            indexes[place] = made.indexes[number]
            not_retired[place] = block.end - made.indexes[number]
    return indexes, not_retired


def _u64(address: int) -> ctypes.c_uint64:
    return ctypes.c_uint64.from_address(address)


def _take(address: int) -> int:
    """A count, which begins anew."""
    at = _u64(address)
    found, at.value = at.value, 0
    return found


def _zeroed(size: int) -> memoryview:
    """Zeroed memory that takes no room where it was never written."""
    return memoryview(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
