"""An instance: a module and its VMContext. What it refers to is found through the bytes of the VMContext."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from vm.facts import FactsCache
from vm.layout import StructView
from vm.memories import LinearMemory
from vm.module import Module
from vm.shape import ModuleShape
from vm.subtyping import by_engine
from vm.tables import Table
from vm.types import Addr, ExternKind, FuncType, GlobalType, ValType


@dataclass(frozen=True, slots=True)
class FuncExtern:
    """A function as imports and exports pass it."""

    func_ref: Addr
    type: FuncType
    type_id: int  # engine-wide


@dataclass(frozen=True, slots=True)
class GlobalExtern:
    """A global as imports and exports pass it; types in its type are engine-wide ids."""

    storage: Addr
    type: GlobalType
    owner: Addr
    index: int  # among the owner's own globals


@dataclass(frozen=True, slots=True)
class TagExtern:
    """A tag as imports and exports pass it: the definition's address is its identity."""

    definition: Addr
    type: FuncType
    type_id: int  # engine-wide
    owner: Addr
    index: int  # among the owner's own tags


Extern = FuncExtern | LinearMemory | Table | GlobalExtern | TagExtern


@dataclass(eq=False)
class Instance:
    """One instance of a store. Objects kept here are found again from the bytes at any time."""

    number: int
    name: str
    module: Module
    shape: ModuleShape
    vmctx: StructView
    record: StructView
    code_base: Addr  # of the code records of its functions, by function index
    facts: FactsCache
    type_ids: tuple[int, ...]  # engine-wide, by type index
    beside: StructView | None = None  # what the era keeps of an instance outside its VMContext
    memories: tuple[LinearMemory, ...] = ()
    tables: tuple[Table, ...] = ()
    globals: Sequence[GlobalExtern] = ()
    tags: tuple[TagExtern, ...] = ()
    elem_values: dict[int, memoryview] = field(default_factory=dict)  # by segment: slots made once

    @property
    def addr(self) -> Addr:
        """The VMContext's address: the instance's identity."""
        return self.vmctx.addr

    def is_imported(self, func: int) -> bool:
        return func < self.module.num_imported_funcs

    def func_type_id(self, func: int) -> int:
        """The engine-wide id of a function's type."""
        return self.type_ids[self.module.func_type_indexes[func]]

    def engine_type(self, type_: ValType) -> ValType:
        """One of the module's types by engine-wide id."""
        return by_engine(type_, self.type_ids)

    def import_record(self, func: int) -> StructView:
        """The VMFunctionImport of an imported function."""
        return self.vmctx.inner("imported_functions", func)

    def func_ref_at(self, func: int) -> Addr | None:
        """Where a function's VMFuncRef lies or would lie; None when it has no slot. Writes nothing."""
        if self.is_imported(func) and self.vmctx.layouts.era.imports_use_import_record:
            return self.vmctx.at("imported_functions", func)
        slot = self.shape.func_ref_slots.get(func)
        if slot is None:
            return None
        return (self.vmctx if self.beside is None else self.beside).at("func_refs", slot)

    @cached_property
    def _slot_funcs(self) -> dict[int, int]:
        return {slot: func for func, slot in self.shape.func_ref_slots.items()}

    def func_of_slot(self, slot: int) -> int | None:
        """Which function an entry of func_refs is for."""
        return self._slot_funcs.get(slot)

    def elem_dropped(self, elem: int) -> bool:
        return bool(self.record.get("elem_dropped", elem))

    def data_dropped(self, data: int) -> bool:
        return bool(self.record.get("data_dropped", data))

    def data_bytes(self, data: int) -> bytes:
        """A data segment's bytes now: none once it was dropped."""
        if self.data_dropped(data):
            return b""
        start, end = self.module.datas[data].bytes
        return self.module.bytes[start:end]

    def export_names(self, kind: ExternKind, index: int) -> tuple[str, ...]:
        """Under which names an entity is exported."""
        return tuple(e.name for e in self.module.exports if e.kind is kind and e.index == index)
