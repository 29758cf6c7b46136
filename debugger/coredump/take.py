"""A dump of a machine at a stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from debugger.coredump.dump import Dump, Frame, Instance, Memory, Value, pieces_of
from debugger.coredump.objects import Gathered
from debugger.inspect import Frame as Seen
from debugger.inspect import Inspector, Variable
from vm.errors import MemoryFault, UserError
from vm.globals import read_global
from vm.machine import Machine, ThreadState
from vm.state import live_types
from vm.tables import Table
from vm.threads import GuestThread
from vm.types import SLOT_BYTES, Addr, NumType, RefType, ValType, slots

FORMAT = 2
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
    others = []
    for thread in _others(machine):
        with _looking_at(machine, thread):
            others.append((f"thread {thread.number}", tuple(_frames(machine, inspect))))
    return Dump(
        name, tuple(i.name for i in machine.instances), tuple(instances),
        tuple(Memory(m.pages, pieces_of(m.region.view[: m.size_bytes])) for m in memories),
        tuple(globals_), frames, "main", state=_state(machine, inspect),
        vmctx=tuple(machine.space.read(i.addr, i.vmctx.size) for i in machine.instances), others=tuple(others),
    )  # fmt: skip


def _others(machine: Machine) -> list[GuestThread]:
    return [thread for thread in machine.threads if thread is not machine.current]


@contextmanager
def _looking_at(machine: Machine, thread: GuestThread) -> Iterator[None]:
    """Makes another thread the current one for a while."""
    before = machine.current.number
    machine.switch(thread.number)
    try:
        yield
    finally:
        machine.switch(before)


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
    gathered = Gathered(machine)
    threads = []
    for thread in [machine.current, *_others(machine)]:
        with _looking_at(machine, thread):
            threads.append(_thread(machine, inspect, gathered))
    state = {
        "format": FORMAT,
        "layout": f"{machine.layouts.era.runtime}@{machine.layouts.era.first_version}",
        "tick": int(machine.tick),
        "thread_state": machine.thread_state.name,
        "entry_results": machine.thread.get("entry_results"),
        "waits": machine.state.get("waits"),
        "skipped_ns": machine.state.get("skipped_ns"),
        "threads": threads,
        "like": [_first_of(machine, number) for number in range(len(machine.instances))],
        "tables": [_elements(gathered, t) for i in machine.instances for t in i.tables],
        "globals": [[_other(gathered, read_global(machine, e), e.type.value) for e in i.globals]
                    for i in machine.instances],
        "dropped": [[[i.data_dropped(n) for n in range(len(i.module.datas))],
                     [i.elem_dropped(n) for n in range(len(i.module.elems))]] for i in machine.instances],
        "objects": gathered.listed(),
    }  # fmt: skip
    return {**state, "why_not": _why_not(machine, inspect) or gathered.why_not}


def _first_of(machine: Machine, number: int) -> int:
    """The first instance of an instance's module."""
    module = machine.instances[number].module
    return next(i for i, each in enumerate(machine.instances) if each.module is module)


def _thread(machine: Machine, inspect: Inspector, gathered: Gathered) -> dict[str, Any]:
    """The current thread: its record, and of its frames, the innermost first, what the format has no values for."""
    record = machine.thread
    following = machine.instance_at(record.get("next_vmctx"))
    frames = [f for f in inspect.frames() if f.instance is not None]
    return {
        "number": machine.current.number, "state": record.get("state"),
        "next": None if following is None else [machine.instances.index(following), record.get("next_func"),
                                                record.get("next_arg")],
        "wait": _wait(machine, record.get("wait_addr")), "wait_turn": record.get("wait_turn"),
        "wait_until_ns": record.get("wait_until_ns"), "wait_answer": record.get("wait_answer"),
        "locals": [_others_of(machine, f, gathered, inside=False) for f in frames],
        "stack": [_others_of(machine, f, gathered, inside=True) for f in frames],
    }  # fmt: skip


def _wait(machine: Machine, addr: int) -> list[int] | None:
    """[memory, offset] of the address that a thread waits at."""
    try:
        region, offset = machine.space.locate(addr, 1) if addr else (None, 0)
    except MemoryFault:
        return None
    memories = list(machine.memories.values())
    return next(([number, offset] for number, memory in enumerate(memories) if memory.region is region), None)


def _others_of(machine: Machine, frame: Seen, gathered: Gathered, inside: bool) -> list[Any]:
    """What a frame holds, its locals and exceptions that are kept for a rethrow, or `inside`: its operands."""
    facts = frame.instance.facts(frame.func) if frame.instance is not None else None
    assert facts is not None
    types = live_types(machine, frame.record, frame.above)
    at, found = frame.record.base, []
    for type_ in types:
        slot = machine.space.load(at, slots(type_) * SLOT_BYTES)
        found.append(_other(gathered, slot, type_))
        at = Addr(at + slots(type_) * SLOT_BYTES)
    count = len(facts.frame_types)
    return found[count:] if inside else found[:count]


def _why_not(machine: Machine, inspect: Inspector) -> str:
    """Why the program cannot be resumed from a dump; empty when it can."""
    if machine.thread_state is not ThreadState.READY:
        return "the program does not run any more"
    if machine.bulk_done[0]:
        return "it was in the middle of a bulk operation"
    for instance in machine.instances:
        held = (v for n, values in instance.elem_values.items() if not instance.elem_dropped(n) for v in values)
        if any(machine.gc.is_object(value) for value in held):
            return f"an element segment of {instance.name} holds objects"
    for thread in machine.threads:
        which = f"thread {thread.number}" if len(machine.threads) > 1 else "it"
        with _looking_at(machine, thread):
            if any(frame.is_host for frame in inspect.frames()):
                return f"{which} was in a host function"
    return ""


def _other(gathered: Gathered, slot: int, type_: ValType) -> Any:
    """A value that the format cannot hold: a vector's bits, or a reference by what it means; None for the rest."""
    if type_ is NumType.V128:
        return hex(slot)
    return gathered.named(slot, type_) if isinstance(type_, RefType) else None


def _elements(gathered: Gathered, table: Table) -> Any:
    """A table's elements: references by what they mean, or "lazy" for those that are as the module has them."""
    if table.size > _MOST_ELEMENTS:
        return None
    found: list[Any] = []
    for i in range(table.size):
        element = table.peek(i)
        found.append("lazy" if element.state == "lazy" else gathered.named(element.target, table.type.elem))
    return found
