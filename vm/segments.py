"""Element and data segments of an instance, as bulk instructions use them."""

from __future__ import annotations

from dataclasses import dataclass

from vm import constant
from vm.gc_heap import GcHeap
from vm.globals import read_global
from vm.instance import Instance
from vm.machine import Machine
from vm.memory import RegionKind
from vm.module import Span
from vm.types import SLOT_BYTES


@dataclass(frozen=True)
class ConstantsOf:
    """What the constant expressions of an instance reach."""

    machine: Machine
    instance: Instance

    @property
    def heap(self) -> GcHeap:
        return self.machine.gc

    def global_value(self, index: int) -> int:
        return read_global(self.machine, self.instance.globals[index])

    def func_ref(self, func: int) -> int:
        return self.machine.func_ref(self.instance, func)

    def type_id(self, type_index: int) -> int:
        return self.instance.type_ids[type_index]


def constant_slot(machine: Machine, instance: Instance, span: Span) -> int:
    """What a constant expression yields; the objects it makes stay."""
    if (plain := constant.static_value(instance.module, span)) is not None:
        return plain
    with machine.gc.uncollected():
        return constant.evaluate(instance.module, span, ConstantsOf(machine, instance))


def elem_slots(machine: Machine, instance: Instance, elem: int, start: int, end: int) -> list[int]:
    """Items [start, end) of an element segment as slots; the funcrefs are written."""
    kept = instance.elem_values.get(elem)
    if kept is not None:
        return list(kept[start:end])
    return [
        machine.func_ref(instance, item) if isinstance(item, int) else constant_slot(machine, instance, item)
        for item in instance.module.elems[elem].items[start:end]
    ]


def keep_elem_values(machine: Machine, instance: Instance) -> None:
    """Segments of references into the GC heap are made once, when the instance is."""
    for number, elem in enumerate(instance.module.elems):
        if elem.type.is_func or not elem.items:
            continue
        region = machine.space.map(
            RegionKind.ELEMS, f"element segment {number} of {instance.name}", len(elem.items) * SLOT_BYTES,
            owner=instance.addr, writable=False,
        )  # fmt: skip
        slots = elem_slots(machine, instance, number, 0, len(elem.items))
        machine.space.fill_readonly(region, b"".join(slot.to_bytes(SLOT_BYTES, "little") for slot in slots))
        instance.elem_values[number] = machine.space.words(region.base, len(slots))


def drop_data(instance: Instance, data: int) -> None:
    """data.drop: the segment is empty from now on; the runtime's length word says so too."""
    instance.record.set("data_dropped", 1, data)
    for i, entry in enumerate(instance.shape.runtime_data):
        if entry.kind == "passive" and entry.index == data:
            instance.vmctx.set("runtime_data_lengths", 0, i)
