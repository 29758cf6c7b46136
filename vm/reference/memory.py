"""Steps for loads, stores and the other memory instructions."""

from __future__ import annotations

from collections.abc import Callable

from vm.libcalls import memory as libcalls
from vm.memories import LinearMemory, PausedInBulk, out_of_bounds
from vm.memory import CARD_BYTES
from vm.reference.step import Floats, Site, Slots, Step
from vm.semantics.access import LOADS, STORES
from vm.types import I64, ExternKind

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
    number, grow = (
        site.imm(),
        site.libcall(libcalls.memory_grow, imported=site.instance.module.is_imported(ExternKind.MEMORY, site.imm())),
    )
    failed = (1 << (64 if _memory(site).type.addr is I64 else 32)) - 1
    at, after = site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        old = grow(number, q[at])
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
    number, fill = (
        site.imm(),
        site.libcall(libcalls.memory_fill, imported=site.instance.module.is_imported(ExternKind.MEMORY, site.imm())),
    )
    to, value, size = site.operand(2), site.operand(1), site.operand(0)
    return _resumable(site, lambda q, done: fill(number, q[to], q[value], q[size], done))


def memory_copy(site: Site) -> Step:
    """[to from size] → []"""
    into, source = site.imm(0), site.imm(1)
    copy = site.libcall(libcalls.memory_copy, imported=site.instance.module.is_imported(ExternKind.MEMORY, site.imm()))
    to, frm, size = site.operand(2), site.operand(1), site.operand(0)
    return _resumable(site, lambda q, done: copy(into, q[to], source, q[frm], q[size], done))


def memory_init(site: Site) -> Step:
    """[to from size] → []"""
    data, memory, init = site.imm(0), site.imm(1), site.libcall(libcalls.memory_init)
    to, frm, size, after = site.operand(2), site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        init(memory, data, q[to], q[frm], q[size])
        return after

    return step


def data_drop(site: Site) -> Step:
    """[] → []"""
    drop, data, after = site.libcall(libcalls.data_drop), site.imm(), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        drop(data)
        return after

    return step
