"""Steps for loads, stores and the other memory instructions."""

from __future__ import annotations

from collections.abc import Callable

from vm.memories import LinearMemory, PausedInBulk, out_of_bounds
from vm.memory import CARD_BYTES
from vm.reference.step import Floats, Site, Slots, Step
from vm.segments import drop_data
from vm.semantics.access import LOADS, STORES
from vm.types import I64

_CARD_SHIFT = CARD_BYTES.bit_length() - 1


def _memory(site: Site, imm: int = 0) -> LinearMemory:
    return site.instance.memories[site.imm(imm)]


def load(site: Site) -> Step:
    """[address] → [value]"""
    memory, offset = _memory(site), site.imm(1)
    run, width, at, after = LOADS[site.instr.op.name], site.instr.op.width, site.operand(0), site.next
    view, length = memory.region.view, memory.length_word

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = q[at] + offset
        if address + width > length[0]:
            raise out_of_bounds(address, width, length[0])
        q[at] = run(view, address)
        return after

    return step


def store(site: Site) -> Step:
    """[address value] → []"""
    memory, offset = _memory(site), site.imm(1)
    run, width, at, value = STORES[site.instr.op.name], site.instr.op.width, site.operand(1), site.operand(0)
    view, length, cards, after = memory.region.view, memory.length_word, memory.region.cards, site.next
    last = width - 1
    assert cards is not None

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = q[at] + offset
        if address + width > length[0]:
            raise out_of_bounds(address, width, length[0])
        run(view, address, q[value])
        cards[address >> _CARD_SHIFT] = cards[(address + last) >> _CARD_SHIFT] = 1
        return after

    return step


def memory_size(site: Site) -> Step:
    """[] → [pages]"""
    memory = _memory(site)
    length, shift, to, after = memory.length_word, memory.type.page_log2, site.push, site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = length[0] >> shift
        return after

    return step


def memory_grow(site: Site) -> Step:
    """[delta] → [old pages, or -1]"""
    memory, machine = _memory(site), site.links.machine
    failed = (1 << (64 if memory.type.addr is I64 else 32)) - 1
    at, after = site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        old = memory.grow(q[at], machine.memory_budget())
        q[at] = failed if old is None else old
        return after

    return step


def _resumable(site: Site, run: Callable[[Slots, int], None]) -> Step:
    """A bulk operation that a pause may cut short: it goes on after what the machine notes as done."""
    bulk_done, after = site.links.machine.bulk_done, site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        done = bulk_done[0]
        try:
            run(q, done)
        except PausedInBulk as paused:
            bulk_done[0] = paused.args[0]
            raise
        if done:
            bulk_done[0] = 0
        return after

    return step


def memory_fill(site: Site) -> Step:
    """[to value size] → []"""
    memory, machine = _memory(site), site.links.machine
    to, value, size = site.operand(2), site.operand(1), site.operand(0)
    return _resumable(site, lambda q, done: memory.fill(q[to], q[value], q[size], done, machine.pause_requested))


def memory_copy(site: Site) -> Step:
    """[to from size] → []"""
    memory, source, machine = _memory(site, 0), _memory(site, 1), site.links.machine
    to, frm, size = site.operand(2), site.operand(1), site.operand(0)
    return _resumable(site, lambda q, done: memory.copy(q[to], source, q[frm], q[size], done, machine.pause_requested))


def memory_init(site: Site) -> Step:
    """[to from size] → []"""
    instance, data, memory = site.instance, site.imm(0), _memory(site, 1)
    to, frm, size, after = site.operand(2), site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        memory.init(q[to], instance.data_bytes(data), q[frm], q[size])
        return after

    return step


def data_drop(site: Site) -> Step:
    """[] → []"""
    instance, data, after = site.instance, site.imm(), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        drop_data(instance, data)
        return after

    return step
