"""Every instruction with the operand stack before it, as JSON lines.

The instructions that stay in their frame, nearly all, are run one after the other by the reference's steps, and looked
at in between; then calls and returns. Where something comes from outside, it is repeated as the recording says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO

from debugger.history import BrokenOff, History
from debugger.traces.expand import Expansion, Progress
from debugger.traces.trace import Texts
from debugger.values import format_value
from vm.instance import Instance
from vm.machine import Machine
from vm.reference.executor import ReferenceExecutor
from vm.stop import NO_HOOKS
from vm.types import SLOT_BYTES, Addr, NumType, Tick, ValType, slots

_AT_ONCE = 1 << 14  # instructions between two looks at whether to go on
Slots = memoryview
Reader = Callable[[Slots], str]  # an operand's JSON from its frame's slots
_Said = tuple[str, tuple[Reader, ...]]  # what is said of an instruction, and of its operands
_Known = tuple[Instance, int, list[str], list[_Said | None]]  # a function, and what is said of its instructions


def write_operands(expansion: Expansion, file: IO[bytes], texts: Texts, goes_on: Progress) -> int:
    """Writes a line an instruction; how many. Raises BrokenOff."""
    machine, history, end = expansion.machine, expansion.history, expansion.end
    history.back_to(expansion.start)
    executor, writer, count = ReferenceExecutor(machine), _Writer(machine, texts), 0
    while machine.tick < end and machine.control.depth:
        if not goes_on(machine.tick - expansion.start, end - expansion.start):
            raise BrokenOff
        upto = Tick(min(end, machine.tick + _AT_ONCE))
        went_on = _until(upto, executor, history, writer)
        count += len(writer.lines)
        file.write("".join(writer.taken()).encode())
        if not went_on:
            break
    return count


def _until(end: Tick, executor: ReferenceExecutor, history: History, writer: _Writer) -> bool:
    """Runs on to a tick; False: something does not retire before."""
    machine = writer.machine
    while machine.tick < end and machine.control.depth:
        before, is_wasm = machine.tick, writer.enter()
        quiet = min(history.quiet_ticks(), end - before)
        if quiet and is_wasm:
            if executor.step.along(quiet, writer.seen) == quiet:
                continue
            before = machine.tick
        elif is_wasm:
            writer.next()
        if quiet:
            executor.run(1)
        if machine.tick == before:
            history.run_until(Tick(before + 1), frozenset(), NO_HOOKS, over_site=True)
        if machine.tick == before:
            return False
    return True


class _Writer:
    """Makes the lines. `enter` is called for a frame, `seen` for its instructions."""

    def __init__(self, machine: Machine, texts: Texts) -> None:
        self.machine, self._texts = machine, texts
        self._known: dict[tuple[Addr, int], _Known] = {}
        self.lines: list[str] = []
        self._first = 0  # the tick that a first line would have

    def taken(self) -> list[str]:
        """The lines up to now; others follow."""
        taken, self.lines = self.lines, []
        return taken

    def enter(self) -> bool:
        """Gets to know the innermost frame; False: it is a host function's."""
        machine = self.machine
        record = machine.control.top
        if record.is_host:
            return False
        known = self._known.get((record.vmctx, record.func)) or self._learn(record.vmctx, record.func)
        self._instance, self._func, self._ends, self._made = known
        self._depth, self._first = machine.control.depth, machine.tick - len(self.lines)
        return True

    def _learn(self, vmctx: Addr, func: int) -> _Known:
        instance, ends = self.machine.instance_at(vmctx), self._texts.json(vmctx, func)
        assert instance is not None
        made = self._known[vmctx, func] = instance, func, ends, [None] * len(ends)
        return made

    def seen(self, pc: int, q: Slots) -> None:
        """An instruction is about to run."""
        made = self._made[pc]
        if made is None:
            made = self._made[pc] = self._ends[pc][:-1], _readers(self._instance, self._func, pc)
        operands = ",".join([read(q) for read in made[1]])
        tick = self._first + len(self.lines)
        self.lines.append(f'{{"tick":{tick},{made[0]},"depth":{self._depth},"operands":[{operands}]}}\n')

    def next(self) -> None:
        """The frame's next instruction is about to run."""
        record, current = self.machine.control.top, self.machine.current
        self.seen(record.pc, current.slots[(record.base - current.values.base) // SLOT_BYTES :])


def _readers(instance: Instance, func: int, pc: int) -> tuple[Reader, ...]:
    """What reads the operand stack before an instruction, bottom first."""
    facts = instance.facts(func)
    found, at = [], facts.num_local_slots
    for type_ in facts.instrs[pc].stack or ():
        assert type_ is not None, "what runs is reached"
        found.append(_reader(at, type_))
        at += slots(type_)
    return tuple(found)


def _reader(at: int, type_: ValType) -> Reader:
    if type_ is NumType.I32:
        return lambda q: f'"{((q[at] & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000}"'
    if type_ is NumType.I64:
        return lambda q: f'"{(q[at] ^ 1 << 63) - (1 << 63)}"'
    if type_ is NumType.V128:
        return lambda q: json.dumps(format_value(q[at] | q[at + 1] << 64, type_))
    return lambda q: json.dumps(format_value(q[at], type_))
