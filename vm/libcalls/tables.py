"""The runtime's functions for tables, element segments and funcrefs. `table` and `elem` are the module's indexes."""

from __future__ import annotations

from dataclasses import replace

from vm.instance import Instance
from vm.libcalls.libcall import Libcall, libcall
from vm.machine import Machine
from vm.segments import elem_slots
from vm.tables import Table
from vm.types import Addr


@libcall("ref_func", "func_ref")
def ref_func(machine: Machine, instance: Instance, func: int) -> Addr:
    """A function's VMFuncRef, written when it never was."""
    return machine.func_ref(instance, func)


@libcall("table_get_lazy_init_func_ref", "table_get_lazy_init_funcref")
def lazy_init(machine: Machine, instance: Instance, table: int, i: int) -> int:
    """Element `i`, which was not resolved yet."""
    return instance.tables[table].slot(i)


@libcall("table_grow", "table_grow_func_ref", "table_grow_funcref")
def table_grow_func_ref(machine: Machine, instance: Instance, table: int, delta: int, value: int) -> int | None:
    """The old size in elements; None past a limit."""
    return instance.tables[table].grow(delta, value, machine.table_budget())


table_grow_gc_ref = replace(table_grow_func_ref, names=("table_grow", "table_grow_gc_ref", "table_grow_externref"))


@libcall("table_fill", "table_fill_func_ref", "table_fill_funcref")
def table_fill_func_ref(machine: Machine, instance: Instance, table: int, to: int, value: int, count: int) -> None:
    """Raises Trap."""
    instance.tables[table].fill(to, value, count)


table_fill_gc_ref = replace(table_fill_func_ref, names=("table_fill", "table_fill_gc_ref", "table_fill_externref"))


def table_grow(table: Table) -> Libcall[[int, int, int], int | None]:
    """What grows a table: older eras have a function for each kind of reference."""
    return table_grow_func_ref if table.is_func else table_grow_gc_ref


def table_fill(table: Table) -> Libcall[[int, int, int, int], None]:
    """What fills a table."""
    return table_fill_func_ref if table.is_func else table_fill_gc_ref


@libcall("table_copy")
def table_copy(
    machine: Machine, instance: Instance, to_table: int, to: int, from_table: int, start: int, count: int
) -> None:
    """Raises Trap."""
    instance.tables[to_table].copy(to, instance.tables[from_table], start, count)


@libcall("table_init")
def table_init(machine: Machine, instance: Instance, table: int, elem: int, to: int, start: int, count: int) -> None:
    """Raises Trap."""
    available = elem_segment_len.run(machine, instance, elem)
    instance.tables[table].init(
        to, lambda first, end: elem_segment_base.run(machine, instance, elem, first, end), available, start, count
    )


# -- element segments --------------------------------------------------------------------------------


@libcall("passive_elem_segment_len")
def elem_segment_len(machine: Machine, instance: Instance, elem: int) -> int:
    """Items the segment has now: none once it was dropped."""
    return 0 if instance.elem_dropped(elem) else len(instance.module.elems[elem].items)


@libcall("passive_elem_segment_base")
def elem_segment_base(machine: Machine, instance: Instance, elem: int, start: int, end: int) -> list[int]:
    """What lies at the segment's base: items [start, end) as slots."""
    return elem_slots(machine, instance, elem, start, end)


@libcall("passive_elem_segment_drop", "elem_drop")
def elem_drop(machine: Machine, instance: Instance, elem: int) -> None:
    """The segment is empty from now on."""
    instance.record.set("elem_dropped", 1, elem)
