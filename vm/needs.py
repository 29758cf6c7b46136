"""What a module needs of a layout that not every era has: a GC heap, tags, shared memories."""

from __future__ import annotations

from collections.abc import Iterator

from vm.constant import mentioned_funcs
from vm.errors import WasmscopeError
from vm.instructions import instructions
from vm.layout import Era
from vm.module import Module
from vm.types import ArrayType, ExternKind, FuncType, GlobalType, Heap, RefType, StructType, TableType, ValType

GC, TAGS, SHARED, TABLE_INIT = "gc", "tags", "shared memory", "table initial values"
_NAMES = {GC: "a GC heap", TAGS: "tags", SHARED: "shared memories", TABLE_INIT: "funcrefs in tables' initial values"}
_BY_PROPOSAL = {"gc": GC, "exception-handling": TAGS, "legacy-exceptions": TAGS}
_OF_HEAP = {
    **dict.fromkeys((Heap.ANY, Heap.EQ, Heap.I31, Heap.STRUCT, Heap.ARRAY, Heap.NONE), GC),
    **dict.fromkeys((Heap.EXN, Heap.NOEXN), TAGS),
}


class LayoutError(WasmscopeError):
    """A module needs what an era's layout cannot hold."""

    def __init__(self, need: str, where: str, era: Era, first: Era | None) -> None:
        super().__init__(need, where, era.id)
        self.need, self.where, self.era, self.first = need, where, era, first

    def __str__(self) -> str:
        text = f"the module needs {_NAMES[self.need]} ({self.where}), which the layout of {self.era.title} cannot hold"
        if self.first is None:
            return f"{text} (no later release of {self.era.runtime} known here can)"
        version = self.first.first_version.removesuffix(".0").removesuffix(".0")
        return f"{text} (the first that can: --runtime {self.first.runtime}@{version})"


def check_layout_holds(module: Module, era: Era, eras: tuple[Era, ...]) -> None:
    """Refuses a module that an era cannot hold; `eras` are those to look for a better one in. Raises LayoutError."""
    if not era.lacks:
        return
    for need, where in needs(module):
        if need in era.lacks:
            same = [e for e in eras if e.runtime == era.runtime]  # newest first
            holding = [e for e in same[: same.index(era)] if need not in e.lacks] if era in same else []
            raise LayoutError(need, where, era, holding[-1] if holding else None)


def needs(module: Module) -> Iterator[tuple[str, str]]:
    """What a module needs, and where that shows first; bodies come last. The same need may come again."""
    yield from _of_types(module)
    for i, import_ in enumerate(module.imports):
        if import_.kind is ExternKind.TAG:
            yield TAGS, f"import {i}"
    if module.defined_tags:
        yield TAGS, "tag section"
    for i, memory in enumerate(module.memories):
        if memory.shared:
            yield SHARED, f"memory {i}"
    for i, table in enumerate(module.defined_tables, len(module.tables) - len(module.defined_tables)):
        if table.init is not None and next(iter(mentioned_funcs(module, table.init)), None) is not None:
            yield TABLE_INIT, f"table {i}"
    entities: tuple[tuple[str, tuple[TableType | GlobalType, ...]], ...] = (
        ("table", module.tables), ("global", module.globals),
    )  # fmt: skip
    for kind, types in entities:
        for i, entity in enumerate(types):
            yield from _of(module, entity.elem if isinstance(entity, TableType) else entity.value, f"{kind} {i}")
    yield from _of_bodies(module)


def _of_types(module: Module) -> Iterator[tuple[str, str]]:
    for i, type_ in enumerate(module.types):
        if isinstance(type_, StructType | ArrayType):
            yield GC, f"type {i} is {'a struct' if isinstance(type_, StructType) else 'an array'}"
        elif isinstance(type_, FuncType):
            for value in (*type_.params, *type_.results):
                yield from _of(module, value, f"type {i}")
    if module.declared:
        yield GC, f"type {min(module.declared)} declares its supertypes"


def _of(module: Module, type_: ValType, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(type_, RefType) and isinstance(type_.heap, Heap) and type_.heap in _OF_HEAP:
        yield _OF_HEAP[type_.heap], f"{where} has {type_}"


def _of_bodies(module: Module) -> Iterator[tuple[str, str]]:
    for i, body in enumerate(module.bodies, module.num_imported_funcs):
        for _, local in body.locals:
            yield from _of(module, local, f"a local of function {i}")
        for instr in instructions(module.bytes, body.code):
            if instr.op.proposal in _BY_PROPOSAL:
                yield _BY_PROPOSAL[instr.op.proposal], f"{instr.op.name} in function {i}"
