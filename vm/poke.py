"""Edits: the one way that anything but an executor writes to the machine.

Executors trust what lies in memory, so a write is checked against what the bytes mean: a field is written whole, a
pointer may only name a live object of its kind, a length must fit the memory it is about, code must be of the same
type. What is refused is refused before anything is written, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vm.errors import MemoryFault, UserError
from vm.funcrefs import FuncRefPlace, find_func_ref
from vm.globals import global_width, is_heap_reference
from vm.instance import GlobalExtern, Instance
from vm.journal import Edit
from vm.layout import Layout, Layouts, StructView
from vm.machine import ENTRIES, Machine
from vm.memories import LinearMemory
from vm.memory import Region, RegionKind, Write
from vm.state import live_types
from vm.tables import Table
from vm.types import SLOT_BYTES, Addr, NumType, RefType, ValType, slots

Resolve = tuple[FuncRefPlace, ...]  # funcrefs that must be written for the edit to be sound

_OWN = "the machine itself lives there"
_REASONS: Mapping[RegionKind, str] = MappingProxyType(
    {
        RegionKind.MACHINE: _OWN,
        RegionKind.THREAD: _OWN,
        RegionKind.CONTROL: _OWN,
        RegionKind.ENGINE: _OWN,
        RegionKind.HOST: "the host's descriptors live there",
        RegionKind.CODE: "code is read-only",
        RegionKind.BUILTINS: "the table of builtins is read-only",
        RegionKind.TYPE_IDS: "the type ids are read-only",
        RegionKind.DATA: "module data is read-only",
        RegionKind.ELEMS: "element segments are read-only",
        RegionKind.GC_OBJECTS: _OWN,
        RegionKind.FUNC_REF_IDS: _OWN,
        RegionKind.HOST_CONTEXT: "the contexts of host functions belong to the host",
    }
)


def poke(machine: Machine, addr: Addr, data: bytes) -> None:
    """Writes bytes where that is sound, journalled as an edit. Raises UserError, having written nothing."""
    needed = check(machine, addr, data)
    writes = resolve(machine, needed, lambda: machine.space.write(addr, data))
    machine.journal.add(Edit(machine.tick, writes))


def resolve(machine: Machine, needed: Resolve, then: Callable[[], None] = lambda: None) -> tuple[Write, ...]:
    """Writes the funcrefs that an edit needs, and then the edit; all that was written."""
    space = machine.space
    assert space.recorder is None, "no host function is running at a stop"
    writes: list[Write] = []
    space.recorder = writes
    try:
        for place in needed:
            assert place.instance is not None
            machine.func_ref(place.instance, place.func)
        then()
    finally:
        space.recorder = None
    return tuple(writes)


def poke_slot(machine: Machine, addr: Addr, value: bytes) -> None:
    """Writes a local or an operand from its value's bytes, extended with zeros to the slot. Raises UserError."""
    poke(machine, addr, value.ljust(SLOT_BYTES, b"\0"))


def refused(why: str, hint: str = "") -> UserError:
    return UserError(f"refused: {why}", hint)


def check(machine: Machine, addr: int, data: bytes) -> Resolve:
    """What else must be written for a write to be sound. Raises UserError for one that is not."""
    if not data:
        raise refused("there is nothing to write")
    try:
        region, _ = machine.space.locate(addr, len(data))
    except MemoryFault as fault:
        raise refused(str(fault)) from None
    rule = _CHECKS.get(region.kind)
    if rule is None:
        raise refused(_REASONS.get(region.kind, "nothing there may be changed"))
    return rule(machine, region, addr, data)


# -- guest memory, slots, tables -----------------------------------------------------------------


def _memory(machine: Machine, region: Region, addr: int, data: bytes) -> Resolve:
    memory = next(m for m in machine.memories.values() if m.region is region)
    offset = addr - region.base
    if offset + len(data) > memory.size_bytes:
        raise refused(f"{len(data)} bytes at {offset:#x} pass the memory's end {memory.size_bytes:#x}")
    return ()


def _slot(machine: Machine, region: Region, addr: int, data: bytes) -> Resolve:
    found = _live_slot(machine, addr)
    if found is None:
        raise refused("no live local or operand starts there", "frames lists what is live")
    type_, start = found
    if type_ is NumType.V128 and addr + len(data) <= start + slots(type_) * SLOT_BYTES:
        return ()  # some of its lanes
    if addr != start:
        raise refused("no live local or operand starts there", "frames lists what is live")
    if len(data) != slots(type_) * SLOT_BYTES:
        raise refused(f"a {type_} takes {slots(type_) * SLOT_BYTES} bytes of the stack, {len(data)} are given")
    value = int.from_bytes(data, "little")
    if type_ in (NumType.I32, NumType.F32) and value >> 32:
        raise refused(f"the upper half of a {type_}'s slot is zero")
    return _reference(machine, type_, value) if isinstance(type_, RefType) else ()


def _live_slot(machine: Machine, addr: int) -> tuple[ValType, int] | None:
    above = None
    for _, record in machine.frames():
        if addr >= record.base:
            at: int = record.base
            for type_ in live_types(machine, record, above):
                if at <= addr < at + slots(type_) * SLOT_BYTES:
                    owner = machine.instance_at(record.vmctx)
                    return (type_ if owner is None else owner.engine_type(type_)), at
                at += slots(type_) * SLOT_BYTES
            return None
        above = record
    return None


def _element(machine: Machine, region: Region, addr: int, data: bytes) -> Resolve:
    table = next(t for t in machine.tables.values() if t.region is region)
    index, within = divmod(addr - region.base, table.element_bytes)
    if within or len(data) != table.element_bytes:
        raise refused(f"a table's elements are written whole: {table.element_bytes} bytes")
    if index >= table.size:
        raise refused(f"element {index} is past the table's end", f"it has {table.size} elements")
    word, encoding = int.from_bytes(data, "little"), machine.layouts.era.funcref
    if not table.is_func:
        return _reference(machine, table.type.elem, machine.gc.slot_of(word))
    if encoding.is_lazy(word):
        return ()
    target = encoding.decode(word)
    if encoding.encode(target) != word:
        raise refused(f"{word:#x} is no element", f"null is {encoding.encode(0)}, a funcref its address encoded")
    return _reference(machine, table.type.elem, target)


def _reference(machine: Machine, type_: RefType, value: int) -> Resolve:
    """Checks a reference as slots and globals hold it; types in its type are engine-wide ids."""
    if value == 0 and not type_.nullable:
        raise refused(f"null is no {type_}")
    if value == 0:
        return ()
    if not type_.is_func:
        if not machine.holds(type_, value):
            what = "a number" if machine.gc.is_i31(value) else f"at {value:#x} of the GC heap"
            raise refused(f"there is no {type_}: {what}" if machine.gc.is_object(value) else f"no object lies {what}")
        return ()
    place = find_func_ref(machine, value)
    if place is None:
        raise refused(f"no VMFuncRef lies at {value:#x}", "name a function, as in $f")
    _check_func_type(machine, type_, place)
    if place.is_written(machine):
        return ()
    if place.instance is None:
        raise refused(f"the VMFuncRef at {value:#x} is never written")
    return (place,)


def _check_func_type(machine: Machine, type_: RefType, place: FuncRefPlace) -> None:
    if place.instance is None or place.is_written(machine):
        id_ = machine.read_func_ref(place.addr).type_id
    else:
        id_ = place.instance.func_type_id(place.func)
    if not machine.matching.heap(id_, type_.heap):
        raise refused(f"that function's type is {machine.type_of(id_)}, a {type_} is wanted")


def _object(machine: Machine, region: Region, addr: int, data: bytes) -> Resolve:
    """A field or element of an object in the GC heap."""
    heap, offset = machine.gc, addr - region.base
    ref = heap.object_at(offset)
    if ref is None:
        raise refused("no object lies there")
    found = heap.part_at(ref, offset)
    if found is None:
        raise refused("no field or element starts there", "an object's header is the collector's")
    part, _ = found
    if len(data) != part.bytes:
        raise refused(f"a {part.storage} takes {part.bytes} bytes, {len(data)} are given")
    if part.is_func:
        raise refused("a funcref in the GC heap is an id, which the machine gives")
    if isinstance(part.storage, RefType):
        return _reference(machine, part.storage, int.from_bytes(data, "little"))
    return ()


# -- runtime structures --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Field:
    """A scalar field: of which struct (at `base`), by which path."""

    struct: str
    name: str
    type: str
    path: str
    base: int
    addr: int
    size: int


def _field_at(layouts: Layouts, layout: Layout, base: int, addr: int, prefix: str = "") -> _Field | None:
    """The scalar field that holds an address; None: padding."""
    for placed in layout.fields.values():
        start = placed.at(base)
        if not start <= addr < start + placed.size:
            continue
        index = (addr - start) // placed.stride
        path = prefix + placed.name + ("" if placed.count is None else f"[{index}]")
        at = placed.at(base, index)
        if placed.type in layouts.era.structs:
            return _field_at(layouts, layouts.struct(placed.type), at, addr, path + ".")
        return _Field(layout.role, layout.field_role(placed.name), placed.type, path, base, at, placed.stride)
    return None


def _context(machine: Machine, region: Region, addr: int, data: bytes) -> Resolve:
    instance = machine.instance_at(region.base)
    if instance is None:
        raise refused("the instance is not made yet")
    found = _field_at(machine.layouts, instance.vmctx.layout, instance.addr, addr)
    if found is None and instance.beside is not None:
        found = _field_at(machine.layouts, instance.beside.layout, instance.beside.addr, addr)
    if found is None:
        raise refused("padding means nothing")
    if found.struct == "VMGlobalDefinition":
        return _global(machine, instance, found, addr, data)
    _check_whole(found, addr, data)
    if data == machine.space.read(Addr(addr), len(data)):
        return ()
    value = int.from_bytes(data, "little")
    match found.struct:
        case "VMMemoryDefinition":
            _memory_field(machine.memories[Addr(found.base)], found, value)
        case "VMTableDefinition":
            _table_field(machine.tables[Addr(found.base)], found, value)
        case "VMFuncRef" | "VMFunctionImport":
            _function_field(machine, found, value)
        case _:
            raise refused(f"{found.path} is fixed once the instance is made", "executors rely on it")
    return ()


def _check_whole(found: _Field, addr: int, data: bytes) -> None:
    if addr != found.addr or len(data) != found.size:
        raise refused(f"{found.path} is written whole: {found.size} bytes at {found.addr:#x}")


def _global(machine: Machine, instance: Instance, found: _Field, addr: int, data: bytes) -> Resolve:
    extern: GlobalExtern = next(g for g in instance.globals if g.storage == found.base)
    width = global_width(machine, extern.type)
    if extern.type.value is NumType.V128 and found.base <= addr and addr + len(data) <= found.base + width:
        return ()  # some of its lanes
    if addr != found.base or len(data) != width:
        raise refused(f"a global of type {extern.type.value} is written whole: {width} bytes")
    if isinstance(extern.type.value, RefType):
        word = int.from_bytes(data, "little")
        slot = machine.gc.slot_of(word) if is_heap_reference(extern.type.value) else word
        return _reference(machine, extern.type.value, slot)
    return ()


def _memory_field(memory: LinearMemory, found: _Field, value: int) -> None:
    if found.name != "current_length":
        raise refused(f"{found.path} is where the memory lies", "a memory never moves")
    if value % memory.type.page_bytes:
        raise refused(f"{value:#x} is not a multiple of the page size {memory.type.page_bytes:#x}")
    if value > memory.region.size:
        raise refused(f"{value:#x} bytes are more than the memory has", f"at most {memory.region.size:#x}")


def _table_field(table: Table, found: _Field, value: int) -> None:
    if found.name != "current_elements":
        raise refused(f"{found.path} is where the table lies", "a table never moves")
    most = table.region.size // table.element_bytes
    if value > most:
        raise refused(f"{value:,} elements are more than the table has", f"at most {most:,}")


def _function_field(machine: Machine, found: _Field, value: int) -> None:
    if found.path.startswith("startup_func_ref"):
        raise refused("start-up code is not called again")
    view = machine.view(found.struct, Addr(found.base))
    word = view.get("wasm_call") or view.get("array_call")
    code, found_id = machine.code_at(word), machine.type_id_of_code(word)
    if code is None or found_id is None:
        raise refused("this VMFuncRef was never written", "it is when something takes the function's reference")
    match found.name:
        case "array_call" | "wasm_call" | "native_call":
            type_id = view.get("type_index") if view.has("type_index") else found_id
            _check_code(machine, value, type_id)
            _check_entry(machine, value, found.name, view)
        case "type_index":
            raise refused("the type id must stay that of the code")
        case _:
            if value != code.vmctx:
                raise refused("a function runs with the context it was made for")


def _check_entry(machine: Machine, value: int, name: str, view: StructView) -> None:
    """A word holds the entry that is called as its field says; one field may be for two ways."""
    *_, wanted = (entry for other, entry in ENTRIES.items() if view.has(other) and view.at(other) == view.at(name))
    found = machine.code_at(value)
    assert found is not None
    if found.entry is not wanted:
        other = value - found.entry + wanted
        raise refused(f"{value:#x} is not the entry that {name} is called by", f"{other:#x} is that function's")


def _check_code(machine: Machine, value: int, type_id: int) -> None:
    found = machine.type_id_of_code(value)
    if found is None:
        raise refused(f"{value:#x} is no function's code")
    if found != type_id:
        raise refused(
            f"that function's type is {machine.type_of(found)}", f"the record says {machine.type_of(type_id)}"
        )


def _store(machine: Machine, region: Region, addr: int, data: bytes) -> Resolve:
    """Counters may be set; what the store context points to may not."""
    if region.base == machine.epoch:
        return () if addr == region.base and len(data) == region.size else _whole_epoch()
    if region.base != machine.store_context.addr:
        raise refused("a shared memory's definition is fixed", "a memory never moves or shrinks")
    found = _field_at(machine.layouts, machine.store_context.layout, region.base, addr)
    if found is None:
        raise refused("padding means nothing")
    _check_whole(found, addr, data)
    if found.type not in ("i64", "u64"):
        raise refused(f"{found.path} belongs to the runtime")
    return ()


def _whole_epoch() -> Resolve:
    raise refused("the epoch counter is written whole")


_CHECKS: Mapping[RegionKind, Callable[[Machine, Region, int, bytes], Resolve]] = MappingProxyType(
    {
        RegionKind.MEMORY: _memory,
        RegionKind.VALUES: _slot,
        RegionKind.TABLE: _element,
        RegionKind.VMCTX: _context,
        RegionKind.STORE: _store,
        RegionKind.GC_HEAP: _object,
    }
)
