"""Module validation (spec: Validation, Modules). Keeps nothing for each instruction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from vm.errors import ValidationError
from vm.module import Elem, Module, Span, ValidModule
from vm.subtyping import MAX_SUBTYPE_DEPTH, Matching, TypeRegistry
from vm.types import (
    I64,
    PAGE_LOG2,
    ExternKind,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    RefType,
    SubType,
    TableType,
    TagType,
    ValType,
    parts,
)
from vm.validator.context import Context
from vm.validator.expression import check_body, check_constant

PAGE_LOG2S = (0, PAGE_LOG2)  # of the page sizes there are
_REPORT_EVERY = 32  # function bodies
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
            if type_.shared and limits.max is None:
                _fail(offset, "a shared memory must say its maximum")
        case TableType(_, limits, addr):
            most = (1 << (64 if addr is I64 else 32)) - 1
            _check_limits(limits, most, "table", offset)
        case _:
            pass


def _check_types(module: Module) -> None:
    """Every type names only types of its group or before; a supertype is not final and matches."""
    offset, count, end = _section_start(module, 1), len(module.types), 0
    matching = Matching(TypeRegistry(), module)
    for index, type_ in enumerate(module.types):
        if index == end:
            end = index + module.groups.get(index, 1)
        for part in parts(type_):
            if isinstance(part, RefType) and isinstance(part.heap, int) and part.heap >= end:
                _fail(offset, f"unknown type {part.heap}: type {index} may name the first {end} of {count}")
    depths: dict[int, int] = {}
    for index, said in module.declared.items():
        _check_supertype_exists(module, index, said, offset)
        depths[index] = 1 + max((depths.get(above, 0) for above in said.supers), default=-1)
        if depths[index] > MAX_SUBTYPE_DEPTH:
            _fail(offset, f"type {index} has more than {MAX_SUBTYPE_DEPTH} supertypes")
    for index, said in module.declared.items():
        for above in said.supers:
            if not matching.composite(module.types[index], module.types[above]):
                _fail(offset, f"type {index} does not match its supertype {above}: {module.types[above]}")


def _check_supertype_exists(module: Module, index: int, said: SubType, offset: int) -> None:
    if len(said.supers) > 1:
        _fail(offset, f"type {index} has {len(said.supers)} supertypes, one is allowed")
    for above in said.supers:
        if above >= index:
            _fail(offset, f"unknown type {above}: type {index} may only be below an earlier one")
        if module.declared.get(above, SubType()).final:
            _fail(offset, f"type {above} is final, type {index} cannot be below it")


def _check_references(module: Module) -> None:
    """Every type outside the type section names types that exist."""
    count = len(module.types)
    for type_, offset in _named_types(module):
        if isinstance(type_, RefType) and isinstance(type_.heap, int) and type_.heap >= count:
            _fail(offset, f"unknown type {type_.heap}, of {count}")


def _named_types(module: Module) -> Iterator[tuple[ValType, int]]:
    for import_ in module.imports:
        match import_.type:
            case TableType(elem):
                yield elem, import_.span.start
            case GlobalType(value):
                yield value, import_.span.start
            case _:
                pass
    yield from ((t.type.elem, t.span.start) for t in module.defined_tables)
    yield from ((g.type.value, g.span.start) for g in module.defined_globals)
    yield from ((e.type, e.span.start) for e in module.elems)
    for body in module.bodies:
        yield from ((type_, body.span.start) for _, type_ in body.locals)


def _check_tags(module: Module) -> None:
    imported = ((i.type, i.span.start) for i in module.imported(ExternKind.TAG))
    for type_, offset in (*imported, *((t.type, t.span.start) for t in module.defined_tags)):
        if isinstance(type_, TagType) and type_.type.results:
            _fail(offset, f"a tag's type must have no results, it is {type_.type}")


def _check_counts(module: Module) -> None:
    for what, count in (("memories", len(module.memories)), ("tables", len(module.tables))):
        if count > MAX_MEMORIES_OR_TABLES:
            _fail(0, f"{count} {what} are more than the limit of {MAX_MEMORIES_OR_TABLES}")


def _check_functions(module: Module) -> None:
    for index in module.defined_funcs:
        if index >= len(module.types):
            _fail(_section_start(module, 3), f"unknown type {index}, of {len(module.types)}")
        if not isinstance(module.types[index], FuncType):
            _fail(_section_start(module, 3), f"expected a function type, type {index} is {module.types[index]}")


def _section_start(module: Module, number: int) -> int:
    return next((span.start for id_, span in module.sections if id_ == number), 0)


def _declarations(module: Module) -> Iterator[tuple[object, int]]:
    """Types of imports, tables and memories, and where they are."""
    yield from ((i.type, i.span.start) for i in module.imports)
    yield from ((t.type, t.span.start) for t in module.defined_tables)
    yield from ((m.type, m.span.start) for m in module.defined_memories)


def _check_tables(context: Context) -> None:
    for table in context.module.defined_tables:
        if table.init is not None:
            check_constant(context, table.init, table.type.elem, _imported_globals(context))
        elif not table.type.elem.nullable:
            _fail(table.span.start, f"a table of {table.type.elem} needs an initial value")


def _imported_globals(context: Context) -> int:
    return len(context.globals) - len(context.module.defined_globals)


def _check_globals(context: Context) -> None:
    module = context.module
    for index, global_ in enumerate(module.defined_globals, _imported_globals(context)):
        if global_.plain is None or global_.plain.type is not global_.type.value:
            check_constant(context, global_.init, global_.type.value, globals_in_reach=index)


def _check_exports(context: Context) -> None:
    sizes = {
        ExternKind.FUNC: len(context.funcs),
        ExternKind.TABLE: len(context.tables),
        ExternKind.MEMORY: len(context.memories),
        ExternKind.GLOBAL: len(context.globals),
        ExternKind.TAG: len(context.tags),
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
        if not context.matching.value(elem.type, table.elem):
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
    valid = validate_declarations(module)
    validate_bodies(valid)
    return valid


def validate_declarations(module: Module) -> ValidModule:
    """Checks all but function bodies: enough to make an instance, which must not run before `validate_bodies`."""
    _check_types(module)
    _check_references(module)
    _check_functions(module)
    _check_tags(module)
    for type_, offset in _declarations(module):
        _check_type(type_, offset)
    _check_counts(module)
    context = Context.of(module)
    _check_globals(context)
    _check_tables(context)
    _check_exports(context)
    _check_start(context)
    for elem in module.elems:
        _check_elem(context, elem)
    _check_datas(context)
    return ValidModule(module)


def validate_bodies(valid: ValidModule, goes_on: Callable[[int, int], bool] = lambda done, of: True) -> bool:
    """Checks function bodies. `goes_on` is told from time to time how many of all; False from it ends the work.

    Whether all were checked. Raises as `validate` does.
    """
    context, first = Context.of(valid.module), valid.module.num_imported_funcs
    for func in range(first, len(context.funcs)):
        if (func - first) % _REPORT_EVERY == 0 and not goes_on(func - first, len(context.funcs) - first):
            return False
        check_body(context, func)
    return True
