"""Accesses to linear memories and calls of host functions, one by one, from the recording."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from debugger.calls import answer_text, call_text
from debugger.classes import Class, Picked
from debugger.history import BrokenOff, Clock, History
from debugger.running import host_sites
from debugger.traces.expand import Progress
from vm.accesses import Before, accesses
from vm.host import HostFunction
from vm.hosting import memory_of
from vm.instance import Instance
from vm.journal import HostResult
from vm.machine import Machine
from vm.memory import Region, Write
from vm.placed import addressed, func_ref_slots, placed
from vm.stop import Access, Hooks, Site
from vm.types import Addr, Tick, total_slots
from vm.wasi.descriptors import DescriptorTable

MOST_BYTES = 16  # of one access that are kept
MOST_KEPT = 50_000  # rows of a listing in memory
_FIRST_TICKS, _MOST_TICKS = 1 << 12, 1 << 19  # of a slice: its rows are in memory
_LEAST_SLICE_S = 0.05
_TOUCHING = Picked(frozenset({Class.LOAD, Class.STORE}))
_WAITS = "waits"


class Accessed(NamedTuple):
    """An access to a linear memory. `pc` None: a host function's write. Of many bytes the first ones are kept."""

    tick: Tick
    vmctx: Addr
    func: int
    pc: int | None
    memory: int  # of the instance's
    offset: int
    size: int
    reads: bool
    writes: bool
    old: bytes
    new: bytes


class HostCalled(NamedTuple):
    """A call of a host function: who called it, what with, and what it answered."""

    tick: Tick
    caller: Addr
    name: str
    text: str
    answer: str
    changed: int  # bytes that it wrote


Row = TypeVar("Row", Accessed, HostCalled)


@dataclass(frozen=True)
class Listed(Generic[Row]):
    """Rows of ticks [start, end), in the order of time."""

    rows: list[Row]
    start: Tick
    end: Tick
    stopped: bool = False


class Watching(ABC, Generic[Row]):
    """Repeats stretches of the recording and gathers rows."""

    def __init__(self, machine: Machine, history: History) -> None:
        self.machine, self.history = machine, history
        self.clock: Clock = time.monotonic
        self.rows: list[Row] = []

    @abstractmethod
    def hooks(self) -> tuple[frozenset[Site], Hooks]:
        """What to look at."""

    def settle(self) -> None:
        """A slice is over: what has begun has happened."""

    def through(self, start: Tick, end: Tick, goes_on: Progress) -> Iterator[list[Row]]:
        """The rows of ticks [start, end), a slice at a time. Raises BrokenOff."""
        machine, ticks = self.machine, _FIRST_TICKS
        self.history.back_to(start)
        while machine.tick < end:
            before, since = machine.tick, self.clock()
            if not goes_on(before - start, end - start):
                raise BrokenOff
            self.history.run_until(Tick(min(end, before + ticks)), *self.hooks(), over_site=False)
            self.settle()
            made, self.rows = self.rows, []
            yield made
            if machine.tick == before:
                return
            spent = self.clock() - since
            ticks = min(ticks * 2, _MOST_TICKS) if spent < _LEAST_SLICE_S else max(_FIRST_TICKS, ticks // 2)

    def last(self, start: Tick, end: Tick, least: int, goes_on: Progress) -> Listed[Row]:
        """The last rows before a tick, at least so many if there are as many since `start`."""
        found: deque[Row] = deque(maxlen=MOST_KEPT)
        width, upto = _FIRST_TICKS, end
        try:
            while upto > start and len(found) < least:
                since = Tick(max(start, upto - width))
                made: deque[Row] = deque(maxlen=MOST_KEPT)
                for rows in self.through(since, upto, goes_on):
                    made += rows
                found.extendleft(reversed(made))
                upto, width = since, width * 4
        except BrokenOff:
            return Listed(list(found), upto, end, stopped=True)
        return Listed(list(found), upto, end)

    def first(self, start: Tick, end: Tick, goes_on: Progress) -> Listed[Row]:
        """The first rows from a tick on."""
        found: list[Row] = []
        try:
            for rows in self.through(start, end, goes_on):
                found += rows
                if len(found) >= MOST_KEPT:
                    found = found[:MOST_KEPT]
                    return Listed(found, start, found[-1].tick)
        except BrokenOff:
            return Listed(found, start, self.machine.tick, stopped=True)
        return Listed(found, start, end)


class MemoryAccesses(Watching[Accessed]):
    """Loads, stores and bulk operations, and what host functions write."""

    def __init__(self, machine: Machine, history: History) -> None:
        super().__init__(machine, history)
        self._begun: list[tuple[Accessed, Region]] = []  # whose bytes are not yet as they will be

    def hooks(self) -> tuple[frozenset[Site], Hooks]:
        """Every instruction that touches a memory, and every host function."""
        return host_sites(self.machine), Hooks(picks=_TOUCHING, observer=self._seen)

    def _seen(self, site: Site, frame: memoryview, tick: Tick) -> None:
        self.settle()
        instance = self.machine.instance_at(site.vmctx)
        if instance is None:
            self._written_by_host(tick, frame)
            return
        facts = instance.facts(site.func)
        touched = accesses(Before(self.machine, instance, facts, facts.instrs[site.pc], frame))
        for access in touched:
            self._begin(tick, site, instance, access)

    def _begin(self, tick: Tick, site: Site, instance: Instance, access: Access) -> None:
        for number, memory in enumerate(instance.memories):
            base = memory.region.base
            if base <= access.start < base + memory.region.size:
                size = min(access.size, MOST_BYTES)
                at = access.start - base
                old = bytes(memory.region.view[at : at + size])
                row = Accessed(
                    tick, site.vmctx, site.func, site.pc, number, at, access.size, access.reads,
                    access.writes, old, old,
                )  # fmt: skip
                if access.writes:
                    self._begun.append((row, memory.region))
                else:
                    self.rows.append(row)

    def settle(self) -> None:
        """What was about to be written is there."""
        for row, region in self._begun:
            self.rows.append(row._replace(new=bytes(region.view[row.offset : row.offset + len(row.old)])))
        self._begun.clear()

    def _written_by_host(self, tick: Tick, frame: memoryview) -> None:
        entry = _entry(self.machine, frame, tick)
        top = self.machine.control.top
        for write in entry.writes if entry is not None else ():
            row = self._host_wrote(tick, top.caller, top.func, write)
            if row is not None:
                self.rows.append(row)

    def _host_wrote(self, tick: Tick, caller: Addr, host: int, write: Write) -> Accessed | None:
        instance = self.machine.instance_at(caller)
        for number, memory in enumerate(instance.memories if instance is not None else ()):
            if memory.region.number == write.region:
                new = write.data[:MOST_BYTES]
                old = bytes(memory.region.view[write.offset : write.offset + len(new)])
                size = len(write.data)
                return Accessed(tick, caller, host, None, number, write.offset, size, False, True, old, new)
        return None


class HostCalls(Watching[HostCalled]):
    """Calls of host functions, as WASI's types say it."""

    def __init__(self, machine: Machine, history: History, descriptors: DescriptorTable) -> None:
        super().__init__(machine, history)
        self._descriptors = descriptors

    def hooks(self) -> tuple[frozenset[Site], Hooks]:
        """Every host function."""
        return host_sites(self.machine), Hooks(observer=self._seen)

    def _seen(self, site: Site, frame: memoryview, tick: Tick) -> None:
        machine, record = self.machine, self.machine.control.top
        function, entry = machine.hosts[record.func], _entry(machine, frame, tick)
        args = tuple(frame[: total_slots(function.type.params)])
        memory = memory_of(machine.instance_at(record.caller))
        text = call_text(function, args, memory, self._descriptors)
        answer, changed = _WAITS, 0
        if entry is not None:
            changed = sum(len(write.data) for write in entry.writes)
            answer = _answered(machine, function, entry)
        self.rows.append(HostCalled(tick, record.caller, function.label, text, answer, changed))


def _entry(machine: Machine, frame: memoryview, tick: Tick) -> HostResult | None:
    """What the recording says of the host call that is about to be made."""
    number = machine.control.top.func
    params = machine.hosts[number].type.params
    args = placed(machine.space, tuple(frame[: total_slots(params)]), func_ref_slots(params))
    return machine.journal.peek_host_result(tick, number, args)


def _answered(machine: Machine, function: HostFunction, entry: HostResult) -> str:
    match entry.outcome:
        case "return":
            values = addressed(machine.space, entry.values, func_ref_slots(function.type.results))
            return answer_text(function, values) if values else ""
        case "exit":
            return f"exits with {entry.values[0]}"
        case "raise":
            return "traps: " + ": ".join(entry.text.split("\n")).rstrip(": ")
        case "throw":
            return f"throws {entry.text}"
        case "call":
            return "calls the guest"
        case "spawn":
            return "starts a thread"
        case _:
            return entry.outcome
