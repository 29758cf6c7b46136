"""Steps for atomic accesses. Threads take turns between instructions, so every access is atomic already."""

from __future__ import annotations

from collections.abc import Callable

from vm.libcalls import memory as libcalls
from vm.memories import LinearMemory
from vm.reference.step import WAIT, Floats, Site, Slots, Step
from vm.semantics.atomic import COMBINE
from vm.threads import Waiting, take_answer
from vm.types import ExternKind


def _memory(site: Site) -> LinearMemory:
    return site.instance.memories[site.imm(0)]


def _place(site: Site) -> Callable[[int], int]:
    """The effective address of an access. Raises the unaligned and out-of-bounds traps."""
    memory, offset, width = _memory(site), site.imm(1), site.instr.op.width
    return lambda address: libcalls.checked(memory, address + offset, width)


def load(site: Site) -> Step:
    """[address] → [value]"""
    place, view, width = _place(site), _memory(site).region.view, site.instr.op.width
    at, after = site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = place(q[at])
        q[at] = int.from_bytes(view[address : address + width], "little")
        return after

    return step


def store(site: Site) -> Step:
    """[address value] → []"""
    place, region, width = _place(site), _memory(site).region, site.instr.op.width
    at, value, after = site.operand(1), site.operand(0), site.next
    mask = (1 << 8 * width) - 1

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = place(q[at])
        region.view[address : address + width] = (q[value] & mask).to_bytes(width, "little")
        region.mark(address, width)
        return after

    return step


def read_modify_write(site: Site) -> Step:
    """[address operand] → [old value]"""
    place, region, width = _place(site), _memory(site).region, site.instr.op.width
    at, operand, after = site.operand(1), site.operand(0), site.next
    combine, mask = COMBINE[site.instr.op.name.split(".")[-1].removesuffix("_u")], (1 << 8 * width) - 1

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = place(q[at])
        old = int.from_bytes(region.view[address : address + width], "little")
        region.view[address : address + width] = (combine(old, q[operand]) & mask).to_bytes(width, "little")
        region.mark(address, width)
        q[at] = old
        return after

    return step


def compare_exchange(site: Site) -> Step:
    """[address expected replacement] → [old value]"""
    place, region, width = _place(site), _memory(site).region, site.instr.op.width
    at, expected, replacement, after = site.operand(2), site.operand(1), site.operand(0), site.next
    mask = (1 << 8 * width) - 1

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = place(q[at])
        old = int.from_bytes(region.view[address : address + width], "little")
        if old == q[expected] & mask:
            region.view[address : address + width] = (q[replacement] & mask).to_bytes(width, "little")
            region.mark(address, width)
        q[at] = old
        return after

    return step


def fence(site: Site) -> Step:
    """[] → []"""
    after = site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        return after

    return step


def wait(site: Site) -> Step:
    """[address expected timeout] → [0 woken, 1 another value, 2 timed out]"""
    links, memory, offset = site.links, site.imm(0), site.imm(1)
    call = libcalls.memory_atomic_wait32 if site.instr.op.width == 4 else libcalls.memory_atomic_wait64
    begin = site.libcall(call, imported=site.instance.module.is_imported(ExternKind.MEMORY, site.imm()))
    at, expected, timeout = site.operand(2), site.operand(1), site.operand(0)
    here, after, machine = site.index, site.next, links.machine

    def step(q: Slots, d: Floats, f: Floats) -> int:
        answer = take_answer(machine)
        if answer is not None:
            q[at] = answer
            return after
        found = begin(memory, q[at] + offset, q[expected], q[timeout])
        if isinstance(found, Waiting):
            links.waiting, links.left_at = found, here
            return WAIT
        q[at] = found
        return after

    return step


def notify(site: Site) -> Step:
    """[address count] → [how many were woken]"""
    memory, offset = site.imm(0), site.imm(1)
    wake = site.libcall(
        libcalls.memory_atomic_notify, imported=site.instance.module.is_imported(ExternKind.MEMORY, site.imm())
    )
    at, count, after = site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = wake(memory, q[at] + offset, q[count])
        return after

    return step
