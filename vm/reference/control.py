"""Steps for branches, calls and returns."""

from __future__ import annotations

from collections.abc import Callable

from vm.errors import Trap, TrapKind
from vm.libcalls import objects as libcalls
from vm.machine import Machine
from vm.reference.gc import allocator, storer
from vm.reference.step import CALL, RETURN, TAIL_CALL, THROW, Floats, Site, Slots, Step, Target
from vm.reference.table import element
from vm.types import SLOT_BYTES, Addr, FuncType, slots, total_slots


def br(site: Site) -> Step:
    """Goes to the label, its operands moved down; a fallen-into `else` does the same."""
    branch = site.instr.branches[0]
    target, move = branch.target, site.facts.carried(site.instr, branch, 0)
    if move is None:

        def step(q: Slots, d: Floats, f: Floats) -> int:
            return target

        return step
    frm, to, count = move

    def moving(q: Slots, d: Floats, f: Floats) -> int:
        q[to : to + count] = q[frm : frm + count]
        return target

    return moving


def br_if(site: Site) -> Step:
    """[i32] → []; goes to the label unless it is 0."""
    branch = site.instr.branches[0]
    target, move, condition, after = (
        branch.target,
        site.facts.carried(site.instr, branch, 1),
        site.operand(0),
        site.next,
    )
    if move is None:

        def step(q: Slots, d: Floats, f: Floats) -> int:
            return target if q[condition] else after

        return step
    frm, to, count = move

    def moving(q: Slots, d: Floats, f: Floats) -> int:
        if not q[condition]:
            return after
        q[to : to + count] = q[frm : frm + count]
        return target

    return moving


def if_(site: Site) -> Step:
    """[i32] → []; goes to the else arm, or past the end, when it is 0."""
    target, condition, after = site.instr.branches[0].target, site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        return after if q[condition] else target

    return step


def br_table(site: Site) -> Step:
    """[i32] → []; goes to the label of that number, or to the default."""
    ways = [(b.target, site.facts.carried(site.instr, b, 1)) for b in site.instr.branches]
    last, index = len(ways) - 1, site.operand(0)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        target, move = ways[min(q[index], last)]
        if move is not None:
            frm, to, count = move
            q[to : to + count] = q[frm : frm + count]
        return target

    return step


def return_(site: Site) -> Step:
    """The results move to the frame's base, where the caller's operands are; a function's `end` does the same."""
    count = site.facts.result_slots
    frm = site.facts.num_local_slots + site.instr.height - count

    if count == 1:

        def single(q: Slots, d: Floats, f: Floats) -> int:
            q[0] = q[frm]
            return RETURN

        return single

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[0:count] = q[frm : frm + count]
        return RETURN

    return step


def _tail_move(site: Site, type_: FuncType, popped: int) -> tuple[int, int]:
    count = total_slots(type_.params)
    return site.facts.num_local_slots + site.instr.height - popped - count, count


def _shift(site: Site, type_: FuncType, popped: int) -> int:
    """How far the callee's frame lies above this one's, in bytes: its parameters are the operands."""
    return _tail_move(site, type_, popped)[0] * SLOT_BYTES


def call(site: Site) -> Step:
    """[args] → [results]"""
    func = site.imm()
    links, shift, after = site.links, _shift(site, site.instance.module.func_type(func), 0), site.next
    if site.instance.is_imported(func):
        word = links.import_code_word(site.instance, func)

        def imported(q: Slots, d: Floats, f: Floats) -> int:
            links.pending = (links.target_of(word[0]), shift, after)
            return CALL

        return imported
    pending = (links.defined(site.instance, func), shift, after)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        links.pending = pending
        return CALL

    return step


def return_call(site: Site) -> Step:
    """[args] → the callee's frame in this one's place"""
    func, links = site.imm(), site.links
    frm, count = _tail_move(site, site.instance.module.func_type(func), 0)
    target = links.defined(site.instance, func)
    imported = site.instance.is_imported(func)
    word = links.import_code_word(site.instance, func) if imported else None
    here = site.index

    def step(q: Slots, d: Floats, f: Floats) -> int:
        callee = target if word is None else links.target_of(word[0])
        links.pending, links.tail_pc = (callee, frm, count), here
        return TAIL_CALL

    return step


def call_indirect(site: Site) -> Step:
    """[args i] → [results]"""
    links = site.links
    type_ = site.instance.module.signature(site.imm(0))
    find = _finder(site)
    index, shift, after = site.operand(0), _shift(site, type_, 1), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        links.pending = (find(q[index]), shift, after)
        return CALL

    return step


def return_call_indirect(site: Site) -> Step:
    """[args i] → the callee's frame in this one's place"""
    links, find, index = site.links, _finder(site), site.operand(0)
    frm, count = _tail_move(site, site.instance.module.signature(site.imm(0)), 1)
    here = site.index

    def step(q: Slots, d: Floats, f: Floats) -> int:
        links.pending, links.tail_pc = (find(q[index]), frm, count), here
        return TAIL_CALL

    return step


def call_ref(site: Site) -> Step:
    """[args ref] → [results]"""
    links, find, ref = site.links, _by_reference(site), site.operand(0)
    shift, after = _shift(site, site.instance.module.signature(site.imm(0)), 1), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        links.pending = (find(q[ref]), shift, after)
        return CALL

    return step


def return_call_ref(site: Site) -> Step:
    """[args ref] → the callee's frame in this one's place"""
    links, find, ref = site.links, _by_reference(site), site.operand(0)
    frm, count = _tail_move(site, site.instance.module.signature(site.imm(0)), 1)
    here = site.index

    def step(q: Slots, d: Floats, f: Floats) -> int:
        links.pending, links.tail_pc = (find(q[ref]), frm, count), here
        return TAIL_CALL

    return step


def _by_reference(site: Site) -> Callable[[int], Target]:
    """From a VMFuncRef's address to what is called; its type was checked by validation."""
    func_ref_words, target_of, link = site.links.func_ref_words, site.links.target_of, site.links.machine.link_wasm_call

    def find(func_ref: int) -> Target:
        if not func_ref:
            raise Trap(TrapKind.NULL_FUNCTION)
        return target_of(func_ref_words(func_ref)[1][0] or link(Addr(func_ref)))

    return find


def throw(site: Site) -> Step:
    """[values] → an exception on its way to a handler"""
    links, heap, here, allocate = site.links, site.links.machine.gc, site.index, allocator(site)
    tag = site.instance.tags[site.imm()]
    owner = site.links.machine.instance_at(tag.owner)
    assert owner is not None
    type_id, number, index = tag.type_id, owner.number, tag.index
    parts = heap.exception_layout(type_id).parts
    at, readers = site.push - total_slots(tag.type.params), []
    for part, type_ in zip(parts, tag.type.params, strict=True):
        readers.append((storer(site, part), at, slots(type_) == 2))
        at += slots(type_)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_exception(type_id, number, index, allocate)
        for store, slot, wide in readers:
            store(ref, q[slot] | q[slot + 1] << 64 if wide else q[slot], 0)
        links.thrown, links.left_at = ref, here
        return THROW

    return step


def throw_ref(site: Site) -> Step:
    """[exnref] → the exception on its way to a handler"""
    links, at, here = site.links, site.operand(0), site.index

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[at]:
            raise Trap(TrapKind.NULL_EXCEPTION)
        links.thrown, links.left_at = q[at], here
        return THROW

    return step


def rethrow(site: Site) -> Step:
    """Throws the exception again that a legacy catch was entered with."""
    links, here = site.links, site.index
    at = site.facts.num_local_slots - site.facts.kept_exceptions + site.imm()

    def step(q: Slots, d: Floats, f: Floats) -> int:
        links.thrown, links.left_at = q[at], here
        return THROW

    return step


def _finder(site: Site) -> Callable[[int], Target]:
    """From a table index to what is called: bound, element, VMFuncRef, type id, code; each a load of the bytes."""
    links, table = site.links, site.instance.tables[site.imm(1)]
    length = table.length_word
    type_ids, type_index = links.type_id_words(site.instance), site.imm(0)
    func_ref_words, target_of, is_subtype = links.func_ref_words, links.target_of, site.libcall(libcalls.is_subtype)
    get = element(site, site.imm(1))

    def find(index: int) -> Target:
        if index >= length[0]:
            detail = f"element {index}, but the table has {table.size}"
            raise Trap(TrapKind.UNDEFINED_ELEMENT, detail, at=index, bound=table.size)
        func_ref = get(index)
        if not func_ref:
            raise Trap(TrapKind.UNINITIALIZED_ELEMENT, f"element {index} is null", at=index)
        type_id, code = func_ref_words(func_ref)
        if type_id[0] != type_ids[type_index] and not is_subtype(type_id[0], type_ids[type_index]):
            raise _type_mismatch(links.machine, index, type_id[0], type_ids[type_index])
        return target_of(code[0] or links.machine.link_wasm_call(Addr(func_ref)))

    return find


def _type_mismatch(machine: Machine, index: int, found: int, wanted: int) -> Trap:
    detail = (
        f"element {index} is a function of type {machine.type_of(found)}, the call expects {machine.type_of(wanted)}"
    )
    return Trap(TrapKind.INDIRECT_CALL_TYPE, detail, at=index)
