"""Types of values in expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Protocol

from vm.types import I32, I64, NumType, RefType, ValType


class Sort(Enum):
    """What a scalar's bits mean."""

    SIGNED = auto()
    UNSIGNED = auto()
    FLOAT = auto()
    BOOL = auto()
    LITERAL = auto()  # an integer as written: it takes the type of what it meets


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number; `size` in bytes. `character`: it stands for one."""

    name: str
    size: int
    sort: Sort
    character: bool = False

    @property
    def bits(self) -> int:
        return self.size * 8

    @property
    def is_integer(self) -> bool:
        return self.sort is not Sort.FLOAT

    def wrap(self, value: int) -> int:
        """An integer brought into the type's range, as the machine's arithmetic does."""
        value &= (1 << self.bits) - 1
        if self.sort in (Sort.SIGNED, Sort.LITERAL) and value >> (self.bits - 1):
            value -= 1 << self.bits
        return value

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class String:
    """Text: a literal, or a zero-terminated string in memory."""

    def __str__(self) -> str:
        return "string"


@dataclass(frozen=True, slots=True)
class Reference:
    """A funcref (a VMFuncRef's address) or a reference into the GC heap (an offset). `in_table`: an era's word."""

    name: str
    size: int
    in_table: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Enumeration(Scalar):
    """A number whose values have names."""

    names: tuple[tuple[int, str], ...] = ()

    def name_of(self, value: int) -> str:
        """What a value is called; several names joined where it is made of flags; empty when nothing fits."""
        exact = next((name for number, name in self.names if number == value), "")
        if exact or value <= 0:
            return exact
        flags = [(number, name) for number, name in self.names if number > 0 and number & (number - 1) == 0]
        parts = [name for number, name in flags if value & number]
        return "|".join(parts) if sum(number for number, _ in flags if value & number) == value else ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """An address; `target` None: of something that has no type here. `native`: never an offset into guest memory.

    `size` in bytes; `is_reference`: it stands for what it leads to; `function`: the signature of what it leads to;
    `name`: what its language calls it, where that is not the target with a star.
    """

    target: Type | None
    native: bool = False
    size: int = 8
    is_reference: bool = False
    function: str = ""
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.function or f"{self.target or 'void'}{'&' if self.is_reference else '*'}"


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a composite. `bits`: where it begins and how many it is, for a bit field; counted from the lowest."""

    name: str
    type: Type
    offset: int
    bits: tuple[int, int] | None = None
    is_base: bool = False


@dataclass(frozen=True, slots=True)
class Variants:
    """The alternatives of a Rust enum: `tag` says which holds, `fields` by its values; None: by any other."""

    tag: Field | None
    fields: tuple[tuple[int | None, Field], ...]


class Shape(Protocol):
    """What a composite is made of, found when it is asked for. Raises UserError for damaged descriptions."""

    def fields(self) -> tuple[Field, ...]: ...
    def variants(self) -> Variants | None: ...
    def arguments(self) -> tuple[tuple[str, Type], ...]:
        """What a template or a generic type was made for."""
        ...


class Composite:
    """A struct, class, union or enum with data of the program's language. Two are equal when they are one type."""

    __slots__ = ("key", "kind", "language", "name", "shape", "size")

    def __init__(self, name: str, size: int, kind: str, language: str, key: int, shape: Shape) -> None:
        self.name, self.size, self.kind, self.language, self.key, self.shape = name, size, kind, language, key, shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Composite) and (other.key, other.name) == (self.key, self.name)

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Array:
    element: Type
    count: int

    def __str__(self) -> str:
        return f"{self.element}[{self.count}]"


@dataclass(frozen=True, slots=True)
class Record:
    """A struct of the era by its name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Group:
    """A set of things that are found by name or index: `local`, `memory[0]`, `instance[1]`."""

    name: str

    def __str__(self) -> str:
        return self.name


Type = Scalar | String | Reference | Pointer | Array | Record | Group | Composite

LITERAL = Scalar("int", 8, Sort.LITERAL)
BOOL = Scalar("bool", 1, Sort.BOOL)
F32_TYPE, F64_TYPE = Scalar("f32", 4, Sort.FLOAT), Scalar("f64", 8, Sort.FLOAT)
U8_TYPE, U32_TYPE, U64_TYPE = (Scalar(f"u{n * 8}", n, Sort.UNSIGNED) for n in (1, 4, 8))
I32_TYPE, I64_TYPE = Scalar("i32", 4, Sort.SIGNED), Scalar("i64", 8, Sort.SIGNED)
STRING = String()
FUNCREF_TYPE = Reference("funcref", 8)

SCALARS: Mapping[str, Scalar] = MappingProxyType(
    {
        **{f"i{n * 8}": Scalar(f"i{n * 8}", n, Sort.SIGNED) for n in (1, 2, 4, 8)},
        **{f"u{n * 8}": Scalar(f"u{n * 8}", n, Sort.UNSIGNED) for n in (1, 2, 4, 8)},
        "f32": F32_TYPE,
        "f64": F64_TYPE,
        "bool": BOOL,
        "char": U8_TYPE,
        "usize": U64_TYPE,
    }
)
VECTOR_TYPE = Array(U8_TYPE, 16)
LANES: Mapping[str, Scalar] = MappingProxyType(
    {f"{name}x{16 // type_.size}": type_ for name, type_ in SCALARS.items() if name[0] in "iuf" and name[1].isdigit()}
)
CSTR = "cstr"
SOURCE_POINTER_BYTES = 4  # of pointers as a source's types have them; the others here are wider
WORDS = frozenset({*SCALARS, CSTR, "funcref"})


def of_value(type_: ValType) -> Scalar | Reference | Array:
    """The type of a guest's value."""
    match type_:
        case RefType():
            return FUNCREF_TYPE if type_.is_func else Reference(str(type_), 4)
        case NumType.V128:
            return VECTOR_TYPE
        case _ if type_ is I32:
            return I32_TYPE
        case _ if type_ is I64:
            return I64_TYPE
        case NumType.F32:
            return F32_TYPE
        case _:
            return F64_TYPE


def size_of(type_: Type) -> int:
    """Bytes of a value; 0 for what has no size of its own here."""
    match type_:
        case Scalar() | Reference() | Pointer() | Composite():
            return type_.size
        case Array():
            return size_of(type_.element) * type_.count
        case _:
            return 0
