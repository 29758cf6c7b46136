"""Exceptions on their way: which handler catches one, and how its frame is entered (spec: Execution, Exceptions)."""

from __future__ import annotations

from typing import NamedTuple

from vm.errors import Trap, TrapKind
from vm.facts import Handler, handlers
from vm.instance import Instance
from vm.machine import Machine
from vm.types import SLOT_BYTES, Addr, NumType


class Caught(NamedTuple):
    """The handler of an exception, and the control record of its frame."""

    frame: int
    handler: Handler
    instance: Instance


class Tag(NamedTuple):
    """Whose exception it is: a tag by the instance that defines it and its number there."""

    instance: int
    number: int


def tag_of(machine: Machine, exception: int) -> Tag:
    """The tag an exception was thrown with."""
    header = machine.gc.view(machine.gc.rules.exception_header, exception)
    return Tag(header.get("tag_instance"), header.get("tag_index"))


def tag_at(machine: Machine, instance: Instance, index: int) -> Tag:
    """Which tag an instance means by an index."""
    tag = instance.tags[index]
    owner = machine.instance_at(tag.owner)
    assert owner is not None
    return Tag(owner.number, tag.index)


def throw(machine: Machine, exception: int) -> Trap | None:
    """An exception goes to its handler, which is the next to run; the trap of one that nothing catches."""
    caught = find_handler(machine, tag_of(machine, exception))
    if caught is None:
        return uncaught(machine, exception)
    for depth in range(caught.frame + 1, machine.control.depth):
        machine.continuations.pop(depth, None)
    enter_handler(machine, caught, exception)
    return None


def find_handler(machine: Machine, thrown: Tag) -> Caught | None:
    """The first handler from the innermost frame out; host frames catch none. All frames are in memory."""
    control = machine.control
    innermost = control.depth - 1
    for frame in range(innermost, -1, -1):
        record = control[frame]
        if record.is_host:
            continue
        instance = machine.instance_at(record.vmctx)
        assert instance is not None
        instrs = machine.function_facts(instance, record.func).instrs
        label = instrs[record.pc if frame == innermost else record.pc - 1].label
        for handler in handlers(label):
            if handler.tag is None or tag_at(machine, instance, handler.tag) == thrown:
                return Caught(frame, handler, instance)
    return None


def enter_handler(machine: Machine, caught: Caught, exception: int) -> None:
    """Leaves the frames inside the handler's and puts there what it gets: it is the next to run."""
    record = machine.control[caught.frame]
    handler, branch = caught.handler, caught.handler.branch
    facts = machine.function_facts(caught.instance, record.func)
    slots: list[int] = []
    if handler.tag is not None:
        for part in machine.gc.exception_layout(machine.gc.type_of(exception)).parts:
            value = machine.gc.load(exception, part)
            slots += [value & (1 << 64) - 1, value >> 64] if part.storage is NumType.V128 else [value]
    if handler.with_ref:
        slots.append(exception)
    if handler.remember is not None:
        _store(machine, record.base, handler.remember, exception)
    for i, slot in enumerate(slots, facts.num_local_slots + branch.drop_to):
        _store(machine, record.base, i, slot)
    machine.control[caught.frame] = record._replace(pc=branch.target)
    machine.control.depth = caught.frame + 1


def _store(machine: Machine, base: Addr, slot: int, value: int) -> None:
    machine.space.store(Addr(base + slot * SLOT_BYTES), SLOT_BYTES, value)


def uncaught(machine: Machine, exception: int) -> Trap:
    """What an exception that nothing catches traps with."""
    tag = tag_of(machine, exception)
    owner = machine.instances[tag.instance]
    number = tag.number + len(owner.module.tags) - len(owner.module.defined_tags)
    name = owner.module.names.tags.get(number)
    return Trap(
        TrapKind.UNCAUGHT_EXCEPTION, f"nothing catches {f'${name}' if name else f'tag {number}'} of {owner.name}",
        exception=exception,
    )  # fmt: skip
