"""Calls out of the guest: host functions are run, or their recorded answers repeated, and their outcome applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vm.control import HOST_FRAME, Record
from vm.errors import MemoryFault, Trap, TrapKind
from vm.host import Block, Call, Exit, GuestMemory, HostCall, Outcome, Raise, Return, Until
from vm.instance import Instance
from vm.journal import HostResult
from vm.machine import Machine, ThreadState
from vm.types import SLOT_BYTES, Addr, ExternKind, FuncType, total_slots

_RESULTS_READY = 1  # a host frame's pc once the function it called has returned


@dataclass(frozen=True)
class CallUnderWay:
    """What a host function sees of its call."""

    args: tuple[int, ...]
    blocked: Until | None
    memory: GuestMemory | None


class Hosting:
    """Runs host functions for an executor."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def call(self, number: int, base: Addr, tick: int, caller: Instance | None) -> Outcome:
        """Runs host function `number`; a Return's results are at `base` afterwards."""
        type_ = self.machine.hosts[number].type
        args = self.machine.slots(base, total_slots(type_.params))
        return self._answer(number, base, tick, args, caller, self.machine.hosts[number].run)

    def resume(self, record: Record, tick: int, caller: Instance | None) -> Outcome:
        """Goes on with the host function on top, whose guest call has returned."""
        then = self.machine.continuations.pop(self.machine.control.depth - 1, None)
        results_at = Addr(record.base + self.frame_slots(record.func) * SLOT_BYTES)
        results = self.machine.slots(results_at, record.callee_results)

        def run(call: HostCall) -> Outcome:
            assert then is not None, "only a replay has no continuation, and it runs no host code"
            return then(call, results)

        return self._answer(record.func, record.base, tick, results, caller, run)

    def _answer(
        self, number: int, base: Addr, tick: int, args: tuple[int, ...], caller: Instance | None,
        run: Callable[[HostCall], Outcome],
    ) -> Outcome:  # fmt: skip
        machine = self.machine
        if machine.journal.replaying:
            outcome = self._replay(number, tick, args)
        else:
            outcome = self._run(number, tick, args, caller, run)
        if isinstance(outcome, Return):
            assert len(outcome.results) == total_slots(machine.hosts[number].type.results), "results as typed"
            words = machine.values.view[base - machine.values.base :]
            for i, slot in enumerate(outcome.results):
                words[i * SLOT_BYTES : (i + 1) * SLOT_BYTES] = slot.to_bytes(SLOT_BYTES, "little")
        return outcome

    def _run(
        self, number: int, tick: int, args: tuple[int, ...], caller: Instance | None,
        run: Callable[[HostCall], Outcome],
    ) -> Outcome:  # fmt: skip
        space, thread = self.machine.space, self.machine.thread
        writes: list[tuple[int, int, bytes]] = []
        space.recorder = writes
        try:
            outcome = run(CallUnderWay(args, self._blocked_until(), _memory_of(caller)))
        except MemoryFault as fault:
            outcome = Raise(TrapKind.OUT_OF_BOUNDS_MEMORY, str(fault))
        except Trap as trap:
            outcome = Raise(trap.kind, trap.detail)
        finally:
            space.recorder = None
        if isinstance(outcome, Block):
            thread.set("blocked", 1)
            thread.set("deadline_ns", outcome.until.deadline_ns or 0)
        else:
            if thread.get("blocked"):
                thread.set("blocked", 0)
                thread.set("deadline_ns", 0)
            self.machine.journal.add(_entry(self.machine, number, tick, args, outcome, tuple(writes)))
        return outcome

    def _blocked_until(self) -> Until | None:
        thread = self.machine.thread
        if not thread.get("blocked"):
            return None
        return Until(thread.get("deadline_ns") or None)

    def _replay(self, number: int, tick: int, args: tuple[int, ...]) -> Outcome:
        entry = self.machine.journal.next_host_result(tick, number, args)
        for write in entry.writes:
            self.machine.space.rewrite(*write)
        match entry.outcome:
            case "return":
                return Return(entry.values)
            case "exit":
                return Exit(entry.values[0])
            case "raise":
                kind, _, detail = entry.text.partition("\n")
                return Raise(TrapKind(kind), detail)
            case _:
                region, offset, *args_ = entry.values
                found = next(r for r in self.machine.space.regions() if r.number == region)
                return Call(Addr(found.base + offset), tuple(args_), lambda call, results: Return())

    def push_frame(self, number: int, base: Addr, context: Addr) -> None:
        """Makes a host call visible as a frame, because it goes on longer than one outcome."""
        self.machine.control.push(Record(context, number, 0, base, HOST_FRAME, 0))

    def push_callee(self, outcome: Call) -> None:
        """Pushes what the host frame on top wants called. Raises the exhaustion trap."""
        machine = self.machine
        index, host = machine.control.depth - 1, machine.control.top
        self.machine.continuations[index] = outcome.then
        results = total_slots(callee_type(machine, outcome.func).results)
        machine.control[index] = host._replace(pc=_RESULTS_READY, callee_results=results)
        base = Addr(host.base + self.frame_slots(host.func) * SLOT_BYTES)
        code = machine.code_at(machine.read_func_ref(outcome.func).code)
        assert code is not None
        machine.check_stack(base, len(outcome.args))
        offset = base - machine.values.base
        data = b"".join(a.to_bytes(SLOT_BYTES, "little") for a in outcome.args)
        machine.values.view[offset : offset + len(data)] = data
        machine.push_call(code, base)

    def frame_slots(self, number: int) -> int:
        """Slots of a host frame: its callee's frame starts above them."""
        type_ = self.machine.hosts[number].type
        return max(total_slots(type_.params), total_slots(type_.results))


def results_ready(record: Record) -> bool:
    """Whether a host frame's guest call has returned."""
    return record.pc == _RESULTS_READY


def exit_with(machine: Machine, code: int) -> None:
    """Ends the guest."""
    machine.thread.set("exit_code", code)
    machine.set_thread_state(ThreadState.EXITED)


def _memory_of(caller: Instance | None) -> GuestMemory | None:
    if caller is None or not caller.memories:
        return None
    exported = caller.module.export("memory")
    if exported is not None and exported.kind is ExternKind.MEMORY:
        return caller.memories[exported.index]
    return caller.memories[0]


def _entry(
    machine: Machine, number: int, tick: int, args: tuple[int, ...], outcome: Outcome,
    writes: tuple[tuple[int, int, bytes], ...],
) -> HostResult:  # fmt: skip
    match outcome:
        case Return(results):
            return HostResult(tick, number, args, "return", results, "", writes)
        case Exit(code):
            return HostResult(tick, number, args, "exit", (code,), "", writes)
        case Raise(kind, detail):
            return HostResult(tick, number, args, "raise", (), f"{kind.value}\n{detail}", writes)
        case Call(func, call_args, _):
            region, offset = machine.space.locate(func, machine.layouts.pointer_bytes)
            return HostResult(tick, number, args, "call", (region.number, offset, *call_args), "", writes)
        case Block():
            raise AssertionError("a blocked call is not an input yet")


def callee_type(machine: Machine, func_ref: Addr) -> FuncType:
    """The type of the function behind a VMFuncRef."""
    type_ = machine.type_of(machine.read_func_ref(func_ref).type_id)
    assert type_ is not None
    return type_
