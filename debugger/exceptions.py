"""Exceptions in flight: the one about to be thrown, which handler will be chosen, and those that frames keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from debugger.inspect import Frame, Inspector
from vm.exceptions import Caught, Tag, find_handler, tag_at, tag_of
from vm.machine import Machine
from vm.stop import Site
from vm.types import EXNREF, SLOT_BYTES, Addr, RefType

THROWING = ("throw", "throw_ref", "rethrow")


@dataclass(frozen=True, slots=True)
class InFlight:
    """An exception about to be thrown. `exception` is None while `throw` has not made it yet."""

    tag: str
    exception: int | None
    handler: str  # where it will be caught; empty: nowhere
    site: Site | None = None  # of the handler's first instruction


@dataclass(frozen=True, slots=True)
class Kept:
    """An exception that a frame holds a reference to."""

    where: str
    exception: int
    text: str


def in_flight(machine: Machine, inspect: Inspector) -> InFlight | None:
    """What the instruction about to run will throw; None when it throws nothing."""
    frame = inspect.frame(0)
    if frame is None or frame.instance is None or inspect.instr(frame).op.name not in THROWING:
        return None
    instr, exception = inspect.instr(frame), None
    if instr.op.name == "throw":
        number = instr.imm[0]
        assert isinstance(number, int)
        tag: Tag | None = tag_at(machine, frame.instance, number)
    else:
        exception = _thrown(machine, inspect, frame)
        tag = tag_of(machine, exception) if machine.gc.is_object(exception) else None
    if tag is None:
        return InFlight("null", exception, "")
    caught = find_handler(machine, tag)
    text = inspect.heap.tag_text(tag)
    if caught is None:
        return InFlight(text, exception, "")
    record = machine.control[caught.frame]
    site = Site(caught.instance.addr, record.func, caught.handler.branch.target)
    return InFlight(text, exception, _place(machine, inspect, caught), site)


def _thrown(machine: Machine, inspect: Inspector, frame: Frame) -> int:
    """The exception that throw_ref or rethrow is about."""
    facts, instr = inspect.facts(frame), inspect.instr(frame)
    if instr.op.name == "throw_ref":
        slot = facts.num_local_slots + instr.height - 1
    else:
        number = instr.imm[0]
        assert isinstance(number, int)
        slot = facts.num_local_slots - facts.kept_exceptions + number
    return machine.space.load(Addr(frame.record.base + slot * SLOT_BYTES), SLOT_BYTES)


def _place(machine: Machine, inspect: Inspector, caught: Caught) -> str:
    record = machine.control[caught.frame]
    instr = inspect.machine.function_facts(caught.instance, record.func).instrs[caught.handler.branch.target]
    start = caught.instance.module.body(record.func).span.start
    kind = "all" if caught.handler.tag is None else "it"
    number = machine.control.depth - 1 - caught.frame
    name = inspect.func_name(caught.instance, record.func)
    return f"{name}+{instr.offset - start:#x} in frame {number}, which catches {kind}"


def kept(machine: Machine, inspect: Inspector) -> Iterator[Kept]:
    """Exceptions in frames' locals and operands, and those that older catches can rethrow."""
    for frame in inspect.frames():
        if frame.instance is None:
            continue
        for variable in (*inspect.locals(frame), *inspect.operands(frame)):
            is_exception = isinstance(variable.type, RefType) and variable.type.heap is EXNREF.heap
            if is_exception and machine.gc.is_object(variable.slot):
                text = inspect.heap.describe(variable.slot)
                yield Kept(f"frame {frame.number}, {variable.name}", variable.slot, text)
        facts = inspect.facts(frame)
        for i in range(facts.kept_exceptions):
            slot = facts.num_local_slots - facts.kept_exceptions + i
            exception = machine.space.load(Addr(frame.record.base + slot * SLOT_BYTES), SLOT_BYTES)
            if machine.gc.is_object(exception):
                yield Kept(f"frame {frame.number}, caught", exception, inspect.heap.describe(exception))
