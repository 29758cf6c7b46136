"""Steps for locals, globals, and what only moves slots."""

from __future__ import annotations

from vm.errors import Trap, TrapKind
from vm.globals import global_width, is_heap_reference
from vm.libcalls import tables
from vm.memory import CARD_BYTES
from vm.reference.step import Floats, Site, Slots, Step
from vm.types import SLOT_BYTES, slots


def _move(to: int, frm: int, count: int, after: int) -> Step:
    """Copies a value of one slot, or of two."""
    if count == 1:

        def step(q: Slots, d: Floats, f: Floats) -> int:
            q[to] = q[frm]
            return after

        return step

    def wide(q: Slots, d: Floats, f: Floats) -> int:
        q[to : to + count] = q[frm : frm + count]
        return after

    return wide


def local_get(site: Site) -> Step:
    """[] → [local]"""
    local = site.imm()
    return _move(site.push, site.facts.local_slots[local], slots(site.facts.local_types[local]), site.next)


def local_set(site: Site) -> Step:
    """[a] → []; local.tee leaves the operand, and so is the same."""
    local = site.imm()
    count = slots(site.facts.local_types[local])
    return _move(site.facts.local_slots[local], site.push - count, count, site.next)


def _storage(site: Site) -> tuple[memoryview, memoryview, int]:
    """A live view of the global's value, its region's cards, and which card it marks."""
    space = site.links.machine.space
    extern = site.instance.globals[site.imm()]
    region, offset = space.locate(extern.storage, 1)
    assert region.cards is not None
    width = global_width(site.links.machine, extern.type)
    view = space.words(extern.storage, max(1, width // SLOT_BYTES), min(width, SLOT_BYTES))
    return view, region.cards, offset // CARD_BYTES


def global_get(site: Site) -> Step:
    """[] → [global]"""
    view, _, _ = _storage(site)
    to, after, heap = site.push, site.next, site.links.machine.gc
    if heap.by_address and is_heap_reference(site.instance.globals[site.imm()].type.value):

        def address(q: Slots, d: Floats, f: Floats) -> int:
            q[to] = heap.slot_of(view[0])
            return after

        return address

    if len(view) > 1:
        end = to + len(view)

        def wide(q: Slots, d: Floats, f: Floats) -> int:
            q[to:end] = view
            return after

        return wide

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = view[0]
        return after

    return step


def global_set(site: Site) -> Step:
    """[a] → []"""
    view, cards, card = _storage(site)
    frm, after, heap = site.push - len(view), site.next, site.links.machine.gc
    if heap.by_address and is_heap_reference(site.instance.globals[site.imm()].type.value):

        def address(q: Slots, d: Floats, f: Floats) -> int:
            view[0] = heap.word_of(q[frm])
            cards[card] = 1
            return after

        return address

    if len(view) > 1:
        end = site.push

        def wide(q: Slots, d: Floats, f: Floats) -> int:
            view[:] = q[frm:end]
            cards[card] = 1
            return after

        return wide

    def step(q: Slots, d: Floats, f: Floats) -> int:
        view[0] = q[frm]
        cards[card] = 1
        return after

    return step


def drop(site: Site) -> Step:
    """[a] → []"""
    after = site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        return after

    return step


def select(site: Site) -> Step:
    """[a b c] → [a when c is not 0, else b]"""
    operands = site.instr.operands
    assert operands is not None and operands.below is not None and operands.below.type is not None
    count, condition, after = slots(operands.below.type), site.operand(0), site.next
    other, to = condition - count, condition - 2 * count
    if count > 1:

        def wide(q: Slots, d: Floats, f: Floats) -> int:
            if not q[condition]:
                q[to : to + count] = q[other : other + count]
            return after

        return wide

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[condition]:
            q[to] = q[other]
        return after

    return step


def unreachable(site: Site) -> Step:
    """Traps."""

    def step(q: Slots, d: Floats, f: Floats) -> int:
        raise Trap(TrapKind.UNREACHABLE)

    return step


def ref_null(site: Site) -> Step:
    """[] → [null]"""
    to, after = site.push, site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = 0
        return after

    return step


def ref_is_null(site: Site) -> Step:
    """[ref] → [i32]"""
    at, after = site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = 0 if q[at] else 1
        return after

    return step


def ref_func(site: Site) -> Step:
    """[] → [funcref]"""
    find, func, to, after = site.libcall(tables.ref_func), site.imm(), site.push, site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = find(func)
        return after

    return step
