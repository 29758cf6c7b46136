"""Mark and sweep: what is reachable from live slots, globals, tables and segments stays, nothing moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vm.gc_heap import FREE, GRANULE_BYTES, HEAD, GcHeap
from vm.globals import read_global
from vm.machine import Machine
from vm.state import live_types
from vm.threads import GuestThread
from vm.types import SLOT_BYTES, Addr, ArrayType, RefType, ValType, slots

_MARKED = 4  # of a head while a collection is under way
_OBJECT = re.compile(rb"[\x01\x04]\x02*")  # a head, marked or not, and its bodies


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did, in objects and bytes."""

    objects_kept: int
    bytes_kept: int
    objects_freed: int
    bytes_freed: int


def is_traced(type_: ValType) -> bool:
    """Whether values of this type are references into the heap."""
    return isinstance(type_, RefType) and not type_.is_func


def roots(machine: Machine) -> Iterator[tuple[str, int]]:
    """What holds a reference from outside the heap: a description, and the reference."""
    for thread in machine.threads:
        yield from _roots_of(machine, thread)
    for instance in machine.instances:
        for i, global_ in enumerate(instance.globals):
            if is_traced(global_.type.value):
                yield f"global {i} of {instance.name}", read_global(machine, global_)
        for number, values in instance.elem_values.items():
            if not instance.elem_dropped(number):
                yield from ((f"element segment {number} of {instance.name}, item {i}", v) for i, v in enumerate(values))
    for table in machine.tables.values():
        if not table.is_func:
            name = table.region.name
            yield from ((f"{name}, element {i}", table.peek(i).target) for i in range(table.size))


def _roots_of(machine: Machine, thread: GuestThread) -> Iterator[tuple[str, int]]:
    control, of = thread.control, f" of thread {thread.number}" if len(machine.threads) > 1 else ""
    for i in range(control.depth):
        record, above = control[i], control[i + 1] if i + 1 < control.depth else None
        at = record.base
        for n, type_ in enumerate(live_types(machine, record, above)):
            if is_traced(type_):
                yield f"frame {control.depth - 1 - i}{of}, value {n}", machine.space.load(at, SLOT_BYTES)
            at = Addr(at + slots(type_) * SLOT_BYTES)
    if control.depth == 0:
        for n in range(thread.record.get("entry_results")):  # their types are the caller's to know
            slot = machine.space.load(Addr(thread.values.base + n * SLOT_BYTES), SLOT_BYTES)
            if machine.gc.is_object(slot):
                yield f"result {n}{of}", slot


def references(heap: GcHeap, ref: int) -> Iterator[tuple[str, int]]:
    """What an object refers to: in which field or element, and the reference."""
    found = heap.object(ref)
    if found.kind == "array":
        type_ = heap.types.types[found.type_id].type
        assert isinstance(type_, ArrayType)
        element = heap.array_layout(found.type_id).element
        if element.is_reference:
            words = heap.elements(ref, element, 0, heap.length(ref)).cast("I")
            yield from ((f"element {i}", word) for i, word in enumerate(words))
    elif found.kind in ("struct", "exn"):
        layout = heap.struct_layout if found.kind == "struct" else heap.exception_layout
        for i, part in enumerate(layout(found.type_id).parts):
            if part.is_reference:
                yield f"field {i}", heap.load(ref, part)


def collect(machine: Machine, size: int = 0) -> Collected:
    """Frees what nothing reaches. All frames are in memory. Raises Trap unless `size` bytes have a place then."""
    heap = machine.gc
    if heap.region is None:
        return Collected(0, 0, 0, 0)
    map_ = heap.objects.view
    pending = [ref for _, ref in roots(machine)]
    while pending:
        ref = pending.pop()
        if heap.is_object(ref):  # neither null, a number, nor marked
            map_[ref // GRANULE_BYTES] = _MARKED
            pending.extend(found for _, found in references(heap, ref))
    result = _sweep(heap)
    heap.collected(result.bytes_kept, size)
    return result


def _sweep(heap: GcHeap) -> Collected:
    """Frees the granules of what is not marked."""
    size = heap.objects.size
    before = bytes(heap.objects.view[:size])
    after, kept, freed, bytes_kept, bytes_freed = bytearray(before), 0, 0, 0, 0
    for start, end in _objects(before):
        if before[start] == _MARKED:
            after[start] = HEAD
            kept, bytes_kept = kept + 1, bytes_kept + (end - start) * GRANULE_BYTES
        else:
            after[start:end] = bytes((FREE,)) * (end - start)
            freed, bytes_freed = freed + 1, bytes_freed + (end - start) * GRANULE_BYTES
    heap.objects.view[:size] = after
    heap.objects.mark(0, size)
    return Collected(kept, bytes_kept, freed, bytes_freed)


def _objects(map_: bytes) -> Iterator[tuple[int, int]]:
    """Granules [start, end) of each object."""
    for found in _OBJECT.finditer(map_):
        yield found.span()
