"""Following calls through runs of instructions: who was entered, and when it was left."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from debugger.traces.expand import Place
from vm.machine import Machine
from vm.trace import Ran

_CALLS = ("call", "call_indirect", "call_ref")
_TAIL_CALLS = ("return_call", "return_call_indirect", "return_call_ref")
_RETURNS = ("return", "end")


class Stack(NamedTuple):
    """The functions under way, the outermost first. `is_entry`: the innermost one is about to begin."""

    frames: list[Place]
    is_entry: bool = False


class Sink(Protocol):
    """Whoever is told. Ticks are counted from the beginning of the stretch."""

    def entered(self, place: Place, tick: int) -> None:
        """A function is entered by the one that was entered last and not left."""
        ...

    def left(self, tick: int) -> None:
        """The one that was entered last is left."""
        ...


class Follower:
    """Tells a sink of the calls that runs of instructions show."""

    def __init__(self, machine: Machine, sink: Sink) -> None:
        self._machine, self._sink = machine, sink
        self._stack: list[Place] = []
        self._last = ""  # the instruction that ran last
        self.tick = 0

    def begin(self, frames: list[Place]) -> None:
        """The stack that the stretch begins with, the outermost first."""
        for place in frames:
            self._enter(place)

    def add(self, run: Ran) -> None:
        """The next instructions of a function."""
        place, stack, last = (run.vmctx, run.func), self._stack, self._last
        if run.pc == 0 and (last in _CALLS or not stack):
            self._enter(place)
        elif run.pc == 0 and last in _TAIL_CALLS:
            self._leave()
            self._enter(place)
        elif not stack or last in _RETURNS or stack[-1] != place:
            self._back_to(place)
        self.tick += run.length
        instance = self._machine.instance_at(run.vmctx)
        instrs = instance.facts(run.func).instrs if instance is not None else ()
        at = run.pc + run.length - 1
        self._last = instrs[at].op.name if at < len(instrs) else ""

    def finish(self) -> None:
        """The stretch is over: what has just returned is left."""
        if self._last in _RETURNS:
            self._leave()

    def _back_to(self, place: Place) -> None:
        """A call has returned, or was left by an exception."""
        if self._last in _RETURNS:
            self._leave()
        while self._stack and self._stack[-1] != place:
            self._leave()
        if not self._stack:  # called by the host
            self._enter(place)

    def _enter(self, place: Place) -> None:
        self._stack.append(place)
        self._sink.entered(place, self.tick)

    def _leave(self) -> None:
        if self._stack:
            self._stack.pop()
            self._sink.left(self.tick)
