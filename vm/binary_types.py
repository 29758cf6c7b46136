"""Types in the binary format (spec: Binary Format, Types)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.errors import DecodeError, UnsupportedError
from vm.reader import Reader
from vm.types import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    PAGE_LOG2,
    V128,
    FuncType,
    GlobalType,
    Heap,
    Limits,
    MemoryType,
    NumType,
    RefType,
    TableType,
    ValType,
)

MAX_PARAMS = 1_000  # what engines accept
MAX_RESULTS = 1_000

VALUE_TYPES: Mapping[int, ValType] = MappingProxyType(
    {0x7F: I32, 0x7E: I64, 0x7D: F32, 0x7C: F64, 0x7B: V128, 0x70: FUNCREF, 0x6F: EXTERNREF}
)
HEAP_TYPES: Mapping[int, Heap] = MappingProxyType({heap.value: heap for heap in Heap})

_FUNC_REFS = "typed function references"
_LATER_HEAPS: Mapping[int, str] = MappingProxyType(
    {
        **dict.fromkeys((0x6E, 0x6D, 0x6C, 0x6B, 0x6A, 0x71, 0x72, 0x73), "GC"),
        0x69: "exceptions",
        0x74: "exceptions",
    }
)
_LATER_TYPES: Mapping[int, str] = MappingProxyType(
    {**_LATER_HEAPS, 0x64: _FUNC_REFS, 0x63: _FUNC_REFS, 0x78: "GC", 0x77: "GC"}
)
_LATER_FORMS = (0x5F, 0x5E, 0x50, 0x4F, 0x4E)

_HAS_MAX, _SHARED, _I64, _PAGE_SIZE = 0x01, 0x02, 0x04, 0x08


def value_type(reader: Reader) -> ValType:
    """A value type. Raises UnsupportedError for the types of later proposals."""
    at = reader.pos
    byte = reader.byte()
    if (found := VALUE_TYPES.get(byte)) is not None:
        return found
    if byte in _LATER_TYPES:
        raise UnsupportedError(at, _LATER_TYPES[byte])
    raise DecodeError(at, f"{byte:#04x} is not a value type")


def ref_type(reader: Reader) -> RefType:
    """A reference type."""
    at = reader.pos
    found = value_type(reader)
    if not isinstance(found, RefType):
        raise DecodeError(at, f"expected a reference type, found {found}")
    return found


def heap_type(reader: Reader) -> Heap:
    """A heap type, as `ref.null` names it."""
    at = reader.pos
    number = reader.s33()
    if number >= 0:
        raise UnsupportedError(at, _FUNC_REFS)
    byte = number & 0x7F
    if reader.pos == at + 1 and byte in HEAP_TYPES:
        return HEAP_TYPES[byte]
    if reader.pos == at + 1 and byte in _LATER_HEAPS:
        raise UnsupportedError(at, _LATER_HEAPS[byte])
    raise DecodeError(at, f"{byte:#04x} is not a heap type")


def func_type(reader: Reader) -> FuncType:
    """One entry of the type section."""
    at = reader.pos
    form = reader.byte()
    if form in _LATER_FORMS:
        raise UnsupportedError(at, "GC")
    if form != 0x60:
        raise DecodeError(at, f"expected a function type (0x60), found {form:#04x}")
    params = tuple(value_type(reader) for _ in range(reader.count("parameters", MAX_PARAMS)))
    results = tuple(value_type(reader) for _ in range(reader.count("results", MAX_RESULTS)))
    return FuncType(params, results)


def _limits(reader: Reader, flags: int) -> tuple[Limits, NumType]:
    number = reader.u64 if flags & _I64 else reader.u32
    low = number()
    high = number() if flags & _HAS_MAX else None
    return Limits(low, high), I64 if flags & _I64 else I32


def memory_type(reader: Reader) -> MemoryType:
    """A memory type. Raises UnsupportedError for shared memories."""
    at = reader.pos
    flags = reader.byte()
    if flags & ~(_HAS_MAX | _SHARED | _I64 | _PAGE_SIZE):
        raise DecodeError(at, f"{flags:#04x} is not a memory's limits flag")
    if flags & _SHARED:
        raise UnsupportedError(at, "threads")
    limits, addr = _limits(reader, flags)
    return MemoryType(limits, addr, _page_log2(reader) if flags & _PAGE_SIZE else PAGE_LOG2)


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
    at = reader.pos
    mutable = reader.byte()
    if mutable > 1:
        raise DecodeError(at, f"{mutable:#04x} is not a mutability")
    return GlobalType(value, bool(mutable))
