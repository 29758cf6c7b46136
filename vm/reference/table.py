"""Steps for table instructions."""

from __future__ import annotations

from collections.abc import Callable

from vm.libcalls import tables as libcalls
from vm.reference.step import Floats, Site, Slots, Step
from vm.tables import Table
from vm.types import I64, ExternKind


def _table(site: Site, imm: int = 0) -> Table:
    return site.instance.tables[site.imm(imm)]


def element(site: Site, number: int) -> Callable[[int], int]:
    """From an index that was checked to what a table has there: the runtime resolves what was not yet."""
    table, resolve = site.instance.tables[number], site.libcall(libcalls.lazy_init)
    if not table.is_func:
        return table.slot
    words, encoding = table.words, site.links.machine.layouts.era.funcref

    def get(i: int) -> int:
        word = words[i]
        return resolve(number, i) if encoding.is_lazy(word) else encoding.decode(word)

    return get


def table_get(site: Site) -> Step:
    """[i] → [ref]"""
    table, get, at, after = _table(site), element(site, site.imm()), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        table.check(q[at], 1)
        q[at] = get(q[at])
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
    table, number = _table(site), site.imm()
    grow = site.libcall(
        libcalls.table_grow(table), imported=site.instance.module.is_imported(ExternKind.TABLE, site.imm())
    )
    failed = (1 << (64 if table.type.addr is I64 else 32)) - 1
    value, delta, after = site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        old = grow(number, q[delta], q[value])
        q[value] = failed if old is None else old
        return after

    return step


def table_fill(site: Site) -> Step:
    """[i ref count] → []"""
    number, fill = site.imm(), site.libcall(libcalls.table_fill(_table(site)))
    at, value, count, after = site.operand(2), site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        fill(number, q[at], q[value], q[count])
        return after

    return step


def table_copy(site: Site) -> Step:
    """[to from count] → []"""
    into, source, copy = site.imm(0), site.imm(1), site.libcall(libcalls.table_copy)
    to, frm, count, after = site.operand(2), site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        copy(into, q[to], source, q[frm], q[count])
        return after

    return step


def table_init(site: Site) -> Step:
    """[to from count] → []"""
    elem, number, tables = site.imm(0), site.imm(1), site.instance.tables
    length, base = site.libcall(libcalls.elem_segment_len), site.libcall(libcalls.elem_segment_base)
    to, frm, count, after = site.operand(2), site.operand(1), site.operand(0), site.next

    def in_line(table: int, elem: int, to: int, start: int, count: int) -> None:
        tables[table].init(to, lambda first, end: base(elem, first, end), length(elem), start, count)

    init = site.libcall(libcalls.table_init, in_line)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        init(number, elem, q[to], q[frm], q[count])
        return after

    return step


def elem_drop(site: Site) -> Step:
    """[] → []"""
    drop, elem, after = site.libcall(libcalls.elem_drop), site.imm(), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        drop(elem)
        return after

    return step
