"""Steps for typed references, structs, arrays, i31 and casts."""

from __future__ import annotations

from collections.abc import Callable

from vm.constant import i31
from vm.errors import Trap, TrapKind
from vm.gc_heap import Allocate, GcHeap
from vm.gc_layout import Part
from vm.libcalls import objects as libcalls
from vm.libcalls import tables as segments
from vm.reference.step import Floats, Site, Slots, Step
from vm.types import NumType, Packed, RefType, slots, unpacked

_LOW = (1 << 64) - 1
Read = Callable[[Slots], int]
Write = Callable[[Slots, int], None]


def _heap(site: Site) -> GcHeap:
    return site.links.machine.gc


def _type_id(site: Site, imm: int = 0) -> int:
    return site.instance.type_ids[site.imm(imm)]


def _element(site: Site, imm: int = 0) -> Part:
    return _heap(site).array_layout(_type_id(site, imm)).element


def _width(part: Part) -> int:
    return slots(unpacked(part.storage))


def _reader(at: int, part: Part) -> Read:
    """Reads a value of that kind from its slot, or two."""
    if part.storage is NumType.V128:
        return lambda q: q[at] | q[at + 1] << 64
    return lambda q: q[at]


def _writer(at: int, part: Part) -> Write:
    if part.storage is NumType.V128:

        def wide(q: Slots, value: int) -> None:
            q[at], q[at + 1] = value & _LOW, value >> 64

        return wide

    def write(q: Slots, value: int) -> None:
        q[at] = value

    return write


def _extended(site: Site, part: Part) -> Callable[[int], int]:
    """What reading makes of a part's bits: packed ones are extended to 32."""
    if not isinstance(part.storage, Packed) or not site.instr.op.name.endswith("_s"):
        return lambda value: value
    sign = 1 << 8 * part.bytes - 1
    return lambda value: ((value ^ sign) - sign) & 0xFFFF_FFFF


# -- what the runtime does ---------------------------------------------------------------------------


def allocator(site: Site) -> Allocate:
    """What makes objects: the runtime, or code that asks it only for a larger heap."""
    heap, grow = _heap(site), site.libcall(libcalls.grow_gc_heap)

    def in_line(size: int, kind: str, type_id: int) -> int:
        if not heap.has_room(size):
            grow(size)
        return heap.allocate(size, kind, type_id)

    return site.libcall(libcalls.gc_alloc_raw, in_line)


def _interned(site: Site, part: Part) -> Callable[[int], int]:
    """From a value to what stands for it in the heap."""
    return site.libcall(libcalls.intern_func_ref) if part.is_func else lambda value: value


def storer(site: Site, part: Part) -> Callable[[int, int, int], None]:
    """Writes a value into a field, or the element of an index."""
    heap, intern = _heap(site), _interned(site, part)
    if not part.is_func:
        return lambda ref, value, index: heap.store_bits(ref, part, value, index)
    return lambda ref, value, index: heap.store_bits(ref, part, intern(value), index)


def _loader(site: Site, part: Part) -> Callable[[int, int], int]:
    """Reads a field, or the element of an index."""
    heap, find = _heap(site), site.libcall(libcalls.interned_func_ref)
    if not part.is_func:
        return lambda ref, index: heap.load_bits(ref, part, index)
    return lambda ref, index: find(heap.load_bits(ref, part, index))


# -- structs -----------------------------------------------------------------------------------------


def struct_new(site: Site) -> Step:
    """[fields] → [ref]"""
    heap, type_id, after, allocate = _heap(site), _type_id(site), site.next, allocator(site)
    layout = heap.struct_layout(type_id)
    to = site.push - sum(map(_width, layout.parts))
    at, fields = to, []
    for part in layout.parts:
        fields.append((storer(site, part), _reader(at, part)))
        at += _width(part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_struct(type_id, allocate)
        for store, read in fields:
            store(ref, read(q), 0)
        q[to] = ref
        return after

    return step


def struct_new_default(site: Site) -> Step:
    """[] → [ref]"""
    heap, type_id, to, after, allocate = _heap(site), _type_id(site), site.push, site.next, allocator(site)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = heap.new_struct(type_id, allocate)
        return after

    return step


def _field(site: Site) -> Part:
    return _heap(site).struct_layout(_type_id(site)).parts[site.imm(1)]


def struct_get(site: Site) -> Step:
    """[ref] → [field]"""
    part, at, after = _field(site), site.operand(0), site.next
    load, write, extended = _loader(site, part), _writer(at, part), _extended(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[at]:
            raise Trap(TrapKind.NULL_STRUCTURE)
        write(q, extended(load(q[at], 0)))
        return after

    return step


def struct_set(site: Site) -> Step:
    """[ref value] → []"""
    part, after = _field(site), site.next
    value = site.push - _width(part)
    ref, read, store = value - 1, _reader(value, part), storer(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[ref]:
            raise Trap(TrapKind.NULL_STRUCTURE)
        store(q[ref], read(q), 0)
        return after

    return step


# -- arrays ------------------------------------------------------------------------------------------


def array_new(site: Site) -> Step:
    """[value length] → [ref]"""
    heap, type_id, part, after = _heap(site), _type_id(site), _element(site), site.next
    length = site.operand(0)
    to = length - _width(part)
    read, allocate, interned = _reader(to, part), allocator(site), _interned(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_array(type_id, q[length], allocate)
        heap.fill(ref, part, interned(read(q)), 0, q[length])
        q[to] = ref
        return after

    return step


def array_new_default(site: Site) -> Step:
    """[length] → [ref]"""
    heap, type_id, at, after, allocate = _heap(site), _type_id(site), site.operand(0), site.next, allocator(site)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = heap.new_array(type_id, q[at], allocate)
        return after

    return step


def array_new_fixed(site: Site) -> Step:
    """[elements] → [ref]"""
    heap, type_id, part, after, count = _heap(site), _type_id(site), _element(site), site.next, site.imm(1)
    width = _width(part)
    to = site.push - count * width
    readers = [_reader(to + i * width, part) for i in range(count)]
    allocate, store = allocator(site), storer(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_array(type_id, count, allocate)
        for i, read in enumerate(readers):
            store(ref, read(q), i)
        q[to] = ref
        return after

    return step


def _items(site: Site) -> libcalls.Items:
    return libcalls.taking(site.libcall(segments.elem_segment_len), site.libcall(segments.elem_segment_base))


def array_new_data(site: Site) -> Step:
    """[offset length] → [ref]"""
    in_line = site.in_line(libcalls.array_new_data, allocate=allocator(site))
    return _new_from_segment(site, site.libcall(libcalls.array_new_data, in_line))


def array_new_elem(site: Site) -> Step:
    """[offset length] → [ref]"""
    in_line = site.in_line(libcalls.array_new_elem, allocate=allocator(site), items=_items(site))
    return _new_from_segment(site, site.libcall(libcalls.array_new_elem, in_line))


def _new_from_segment(site: Site, make: Callable[[int, int, int, int], int]) -> Step:
    type_index, segment, after = site.imm(0), site.imm(1), site.next
    start, length = site.operand(1), site.operand(0)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[start] = make(type_index, segment, q[start], q[length])
        return after

    return step


def array_get(site: Site) -> Step:
    """[ref i] → [element]"""
    heap, part, ref, index, after = _heap(site), _element(site), site.operand(1), site.operand(0), site.next
    load, write, extended = _loader(site, part), _writer(ref, part), _extended(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        libcalls.checked(heap, q[ref], q[index], 1)
        write(q, extended(load(q[ref], q[index])))
        return after

    return step


def array_set(site: Site) -> Step:
    """[ref i value] → []"""
    heap, part, after = _heap(site), _element(site), site.next
    value = site.push - _width(part)
    ref, index, read, store = value - 2, value - 1, _reader(value, part), storer(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        libcalls.checked(heap, q[ref], q[index], 1)
        store(q[ref], read(q), q[index])
        return after

    return step


def array_len(site: Site) -> Step:
    """[ref] → [length]"""
    heap, at, after = _heap(site), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[at]:
            raise Trap(TrapKind.NULL_ARRAY)
        q[at] = heap.length(q[at])
        return after

    return step


def array_fill(site: Site) -> Step:
    """[ref i value count] → []"""
    heap, part, count, after = _heap(site), _element(site), site.operand(0), site.next
    value = count - _width(part)
    ref, index, read, interned = value - 2, value - 1, _reader(value, part), _interned(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        libcalls.checked(heap, q[ref], q[index], q[count])
        heap.fill(q[ref], part, interned(read(q)), q[index], q[count])
        return after

    return step


def array_copy(site: Site) -> Step:
    """[to i from j count] → []"""
    copy, to_type, from_type, after = site.libcall(libcalls.array_copy), site.imm(0), site.imm(1), site.next
    to, at, frm, start, count = (site.operand(depth) for depth in (4, 3, 2, 1, 0))

    def step(q: Slots, d: Floats, f: Floats) -> int:
        copy(to_type, q[to], q[at], from_type, q[frm], q[start], q[count])
        return after

    return step


def array_init_data(site: Site) -> Step:
    """[ref i offset count] → []"""
    return _init_from_segment(site, site.libcall(libcalls.array_init_data))


def array_init_elem(site: Site) -> Step:
    """[ref i offset count] → []"""
    in_line = site.in_line(libcalls.array_init_elem, items=_items(site))
    return _init_from_segment(site, site.libcall(libcalls.array_init_elem, in_line))


def _init_from_segment(site: Site, init: Callable[[int, int, int, int, int, int], None]) -> Step:
    type_index, segment, after = site.imm(0), site.imm(1), site.next
    ref, index, start, count = (site.operand(depth) for depth in (3, 2, 1, 0))

    def step(q: Slots, d: Floats, f: Floats) -> int:
        init(type_index, q[ref], q[index], segment, q[start], q[count])
        return after

    return step


# -- references --------------------------------------------------------------------------------------


def ref_eq(site: Site) -> Step:
    """[a b] → [i32]"""
    left, right, after = site.operand(1), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[left] = 1 if q[left] == q[right] else 0
        return after

    return step


def ref_as_non_null(site: Site) -> Step:
    """[ref] → [ref]"""
    at, after = site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[at]:
            raise Trap(TrapKind.NULL_REFERENCE)
        return after

    return step


def _branching(site: Site, popped: int, taken: Callable[[int], bool]) -> Step:
    """Goes to the label if `taken` says so of the reference on top, else on; `popped` slots are not carried along."""
    branch = site.instr.branches[0]
    target, move, at, after = branch.target, site.facts.carried(site.instr, branch, popped), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not taken(q[at]):
            return after
        if move is not None:
            frm, to, count = move
            q[to : to + count] = q[frm : frm + count]
        return target

    return step


def br_on_null(site: Site) -> Step:
    """[ref] → [ref], or a branch without it when it is null"""
    return _branching(site, 1, lambda ref: not ref)


def br_on_non_null(site: Site) -> Step:
    """[ref] → [], or a branch with it when it is not null"""
    return _branching(site, 0, bool)


def _test(site: Site, imm: int = 0) -> Callable[[int], bool]:
    target = site.instr.imm[imm]
    assert isinstance(target, RefType)
    if isinstance(target.heap, int):
        id_ = site.instance.type_ids[target.heap]
        target = RefType(id_, target.nullable, site.links.machine.types.kind(id_))
    return site.links.machine.cast_test(target, site.libcall(libcalls.is_subtype))


def br_on_cast(site: Site) -> Step:
    """[ref] → [ref], or a branch with it when it is of the type"""
    return _branching(site, 0, _test(site))


def br_on_cast_fail(site: Site) -> Step:
    """[ref] → [ref], or a branch with it when it is not of the type"""
    test = _test(site)
    return _branching(site, 0, lambda ref: not test(ref))


def ref_test(site: Site) -> Step:
    """[ref] → [i32]"""
    test, at, after = _test(site), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = 1 if test(q[at]) else 0
        return after

    return step


def ref_cast(site: Site) -> Step:
    """[ref] → [ref]"""
    test, at, after, wanted = _test(site), site.operand(0), site.next, site.instr.imm[0]

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not test(q[at]):
            raise Trap(TrapKind.CAST_FAILURE, f"{q[at]:#x} is no {wanted}" if q[at] else f"null is no {wanted}")
        return after

    return step


def convert(site: Site) -> Step:
    """[ref] → [ref]: the same bits in another hierarchy"""
    after = site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        return after

    return step


def ref_i31(site: Site) -> Step:
    """[i32] → [ref]"""
    rules, at, after = _heap(site).rules, site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = i31(rules, q[at])
        return after

    return step


def i31_get(site: Site) -> Step:
    """[ref] → [i32]"""
    at, after, signed = site.operand(0), site.next, site.instr.op.name.endswith("_s")

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[at]:
            raise Trap(TrapKind.NULL_I31)
        value = q[at] >> 1
        q[at] = value | 0x8000_0000 if signed and value & 0x4000_0000 else value
        return after

    return step
