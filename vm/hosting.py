"""Calls out of the guest: host functions are run, or their recorded answers repeated, and their outcome applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from vm.control import HOST_FRAME, Record
from vm.errors import MemoryFault, Trap, TrapKind, UserError
from vm.host import (
    Block,
    Call,
    CollectGarbage,
    Exit,
    GuestMemory,
    HostCall,
    Outcome,
    Raise,
    Return,
    Spawn,
    Throw,
    Until,
)
from vm.instance import Instance
from vm.journal import HostResult
from vm.machine import Continuation, Machine, ThreadState
from vm.memory import AddressSpace, Write
from vm.placed import addressed, func_ref_slots, placed
from vm.spawning import spawn
from vm.types import SLOT_BYTES, Addr, ExternKind, FuncType, total_slots

_CATCHES = "catches"
RESULTS_READY = 1  # a host frame's pc once the function it called has returned


class CallUnderWay:
    """What a host function sees of its call."""

    __slots__ = ("args", "blocked", "caller", "machine")

    def __init__(self, args: tuple[int, ...], blocked: Until | None, machine: Machine, caller: Instance | None) -> None:
        self.args, self.blocked, self.machine, self.caller = args, blocked, machine, caller

    @property
    def memory(self) -> GuestMemory | None:
        """See `vm.host.HostCall`."""
        return memory_of(self.caller)

    def export(self, name: str) -> Addr:
        """See `vm.host.HostCall`."""
        found = self.caller.module.export(name) if self.caller is not None else None
        if self.caller is None or found is None or found.kind is not ExternKind.FUNC:
            raise UserError(f"the calling instance exports no function {name!r}")
        return self.machine.func_ref(self.caller, found.index)

    def element(self, table: int, index: int) -> Addr:
        """See `vm.host.HostCall`."""
        if self.caller is None or table >= len(self.caller.tables):
            raise UserError(f"the calling instance has no table {table}")
        return Addr(self.caller.tables[table].get(index))


class Shape(NamedTuple):
    """Slots of a host function's parameters and results, and which of them hold references to functions."""

    params: int
    results: int
    func_ref_params: tuple[int, ...]
    func_ref_results: tuple[int, ...]


class Hosting:
    """Runs host functions for an executor."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._shapes: dict[int, Shape] = {}  # by host function

    def _shape(self, number: int) -> Shape:
        type_ = self.machine.hosts[number].type
        found = self._shapes[number] = Shape(
            total_slots(type_.params), total_slots(type_.results), func_ref_slots(type_.params),
            func_ref_slots(type_.results),
        )  # fmt: skip
        return found

    def call(self, number: int, base: Addr, tick: int, caller: Instance | None) -> Outcome:
        """Runs host function `number`; a Return's results are at `base` afterwards."""
        thread = self.machine.current
        shape = self._shapes.get(number) or self._shape(number)
        at = (base - thread.values.base) // SLOT_BYTES
        args = tuple(thread.slots[at : at + shape.params])
        machine = self.machine
        run = machine.mocked(number) if machine.mocked is not None else None
        return self._answer(number, base, tick, args, caller, run or machine.hosts[number].run, shape.func_ref_params)

    def enter(self, record: Record, tick: int) -> Outcome:
        """Runs the host function whose frame is on top."""
        return self.call(record.func, record.base, tick, self._caller(record))

    def resume(self, record: Record, tick: int) -> Outcome:
        """Goes on with the host function on top, whose guest call has returned."""
        going_on = self.machine.continuations.pop(self.machine.control.depth - 1, None)
        results_at = Addr(record.base + self.frame_slots(record.func) * SLOT_BYTES)
        results = self.machine.slots(results_at, record.callee_results)

        def run(call: HostCall) -> Outcome:
            if going_on is None:
                return Raise(TrapKind.HOST, "it was under way at a time that was gone back to, and cannot go on")
            return going_on.then(call, results)

        return self._answer(record.func, record.base, tick, results, self._caller(record), run)

    def caught(self, throw: Throw, tick: int) -> Outcome:
        """Goes on with the host function on top, which catches what was thrown above it."""
        record = self.machine.control.top
        going_on = self.machine.continuations.pop(self.machine.control.depth - 1, None)

        def run(call: HostCall) -> Outcome:
            assert going_on is not None and going_on.catch is not None, "a replay runs no host code"
            return going_on.catch(call, throw)

        return self._answer(record.func, record.base, tick, throw.values, self._caller(record), run)

    def _caller(self, record: Record) -> Instance | None:
        """The instance that called a host function; it may be gone from the stack, by a tail call."""
        return self.machine.instance_at(record.caller)

    def catcher(self) -> int | None:
        """Index of the innermost host frame that catches, below the frame on top."""
        for index in range(self.machine.control.depth - 2, -1, -1):
            going_on = self.machine.continuations.get(index)
            if going_on is not None and going_on.catch is not None and self.machine.control[index].is_host:
                return index
        return None

    def _answer(
        self, number: int, base: Addr, tick: int, args: tuple[int, ...], caller: Instance | None,
        run: Callable[[HostCall], Outcome], func_refs: tuple[int, ...] = (),
    ) -> Outcome:  # fmt: skip
        """`func_refs`: which of the arguments are references to functions."""
        machine, shape = self.machine, self._shapes.get(number) or self._shape(number)
        if machine.journal.replaying:
            outcome = self._replay(number, tick, placed(machine.space, args, func_refs), caller)
        else:
            outcome = self._run(number, tick, args, caller, run, (func_refs, shape.func_ref_results))
        if isinstance(outcome, Spawn):
            outcome = Return((spawn(machine, caller, outcome.arg),))
        thread = machine.current
        if isinstance(outcome, Block) or thread.blocked.value:
            self._note_blocking(outcome)
        if isinstance(outcome, Return):
            assert len(outcome.results) == shape.results, "results as typed"
            at = (base - thread.values.base) // SLOT_BYTES
            for i, slot in enumerate(outcome.results, at):
                thread.slots[i] = slot
        return outcome

    def _run(
        self, number: int, tick: int, args: tuple[int, ...], caller: Instance | None,
        run: Callable[[HostCall], Outcome], func_refs: tuple[tuple[int, ...], tuple[int, ...]],
    ) -> Outcome:  # fmt: skip
        space, self.machine.host_tick = self.machine.space, tick
        writes: list[Write] = []
        space.recorder = writes
        try:
            outcome = run(CallUnderWay(args, self._blocked_until(), self.machine, caller))
        except MemoryFault as fault:
            outcome = Raise(TrapKind.OUT_OF_BOUNDS_MEMORY, str(fault))
        except UserError as error:
            outcome = Raise(TrapKind.HOST, str(error))
        except Trap as trap:
            outcome = Raise(trap.kind, trap.detail)
        finally:
            space.recorder = None
        if not isinstance(outcome, Block):
            entry = _entry(self.machine, number, tick, args, outcome, tuple(writes))
            self.machine.journal.add(entry if func_refs == ((), ()) else _portable(space, entry, *func_refs))
        return outcome

    def _note_blocking(self, outcome: Outcome) -> None:
        """The thread's record says whether a call waits, and until when."""
        thread = self.machine.thread
        if isinstance(outcome, Block):
            thread.set("blocked", 1)
            thread.set("deadline_ns", outcome.until.deadline_ns or 0)
        else:
            thread.set("blocked", 0)
            thread.set("deadline_ns", 0)

    def _blocked_until(self) -> Until | None:
        thread = self.machine.current
        return Until(thread.record.get("deadline_ns") or None) if thread.blocked.value else None

    def _replay(self, number: int, tick: int, args: tuple[int, ...], caller: Instance | None) -> Outcome:
        entry = self.machine.journal.next_host_result(tick, number, args)
        if entry is None:
            return Block(Until())
        self.machine.repeated(entry, caller)
        for write in entry.writes:
            self.machine.space.rewrite(write)
        match entry.outcome:
            case "return":
                shape = self._shapes.get(number) or self._shape(number)
                return Return(addressed(self.machine.space, entry.values, shape.func_ref_results))
            case "exit":
                return Exit(entry.values[0])
            case "raise":
                kind, _, detail = entry.text.partition("\n")
                return Raise(TrapKind(kind), detail)
            case "throw":
                return Throw(entry.text, entry.values)
            case "spawn":
                return Spawn(entry.values[0])
            case "gc":
                return CollectGarbage()
            case _:
                region, offset, *args_ = entry.values
                found = next(r for r in self.machine.space.regions() if r.number == region)
                catch = _replayed if entry.text == _CATCHES else None
                return Call(Addr(found.base + offset), tuple(args_), _replayed, catch)

    def push_frame(self, number: int, base: Addr, context: Addr, caller: Addr) -> None:
        """Makes a host call visible as a frame, because it goes on longer than one outcome."""
        self.machine.control.push(Record(context, number, 0, base, HOST_FRAME, 0, caller))

    def push_callee(self, outcome: Call) -> None:
        """Pushes what the host frame on top wants called. Raises the exhaustion trap."""
        machine = self.machine
        index, host = machine.control.depth - 1, machine.control.top
        machine.continuations[index] = Continuation(outcome.then, outcome.catch)
        results = total_slots(callee_type(machine, outcome.func).results)
        machine.control[index] = host._replace(pc=RESULTS_READY, callee_results=results)
        base = Addr(host.base + self.frame_slots(host.func) * SLOT_BYTES)
        code = machine.by_array(outcome.func)
        machine.check_stack(base, len(outcome.args))
        offset = base - machine.values.base
        data = b"".join(a.to_bytes(SLOT_BYTES, "little") for a in outcome.args)
        machine.values.view[offset : offset + len(data)] = data
        machine.push_call(code, base, host.caller)

    def frame_slots(self, number: int) -> int:
        """Slots of a host frame: its callee's frame starts above them."""
        type_ = self.machine.hosts[number].type
        return max(total_slots(type_.params), total_slots(type_.results))


def results_ready(record: Record) -> bool:
    """Whether a host frame's guest call has returned."""
    return record.pc == RESULTS_READY


def exit_with(machine: Machine, code: int) -> None:
    """Ends the guest."""
    machine.thread.set("exit_code", code)
    machine.set_thread_state(ThreadState.EXITED)


def memory_of(caller: Instance | None) -> GuestMemory | None:
    """The memory that a host function sees: the caller's exported `memory`, else its first."""
    if caller is None or not caller.memories:
        return None
    exported = caller.module.export("memory")
    if exported is not None and exported.kind is ExternKind.MEMORY:
        return caller.memories[exported.index]
    return caller.memories[0]


def _entry(
    machine: Machine, number: int, tick: int, args: tuple[int, ...], outcome: Outcome,
    writes: tuple[Write, ...],
) -> HostResult:  # fmt: skip
    match outcome:
        case Return(results):
            return HostResult(tick, number, args, "return", results, "", writes)
        case Exit(code):
            return HostResult(tick, number, args, "exit", (code,), "", writes)
        case Raise(kind, detail):
            return HostResult(tick, number, args, "raise", (), f"{kind.value}\n{detail}", writes)
        case Spawn(arg):
            return HostResult(tick, number, args, "spawn", (arg,), "", writes)
        case CollectGarbage():
            return HostResult(tick, number, args, "gc", (), "", writes)
        case Throw(what, values):
            return HostResult(tick, number, args, "throw", values, what, writes)
        case Call(func, call_args, _, catch):
            region, offset = machine.space.locate(func, machine.layouts.pointer_bytes)
            text = "" if catch is None else _CATCHES
            return HostResult(tick, number, args, "call", (region.number, offset, *call_args), text, writes)
        case Block():
            raise AssertionError("a blocked call is not an input yet")


def _portable(
    space: AddressSpace, entry: HostResult, func_ref_args: tuple[int, ...], func_ref_results: tuple[int, ...]
) -> HostResult:
    """An entry as it means the same in another process."""
    values = placed(space, entry.values, func_ref_results) if entry.outcome == "return" else entry.values
    return entry._replace(args=placed(space, entry.args, func_ref_args), values=values)


def _replayed(call: HostCall, _: tuple[int, ...] | Throw) -> Outcome:
    raise AssertionError("a replay answers from its journal")


def callee_type(machine: Machine, func_ref: Addr) -> FuncType:
    """The type of the function behind a VMFuncRef."""
    type_ = machine.type_of(machine.read_func_ref(func_ref).type_id)
    assert type_ is not None
    return type_
