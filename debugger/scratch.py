"""Calling a guest function at a stop, on top of whatever is under way.

A boundary frame is pushed and the function called from it; when it returns, the boundary blocks, which ends the
run. The state is copied first and put back afterwards, unless the user wants to keep what the call did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vm.control import HOST_FRAME, Record
from vm.errors import Trap, UserError
from vm.host import Block, HostCall, HostFunction, Outcome, Until
from vm.hosting import RESULTS_READY
from vm.instance import Instance
from vm.journal import Journal
from vm.machine import Code, CodeKind, Continuation, Machine, ThreadState
from vm.snapshot import restore, take
from vm.stop import Executor, StopKind
from vm.types import SLOT_BYTES, Addr, FuncType, total_slots

_NEVER = Until()


def _boundary(call: HostCall) -> Outcome:
    return Block(_NEVER)


BOUNDARY = HostFunction("debugger", "call", FuncType((), ()), _boundary)


@dataclass
class _Answer:
    """Filled in when the called function returns to the boundary."""

    results: tuple[int, ...] | None = field(default=None)

    def take(self, call: HostCall, results: tuple[int, ...]) -> Outcome:
        self.results = results
        return Block(_NEVER)


@dataclass
class ScratchCall:
    """One such call. `wait` sleeps until a blocked call can go on; False: give up."""

    machine: Machine
    executor: Executor
    wait: Callable[[Until], bool]

    def run(self, instance: Instance, func: int, args: tuple[int, ...], keep: bool) -> tuple[int, ...]:
        """The result slots. Raises UserError when the call does not return; the state is then as before."""
        machine = self.machine
        before, journal, state = take(machine), machine.journal, machine.thread_state
        depth = machine.control.depth
        machine.journal = Journal(0)
        try:
            results = self._call(instance, func, args)
        except UserError:
            restore(machine, before)
            raise
        finally:
            machine.continuations.pop(depth, None)
            machine.journal = journal
        if keep:
            machine.control.depth = depth
            machine.set_thread_state(state)
            journal.give_up("call! changed the state")
        else:
            restore(machine, before)
        return results

    def _call(self, instance: Instance, func: int, args: tuple[int, ...]) -> tuple[int, ...]:
        machine, answer = self.machine, _Answer()
        base = machine.values.base if machine.control.depth == 0 else machine.frame_end(machine.control.top)
        depth, type_ = machine.control.depth, instance.module.func_type(func)
        machine.continuations[depth] = Continuation(answer.take)
        try:
            self._push(instance, func, args, Addr(base), total_slots(type_.results))
        except Trap as trap:
            raise UserError(f"the call cannot be made: {trap}") from None
        return self._until_answer(answer)

    def _push(self, instance: Instance, func: int, args: tuple[int, ...], base: Addr, results: int) -> None:
        machine = self.machine
        machine.check_stack(base, len(args))
        number = machine.hosts.index(BOUNDARY)
        machine.control.push(Record(Addr(0), number, RESULTS_READY, base, HOST_FRAME, results, instance.addr))
        offset = base - machine.values.base
        data = b"".join(a.to_bytes(SLOT_BYTES, "little") for a in args)
        machine.values.view[offset : offset + len(data)] = data
        code = Code(instance.addr, func, CodeKind.WASM)
        if instance.is_imported(func):
            found = machine.code_at(machine.read_import(instance, func).code)
            assert found is not None
            code = found
        machine.push_call(code, base, instance.addr)
        machine.set_thread_state(ThreadState.READY)

    def _until_answer(self, answer: _Answer) -> tuple[int, ...]:
        while True:
            stop = self.executor.run(None)
            if answer.results is not None:
                return answer.results
            match stop.kind:
                case StopKind.BLOCKED if stop.until is not None and self.wait(stop.until):
                    continue
                case StopKind.TRAP:
                    raise UserError(f"the call trapped: {stop.trap}", "nothing was changed")
                case StopKind.EXIT:
                    raise UserError("the call ended the program", "nothing was changed")
                case _:
                    raise UserError("the call was broken off", "nothing was changed")
