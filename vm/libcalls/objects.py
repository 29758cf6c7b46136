"""The runtime's functions for the GC heap, casts and exceptions. Types are by the module's indexes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from vm.errors import Trap, TrapKind
from vm.exceptions import throw
from vm.gc_heap import Allocate, GcHeap
from vm.gc_layout import Part
from vm.instance import Instance
from vm.libcalls.libcall import libcall
from vm.libcalls.tables import elem_segment_base, elem_segment_len
from vm.machine import Machine
from vm.memories import check_segment
from vm.tables import check_items

Items = Callable[[int, int, int], list[int]]  # element segment, first item, how many: slots

# -- allocating --------------------------------------------------------------------------------------


@libcall("gc_alloc_raw")
def gc_alloc_raw(machine: Machine, instance: Instance, size: int, kind: str, type_id: int) -> int:
    """A zeroed object with its header, the heap grown for it. Raises CollectNeeded, Trap."""
    return machine.gc.allocate(size, kind, type_id)


@libcall("grow_gc_heap")
def grow_gc_heap(machine: Machine, instance: Instance, size: int) -> None:
    """Makes the heap larger by at least `size` bytes, where the limit allows."""
    machine.gc.grow(size)


# -- references --------------------------------------------------------------------------------------


@libcall("is_subtype")
def is_subtype(machine: Machine, instance: Instance, type_id: int, of: int) -> bool:
    """Whether one engine-wide type is a subtype of another."""
    return machine.types.is_subtype(type_id, of)


@libcall("intern_func_ref_for_gc_heap")
def intern_func_ref(machine: Machine, instance: Instance, func_ref: int) -> int:
    """The id under which a VMFuncRef stands in the heap."""
    return machine.gc.func_ref_id(func_ref)


@libcall("get_interned_func_ref")
def interned_func_ref(machine: Machine, instance: Instance, id_: int) -> int:
    """The VMFuncRef behind an id."""
    return machine.gc.func_ref(id_)


@libcall("throw_ref")
def throw_ref(machine: Machine, instance: Instance, exception: int) -> Trap | None:
    """The exception goes to its handler, or is the trap of one that nothing catches. All frames are in memory."""
    return throw(machine, exception)


# -- arrays ------------------------------------------------------------------------------------------


def checked(heap: GcHeap, array: int, index: int, count: int) -> None:
    """Raises the null and out-of-bounds traps unless elements [index, index + count) exist."""
    if not array:
        raise Trap(TrapKind.NULL_ARRAY)
    length = heap.length(array)
    if index + count > length:
        detail = f"element {index + count - 1 if count else index}, but the array has {length}"
        raise Trap(TrapKind.OUT_OF_BOUNDS_ARRAY, detail, at=index, size=count, bound=length)


def _element(machine: Machine, instance: Instance, type_index: int) -> Part:
    return machine.gc.array_layout(instance.type_ids[type_index]).element


def _data(instance: Instance, data: int, start: int, size: int) -> bytes:
    """Bytes of a data segment. Raises the out-of-bounds trap."""
    found = instance.data_bytes(data)
    check_segment(start, size, len(found))
    return found[start : start + size]


def items_of(machine: Machine, instance: Instance) -> Items:
    """Takes items of element segments without asking through the array."""
    return taking(partial(elem_segment_len.run, machine, instance), partial(elem_segment_base.run, machine, instance))


def taking(length: Callable[[int], int], base: Callable[[int, int, int], list[int]]) -> Items:
    """Takes items of an element segment as slots. Raises the out-of-bounds trap."""

    def take(elem: int, start: int, count: int) -> list[int]:
        check_items(start, count, length(elem))
        return base(elem, start, start + count)

    return take


@libcall("array_new_data")
def array_new_data(
    machine: Machine, instance: Instance, type_index: int, data: int, start: int, length: int,
    allocate: Allocate | None = None,
) -> int:  # fmt: skip
    """An array of a data segment's bytes from offset `start` on. Raises CollectNeeded, Trap.

    `allocate`, and `items` below, are what code in line has in the place of what the runtime does by itself.
    """
    heap, part = machine.gc, _element(machine, instance, type_index)
    found = _data(instance, data, start, length * part.bytes)
    array = heap.new_array(instance.type_ids[type_index], length, allocate)
    heap.elements(array, part, 0, length)[:] = found
    return array


@libcall("array_new_elem")
def array_new_elem(
    machine: Machine, instance: Instance, type_index: int, elem: int, start: int, length: int,
    allocate: Allocate | None = None, items: Items | None = None,
) -> int:  # fmt: skip
    """An array of an element segment's items. Raises CollectNeeded, Trap."""
    heap, part = machine.gc, _element(machine, instance, type_index)
    found = (items or items_of(machine, instance))(elem, start, length)
    array = heap.new_array(instance.type_ids[type_index], length, allocate)
    for i, item in enumerate(found):
        heap.store(array, part, item, i)
    return array


@libcall("array_copy")
def array_copy(
    machine: Machine, instance: Instance, to_type: int, to: int, index: int, from_type: int, frm: int, start: int,
    count: int,
) -> None:  # fmt: skip
    """As if through a buffer. Raises Trap."""
    heap, part = machine.gc, _element(machine, instance, to_type)
    checked(heap, to, index, count)
    checked(heap, frm, start, count)
    data = bytes(heap.elements(frm, _element(machine, instance, from_type), start, count))
    heap.elements(to, part, index, count)[:] = data
    heap.mark(to, part, index, count)


@libcall("array_init_data")
def array_init_data(
    machine: Machine, instance: Instance, type_index: int, array: int, index: int, data: int, start: int, count: int
) -> None:
    """Raises Trap."""
    heap, part = machine.gc, _element(machine, instance, type_index)
    checked(heap, array, index, count)
    heap.elements(array, part, index, count)[:] = _data(instance, data, start, count * part.bytes)
    heap.mark(array, part, index, count)


@libcall("array_init_elem")
def array_init_elem(
    machine: Machine, instance: Instance, type_index: int, array: int, index: int, elem: int, start: int, count: int,
    items: Items | None = None,
) -> None:  # fmt: skip
    """Raises Trap."""
    heap, part = machine.gc, _element(machine, instance, type_index)
    checked(heap, array, index, count)
    for i, item in enumerate((items or items_of(machine, instance))(elem, start, count), index):
        heap.store(array, part, item, i)
