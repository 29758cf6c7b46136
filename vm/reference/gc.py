"""Steps for typed references, structs, arrays, i31 and casts."""

from __future__ import annotations

from collections.abc import Callable

from vm.constant import i31
from vm.errors import Trap, TrapKind
from vm.gc_heap import GcHeap
from vm.gc_layout import Part
from vm.reference.step import Floats, Site, Slots, Step
from vm.segments import elem_slots
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


def _out_of_bounds(index: int, count: int, length: int) -> Trap:
    detail = f"element {index + count - 1 if count else index}, but the array has {length}"
    return Trap(TrapKind.OUT_OF_BOUNDS_ARRAY, detail, at=index, size=count, bound=length)


# -- structs -----------------------------------------------------------------------------------------


def struct_new(site: Site) -> Step:
    """[fields] → [ref]"""
    heap, type_id, after = _heap(site), _type_id(site), site.next
    layout = heap.struct_layout(type_id)
    to = site.push - sum(map(_width, layout.parts))
    at, readers = to, []
    for part in layout.parts:
        readers.append((part, _reader(at, part)))
        at += _width(part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_struct(type_id)
        for part, read in readers:
            heap.store(ref, part, read(q))
        q[to] = ref
        return after

    return step


def struct_new_default(site: Site) -> Step:
    """[] → [ref]"""
    heap, type_id, to, after = _heap(site), _type_id(site), site.push, site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = heap.new_struct(type_id)
        return after

    return step


def _field(site: Site) -> Part:
    return _heap(site).struct_layout(_type_id(site)).parts[site.imm(1)]


def struct_get(site: Site) -> Step:
    """[ref] → [field]"""
    heap, part, at, after = _heap(site), _field(site), site.operand(0), site.next
    write, extended = _writer(at, part), _extended(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[at]:
            raise Trap(TrapKind.NULL_STRUCTURE)
        write(q, extended(heap.load(q[at], part)))
        return after

    return step


def struct_set(site: Site) -> Step:
    """[ref value] → []"""
    heap, part, after = _heap(site), _field(site), site.next
    value = site.push - _width(part)
    ref, read = value - 1, _reader(value, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        if not q[ref]:
            raise Trap(TrapKind.NULL_STRUCTURE)
        heap.store(q[ref], part, read(q))
        return after

    return step


# -- arrays ------------------------------------------------------------------------------------------


def array_new(site: Site) -> Step:
    """[value length] → [ref]"""
    heap, type_id, part, after = _heap(site), _type_id(site), _element(site), site.next
    length = site.operand(0)
    to = length - _width(part)
    read = _reader(to, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_array(type_id, q[length])
        heap.fill(ref, part, read(q), 0, q[length])
        q[to] = ref
        return after

    return step


def array_new_default(site: Site) -> Step:
    """[length] → [ref]"""
    heap, type_id, at, after = _heap(site), _type_id(site), site.operand(0), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[at] = heap.new_array(type_id, q[at])
        return after

    return step


def array_new_fixed(site: Site) -> Step:
    """[elements] → [ref]"""
    heap, type_id, part, after, count = _heap(site), _type_id(site), _element(site), site.next, site.imm(1)
    width = _width(part)
    to = site.push - count * width
    readers = [_reader(to + i * width, part) for i in range(count)]

    def step(q: Slots, d: Floats, f: Floats) -> int:
        ref = heap.new_array(type_id, count)
        for i, read in enumerate(readers):
            heap.store(ref, part, read(q), i)
        q[to] = ref
        return after

    return step


def _data_slice(site: Site, part: Part, data: int) -> Callable[[int, int], bytes]:
    """The bytes of some elements in a data segment, from an offset in bytes. Raises the out-of-bounds trap."""
    instance, width = site.instance, part.bytes

    def take(start: int, count: int) -> bytes:
        found, size = instance.data_bytes(data), count * width
        if start + size > len(found):
            raise Trap(
                TrapKind.OUT_OF_BOUNDS_MEMORY,
                f"bytes {start:#x} .. {start + size:#x} of a data segment of {len(found)} bytes",
                at=start, size=size, bound=len(found),
            )  # fmt: skip
        return found[start : start + size]

    return take


def _elem_slice(site: Site, elem: int) -> Callable[[int, int], list[int]]:
    """Some items of an element segment as slots. Raises the out-of-bounds trap."""
    instance, machine = site.instance, site.links.machine
    items = len(instance.module.elems[elem].items)

    def take(start: int, count: int) -> list[int]:
        available = 0 if instance.elem_dropped(elem) else items
        if start + count > available:
            raise Trap(
                TrapKind.OUT_OF_BOUNDS_TABLE,
                f"item {start + count - 1 if count else start} of an element segment of {available}",
                at=start, size=count, bound=available,
            )  # fmt: skip
        return elem_slots(machine, instance, elem, start, start + count)

    return take


def array_new_data(site: Site) -> Step:
    """[offset length] → [ref]"""
    heap, type_id, part, after = _heap(site), _type_id(site), _element(site), site.next
    take, start, length = _data_slice(site, part, site.imm(1)), site.operand(1), site.operand(0)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        data = take(q[start], q[length])
        ref = heap.new_array(type_id, q[length])
        heap.elements(ref, part, 0, q[length])[:] = data
        q[start] = ref
        return after

    return step


def array_new_elem(site: Site) -> Step:
    """[offset length] → [ref]"""
    heap, type_id, part, after = _heap(site), _type_id(site), _element(site), site.next
    take, start, length = _elem_slice(site, site.imm(1)), site.operand(1), site.operand(0)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        items = take(q[start], q[length])
        ref = heap.new_array(type_id, q[length])
        for i, item in enumerate(items):
            heap.store(ref, part, item, i)
        q[start] = ref
        return after

    return step


def _checked(heap: GcHeap, ref: int, index: int, count: int) -> None:
    """Raises the null and out-of-bounds traps unless elements [index, index + count) exist."""
    if not ref:
        raise Trap(TrapKind.NULL_ARRAY)
    if index + count > heap.length(ref):
        raise _out_of_bounds(index, count, heap.length(ref))


def array_get(site: Site) -> Step:
    """[ref i] → [element]"""
    heap, part, ref, index, after = _heap(site), _element(site), site.operand(1), site.operand(0), site.next
    write, extended = _writer(ref, part), _extended(site, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        _checked(heap, q[ref], q[index], 1)
        write(q, extended(heap.load(q[ref], part, q[index])))
        return after

    return step


def array_set(site: Site) -> Step:
    """[ref i value] → []"""
    heap, part, after = _heap(site), _element(site), site.next
    value = site.push - _width(part)
    ref, index, read = value - 2, value - 1, _reader(value, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        _checked(heap, q[ref], q[index], 1)
        heap.store(q[ref], part, read(q), q[index])
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
    ref, index, read = value - 2, value - 1, _reader(value, part)

    def step(q: Slots, d: Floats, f: Floats) -> int:
        _checked(heap, q[ref], q[index], q[count])
        heap.fill(q[ref], part, read(q), q[index], q[count])
        return after

    return step


def array_copy(site: Site) -> Step:
    """[to i from j count] → []"""
    heap, part, source, after = _heap(site), _element(site), _element(site, 1), site.next
    to, at, frm, start, count = (site.operand(depth) for depth in (4, 3, 2, 1, 0))

    def step(q: Slots, d: Floats, f: Floats) -> int:
        _checked(heap, q[to], q[at], q[count])
        _checked(heap, q[frm], q[start], q[count])
        data = bytes(heap.elements(q[frm], source, q[start], q[count]))
        heap.elements(q[to], part, q[at], q[count])[:] = data
        heap.mark(q[to], part, q[at], q[count])
        return after

    return step


def array_init_data(site: Site) -> Step:
    """[ref i offset count] → []"""
    heap, part, after = _heap(site), _element(site), site.next
    take = _data_slice(site, part, site.imm(1))
    ref, index, start, count = (site.operand(depth) for depth in (3, 2, 1, 0))

    def step(q: Slots, d: Floats, f: Floats) -> int:
        _checked(heap, q[ref], q[index], q[count])
        heap.elements(q[ref], part, q[index], q[count])[:] = take(q[start], q[count])
        heap.mark(q[ref], part, q[index], q[count])
        return after

    return step


def array_init_elem(site: Site) -> Step:
    """[ref i offset count] → []"""
    heap, part, after = _heap(site), _element(site), site.next
    take = _elem_slice(site, site.imm(1))
    ref, index, start, count = (site.operand(depth) for depth in (3, 2, 1, 0))

    def step(q: Slots, d: Floats, f: Floats) -> int:
        _checked(heap, q[ref], q[index], q[count])
        for i, item in enumerate(take(q[start], q[count]), q[index]):
            heap.store(q[ref], part, item, i)
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
    return site.links.machine.cast_test(target)


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
