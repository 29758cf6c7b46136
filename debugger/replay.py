"""Repeating a run from its journal, touching nothing outside."""

from __future__ import annotations

from debugger.launch import Launched, Loaded, Options, launch
from debugger.threads import Scheduler
from debugger.world import no_world
from vm.errors import UserError
from vm.gc_collect import collect
from vm.journal import Collect, Edit, Entry, Invoke, Jump, Outside
from vm.machine import Machine, ThreadState
from vm.reference.executor import ReferenceExecutor
from vm.stop import Site, StopKind


def replay(options: Options, loaded: Loaded, original: Machine) -> Machine:
    """A machine in the state of `original`, made by repeating its journal: no host code runs.

    Raises UserError when the journal is not complete, ReplayMismatch when the run asks for something else.
    """
    journal = original.journal
    if not journal.complete:
        raise UserError(f"this run cannot be repeated: {journal.why_incomplete}")
    entries: list[Entry] = list(journal.entries)
    launched: Launched = launch(options, loaded, no_world())
    machine = launched.machine
    machine.journal.replay(entries)
    executor = Scheduler(machine, ReferenceExecutor(machine))
    while (outside := machine.journal.next_outside()) is not None:
        _advance(machine, executor, outside.tick)
        repeat(machine, outside)
    _advance(machine, executor, original.tick)
    _begin_instruction(machine, executor, original)
    return machine


def _begin_instruction(machine: Machine, executor: Scheduler, original: Machine) -> None:
    """Does what an instruction did that has not retired: part of a bulk operation, a trap, an exit, a waiting call."""
    machine.pause_requested = lambda: True
    while machine.bulk_done[0] < original.bulk_done[0]:
        executor.run(1)
    machine.pause_requested = lambda: False
    _enter_callback(machine, executor, original)
    if original.thread_state not in (machine.thread_state, ThreadState.READY):
        executor.run(1)
    for thread, before in zip(machine.threads, original.threads, strict=True):  # deadlines came from the world's clock
        thread.record.set("deadline_ns", before.record.get("deadline_ns"))


def _enter_callback(machine: Machine, executor: Scheduler, original: Machine) -> None:
    """Goes to the first instruction of what a host function has called, when nothing of that has retired yet."""
    depth = original.control.depth
    if depth in (0, machine.control.depth) or machine.thread_state is not ThreadState.READY:
        return
    top = original.control.top
    instance = original.instance_at(top.vmctx)
    if instance is not None and top.pc == 0:
        executor.run(1, frozenset({Site(machine.instances[instance.number].addr, top.func, 0)}))


def _advance(machine: Machine, executor: Scheduler, tick: int) -> None:
    """Runs to a tick, or to the end of the call under way."""
    while machine.tick < tick and machine.thread_state is ThreadState.READY:
        if executor.run(tick - machine.tick).kind is not StopKind.BUDGET:
            return


def repeat(machine: Machine, entry: Outside) -> None:
    """Does again what came from outside."""
    match entry:
        case Invoke(_, number, func, args):
            machine.clear_call()
            machine.begin((machine.instances[number], func), args)
        case Edit(_, writes):
            for write in writes:
                machine.space.rewrite(write)
        case Jump(_, pc):
            set_pc(machine, pc)
        case Collect():
            collect(machine)


def set_pc(machine: Machine, pc: int) -> None:
    """Makes another instruction of the innermost frame the next one; a trapped thread can go on from there."""
    machine.bulk_done[0] = 0
    machine.control[machine.control.depth - 1] = machine.control.top._replace(pc=pc)
    machine.set_thread_state(ThreadState.READY)
