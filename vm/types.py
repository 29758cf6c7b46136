"""WebAssembly types, and NewTypes for numbers that must not be mixed (spec: Structure, Types)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

Addr = NewType("Addr", int)  # bytes, absolute, in the machine's address space
Tick = NewType("Tick", int)  # retired instructions, store-wide

PAGE_LOG2 = 16  # of a page that says nothing else
SLOT_BYTES = 8


class NumType(Enum):
    """A number or vector type; the value is its byte in the binary format."""

    I32 = 0x7F
    I64 = 0x7E
    F32 = 0x7D
    F64 = 0x7C
    V128 = 0x7B

    def __str__(self) -> str:
        return self.name.lower()


class Heap(Enum):
    """An abstract heap type; the value is its byte in the binary format."""

    FUNC = 0x70
    EXTERN = 0x6F
    ANY = 0x6E
    EQ = 0x6D
    I31 = 0x6C
    STRUCT = 0x6B
    ARRAY = 0x6A
    EXN = 0x69
    NOEXN = 0x74
    NOFUNC = 0x73
    NOEXTERN = 0x72
    NONE = 0x71
    BOTTOM = 0  # below all of them: what unreachable code has; never in a module

    def __str__(self) -> str:
        return self.name.lower()


_FUNCS = (Heap.FUNC, Heap.NOFUNC)
_SHORT_NAMES = {
    Heap.NONE: "nullref",
    Heap.NOFUNC: "nullfuncref",
    Heap.NOEXTERN: "nullexternref",
    Heap.NOEXN: "nullexnref",
}


@dataclass(frozen=True, slots=True)
class RefType:
    """A reference. `heap` is an abstract heap type, or the index of a type: in the module, or among the
    engine-wide ids, as the owner of the type says. `kind` then says what is there (FUNC, STRUCT or ARRAY)
    where that is known; it is no part of the type."""

    heap: Heap | int
    nullable: bool = True
    kind: Heap | None = field(default=None, compare=False)

    @property
    def is_func(self) -> bool:
        """Whether its values are VMFuncRef addresses, not references into the GC heap."""
        return self.heap in _FUNCS or self.kind is Heap.FUNC

    def __str__(self) -> str:
        if self.nullable and isinstance(self.heap, Heap):
            return _SHORT_NAMES.get(self.heap) or f"{self.heap}ref"
        return f"(ref {'null ' if self.nullable else ''}{self.heap})"


ValType = NumType | RefType

I32, I64, F32, F64, V128 = NumType.I32, NumType.I64, NumType.F32, NumType.F64, NumType.V128
FUNCREF, EXTERNREF, EXNREF = RefType(Heap.FUNC), RefType(Heap.EXTERN), RefType(Heap.EXN)


def slots(type_: ValType) -> int:
    """How many 8-byte slots a value of this type takes in a frame (v128: 2)."""
    return 2 if type_ is NumType.V128 else 1


def total_slots(types: tuple[ValType, ...]) -> int:
    """Slots of a sequence of values."""
    return len(types) + types.count(NumType.V128)


def grouped(slots_: tuple[int, ...], types: tuple[ValType, ...]) -> tuple[int, ...]:
    """One number a value: the two slots of a v128 are joined, low half first."""
    out, at = [], 0
    for type_ in types:
        if slots(type_) == 2:
            out.append(slots_[at] | slots_[at + 1] << 64)
        else:
            out.append(slots_[at])
        at += slots(type_)
    return tuple(out)


def spread(values: tuple[int, ...], types: tuple[ValType, ...]) -> tuple[int, ...]:
    """The slots of values: the opposite of `grouped`."""
    out: list[int] = []
    for value, type_ in zip(values, types, strict=True):
        out += [value & (1 << 64) - 1, value >> 64] if slots(type_) == 2 else [value]
    return tuple(out)


@dataclass(frozen=True, slots=True)
class FuncType:
    """Parameters and results."""

    params: tuple[ValType, ...]
    results: tuple[ValType, ...]

    def __str__(self) -> str:
        return f"[{' '.join(map(str, self.params))}] -> [{' '.join(map(str, self.results))}]"


class Packed(Enum):
    """A type that only fields and elements have; the value is its byte in the binary format."""

    I8 = 0x78
    I16 = 0x77

    def __str__(self) -> str:
        return self.name.lower()


StorageType = ValType | Packed


def unpacked(type_: StorageType) -> ValType:
    """The type of the operand that is read from such storage."""
    return I32 if isinstance(type_, Packed) else type_


@dataclass(frozen=True, slots=True)
class FieldType:
    """A struct's field, or an array's elements."""

    storage: StorageType
    mutable: bool

    def __str__(self) -> str:
        return f"(mut {self.storage})" if self.mutable else str(self.storage)


@dataclass(frozen=True, slots=True)
class StructType:
    """A GC struct."""

    fields: tuple[FieldType, ...]

    def __str__(self) -> str:
        return " ".join(("struct", *(f"(field {f})" for f in self.fields)))


@dataclass(frozen=True, slots=True)
class ArrayType:
    """A GC array."""

    element: FieldType

    def __str__(self) -> str:
        return f"array {self.element}"


CompositeType = FuncType | StructType | ArrayType


def parts(type_: CompositeType) -> Sequence[StorageType]:
    """The types that a composite type is made of."""
    match type_:
        case FuncType(params, results):
            return params + results
        case StructType(fields):
            return [f.storage for f in fields]
        case ArrayType(element):
            return (element.storage,)


def names_types(type_: CompositeType) -> bool:
    """Whether a type refers to others by index."""
    return any(isinstance(part, RefType) and isinstance(part.heap, int) for part in parts(type_))


def kind_of(type_: CompositeType) -> Heap:
    """The abstract heap type that a composite type is one of."""
    match type_:
        case FuncType():
            return Heap.FUNC
        case StructType():
            return Heap.STRUCT
        case ArrayType():
            return Heap.ARRAY


@dataclass(frozen=True, slots=True)
class SubType:
    """What a type declares beside its composite type; a bare one is final and has no supertype."""

    supers: tuple[int, ...] = ()
    final: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in pages (memories) or elements (tables); `max` None means no declared bound."""

    min: int
    max: int | None = None

    def __str__(self) -> str:
        return str(self.min) if self.max is None else f"{self.min} {self.max}"


@dataclass(frozen=True, slots=True)
class MemoryType:
    """A linear memory; `addr` is I32, or I64 with memory64; pages are of 2 ** `page_log2` bytes."""

    limits: Limits
    addr: NumType = NumType.I32
    page_log2: int = PAGE_LOG2
    shared: bool = False

    @property
    def page_bytes(self) -> int:
        return 1 << self.page_log2

    @property
    def max_pages(self) -> int:
        """As many as addresses reach, whatever the declared maximum."""
        bits = 64 if self.addr is NumType.I64 else 32
        return min(1 << bits - self.page_log2, (1 << bits) - 1)

    def __str__(self) -> str:
        pages = "" if self.page_log2 == PAGE_LOG2 else f" (pagesize {self.page_bytes})"
        return (
            f"memory {'i64 ' if self.addr is NumType.I64 else ''}{self.limits}{' shared' if self.shared else ''}{pages}"
        )


@dataclass(frozen=True, slots=True)
class TableType:
    """A table; `addr` is I32, or I64 with memory64's tables."""

    elem: RefType
    limits: Limits
    addr: NumType = NumType.I32

    def __str__(self) -> str:
        return f"table {'i64 ' if self.addr is NumType.I64 else ''}{self.limits} {self.elem}"


@dataclass(frozen=True, slots=True)
class GlobalType:
    """A global's value type and mutability."""

    value: ValType
    mutable: bool

    def __str__(self) -> str:
        return f"global {f'(mut {self.value})' if self.mutable else self.value}"


@dataclass(frozen=True, slots=True)
class TagType:
    """An exception tag; the parameters of its function type are what an exception carries."""

    type: FuncType

    def __str__(self) -> str:
        return f"tag {self.type}"


ExternType = FuncType | TableType | MemoryType | GlobalType | TagType


class ExternKind(Enum):
    """What an import or export is; the value is its byte in the binary format."""

    FUNC = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4

    def __str__(self) -> str:
        return self.name.lower()
