"""Which type may stand for which (spec: Validation, Matching), and which types are the same.

A registry gives equal types one id, whatever module or recursion group they were written in: a module's own
registry serves validation, a machine's the engine-wide ids that a runtime calls VMSharedTypeIndex.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from vm.module import Module
from vm.types import (
    ArrayType,
    CompositeType,
    FieldType,
    FuncType,
    Heap,
    Packed,
    RefType,
    StorageType,
    StructType,
    SubType,
    ValType,
    kind_of,
    names_types,
)

MAX_SUBTYPE_DEPTH = 63  # what engines accept

_ABOVE: Mapping[Heap, frozenset[Heap]] = MappingProxyType(
    {
        Heap.EQ: frozenset({Heap.ANY}),
        **dict.fromkeys((Heap.I31, Heap.STRUCT, Heap.ARRAY), frozenset({Heap.EQ, Heap.ANY})),
        Heap.NONE: frozenset({Heap.I31, Heap.STRUCT, Heap.ARRAY, Heap.EQ, Heap.ANY}),
        Heap.NOFUNC: frozenset({Heap.FUNC}),
        Heap.NOEXTERN: frozenset({Heap.EXTERN}),
        Heap.NOEXN: frozenset({Heap.EXN}),
        Heap.BOTTOM: frozenset(Heap),
    }
)
_TOP: Mapping[Heap, Heap] = MappingProxyType(
    {
        **dict.fromkeys((Heap.FUNC, Heap.NOFUNC), Heap.FUNC),
        **dict.fromkeys((Heap.EXTERN, Heap.NOEXTERN), Heap.EXTERN),
        **dict.fromkeys((Heap.EXN, Heap.NOEXN), Heap.EXN),
    }
)

_BARE = SubType()
_Key = tuple[tuple[SubType, CompositeType], ...]


def renamed(type_: CompositeType, index: Callable[[int], int]) -> CompositeType:
    """The type with every type index in it replaced."""
    if not names_types(type_):
        return type_

    def value(t: ValType) -> ValType:
        if isinstance(t, RefType) and isinstance(t.heap, int):
            return RefType(index(t.heap), t.nullable, t.kind)
        return t

    def field(f: FieldType) -> FieldType:
        return f if isinstance(f.storage, Packed) else FieldType(value(f.storage), f.mutable)

    match type_:
        case FuncType(params, results):
            return FuncType(tuple(map(value, params)), tuple(map(value, results)))
        case StructType(fields):
            return StructType(tuple(map(field, fields)))
        case ArrayType(element):
            return ArrayType(field(element))


@dataclass(frozen=True, slots=True)
class Registered:
    """A type by its id; references in it are ids, too. `chain` is its supertypes, the nearest first."""

    type: CompositeType
    declared: SubType
    chain: tuple[int, ...]


class TypeRegistry:
    """Types by id: equal types have equal ids."""

    def __init__(self) -> None:
        self.types: list[Registered] = []
        self._groups: dict[_Key, int] = {}  # recursion group → id of its first type

    def add_module(self, module: Module) -> tuple[int, ...]:
        """The ids of a module's types, by type index. The types were validated: none names one after its group."""
        ids: list[int] = []
        types, declared, groups = module.types, module.declared, module.groups
        while len(ids) < len(types):
            start = len(ids)
            count = groups.get(start, 1)
            self._add_group(types, declared, start, count, ids)
        return tuple(ids)

    def add(self, type_: FuncType) -> int:
        """The id of a function type that is a group of its own; references in it are ids already."""
        return self._register(((_BARE, type_),))

    def _add_group(
        self,
        types: Sequence[CompositeType],
        declared: Mapping[int, SubType],
        start: int,
        count: int,
        ids: list[int],
    ) -> None:
        def index(i: int) -> int:
            return ids[i] if i < start else start - i - 1  # inside the group: -1, -2 ...

        members = []
        for i in range(start, start + count):
            said = declared.get(i, _BARE)
            if said.supers:
                said = SubType(tuple(map(index, said.supers)), said.final)
            members.append((said, renamed(types[i], index)))
        first = self._register(tuple(members))
        ids.extend(range(first, first + count))

    def _register(self, key: _Key) -> int:
        found = self._groups.get(key)
        if found is not None:
            return found
        first = self._groups[key] = len(self.types)

        def index(i: int) -> int:
            return i if i >= 0 else first - i - 1

        for said, type_ in key:
            supers = tuple(map(index, said.supers))
            chain = (supers[0], *self.types[supers[0]].chain) if supers else ()
            self.types.append(Registered(renamed(type_, index), SubType(supers, said.final), chain))
        return first

    def is_subtype(self, id_: int, of: int) -> bool:
        """Whether a type is the other one, or below it."""
        return id_ == of or of in self.types[id_].chain

    def kind(self, id_: int) -> Heap:
        """FUNC, STRUCT or ARRAY."""
        return kind_of(self.types[id_].type)


class Matching:
    """Matching of types whose indices are a module's own, or without a module the ids of a registry."""

    def __init__(self, registry: TypeRegistry, module: Module | None = None) -> None:
        self._registry, self._module = registry, module

    @cached_property
    def _ids(self) -> tuple[int, ...]:
        assert self._module is not None
        return self._registry.add_module(self._module)

    def id(self, index: int) -> int:
        """The id of a type index: equal for equal types."""
        return index if self._module is None else self._ids[index]

    def value(self, sub: ValType, sup: ValType) -> bool:
        """Whether a value of type `sub` may stand where `sup` is wanted."""
        if sub == sup:
            return True
        if not isinstance(sub, RefType) or not isinstance(sup, RefType):
            return False
        return (sup.nullable or not sub.nullable) and self.heap(sub.heap, sup.heap)

    def heap(self, sub: Heap | int, sup: Heap | int) -> bool:
        """Whether a heap type is the other one, or below it."""
        if sub == sup:
            return True
        if isinstance(sub, int):
            if isinstance(sup, int):
                return self._registry.is_subtype(self.id(sub), self.id(sup))
            return self.heap(self._registry.kind(self.id(sub)), sup)
        if isinstance(sup, int):
            if sub is Heap.BOTTOM:
                return True
            return sub is (Heap.NOFUNC if self._registry.kind(self.id(sup)) is Heap.FUNC else Heap.NONE)
        return sup in _ABOVE.get(sub, ())

    def storage(self, sub: StorageType, sup: StorageType) -> bool:
        """The same for what fields hold."""
        if isinstance(sub, Packed) or isinstance(sup, Packed):
            return sub is sup
        return self.value(sub, sup)

    def field(self, sub: FieldType, sup: FieldType) -> bool:
        """Mutable fields must be alike in both directions."""
        if sub.mutable != sup.mutable or not self.storage(sub.storage, sup.storage):
            return False
        return not sub.mutable or self.storage(sup.storage, sub.storage)

    def values(self, subs: Sequence[ValType], sups: Sequence[ValType]) -> bool:
        """The same for as many values."""
        return len(subs) == len(sups) and all(map(self.value, subs, sups))

    def composite(self, sub: CompositeType, sup: CompositeType) -> bool:
        """Whether a type may declare the other one its supertype."""
        match sub, sup:
            case FuncType(), FuncType():
                return self.values(sup.params, sub.params) and self.values(sub.results, sup.results)
            case StructType(), StructType():
                return len(sub.fields) >= len(sup.fields) and all(map(self.field, sub.fields, sup.fields))
            case ArrayType(), ArrayType():
                return self.field(sub.element, sup.element)
            case _:
                return False

    def top(self, heap: Heap | int) -> Heap:
        """The highest type of a heap type's hierarchy."""
        kind = self._registry.kind(self.id(heap)) if isinstance(heap, int) else heap
        return _TOP.get(kind, Heap.ANY)


def by_engine(type_: ValType, type_ids: tuple[int, ...]) -> ValType:
    """A module's type by engine-wide id."""
    if isinstance(type_, RefType) and isinstance(type_.heap, int):
        return RefType(type_ids[type_.heap], type_.nullable, type_.kind)
    return type_
