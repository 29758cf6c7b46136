"""Imports that the debugger itself provides: threads, the collector, shared memories, and stubs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vm.decode import decode
from vm.errors import TrapKind, UserError
from vm.host import CollectGarbage, HostCall, HostFunction, Outcome, Raise, Return, Spawn
from vm.instance import Extern
from vm.instantiate import instantiate
from vm.linking import Provider, exports_of
from vm.machine import Machine
from vm.module import Import, Module
from vm.semantics.floating import f32_bits, f64_bits
from vm.text import assemble
from vm.types import (
    I32,
    FuncType,
    GlobalType,
    Heap,
    MemoryType,
    NumType,
    RefType,
    TableType,
    ValType,
    total_slots,
)
from vm.validate import validate


@dataclass(frozen=True, slots=True)
class Stub:
    """Imports whose module and name match get a function that answers `value`; None: it traps."""

    module: str
    name: str
    value: float | None


def parse_stub(text: str) -> Stub:
    """`env.*=0`, `env.abort=trap`. Raises UserError."""
    m = re.fullmatch(r"([^.=]+)\.([^=]+)=(.+)", text)
    if m is None:
        raise UserError(f"{text!r} is not a stub", "give --stub MODULE.NAME=VALUE or MODULE.NAME=trap")
    if m[3] == "trap":
        return Stub(m[1], m[2], None)
    try:
        return Stub(m[1], m[2], float(m[3]) if re.search(r"[.eEn]", m[3]) and "x" not in m[3] else int(m[3], 0))
    except ValueError:
        raise UserError(f"{m[3]!r} is not a value for a stub", "a number, or trap") from None


def stubs(module: Module, wanted: tuple[Stub, ...], provided: Provider) -> dict[tuple[str, str], HostFunction]:
    """Functions for imports that a stub matches, the first that does, and that nobody provides as they are wanted.

    (Some toolchains import WASI functions with other types, an i64 as two i32.)
    """
    return {
        (i.module, i.name): HostFunction(i.module, i.name, i.type, _answering(stub, i))
        for i, stub in _matching(module, wanted)
        if isinstance(i.type, FuncType) and not _provided(provided.get((i.module, i.name)), i.type)
    }


def _provided(extern: Extern | HostFunction | None, wanted: FuncType) -> bool:
    return extern is not None and (not isinstance(extern, HostFunction) or extern.type == wanted)


def stub_entities(
    machine: Machine, module: Module, wanted: tuple[Stub, ...], provided: Provider
) -> Mapping[tuple[str, str], Extern]:
    """Memories, tables and globals for imports that nobody provides and a stub matches: empty, or of its value."""
    found: dict[tuple[str, str], Extern] = {}
    for import_, stub in _matching(module, wanted):
        declared = declaration(import_, stub)
        if declared and (import_.module, import_.name) not in provided:
            text = f"(module {declared})"
            owner = instantiate(machine, validate(decode(assemble(text, "stub"))), {}, f"stub {import_.name}")
            found[import_.module, import_.name] = exports_of(owner)["stub"]
    return found


def declaration(wanted: Import, stub: Stub) -> str:
    """Its declaration in the text format; empty for a function, and for what only the module itself can make."""
    match wanted.type:
        case MemoryType() as type_:
            return f'(memory (export "stub") {str(type_).removeprefix("memory ")})'
        case TableType(elem=RefType(heap=Heap(), nullable=True)) as type_:
            return f'(table (export "stub") {str(type_).removeprefix("table ")})'
        case GlobalType(value=NumType() as value) as type_ if value is not NumType.V128:
            number = stub.value or 0
            constant = number if value in (NumType.F32, NumType.F64) else int(number)
            return f'(global (export "stub") {str(type_).removeprefix("global ")} ({value}.const {constant}))'
        case GlobalType(value=RefType(heap=Heap() as heap, nullable=True)) as type_:
            return f'(global (export "stub") {str(type_).removeprefix("global ")} (ref.null {heap}))'
        case _:
            return ""


def _matching(module: Module, wanted: tuple[Stub, ...]) -> Iterator[tuple[Import, Stub]]:
    for import_ in module.imports:
        for stub in wanted:
            if fnmatchcase(import_.module, stub.module) and fnmatchcase(import_.name, stub.name):
                yield import_, stub
                break


def _answering(stub: Stub, wanted: Import) -> Callable[[HostCall], Outcome]:
    assert isinstance(wanted.type, FuncType)
    if stub.value is None:
        return lambda call: Raise(TrapKind.HOST, f"the stub {wanted.module}.{wanted.name} was called")
    slots = tuple(slot for type_ in wanted.type.results for slot in _slots(type_, stub.value))
    assert len(slots) == total_slots(wanted.type.results)
    return lambda call: Return(slots)


def _slots(type_: ValType, value: float) -> tuple[int, ...]:
    match type_:
        case NumType.F32:
            return (f32_bits(value),)
        case NumType.F64:
            return (f64_bits(value),)
        case NumType.V128:
            return (int(value) & (1 << 64) - 1, 0)
        case NumType.I32:
            return (int(value) & 0xFFFF_FFFF,)
        case NumType.I64:
            return (int(value) & (1 << 64) - 1,)
        case _:
            return (0,)


def runtime_functions() -> tuple[HostFunction, ...]:
    """`wasi.thread-spawn` (wasi-threads) and `wasmtime.gc`."""

    def spawn(call: HostCall) -> Outcome:
        return Spawn(call.args[0])

    def collect(call: HostCall) -> Outcome:
        return CollectGarbage()

    return (
        HostFunction("wasi", "thread-spawn", FuncType((I32,), (I32,)), spawn),
        HostFunction("wasmtime", "gc", FuncType((), ()), collect),
    )


def shared_memories(machine: Machine, module: Module, provided: Provider) -> Mapping[tuple[str, str], Extern]:
    """Memories for imports of shared ones that nobody provides: threads need one that outlives an instance."""
    found: dict[tuple[str, str], Extern] = {}
    for import_ in module.imports:
        type_ = import_.type
        if isinstance(type_, MemoryType) and type_.shared and (import_.module, import_.name) not in provided:
            addr = "i64 " if type_.addr is NumType.I64 else ""
            text = f'(module (memory (export "m") {addr}{type_.limits} shared))'
            owner = instantiate(machine, validate(decode(assemble(text, "shared memory"))), {}, import_.name)
            found[import_.module, import_.name] = exports_of(owner)["m"]
    return found
