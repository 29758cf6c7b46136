"""Steps for atomic accesses. Threads take turns between instructions, so every access is atomic already."""

from __future__ import annotations

from collections.abc import Callable

from vm.errors import Trap, TrapKind
from vm.memories import LinearMemory, out_of_bounds
from vm.reference.step import WAIT, Floats, Site, Slots, Step
from vm.semantics.atomic import COMBINE
from vm.threads import Waiting, notify_waiters, take_answer
from vm.types import Addr


def _memory(site: Site) -> LinearMemory:
    return site.instance.memories[site.imm(0)]


def _place(site: Site) -> Callable[[int], int]:
    """The effective address of an access. Raises the unaligned and out-of-bounds traps."""
    memory, offset, width = _memory(site), site.imm(1), site.instr.op.width
    length = memory.length_word

    def place(address: int) -> int:
        at = address + offset
        if at % width:
            raise Trap(TrapKind.UNALIGNED_ATOMIC, f"{width} bytes at {at:#x}", at=at, size=width)
        if at + width > length[0]:
            raise out_of_bounds(at, width, length[0])
        return at

    return place


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
    place, memory, width, links = _place(site), _memory(site), site.instr.op.width, site.links
    at, expected, timeout = site.operand(2), site.operand(1), site.operand(0)
    view, here, after, machine = memory.region.view, site.index, site.next, links.machine

    def step(q: Slots, d: Floats, f: Floats) -> int:
        answer = take_answer(machine)
        if answer is not None:
            q[at] = answer
            return after
        address = place(q[at])
        if not memory.type.shared:
            raise Trap(TrapKind.UNSHARED_WAIT)
        if int.from_bytes(view[address : address + width], "little") != q[expected]:
            q[at] = 1
            return after
        links.waiting, links.left_at = Waiting(Addr(memory.region.base + address), q[timeout]), here
        return WAIT

    return step


def notify(site: Site) -> Step:
    """[address count] → [how many were woken]"""
    place, memory, machine = _place(site), _memory(site), site.links.machine
    at, count, after = site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = place(q[at])
        q[at] = notify_waiters(machine, Addr(memory.region.base + address), q[count])
        return after

    return step
