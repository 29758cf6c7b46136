"""What a body may refer to (spec: Validation, Contexts)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vm.instructions import instructions
from vm.module import Module, Span
from vm.ops.table import BY_NAME
from vm.subtyping import Matching, TypeRegistry
from vm.types import CompositeType, ExternKind, FuncType, GlobalType, MemoryType, RefType, TableType


@dataclass(frozen=True, slots=True)
class Context:
    """A module's index spaces as tuples, imports first."""

    module: Module
    data: bytes
    types: tuple[CompositeType, ...]
    matching: Matching
    funcs: tuple[FuncType, ...]
    tables: tuple[TableType, ...]
    memories: tuple[MemoryType, ...]
    globals: tuple[GlobalType, ...]
    tags: tuple[FuncType, ...]
    elems: tuple[RefType, ...]
    data_count: int | None
    refs: frozenset[int]  # functions that `ref.func` may name in a body

    @staticmethod
    def of(module: Module) -> Context:
        """The context of a module whose functions' type indices are all in range."""
        types = module.types
        return Context(
            module=module,
            data=module.bytes,
            types=types,
            matching=Matching(TypeRegistry(), module),
            funcs=tuple([module.signature(i) for i in module.func_type_indexes]),
            tables=module.tables,
            memories=module.memories,
            globals=module.globals,
            tags=tuple([tag.type for tag in module.tags]),
            elems=tuple([elem.type for elem in module.elems]),
            data_count=module.data_count,
            refs=frozenset(_declared(module)),
        )


def _declared(module: Module) -> Iterator[int]:
    """Functions named outside bodies and the start section (spec: C.refs)."""
    yield from (e.index for e in module.exports if e.kind is ExternKind.FUNC)
    for table in module.defined_tables:
        if table.init is not None:
            yield from _named_in(module, table.init)
    for global_ in module.defined_globals:
        if global_.plain is None:
            yield from _named_in(module, global_.init)
    for elem in module.elems:
        for item in elem.items:
            if isinstance(item, Span):
                yield from _named_in(module, item)
            else:
                yield item


_REF_FUNC = bytes((BY_NAME["ref.func"].code[1],))


def _named_in(module: Module, expression: Span) -> Iterator[int]:
    if _REF_FUNC not in module.bytes[expression.start : expression.end]:
        return
    for found in instructions(module.bytes, expression):
        if found.op.name == "ref.func" and isinstance(found.imm[0], int):
            yield found.imm[0]
