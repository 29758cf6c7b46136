"""Module validation (spec: Validation, Modules). Keeps nothing for each instruction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from vm.errors import ValidationError
from vm.module import Elem, Module, Span, ValidModule
from vm.types import (
    I64,
    PAGE_LOG2,
    ExternKind,
    Limits,
    MemoryType,
    TableType,
)
from vm.validator.context import Context
from vm.validator.expression import check_body, check_constant

PAGE_LOG2S = (0, PAGE_LOG2)  # of the page sizes there are
MAX_MEMORIES_OR_TABLES = 100  # what engines accept, imports included


def _fail(offset: int, what: str) -> NoReturn:
    raise ValidationError(None, offset, what)


def _check_limits(limits: Limits, most: int, what: str, offset: int) -> None:
    if limits.min > most or (limits.max or 0) > most:
        _fail(offset, f"a {what} of {limits} is over the limit of {most}")
    if limits.max is not None and limits.min > limits.max:
        _fail(offset, f"a {what}'s minimum {limits.min} is over its maximum {limits.max}")


def _check_type(type_: object, offset: int) -> None:
    match type_:
        case MemoryType(limits):
            if type_.page_log2 not in PAGE_LOG2S:
                _fail(offset, f"a page is of 1 or of 65536 bytes, not of 2 ** {type_.page_log2}")
            _check_limits(limits, type_.max_pages, "memory", offset)
        case TableType(_, limits, addr):
            most = (1 << (64 if addr is I64 else 32)) - 1
            _check_limits(limits, most, "table", offset)
        case _:
            pass


def _check_counts(module: Module) -> None:
    for what, count in (("memories", len(module.memories)), ("tables", len(module.tables))):
        if count > MAX_MEMORIES_OR_TABLES:
            _fail(0, f"{count} {what} are more than the limit of {MAX_MEMORIES_OR_TABLES}")


def _check_functions(module: Module) -> None:
    for index in module.defined_funcs:
        if index >= len(module.types):
            _fail(_section_start(module, 3), f"unknown type {index}, of {len(module.types)}")


def _section_start(module: Module, number: int) -> int:
    return next((span.start for id_, span in module.sections if id_ == number), 0)


def _declarations(module: Module) -> Iterator[tuple[object, int]]:
    """Types of imports, tables and memories, and where they are."""
    yield from ((i.type, i.span.start) for i in module.imports)
    yield from ((t.type, t.span.start) for t in module.defined_tables)
    yield from ((m.type, m.span.start) for m in module.defined_memories)


def _check_globals(context: Context) -> None:
    module = context.module
    first = len(context.globals) - len(module.defined_globals)
    for index, global_ in enumerate(module.defined_globals, first):
        check_constant(context, global_.init, global_.type.value, globals_in_reach=index)


def _check_exports(context: Context) -> None:
    sizes = {
        ExternKind.FUNC: len(context.funcs),
        ExternKind.TABLE: len(context.tables),
        ExternKind.MEMORY: len(context.memories),
        ExternKind.GLOBAL: len(context.globals),
    }
    seen: set[str] = set()
    for export in context.module.exports:
        if export.name in seen:
            _fail(export.span.start, f"two exports are called {export.name!r}")
        seen.add(export.name)
        if export.index >= sizes[export.kind]:
            _fail(export.span.start, f"unknown {export.kind} {export.index}, of {sizes[export.kind]}")


def _check_start(context: Context) -> None:
    start = context.module.start
    if start is None:
        return
    offset = _section_start(context.module, 8)
    if start >= len(context.funcs):
        _fail(offset, f"unknown function {start}, of {len(context.funcs)}")
    type_ = context.funcs[start]
    if type_.params or type_.results:
        _fail(offset, f"the start function must be [] -> [], function {start} is {type_}")


def _check_elem(context: Context, elem: Elem) -> None:
    if elem.offset is not None:
        if elem.table >= len(context.tables):
            _fail(elem.span.start, f"unknown table {elem.table}, of {len(context.tables)}")
        table = context.tables[elem.table]
        if table.elem != elem.type:
            _fail(elem.span.start, f"a table of {table.elem} cannot take elements of {elem.type}")
        check_constant(context, elem.offset, table.addr, len(context.globals))
    for item in elem.items:
        if isinstance(item, Span):
            check_constant(context, item, elem.type, len(context.globals))
        elif item >= len(context.funcs):
            _fail(elem.span.start, f"unknown function {item}, of {len(context.funcs)}")


def _check_datas(context: Context) -> None:
    for data in context.module.datas:
        if data.offset is None:
            continue
        if data.memory >= len(context.memories):
            _fail(data.span.start, f"unknown memory {data.memory}, of {len(context.memories)}")
        check_constant(context, data.offset, context.memories[data.memory].addr, len(context.globals))


def validate(module: Module) -> ValidModule:
    """Checks every rule of the specification.

    Raises ValidationError; DecodeError or UnsupportedError where a body's bytes are no instructions of ours.
    """
    _check_functions(module)
    for type_, offset in _declarations(module):
        _check_type(type_, offset)
    _check_counts(module)
    context = Context.of(module)
    _check_globals(context)
    _check_exports(context)
    _check_start(context)
    for elem in module.elems:
        _check_elem(context, elem)
    _check_datas(context)
    for func in range(module.num_imported_funcs, len(context.funcs)):
        check_body(context, func)
    return ValidModule(module)
