"""Repeating a recording that was read from a file, with all checks."""

from __future__ import annotations

from debugger.history import History
from debugger.launch import Phase
from debugger.mistrust import Mistrust
from debugger.printed import RecordedOutput
from debugger.recording import Recording
from vm.errors import UserError
from vm.journal import Invoke
from vm.machine import Machine, ThreadState
from vm.state import state_hash
from vm.types import Tick

_ALIVE = (ThreadState.READY, ThreadState.BLOCKED, ThreadState.WAITING)


def play(machine: Machine, history: History, recording: Recording, output: RecordedOutput) -> list[tuple[Tick, Phase]]:
    """Runs a recording to its end; the calls that it was made of, by the ticks at which they began.

    `output` gets to know what is printed.

    Raises UserError and ReplayMismatch, which say what differs.
    """
    machine.journal.checked, machine.repeated = Mistrust(machine).entry, output.repeated
    history.play(list(recording.entries), recording.ticks, recording.state not in _ALIVE)
    machine.journal.checked, machine.repeated = lambda entry: None, lambda entry, caller: None
    if recording.state_hash and state_hash(machine) != recording.state_hash:
        raise UserError(
            f"the recording was repeated, but at its end, tick {machine.tick:,}, the machine is in another state",
            "it was made by another version, or is damaged",
        )
    return [(Tick(e.tick), _phase(machine, e)) for e in recording.entries if isinstance(e, Invoke)]


def _phase(machine: Machine, entry: Invoke) -> Phase:
    instance = machine.instances[entry.instance]
    type_ = instance.module.func_type(entry.func)
    return Phase(instance, entry.func, type_, entry.args, "recorded", is_entry=True)
