"""Which bytes an instruction is about to touch, read from the machine before it runs.

For watches. What is listed here is touched by the instruction itself, if it does not trap. Where the runtime does the
work (growing, allocating, resolving a lazy element, dropping a segment), what it changes is found by comparing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from vm.facts import FunctionFacts, Instr
from vm.gc_layout import Part
from vm.globals import global_width
from vm.instance import Instance
from vm.machine import Machine
from vm.memories import LinearMemory
from vm.ops.row import Has, Imm
from vm.ops.table import OPS
from vm.stop import Access
from vm.tables import Table
from vm.types import Addr

_READ, _WRITE = (True, False), (False, True)


class Before(NamedTuple):
    """An instruction that is about to run, and its frame's slots."""

    machine: Machine
    instance: Instance
    facts: FunctionFacts
    instr: Instr
    frame: memoryview

    def operand(self, depth: int) -> int:
        """The slot so far below the top of the operand stack, 0 being the top."""
        value: int = self.frame[self.facts.num_local_slots + self.instr.height - 1 - depth]
        return value

    def imm(self, place: int = 0) -> int:
        value = self.instr.imm[place]
        assert isinstance(value, int)
        return value


Accesses = tuple[Access, ...]
Finder = Callable[[Before], Accesses]


def accesses(before: Before) -> Accesses:
    """What the instruction itself touches; nothing when it will trap for a bound."""
    finder = _FINDERS.get(before.instr.op.name)
    return finder(before) if finder is not None else ()


# -- memories --------------------------------------------------------------------------------------


def _of_memory(memory: LinearMemory, start: int, size: int, how: tuple[bool, bool]) -> Accesses:
    if not size or start + size > memory.size_bytes:
        return ()
    region = memory.region
    bases = (region.base, *(base for base, _ in region.earlier))  # what is watched may have been named before a move
    return tuple(Access(Addr(base + start), size, *how) for base in bases)


def _memory(before: Before) -> Accesses:
    """Loads, stores and atomics: the address lies below what is stored."""
    op = before.instr.op
    above = op.sig.partition("->")[0].split()[1:]
    address = before.operand(sum(2 if type_ == "v128" else 1 for type_ in above))
    start, atomic = address + before.imm(1), "atomic" in op.name
    if atomic and start % op.width:
        return ()
    how = (Has.LOADS in op.has, Has.STORES in op.has)
    return _of_memory(before.instance.memories[before.imm()], start, op.width, how)


def _memory_fill(before: Before) -> Accesses:
    memory = before.instance.memories[before.imm()]
    return _of_memory(memory, before.operand(2), before.operand(0), _WRITE)


def _memory_copy(before: Before) -> Accesses:
    to, frm = (before.instance.memories[before.imm(i)] for i in (0, 1))
    size = before.operand(0)
    written = _of_memory(to, before.operand(2), size, _WRITE)
    read = _of_memory(frm, before.operand(1), size, _READ)
    return written + read if written and read else ()


def _memory_init(before: Before) -> Accesses:
    data, memory = before.imm(0), before.instance.memories[before.imm(1)]
    if before.operand(1) + before.operand(0) > len(before.instance.data_bytes(data)):
        return ()
    return _of_memory(memory, before.operand(2), before.operand(0), _WRITE)


# -- globals and tables ----------------------------------------------------------------------------


def _global(before: Before) -> Accesses:
    extern = before.instance.globals[before.imm()]
    how = _READ if before.instr.op.name == "global.get" else _WRITE
    return (Access(extern.storage, global_width(before.machine, extern.type), *how),)


def _of_table(table: Table, first: int, count: int, how: tuple[bool, bool]) -> Accesses:
    if not count or first + count > table.size:
        return ()
    start = Addr(table.region.base + first * table.element_bytes)
    return (Access(start, count * table.element_bytes, *how),)


def _table_get(before: Before) -> Accesses:
    return _of_table(before.instance.tables[before.imm()], before.operand(0), 1, _READ)


def _table_set(before: Before) -> Accesses:
    return _of_table(before.instance.tables[before.imm()], before.operand(1), 1, _WRITE)


def _table_fill(before: Before) -> Accesses:
    return _of_table(before.instance.tables[before.imm()], before.operand(2), before.operand(0), _WRITE)


def _table_copy(before: Before) -> Accesses:
    to, frm = (before.instance.tables[before.imm(i)] for i in (0, 1))
    count = before.operand(0)
    written = _of_table(to, before.operand(2), count, _WRITE)
    read = _of_table(frm, before.operand(1), count, _READ)
    return written + read if written and read else ()


def _table_init(before: Before) -> Accesses:
    elem, table = before.imm(0), before.instance.tables[before.imm(1)]
    dropped = before.instance.elem_dropped(elem)
    available = 0 if dropped else len(before.instance.module.elems[elem].items)
    if before.operand(1) + before.operand(0) > available:
        return ()
    return _of_table(table, before.operand(2), before.operand(0), _WRITE)


def _call_indirect(before: Before) -> Accesses:
    return _of_table(before.instance.tables[before.imm(1)], before.operand(0), 1, _READ)


# -- objects ---------------------------------------------------------------------------------------


def _part(before: Before) -> Part:
    heap, type_id = before.machine.gc, before.instance.type_ids[before.imm()]
    if before.instr.op.name.startswith("struct"):
        return heap.struct_layout(type_id).parts[before.imm(1)]
    return heap.array_layout(type_id).element


def _in_heap(before: Before, ref: int, part: Part, first: int, count: int, how: tuple[bool, bool]) -> Accesses:
    region = before.machine.gc.region
    if not ref or region is None or not count:
        return ()
    return (Access(Addr(region.base + ref + part.offset + first * part.bytes), count * part.bytes, *how),)


def _struct_get(before: Before) -> Accesses:
    return _in_heap(before, before.operand(0), _part(before), 0, 1, _READ)


def _struct_set(before: Before) -> Accesses:
    part = _part(before)
    return _in_heap(before, before.operand(2 if part.bytes == 16 else 1), part, 0, 1, _WRITE)


def _elements(before: Before, ref: int, first: int, count: int, how: tuple[bool, bool]) -> Accesses:
    if not ref or first + count > before.machine.gc.length(ref):
        return ()
    return _in_heap(before, ref, _part(before), first, count, how)


def _array_get(before: Before) -> Accesses:
    return _elements(before, before.operand(1), before.operand(0), 1, _READ)


def _array_set(before: Before) -> Accesses:
    wide = 2 if _part(before).bytes == 16 else 1
    return _elements(before, before.operand(wide + 1), before.operand(wide), 1, _WRITE)


def _array_fill(before: Before) -> Accesses:
    wide = 2 if _part(before).bytes == 16 else 1
    return _elements(before, before.operand(wide + 2), before.operand(wide + 1), before.operand(0), _WRITE)


def _array_copy(before: Before) -> Accesses:
    to, at, frm, start, count = (before.operand(i) for i in (4, 3, 2, 1, 0))
    written, read = _elements(before, to, at, count, _WRITE), _elements(before, frm, start, count, _READ)
    return written + read if written and read else ()


_FINDERS: Mapping[str, Finder] = MappingProxyType(
    {
        **{
            op.name: _memory
            for op in OPS
            if Imm.MEMARG in op.imm and op.width and op.name not in ("memory.atomic.notify", "atomic.fence")
        },
        "memory.fill": _memory_fill,
        "memory.copy": _memory_copy,
        "memory.init": _memory_init,
        **dict.fromkeys(("global.get", "global.set"), _global),
        "table.get": _table_get,
        "table.set": _table_set,
        "table.fill": _table_fill,
        "table.copy": _table_copy,
        "table.init": _table_init,
        **dict.fromkeys(("call_indirect", "return_call_indirect"), _call_indirect),
        **dict.fromkeys(("struct.get", "struct.get_s", "struct.get_u"), _struct_get),
        "struct.set": _struct_set,
        **dict.fromkeys(("array.get", "array.get_s", "array.get_u"), _array_get),
        "array.set": _array_set,
        "array.fill": _array_fill,
        "array.copy": _array_copy,
    }
)

# Rows whose other work may change bytes that something watches: found by comparing.
COMPARED = frozenset(
    (
        "memory.grow", "data.drop", "table.get", "table.grow", "table.copy", "table.init", "elem.drop", "call_indirect",
        "return_call_indirect", "ref.func", "struct.new", "struct.new_default", "array.new", "array.new_default",
        "array.new_fixed", "array.new_data", "array.new_elem", "array.init_data", "array.init_elem", "throw",
        "throw_ref",
    )
)  # fmt: skip
TOUCHING = frozenset(_FINDERS) | COMPARED
