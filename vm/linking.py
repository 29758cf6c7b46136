"""Linking: what instances export, and what may stand for an import (spec: Import Matching)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vm.errors import LinkError
from vm.host import HostFunction
from vm.instance import Extern, FuncExtern, Instance, TagExtern
from vm.machine import Machine
from vm.memories import LinearMemory
from vm.module import Import, Module
from vm.subtyping import Matching, by_engine
from vm.tables import Table
from vm.types import (
    ExternKind,
    ExternType,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
    TagType,
)

Provider = Mapping[tuple[str, str], Extern | HostFunction]


def exports_of(instance: Instance) -> dict[str, Extern]:
    """What an instance exports, by name, without its functions' funcrefs being written."""
    return {e.name: _export(instance, e.kind, e.index) for e in instance.module.exports}


def _export(instance: Instance, kind: ExternKind, index: int) -> Extern:
    match kind:
        case ExternKind.MEMORY:
            return instance.memories[index]
        case ExternKind.TABLE:
            return instance.tables[index]
        case ExternKind.GLOBAL:
            return instance.globals[index]
        case ExternKind.FUNC:
            at = instance.func_ref_at(index)
            assert at is not None, "exported functions have a funcref slot"
            return FuncExtern(at, instance.module.func_type(index), instance.func_type_id(index))
        case ExternKind.TAG:
            return instance.tags[index]


def resolve_imports(machine: Machine, module: Module, provider: Provider) -> list[Extern]:
    """What stands for each import, host functions made known to the store. Raises LinkError."""
    missing = [i for i in module.imports if (i.module, i.name) not in provider]
    if missing:
        named = ", ".join(f"{i.module}.{i.name} ({_described(i.type)})" for i in missing[:20])
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
        raise LinkError(f"nobody provides {named}{more}", "use --preload MODULE=FILE, or --stub MODULE.NAME=VALUE")
    type_ids = machine.types.add_module(module)
    found: list[Extern] = []
    for wanted in module.imports:
        given = provider[wanted.module, wanted.name]
        if isinstance(given, HostFunction):
            if not isinstance(wanted.type, FuncType):
                raise _mismatch(wanted, given.type)
            given = machine.define_host(given)
        _match(machine.matching, wanted, given, type_ids)
        found.append(given)
    return found


def _type_of(extern: Extern) -> ExternType:
    match extern:
        case LinearMemory():  # a memory's present size counts, not its declared one
            return replace(extern.type, limits=Limits(extern.pages, extern.type.limits.max))
        case Table():
            return TableType(extern.type.elem, Limits(extern.size, extern.type.limits.max), extern.type.addr)
        case TagExtern():
            return TagType(extern.type)
        case _:
            return extern.type


def _match(matching: Matching, wanted: Import, extern: Extern, type_ids: tuple[int, ...]) -> None:
    """Raises LinkError unless `extern` may stand for what is wanted (spec: Import Matching)."""
    given, want = _type_of(extern), wanted.type
    match want, extern, given:
        case FuncType(), FuncExtern(), _:
            assert wanted.type_index is not None
            fits = matching.heap(extern.type_id, type_ids[wanted.type_index])
        case TagType(), TagExtern(), _:
            assert wanted.type_index is not None
            fits = extern.type_id == type_ids[wanted.type_index]
        case GlobalType(), _, GlobalType():
            value = by_engine(want.value, type_ids)
            fits = want.mutable == given.mutable and matching.value(given.value, value)
            fits = fits and (not want.mutable or matching.value(value, given.value))
        case MemoryType(), _, MemoryType():
            same = want.addr is given.addr and want.page_log2 == given.page_log2 and want.shared == given.shared
            fits = same and _limits_fit(want.limits, given.limits)
        case TableType(), _, TableType():
            same = want.addr is given.addr and by_engine(want.elem, type_ids) == given.elem
            fits = same and _limits_fit(want.limits, given.limits)
        case _:
            fits = False
    if not fits:
        raise _mismatch(wanted, given)


def _mismatch(wanted: Import, given: ExternType) -> LinkError:
    return LinkError(
        f"incompatible import type: {wanted.module}.{wanted.name} should be {wanted.kind} {wanted.type}, but is {given}"
    )


def _described(type_: ExternType) -> str:
    return f"func {type_}" if isinstance(type_, FuncType) else str(type_)


def _limits_fit(want: Limits, given: Limits) -> bool:
    if given.min < want.min:
        return False
    return want.max is None or (given.max is not None and given.max <= want.max)
