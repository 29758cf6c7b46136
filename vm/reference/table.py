"""Steps for table instructions."""

from __future__ import annotations

from vm.reference.step import Floats, Site, Slots, Step
from vm.segments import elem_slots
from vm.tables import Table
from vm.types import I64


def _table(site: Site, imm: int = 0) -> Table:
    return site.instance.tables[site.imm(imm)]


def table_get(site: Site) -> Step:
    """[i] → [ref]"""
    table, at, after = _table(site), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = table.get(q[at])
        return after

    return step


def table_set(site: Site) -> Step:
    """[i ref] → []"""
    table, at, value, after = _table(site), site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        table.set(q[at], q[value])
        return after

    return step


def table_size(site: Site) -> Step:
    """[] → [elements]"""
    length, to, after = _table(site).length_word, site.push, site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = length[0]
        return after

    return step


def table_grow(site: Site) -> Step:
    """[ref delta] → [old elements, or -1]"""
    table, machine = _table(site), site.links.machine
    failed = (1 << (64 if table.type.addr is I64 else 32)) - 1
    value, delta, after = site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        old = table.grow(q[delta], q[value], machine.table_budget())
        q[value] = failed if old is None else old
        return after

    return step


def table_fill(site: Site) -> Step:
    """[i ref count] → []"""
    table, at, value, count, after = (
        _table(site),
        site.operand(2),
        site.operand(1),
        site.operand(0),
        site.next,
    )

    def step(q: Slots, d: Floats, f: Floats) -> int:
        table.fill(q[at], q[value], q[count])
        return after

    return step


def table_copy(site: Site) -> Step:
    """[to from count] → []"""
    table, source = _table(site, 0), _table(site, 1)
    to, frm, count, after = site.operand(2), site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        table.copy(q[to], source, q[frm], q[count])
        return after

    return step


def table_init(site: Site) -> Step:
    """[to from count] → []"""
    instance, machine, elem, table = site.instance, site.links.machine, site.imm(0), _table(site, 1)
    to, frm, count, after = site.operand(2), site.operand(1), site.operand(0), site.next
    items = len(instance.module.elems[elem].items)

    def slots(start: int, end: int) -> list[int]:
        return elem_slots(machine, instance, elem, start, end)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        table.init(q[to], slots, 0 if instance.elem_dropped(elem) else items, q[frm], q[count])
        return after

    return step


def elem_drop(site: Site) -> Step:
    """[] → []"""
    instance, elem, after = site.instance, site.imm(), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        instance.record.set("elem_dropped", 1, elem)
        return after

    return step
