"""Element and data segments of an instance, as bulk instructions use them."""

from __future__ import annotations

from vm import constant
from vm.globals import read_global
from vm.instance import Instance
from vm.machine import Machine
from vm.module import Span


def elem_slots(machine: Machine, instance: Instance, elem: int, start: int, end: int) -> list[int]:
    """Items [start, end) of an element segment as slots; the funcrefs are written."""

    def slot(item: int | Span) -> int:
        if isinstance(item, int):
            return machine.func_ref(instance, item)
        return constant.evaluate(
            instance.module,
            item,
            lambda i: read_global(machine, instance.globals[i]),
            lambda func: machine.func_ref(instance, func),
        )

    return [slot(item) for item in instance.module.elems[elem].items[start:end]]


def drop_data(instance: Instance, data: int) -> None:
    """data.drop: the segment is empty from now on; the runtime's length word says so too."""
    instance.record.set("data_dropped", 1, data)
    for i, entry in enumerate(instance.shape.runtime_data):
        if entry.kind == "passive" and entry.index == data:
            instance.vmctx.set("runtime_data_lengths", 0, i)
