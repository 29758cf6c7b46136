"""A decoded module: frozen, and every item keeps the span of bytes it came from (spec: Structure, Modules).

Function bodies and constant expressions stay bytes; `vm.facts` reads one body when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from vm.types import (
    CompositeType,
    ExternKind,
    ExternType,
    FuncType,
    GlobalType,
    MemoryType,
    NumType,
    RefType,
    SubType,
    TableType,
    TagType,
    ValType,
)


class Span(NamedTuple):
    """Bytes [start, end) of the module file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Import:
    module: str
    name: str
    kind: ExternKind
    type: ExternType
    type_index: int | None  # of a function's or tag's type; None for the others
    span: Span


@dataclass(frozen=True, slots=True)
class Export:
    name: str
    kind: ExternKind
    index: int
    span: Span


@dataclass(frozen=True, slots=True)
class Body:
    """A function's code: `span` starts after the size field; `code` is the expression, its `end` included."""

    span: Span
    locals: tuple[tuple[int, ValType], ...]  # runs: (how many, type), parameters not among them
    code: Span


class Plain(NamedTuple):
    """A constant expression that is one number: the number as a slot holds it, and where the expression is over."""

    type: NumType
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Global:
    type: GlobalType
    init: Span  # a constant expression, its `end` included
    span: Span
    plain: Plain | None  # the value, where that is a single number


@dataclass(frozen=True, slots=True)
class Table:
    type: TableType
    init: Span | None  # a constant expression for every element, or None: null
    span: Span


@dataclass(frozen=True, slots=True)
class Memory:
    type: MemoryType
    span: Span


@dataclass(frozen=True, slots=True)
class Tag:
    type: TagType
    type_index: int
    span: Span


@dataclass(frozen=True, slots=True)
class Elem:
    """An element segment. `mode` is active, passive or declared; items are function indices or expressions."""

    mode: str
    table: int
    offset: Span | None
    type: RefType
    items: tuple[int, ...] | tuple[Span, ...]
    by_expr: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Data:
    """A data segment. `mode` is active or passive; `bytes` is the payload's span."""

    mode: str
    memory: int
    offset: Span | None
    bytes: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Custom:
    """A custom section, kept as it is; `payload` follows the name."""

    name: str
    payload: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Names:
    """The name section (spec: appendix, Custom Sections). Missing or damaged parts are empty."""

    module: str | None = None
    functions: Mapping[int, str] = field(default_factory=dict)
    locals: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    labels: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    types: Mapping[int, str] = field(default_factory=dict)
    fields: Mapping[int, Mapping[int, str]] = field(default_factory=dict)  # of struct types
    tables: Mapping[int, str] = field(default_factory=dict)
    memories: Mapping[int, str] = field(default_factory=dict)
    globals: Mapping[int, str] = field(default_factory=dict)
    elems: Mapping[int, str] = field(default_factory=dict)
    datas: Mapping[int, str] = field(default_factory=dict)
    tags: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    """Everything a binary declares. Index spaces put imports first, as in the specification."""

    bytes: bytes
    sections: tuple[tuple[int, Span], ...]  # (id, payload) in file order
    types: tuple[CompositeType, ...]
    declared: Mapping[int, SubType]  # by type index: supertypes and whether final, where that was said
    groups: Mapping[int, int]  # first type index → how many, for recursion groups that are not of one type
    imports: tuple[Import, ...]
    defined_funcs: tuple[int, ...]  # type index of each function defined here
    defined_tables: tuple[Table, ...]
    defined_memories: tuple[Memory, ...]
    defined_tags: tuple[Tag, ...]
    defined_globals: tuple[Global, ...]
    exports: tuple[Export, ...]
    start: int | None
    elems: tuple[Elem, ...]
    data_count: int | None
    bodies: tuple[Body, ...]
    datas: tuple[Data, ...]
    customs: tuple[Custom, ...]
    names: Names

    def imported(self, kind: ExternKind) -> Iterator[Import]:
        """The imports of one kind, in index order."""
        return (i for i in self.imports if i.kind is kind)

    def is_imported(self, kind: ExternKind, index: int) -> bool:
        """Whether an index of one kind is an import's."""
        return index < sum(1 for _ in self.imported(kind))

    @cached_property
    def func_type_indexes(self) -> tuple[int, ...]:
        """Type index of every function, imports first."""
        imported = (i.type_index for i in self.imported(ExternKind.FUNC))
        return (*(t for t in imported if t is not None), *self.defined_funcs)

    @cached_property
    def num_imported_funcs(self) -> int:
        return sum(1 for _ in self.imported(ExternKind.FUNC))

    @cached_property
    def tables(self) -> tuple[TableType, ...]:
        """Type of every table, imports first."""
        imported = (i.type for i in self.imported(ExternKind.TABLE))
        return (*(t for t in imported if isinstance(t, TableType)), *(t.type for t in self.defined_tables))

    @cached_property
    def memories(self) -> tuple[MemoryType, ...]:
        """Type of every memory, imports first."""
        imported = (i.type for i in self.imported(ExternKind.MEMORY))
        return (*(t for t in imported if isinstance(t, MemoryType)), *(m.type for m in self.defined_memories))

    @cached_property
    def globals(self) -> tuple[GlobalType, ...]:
        """Type of every global, imports first."""
        imported = (i.type for i in self.imported(ExternKind.GLOBAL))
        return (*(t for t in imported if isinstance(t, GlobalType)), *(g.type for g in self.defined_globals))

    @cached_property
    def tags(self) -> tuple[TagType, ...]:
        """Type of every tag, imports first."""
        imported = (i.type for i in self.imported(ExternKind.TAG))
        return (*(t for t in imported if isinstance(t, TagType)), *(t.type for t in self.defined_tags))

    @cached_property
    def tag_type_indexes(self) -> tuple[int, ...]:
        """Type index of every tag, imports first."""
        imported = (i.type_index for i in self.imported(ExternKind.TAG))
        return (*(t for t in imported if t is not None), *(t.type_index for t in self.defined_tags))

    def signature(self, type_index: int) -> FuncType:
        """A type that validation knows to be a function's."""
        found = self.types[type_index]
        assert isinstance(found, FuncType)
        return found

    def func_type(self, func: int) -> FuncType:
        """The type of function `func`."""
        return self.signature(self.func_type_indexes[func])

    def body(self, func: int) -> Body:
        """The body of a function defined here; `func` counts imports."""
        return self.bodies[func - self.num_imported_funcs]

    def export(self, name: str) -> Export | None:
        """The export called `name`."""
        return self._exports.get(name)

    @cached_property
    def _exports(self) -> dict[str, Export]:
        return {e.name: e for e in self.exports}


@dataclass(frozen=True, slots=True)
class ValidModule:
    """A module that passed validation; only `vm.validate` makes one."""

    module: Module
