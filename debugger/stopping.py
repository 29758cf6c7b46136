"""What a session stops at: its breakpoints, watchpoints and catchpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod

from debugger.breakpoints import Breakpoint, Breakpoints
from debugger.catching import Catching, checked, location
from debugger.catchpoints import CatchKind, Catchpoint
from debugger.events import Event, Message
from debugger.expression.evaluate import Evaluator
from debugger.inspect import Inspector
from debugger.locations import Resolver
from debugger.watchpoints import LocalTarget, Target, WatchKind, Watchpoint, target_of
from vm.errors import UserError
from vm.machine import Machine


class Stopping(ABC):
    """Sets them, and says whether one that was met stops the run."""

    machine: Machine
    inspect: Inspector
    resolver: Resolver
    breakpoints: Breakpoints
    catching: Catching
    selected: int

    @abstractmethod
    def evaluator(self, frame: int | None = None) -> Evaluator:
        """Evaluates expressions in a frame."""

    @abstractmethod
    def emit(self, event: Event) -> None:
        """Tells listeners."""

    def add_breakpoint(self, location: str, **options: str | bool | int) -> Breakpoint:
        """A new breakpoint. Raises UserError."""
        condition = str(options.get("condition", ""))
        if condition:
            self.evaluator().check(condition)
        return self.breakpoints.add(location, self.resolver, **options)

    def add_watchpoint(self, expression: str, kind: WatchKind = WatchKind.CHANGE, **options: str | bool) -> Watchpoint:
        """A new watchpoint on what an expression names in the selected frame. Raises UserError."""
        if condition := str(options.get("condition", "")):
            self.evaluator().check(condition)
        made = Watchpoint(self.breakpoints.next_id, expression, **options, kind=kind)  # type: ignore[arg-type]
        made.target = self._target(made)
        return self.breakpoints.take(made)

    def add_catchpoint(self, kind: CatchKind, what: str, **options: str | bool) -> Catchpoint:
        """A new catchpoint. Raises UserError."""
        if condition := str(options.get("condition", "")):
            self.evaluator().check(condition)
        what = checked(kind, what)
        made = Catchpoint(self.breakpoints.next_id, location(kind, what), **options, kind=kind, what=what)  # type: ignore[arg-type]
        made.machine = self.machine
        made.resolved = self.resolver.resolve(made.location) if made.location else ()
        return self.breakpoints.take(made)

    def _target(self, watchpoint: Watchpoint) -> Target:
        value = self.evaluator().evaluate(watchpoint.location)
        return target_of(self.inspect, value, self.selected, watchpoint.location, watchpoint.kind)

    def _retarget(self) -> None:
        """Watchpoints find their places in a store that was built anew; those of locals are gone."""
        for each in [b for b in self.breakpoints if isinstance(b, Watchpoint)]:
            try:
                each.target = None if isinstance(each.target, LocalTarget) else self._target(each)
            except UserError:
                each.target = None
            if each.target is None:
                self.breakpoints.delete(each.id)
                self.emit(Message(f"watchpoint {each.id} has ended: nothing is at {each.location} any more"))

    def _accepts(self, breakpoint_: Breakpoint) -> bool:
        """Whether a breakpoint or watchpoint that was met stops the run."""
        if isinstance(breakpoint_, Catchpoint) and not self.catching.fits(breakpoint_):
            return False
        if breakpoint_.condition:
            try:
                if not self.evaluator().truth(breakpoint_.condition):
                    return False
            except UserError as error:
                self.emit(Message(f"breakpoint {breakpoint_.id}: condition {breakpoint_.condition!r}: {error}"))
        if not breakpoint_.counts():
            return False
        if breakpoint_.log:
            self.emit(Message(self.evaluator().fill(breakpoint_.log)))
            return False
        return True
