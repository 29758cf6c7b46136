"""What a module's layout depends on: the counts of its entities, and which function gets which funcref slot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vm import constant
from vm.layout import Era
from vm.module import Elem, Module
from vm.types import FUNCREF, ExternKind, NumType


@dataclass(frozen=True, slots=True)
class RuntimeData:
    """What an entry of the runtime data arrays stands for: a memory image or a data segment."""

    kind: str  # image, active, passive
    index: int  # of the memory, or of the data segment


@dataclass(frozen=True)
class ModuleShape:
    """A module seen by an era."""

    counts: Mapping[str, int]
    func_ref_slots: Mapping[int, int]  # function index → index in func_refs
    lazy_elements: tuple[tuple[int | None, ...], ...]  # by defined table: what an unresolved element stands for
    lazy_elems: frozenset[int]  # element segments that need no code: they are in lazy_elements
    runtime_data: tuple[RuntimeData, ...]


def shape_of(module: Module, era: Era) -> ModuleShape:
    """The shape of a module in an era."""
    slots = _func_ref_slots(module, era)
    lazy_elements, lazy_elems = _static_tables(module, era)
    static_memory = _static_memory(module)
    data = tuple(_runtime_data(module, static_memory)) if era.startup else ()
    startup = era.startup and _needs_startup(module, lazy_elems, static_memory)
    imported = {kind: sum(1 for _ in module.imported(kind)) for kind in ExternKind}
    counts = {
        "num_imported_functions": imported[ExternKind.FUNC],
        "num_imported_tables": imported[ExternKind.TABLE],
        "num_imported_memories": imported[ExternKind.MEMORY],
        "num_imported_globals": imported[ExternKind.GLOBAL],
        "num_imported_tags": imported[ExternKind.TAG],
        "num_defined_tables": len(module.defined_tables),
        "num_defined_memories": len(module.defined_memories),
        "num_owned_memories": sum(1 for m in module.defined_memories if not m.type.shared),
        "num_defined_globals": len(module.defined_globals),
        "num_defined_tags": len(module.defined_tags),
        "num_escaped_funcs": len(slots),
        "num_runtime_data": len(data),
        "has_startup_func": int(startup),
        "num_signature_ids": len(module.types),
        "num_elems": len(module.elems),
        "num_datas": len(module.datas),
    }
    return ModuleShape(counts, slots, lazy_elements, lazy_elems, data)


def _func_ref_slots(module: Module, era: Era) -> dict[int, int]:
    slots: dict[int, int] = {}
    for source in era.escapes:
        for func in _escaping(module, source):
            slots.setdefault(func, len(slots))
    return slots


def _escaping(module: Module, source: str) -> Iterator[int]:
    match source:
        case "all":
            yield from range(len(module.func_type_indexes))
        case "imports":
            yield from range(module.num_imported_funcs)
        case "table_init":
            for table in module.defined_tables:
                if table.init is not None:
                    yield from constant.mentioned_funcs(module, table.init)
        case "global_init":
            for global_ in module.defined_globals:
                yield from constant.mentioned_funcs(module, global_.init)
        case "exports":
            yield from (e.index for e in module.exports if e.kind is ExternKind.FUNC)
        case "start":
            yield from () if module.start is None else (module.start,)
        case "elems":
            for elem in module.elems:
                yield from elem_funcs(module, elem)
        case _:
            raise AssertionError(f"no such source of escaping functions: {source}")


def elem_funcs(module: Module, elem: Elem) -> Iterator[int]:
    """The functions an element segment names, in order; null items are left out."""
    for item in elem.items:
        if isinstance(item, int):
            yield item
        else:
            yield from constant.mentioned_funcs(module, item)


def _static_tables(module: Module, era: Era) -> tuple[tuple[tuple[int | None, ...], ...], frozenset[int]]:
    """Active segments that can be resolved lazily; the first one that can't ends the folding."""
    elements: list[list[int | None]] = [[] for _ in module.defined_tables]
    if era.funcref.lazy_bit is None:
        return tuple(map(tuple, elements)), frozenset()
    folded: set[int] = set()
    imported = sum(1 for _ in module.imported(ExternKind.TABLE))
    for number, elem in enumerate(module.elems):
        if elem.mode != "active":
            continue
        offset = None if elem.offset is None else constant.static_value(module, elem.offset)
        own = elem.table - imported
        if elem.by_expr or own < 0 or offset is None or module.defined_tables[own].type.elem != FUNCREF:
            break
        if module.defined_tables[own].init is not None:  # which is written first, also when it is null
            break
        if offset + len(elem.items) > module.defined_tables[own].type.limits.min:
            break
        target = elements[own]
        target.extend([None] * (offset + len(elem.items) - len(target)))
        target[offset : offset + len(elem.items)] = [i for i in elem.items if isinstance(i, int)]
        folded.add(number)
    return tuple(map(tuple, elements)), frozenset(folded)


def _static_memory(module: Module) -> bool:
    """Whether all active data lies at constant offsets inside defined memories."""
    imported = sum(1 for _ in module.imported(ExternKind.MEMORY))
    for data in module.datas:
        if data.mode != "active" or data.offset is None:
            continue
        offset, own = constant.static_value(module, data.offset), data.memory - imported
        if offset is None or own < 0:
            return False
        size = data.bytes.end - data.bytes.start
        type_ = module.defined_memories[own].type
        if offset + size > type_.limits.min * type_.page_bytes:
            return False
    return True


def _runtime_data(module: Module, static_memory: bool) -> Iterator[RuntimeData]:
    imported = sum(1 for _ in module.imported(ExternKind.MEMORY))
    active = [(i, d) for i, d in enumerate(module.datas) if d.mode == "active"]
    if static_memory:
        filled = {d.memory - imported for _, d in active if d.bytes.end > d.bytes.start}
        yield from (RuntimeData("image", memory) for memory in sorted(filled))
    else:
        yield from (RuntimeData("active", i) for i, _ in active)
    yield from (RuntimeData("passive", i) for i, d in enumerate(module.datas) if d.mode == "passive")


def _needs_startup(module: Module, lazy_elems: frozenset[int], static_memory: bool) -> bool:
    if module.start is not None or (any(d.mode == "active" for d in module.datas) and not static_memory):
        return True
    if any(d.mode == "active" and d.bytes.end > d.bytes.start for d in module.datas):
        return True
    if any(e.mode == "passive" or (e.mode == "active" and i not in lazy_elems) for i, e in enumerate(module.elems)):
        return True
    if any(t.init is not None for t in module.defined_tables):
        return True
    return any(
        g.plain is None and (constant.static_value(module, g.init) is None or not isinstance(g.type.value, NumType))
        for g in module.defined_globals
    )
