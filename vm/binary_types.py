"""Types in the binary format (spec: Binary Format, Types)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.errors import DecodeError, UnsupportedError
from vm.reader import Reader
from vm.types import (
    I32,
    I64,
    PAGE_LOG2,
    ArrayType,
    CompositeType,
    FieldType,
    FuncType,
    GlobalType,
    Heap,
    Limits,
    MemoryType,
    NumType,
    Packed,
    RefType,
    StorageType,
    StructType,
    SubType,
    TableType,
    ValType,
    kind_of,
    names_types,
)

MAX_PARAMS = 1_000  # what engines accept
MAX_RESULTS = 1_000
MAX_FIELDS = 10_000
MAX_TYPES = 1_000_000
MAX_SUPERS = 100  # validation allows one

HEAP_TYPES: Mapping[int, Heap] = MappingProxyType({heap.value: heap for heap in Heap if heap is not Heap.BOTTOM})
VALUE_TYPES: Mapping[int, ValType] = MappingProxyType(
    {
        **{number.value: number for number in NumType},
        **{byte: RefType(heap) for byte, heap in HEAP_TYPES.items()},
    }
)
REF, REF_NULL = 0x64, 0x63  # a heap type follows
_PACKED: Mapping[int, Packed] = MappingProxyType({packed.value: packed for packed in Packed})
_LATER_TYPES: Mapping[int, str] = MappingProxyType(
    {0x68: "stack switching", 0x75: "stack switching", 0x65: "shared-everything threads", 0x62: "custom descriptors"}
)
_FUNC, _STRUCT, _ARRAY, _REC, _SUB, _SUB_FINAL = 0x60, 0x5F, 0x5E, 0x4E, 0x50, 0x4F
_LATER_FORMS: Mapping[int, str] = MappingProxyType(
    {0x5D: "stack switching", 0x65: "shared-everything threads", 0x4C: "custom descriptors", 0x4D: "custom descriptors"}
)

_HAS_MAX, _SHARED, _I64, _PAGE_SIZE = 0x01, 0x02, 0x04, 0x08


def value_type(reader: Reader) -> ValType:
    """A value type. Raises UnsupportedError for the types of later proposals."""
    at = reader.pos
    byte = reader.byte()
    if (found := VALUE_TYPES.get(byte)) is not None:
        return found
    if byte in (REF, REF_NULL):
        return reference(reader, nullable=byte == REF_NULL)
    if byte in _LATER_TYPES:
        raise UnsupportedError(at, _LATER_TYPES[byte])
    raise DecodeError(at, f"{byte:#04x} is not a value type")


def reference(reader: Reader, nullable: bool) -> RefType:
    """The reference type whose heap type comes next."""
    heap = heap_type(reader)
    if isinstance(heap, Heap):
        return RefType(heap, nullable)
    return RefType(heap, nullable, reader.kinds[heap] if heap < len(reader.kinds) else None)


def ref_type(reader: Reader) -> RefType:
    """A reference type."""
    at = reader.pos
    found = value_type(reader)
    if not isinstance(found, RefType):
        raise DecodeError(at, f"expected a reference type, found {found}")
    return found


def heap_type(reader: Reader) -> Heap | int:
    """A heap type: an abstract one, or a type index."""
    at = reader.pos
    number = reader.s33()
    if number >= 0:
        return number
    byte = number & 0x7F
    if reader.pos == at + 1 and byte in HEAP_TYPES:
        return HEAP_TYPES[byte]
    if reader.pos == at + 1 and byte in _LATER_TYPES:
        raise UnsupportedError(at, _LATER_TYPES[byte])
    raise DecodeError(at, f"{byte:#04x} is not a heap type")


def _mutability(reader: Reader) -> bool:
    at = reader.pos
    mutable = reader.byte()
    if mutable > 1:
        raise DecodeError(at, f"{mutable:#04x} is not a mutability")
    return bool(mutable)


def field_type(reader: Reader) -> FieldType:
    """The type of a field, or of an array's elements."""
    byte = reader.data[reader.pos] if not reader.done else 0
    storage: StorageType
    if byte in _PACKED:
        storage = _PACKED[reader.byte()]
    else:
        storage = value_type(reader)
    return FieldType(storage, _mutability(reader))


def func_type(reader: Reader) -> FuncType:
    """A function type, after its form byte."""
    params = tuple([value_type(reader) for _ in range(reader.count("parameters", MAX_PARAMS))])
    results = tuple([value_type(reader) for _ in range(reader.count("results", MAX_RESULTS))])
    return FuncType(params, results)


def _composite_type(reader: Reader) -> CompositeType:
    at, form = reader.pos, reader.byte()
    if form == _FUNC:
        return func_type(reader)
    if form == _STRUCT:
        return StructType(tuple([field_type(reader) for _ in range(reader.count("fields", MAX_FIELDS))]))
    if form == _ARRAY:
        return ArrayType(field_type(reader))
    if form in _LATER_FORMS:
        raise UnsupportedError(at, _LATER_FORMS[form])
    raise DecodeError(at, f"{form:#04x} is not a form of type: function 0x60, struct 0x5f or array 0x5e")


_BARE = SubType()


def _sub_type(reader: Reader) -> tuple[CompositeType, SubType]:
    form = reader.data[reader.pos] if not reader.done else 0
    if form not in (_SUB, _SUB_FINAL):
        return _composite_type(reader), _BARE
    reader.byte()
    supers = tuple([reader.u32() for _ in range(reader.count("supertypes", MAX_SUPERS))])
    return _composite_type(reader), SubType(supers, form == _SUB_FINAL)


class TypeSection:
    """The type section as it is read: a recursion group is an entry. Spans are not kept."""

    def __init__(self) -> None:
        self.types: list[CompositeType] = []
        self.declared: dict[int, SubType] = {}  # by type index: those that are not bare
        self.groups: dict[int, int] = {}  # first type index → how many: those that are not of one

    def read(self, reader: Reader) -> None:
        """Reads the entries. Raises DecodeError."""
        for _ in range(reader.count("types", MAX_TYPES)):
            at = reader.pos
            if not reader.done and reader.data[at] == _REC:
                reader.byte()
                count = reader.count("types", MAX_TYPES)
                if count > 1:
                    self.groups[len(self.types)] = count
                for _ in range(count):
                    self._add(reader, at)
            else:
                self._add(reader, at)

    def _add(self, reader: Reader, at: int) -> None:
        type_, declared = _sub_type(reader)
        if declared is not _BARE:
            self.declared[len(self.types)] = declared
        self.types.append(type_)
        if len(self.types) > MAX_TYPES:
            raise DecodeError(at, f"more types than the limit of {MAX_TYPES}")


def type_section(reader: Reader) -> TypeSection:
    """The types of a module. Types may name later ones, so they are read twice when they name any."""
    start, section = reader.pos, TypeSection()
    section.read(reader)
    reader.kinds = [kind_of(type_) for type_ in section.types]
    if any(map(names_types, section.types)):
        reader.pos, section = start, TypeSection()
        section.read(reader)
    return section


def _limits(reader: Reader, flags: int) -> tuple[Limits, NumType]:
    number = reader.u64 if flags & _I64 else reader.u32
    low = number()
    high = number() if flags & _HAS_MAX else None
    return Limits(low, high), I64 if flags & _I64 else I32


def memory_type(reader: Reader) -> MemoryType:
    """A memory type."""
    at = reader.pos
    flags = reader.byte()
    if flags & ~(_HAS_MAX | _SHARED | _I64 | _PAGE_SIZE):
        raise DecodeError(at, f"{flags:#04x} is not a memory's limits flag")
    limits, addr = _limits(reader, flags)
    page_log2 = _page_log2(reader) if flags & _PAGE_SIZE else PAGE_LOG2
    return MemoryType(limits, addr, page_log2, bool(flags & _SHARED))


def _page_log2(reader: Reader) -> int:
    """The base-2 logarithm of a page size; which ones there are is for validation to say."""
    at = reader.pos
    log2 = reader.u32()
    if log2 > 64:
        raise DecodeError(at, f"2 ** {log2} is not a page size")
    return log2


def table_type(reader: Reader) -> TableType:
    """A table type."""
    elem = ref_type(reader)
    at = reader.pos
    flags = reader.byte()
    if flags & ~(_HAS_MAX | _I64):
        raise DecodeError(at, f"{flags:#04x} is not a table's limits flag")
    return TableType(elem, *_limits(reader, flags))


def global_type(reader: Reader) -> GlobalType:
    """A global type: value type, then mutability."""
    value = value_type(reader)
    return GlobalType(value, _mutability(reader))


def tag_type_index(reader: Reader) -> int:
    """A tag's attribute, which says it is an exception, and its type's index."""
    at = reader.pos
    if (attribute := reader.byte()) != 0:
        raise DecodeError(at, f"{attribute:#04x} is not a tag's attribute")
    return reader.u32()
