"""Following calls through runs of instructions: who was entered, and when it was left."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from debugger.history import BrokenOff
from debugger.traces.expand import Expansion, Place, Progress
from vm.journal import Switch
from vm.trace import Ran

_CALLS = ("call", "call_indirect", "call_ref")
_TAIL_CALLS = ("return_call", "return_call_indirect", "return_call_ref")
_RETURNS = ("return", "end")


class Stack(NamedTuple):
    """The functions under way in a thread, the outermost first. `is_entry`: the innermost one is about to begin."""

    frames: list[Place]
    is_entry: bool = False
    thread: int = 0


class Sink(Protocol):
    """Whoever is told. Ticks are counted from the beginning of the stretch."""

    def entered(self, place: Place, tick: int) -> None:
        """A function is entered by the one that was entered last and not left."""
        ...

    def left(self, tick: int) -> None:
        """The one that was entered last is left."""
        ...

    def switched(self, thread: int, tick: int) -> None:
        """What comes now is another thread's."""
        ...


class Follower:
    """Tells a sink of the calls that runs of instructions show."""

    def __init__(self, expansion: Expansion, sink: Sink, stack: Stack) -> None:
        self._expansion, self._machine, self._sink = expansion, expansion.machine, sink
        entries = (e for e in expansion.machine.journal.entries if isinstance(e, Switch))
        self._switches = deque((e.tick - expansion.start, e.thread) for e in entries if e.tick >= expansion.start)
        self._stack: list[Place] = []
        self._last = ""  # the instruction that ran last
        self._thread = stack.thread
        self._others: dict[int, tuple[list[Place], str]] = {}  # the same of other threads
        self.tick = 0
        for place in stack.frames:
            self._enter(place)

    def _switch(self, thread: int) -> None:
        if thread != self._thread:
            self._others[self._thread] = self._stack, self._last
            self._thread, (self._stack, self._last) = thread, self._others.pop(thread, ([], ""))
            self._sink.switched(thread, self.tick)

    def through(self, goes_on: Progress) -> bool:
        """Follows the whole stretch; False: it was stopped before the end."""
        try:
            for runs in self._expansion.runs(goes_on):
                for run in runs:
                    self.add(run)
        except BrokenOff:
            return False
        return True

    def add(self, run: Ran) -> None:
        """The next instructions of a function."""
        while self._switches and self._switches[0][0] <= self.tick:
            self._switch(self._switches.popleft()[1])
        place, stack, last = (run.vmctx, run.func), self._stack, self._last
        if run.pc == 0 and (last in _CALLS or not stack):
            self._enter(place)
        elif run.pc == 0 and last in _TAIL_CALLS:
            self._leave()
            self._enter(place)
        elif not stack or stack[-1] != place:
            self._back_to(place)
        self.tick += run.length
        instance = self._machine.instance_at(run.vmctx)
        instrs = instance.facts(run.func).instrs if instance is not None else ()
        at = run.pc + run.length - 1
        self._last = instrs[at].op.name if at < len(instrs) else ""
        if self._last in _RETURNS:
            self._leave()

    def _back_to(self, place: Place) -> None:
        """Calls were left by an exception, or are gone in another way."""
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
