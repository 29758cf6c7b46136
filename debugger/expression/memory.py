"""Typed reads of the machine's memory: guest offsets, native addresses, the runtime's structs."""

from __future__ import annotations

from dataclasses import dataclass, field

from debugger.expression.types import (
    CSTR,
    FUNCREF_TYPE,
    I32_TYPE,
    SCALARS,
    SOURCE_POINTER_BYTES,
    STRING,
    U8_TYPE,
    U32_TYPE,
    U64_TYPE,
    Array,
    Composite,
    Pointer,
    Record,
    Reference,
    Scalar,
    Type,
    of_value,
    size_of,
)
from debugger.expression.value import Value, decoded, quoted, text_value
from debugger.heap import Field
from debugger.inspect import Inspector
from debugger.source.objects import Object, Stored, needs_object, of_bytes
from debugger.source.text import describe
from vm.contexts import WrongContext, from_opaque
from vm.errors import MemoryFault, UserError
from vm.instance import Instance
from vm.layout import Layout, StructView
from vm.machine import Machine
from vm.memory import RegionKind
from vm.tables import Table
from vm.types import SLOT_BYTES, Addr, GlobalType, Packed, ValType, slots

_MOST_BYTES = 1 << 20  # of one value
_MOST_TEXT_BYTES = 4096
_MOST_REFERRED = 200  # characters
_MOST_FOLLOWED, _MOST_FOLLOWED_DEPTH = 40, 6
_POINTER_TARGETS = {
    "VMContext": "VMContext",
    "VMOpaqueContext": "VMContext",
    "VMSharedTypeIndex": "u32",
    "AtomicU64": "u64",
    "u8": "u8",
}


class _Following:
    """How far references are being followed: a structure may lead back to itself, or be wide."""

    def __init__(self) -> None:
        self._depth = self._count = 0

    def enter(self) -> bool:
        """Whether one more may be followed; `leave` comes after it."""
        if self._depth == 0:
            self._count = 0
        if self._depth >= _MOST_FOLLOWED_DEPTH or self._count >= _MOST_FOLLOWED:
            return False
        self._depth, self._count = self._depth + 1, self._count + 1
        return True

    def leave(self) -> None:
        self._depth -= 1


@dataclass(frozen=True)
class TypedMemory:
    """What reads values for one instance: a number below its memory 0's length is an offset into that memory."""

    machine: Machine
    inspect: Inspector
    instance: Instance
    _following: _Following = field(default_factory=lambda: _Following())

    # -- addresses -------------------------------------------------------------------------------

    def native(self, address: int) -> Addr:
        """A guest offset's or a native address's place in the address space."""
        memories = self.instance.memories
        if memories and 0 <= address < memories[0].size_bytes:
            return Addr(memories[0].region.base + address)
        return Addr(address)

    def pointed(self, pointer: Pointer, value: int) -> Addr:
        """Where a pointer leads. Raises UserError when it is null."""
        if (pointer.native or pointer.size == SOURCE_POINTER_BYTES) and not value:
            raise UserError("the pointer is null")
        return Addr(value) if pointer.native else self.native(value)

    def read(self, addr: Addr, size: int) -> bytes:
        """Bytes. Raises UserError."""
        if not 0 <= size <= _MOST_BYTES:
            raise UserError(f"{size:,} bytes are too many for one value", f"at most {_MOST_BYTES:,}")
        region = self.machine.space.region_at(addr)
        if region is not None and region.kind is RegionKind.MEMORY:
            memory = next(m for m in self.machine.memories.values() if m.region is region)
            if addr + size > region.base + memory.size_bytes:
                raise UserError(f"{size} bytes at {addr - region.base:#x} pass the memory's end {memory.size_bytes:#x}")
        try:
            return self.machine.space.read(addr, size)
        except MemoryFault:
            where = f"memory 0 ({self.instance.memories[0].size_bytes:#x} bytes)" if self.instance.memories else ""
            outside = f"in {where} nor an address of the machine" if where else "an address of the machine"
            raise UserError(f"{addr:#x} is {'neither ' if where else 'not '}{outside}") from None

    # -- values ----------------------------------------------------------------------------------

    def load(self, type_: Type, addr: Addr, label: str = "") -> Value:
        """The value of a type at an address. Raises UserError."""
        match type_:
            case Record(name):
                return self.record(name, addr, label)
            case Array(element=Record()):
                return Value(type_, b"", addr, label=label)
            case Pointer(target, is_reference=True) if target is not None:
                return self.load(
                    target, self.pointed(type_, int.from_bytes(self.read(addr, type_.size), "little")), label
                )
            case Composite() | Array() if isinstance(type_, Composite) or needs_object(type_.element):
                self.read(addr, min(size_of(type_), 1))
                return of_bytes(type_, (Stored(size_of(type_), addr),), self, label)
            case _ if type_ == STRING:
                return text_value(self._text(addr), addr)
            case Scalar() | Array() | Reference() | Pointer():
                data = self.read(addr, size_of(type_))
                return decoded(type_, data, addr, self.note(type_, data), label)
            case _:
                raise UserError(f"a {type_} cannot be read from memory")

    def note(self, type_: Type, data: bytes) -> str:
        """What a pointer or a reference leads to."""
        value = int.from_bytes(data, "little")
        if type_ == FUNCREF_TYPE and value:
            return self.inspect.describe_func_ref(Addr(value))
        if isinstance(type_, Reference) and type_ != FUNCREF_TYPE and value:
            return self.inspect.heap.describe(value)
        if isinstance(type_, Pointer) and type_.size == SOURCE_POINTER_BYTES and value:
            return self._pointer_note(type_, value)
        return self.inspect.describe_address(value) if isinstance(type_, Pointer) and type_.native else ""

    def _pointer_note(self, type_: Pointer, value: int) -> str:
        """The text a pointer of the program's source leads to, or its function's name."""
        if type_.function:
            tables = self.instance.tables
            if not tables or not 0 <= value < tables[0].size:
                return "no function"
            return self.inspect.table_element(self.instance, 0, value).text.removesuffix(f" of {self.instance.name}")
        target = type_.target
        if target is not None and type_.name.startswith(("&", "alloc::boxed::Box<")):
            return self._referred(target, value)
        if not isinstance(target, Scalar) or not target.character or target.size != 1:
            return ""
        memories = self.instance.memories
        if not memories or not 0 <= value < memories[0].size_bytes:
            return "outside the memory"
        return quoted(self._text(self.native(value)))

    def _referred(self, target: Type, value: int) -> str:
        """What a reference of Rust's leads to, as far as it fits."""
        if isinstance(target, Pointer) or not self._following.enter():
            return "…"
        try:
            text = self.load(target, self.native(value)).text
        except UserError:
            return "outside the memory"
        finally:
            self._following.leave()
        return text if len(text) <= _MOST_REFERRED else text[: _MOST_REFERRED - 1] + "…"

    def describe(self, shown: Object) -> str:
        """A composite of the program's source as text."""
        return describe(shown)

    def field(self, reference: Value, name: str) -> Value:
        """A field of the object a reference leads to; an array's `length`, an i31's `value`. Raises UserError."""
        heap, ref = self.machine.gc, reference.integer
        if ref and heap.is_i31(ref):
            if name != "value":
                raise UserError(f"a number in a reference has no field {name!r}", "it has value")
            return Value(I32_TYPE, I32_TYPE.wrap((ref >> 1) - (1 << 31 if ref >> 31 else 0)))
        self._check_object(reference)
        if name == "length" and heap.object(ref).kind == "array":
            return Value(U32_TYPE, heap.length(ref))
        if name == "host" and heap.object(ref).kind == "extern":
            return Value(U32_TYPE, heap.host_value(ref))
        return self._part(self.inspect.heap.part(ref, name), f"field {name}")

    def object_element(self, reference: Value, index: int) -> Value:
        """An element of the array a reference leads to, or a struct's field by number. Raises UserError."""
        self._check_object(reference)
        return self._part(self.inspect.heap.element(reference.integer, index), f"element {index}")

    def _check_object(self, reference: Value) -> None:
        if not reference.integer:
            raise UserError("the reference is null", "there is no object")

    def _part(self, field: Field, label: str) -> Value:
        """What a part of an object holds."""
        storage = field.part.storage
        if isinstance(storage, Packed):
            return Value(SCALARS[f"u{8 * field.part.bytes}"], field.bits, field.addr, label=label)
        kind = of_value(storage)
        if kind == FUNCREF_TYPE:  # an id lies there, so it has no address to write to
            return Value(kind, field.bits, None, self.note(kind, field.bits.to_bytes(8, "little")), label)
        data = field.bits.to_bytes(field.part.bytes, "little")
        return decoded(kind, data, field.addr, self.note(kind, data), label)

    def _text(self, addr: Addr) -> str:
        """A zero-terminated string, or what comes before the memory's end or a limit."""
        region = self.machine.space.region_at(addr)
        if region is None:
            self.read(addr, 1)
            raise AssertionError("reading outside every region raises")
        data = self.machine.space.read(addr, min(_MOST_TEXT_BYTES, region.end - addr))
        text, end, _ = data.partition(b"\0")
        return text.decode(errors="replace") + ("" if end or len(data) < _MOST_TEXT_BYTES else "…")

    def slot(self, addr: Addr, type_: ValType, label: str) -> Value:
        """A local or an operand."""
        kind = of_value(type_)
        data = self.machine.space.read(addr, slots(type_) * SLOT_BYTES)[: size_of(kind)]
        return decoded(kind, data, addr, self.note(kind, data), label)

    def global_(self, storage: Addr, type_: GlobalType, label: str) -> Value:
        return self.load(of_value(type_.value), storage, label)

    def length(self, struct: str, definition: Addr, label: str) -> Value:
        """How long a memory (in bytes) or a table is, by its definition."""
        names = {"VMMemoryDefinition": "current_length", "VMTableDefinition": "current_elements"}
        placed = self.machine.layouts.struct(struct).field(names[struct])
        return self.load(SCALARS[f"u{8 * placed.size}"], placed.at(definition), label)

    def element(self, instance: Instance, number: int, index: int) -> Value:
        """A table's element, as it lies there; nothing is resolved."""
        table: Table = instance.tables[number]
        if not 0 <= index < table.size:
            raise UserError(f"table {number} has no element {index}", f"it has {table.size}")
        found = self.inspect.table_element(instance, number, index)
        addr = Addr(table.region.base + index * table.element_bytes)
        label = f"table[{number}][{index}]"
        if not table.is_func:
            note = "" if found.state == "null" else self.inspect.heap.describe(found.word)
            return Value(Reference(str(table.type.elem), 4), found.word, addr, note, label)
        type_ = Reference("funcref", table.element_bytes, in_table=True)
        target = found.func_ref if found.state == "func" and found.func_ref is not None else 0
        return Value(type_, target, addr, found.text if found.state != "null" else "", label)

    # -- the runtime's structs -------------------------------------------------------------------

    def type_of(self, field: str) -> Type:
        """The type of a struct's field as the era writes it."""
        layouts = self.machine.layouts
        if field.startswith("ptr<"):
            inner = field.removeprefix("ptr<").rstrip("?").removesuffix(">")
            return Pointer(self._named(_POINTER_TARGETS.get(inner, inner)), native=True)
        if field in SCALARS:
            return SCALARS[field]
        if field in layouts.era.index_types:
            return U32_TYPE
        if field in layouts.era.structs:
            return Record(field)
        if field in layouts.era.aliases:
            return self.type_of(layouts.era.aliases[field])
        if field.endswith("]"):
            name, _, count = field.removesuffix("]").partition("[")
            element = U8_TYPE if name == "bytes" else self._named(name)
            if element is not None:
                return Array(element, int(count))
        return Array(U64_TYPE, layouts.size_of(field) // U64_TYPE.size)

    def _named(self, name: str) -> Type | None:
        if name == CSTR:
            return STRING
        if name == FUNCREF_TYPE.name:
            return FUNCREF_TYPE
        if name in SCALARS:
            return SCALARS[name]
        return Record(name) if name in self.machine.layouts.era.structs else None

    def named(self, name: str) -> Type:
        """A type by its name: a number's, cstr, or a struct of the era. Raises UserError."""
        found = self._named(name)
        if found is None:
            raise UserError(f"there is no type {name!r}", "i8 to u64, f32, f64, bool, cstr, or a struct's name")
        return found

    def record(self, name: str, addr: Addr, label: str = "") -> Value:
        """A struct at an address; a VMContext must be one of this store. Raises UserError."""
        if name == "VMContext":
            return self._context(addr, label)
        layout = self.machine.layouts.struct(name)
        self.read(addr, layout.size)
        return self._view(layout, addr, label)

    def _context(self, addr: Addr, label: str) -> Value:
        instance = self.machine.instance_at(addr)
        if instance is not None:
            return self._view(instance.vmctx.layout, addr, label)
        region = self.machine.space.region_at(addr)
        if region is not None and region.kind is RegionKind.HOST_CONTEXT and region.base == addr:
            return self.record("VMArrayCallHostFuncContext", addr, label)
        try:
            from_opaque(self.machine.space, self.machine.layouts, addr)
        except WrongContext as error:
            raise UserError(str(error)) from None
        raise UserError(f"no VMContext lies at {addr:#x}")

    def _view(self, layout: Layout, addr: Addr, label: str) -> Value:
        view = StructView(self.machine.space, self.machine.layouts, layout, addr)
        return Value(Record(layout.name), view, addr, label=label)

    def member(self, view: StructView, name: str) -> Value:
        """A field of a struct. Raises UserError."""
        if not view.has(name):
            known = ", ".join(view.layout.fields)
            raise UserError(f"{view.layout.name} has no field {name!r}", f"it has {known}")
        placed = view.layout.field(name)
        type_ = self.type_of(placed.type)
        if placed.count is not None:
            type_ = Array(type_, placed.count)
        return self.load(type_, view.at(name))
