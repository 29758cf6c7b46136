"""A dump of a machine at a stop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from debugger.coredump.dump import Dump, Frame, Instance, Memory, Value, pieces_of
from debugger.inspect import Inspector, Variable
from vm.errors import UserError
from vm.globals import read_global
from vm.instance import Instance as Made
from vm.machine import Machine, ThreadState
from vm.tables import Table
from vm.types import Addr, NumType, RefType, ValType

FORMAT = 1
_NAMES = {NumType.I32: "i32", NumType.I64: "i64", NumType.F32: "f32", NumType.F64: "f64"}
_WASM_PAGE_LOG2 = 16
_MOST_ELEMENTS = 1_000_000


def take(machine: Machine, inspect: Inspector, name: str) -> Dump:
    """The state of a machine. Raises UserError for what no dump can hold."""
    if any(m.type.page_log2 != _WASM_PAGE_LOG2 or m.size_bytes > 1 << 32 for m in machine.memories.values()):
        raise UserError("a core dump holds memories of 64 KiB pages, up to 4 GiB")
    memories = list(machine.memories.values())
    globals_: list[tuple[Value | None, bool]] = []
    instances = []
    for number, instance in enumerate(machine.instances):
        found = []
        for extern in instance.globals:
            found.append(len(globals_))
            globals_.append((_value(read_global(machine, extern), extern.type.value), extern.type.mutable))
        held = tuple(memories.index(m) if m in memories else None for m in instance.memories)
        instances.append(Instance(number, held, tuple(found)))
    frames = tuple(_frames(machine, inspect))
    return Dump(
        name, tuple(i.name for i in machine.instances), tuple(instances),
        tuple(Memory(m.pages, pieces_of(m.region.view[: m.size_bytes])) for m in memories),
        tuple(globals_), frames, "main", state=_state(machine, inspect),
        vmctx=tuple(machine.space.read(i.addr, i.vmctx.size) for i in machine.instances),
    )  # fmt: skip


def _value(slot: int, type_: ValType) -> Value | None:
    name = _NAMES.get(type_) if isinstance(type_, NumType) else None
    if name is None:
        return None
    return Value(name, slot & (0xFFFF_FFFF if name in ("i32", "f32") else (1 << 64) - 1))


def _values(variables: Iterable[Variable]) -> tuple[Value | None, ...]:
    return tuple(_value(v.slot, v.type) for v in variables)


def _frames(machine: Machine, inspect: Inspector) -> Iterable[Frame]:
    for frame in inspect.frames():
        if frame.instance is None or frame.offset is None:
            continue
        body = frame.instance.module.body(frame.func)
        number = machine.instances.index(frame.instance)
        yield Frame(
            number, frame.func, frame.offset - body.span.start,
            _values(inspect.locals(frame)), _values(inspect.operands(frame)),
        )  # fmt: skip


# -- what the format has no place for --------------------------------------------------------------


def _state(machine: Machine, inspect: Inspector) -> dict[str, Any]:
    frames = [f for f in inspect.frames() if f.instance is not None]
    return {
        "format": FORMAT,
        "layout": f"{machine.layouts.era.runtime}@{machine.layouts.era.first_version}",
        "tick": int(machine.tick),
        "thread_state": machine.thread_state.name,
        "entry_results": machine.thread.get("entry_results"),
        "why_not": _why_not(machine, inspect),
        "tables": [_elements(machine, i, t) for i in machine.instances for t in i.tables],
        "globals": [[_other(machine, read_global(machine, e), e.type.value) for e in i.globals]
                    for i in machine.instances],
        "locals": [[_other(machine, v.slot, v.type) for v in inspect.locals(f)] for f in frames],
        "stack": [[_other(machine, v.slot, v.type) for v in inspect.operands(f)] for f in frames],
        "dropped": [[[i.data_dropped(n) for n in range(len(i.module.datas))],
                     [i.elem_dropped(n) for n in range(len(i.module.elems))]] for i in machine.instances],
    }  # fmt: skip


def _why_not(machine: Machine, inspect: Inspector) -> str:
    """Why the program cannot be resumed from a dump; empty when it can."""
    if machine.thread_state is not ThreadState.READY:
        return "the program does not run any more"
    if len(machine.threads) > 1:
        return "it has threads"
    if any(f.is_host for f in inspect.frames()):
        return "it was in a host function"
    if machine.bulk_done[0]:
        return "it was in the middle of a bulk operation"
    if any(isinstance(t, RefType) and not t.is_func for t in _types(machine, inspect)):
        return "it holds references to objects"
    return ""


def _types(machine: Machine, inspect: Inspector) -> Iterable[ValType]:
    for instance in machine.instances:
        yield from (e.type.value for e in instance.globals)
        yield from (t.type.elem for t in instance.tables if t.size)
    for frame in inspect.frames():
        yield from (v.type for v in (*inspect.locals(frame), *inspect.operands(frame)))


def _other(machine: Machine, slot: int, type_: ValType) -> Any:
    """A value that the format cannot hold: a vector's bits, or the function of a reference; None for the rest."""
    if type_ is NumType.V128:
        return hex(slot)
    if isinstance(type_, RefType) and type_.is_func:
        return _function(machine, slot)
    return None


def _function(machine: Machine, func_ref: int) -> list[int] | None:
    """[instance, function] that a VMFuncRef leads to."""
    if not func_ref:
        return None
    code = machine.code_at(machine.view("VMFuncRef", Addr(func_ref)).get("array_call"))
    owner = None if code is None else machine.instance_at(code.vmctx)
    return None if code is None or owner is None else [machine.instances.index(owner), code.func]


def _elements(machine: Machine, instance: Made, table: Table) -> Any:
    """A table's elements: [instance, function], null, or "lazy" for those that are as the module has them."""
    if not table.is_func or table.size > _MOST_ELEMENTS:
        return None
    found = []
    for i in range(table.size):
        element = table.peek(i)
        found.append("lazy" if element.state == "lazy" else _function(machine, element.target))
    return found
