"""Ways to run a session: each is a plan of one run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from debugger.classes import Class
from debugger.events import Stopped
from debugger.locations import Resolver
from debugger.running import Ended, Run
from vm.errors import UserError
from vm.machine import Machine
from vm.stop import Site


class Stepping(ABC):
    """What a session can be asked to run until."""

    machine: Machine
    resolver: Resolver
    selected: int

    @abstractmethod
    def _perform(self, plan: Callable[[Run], Ended]) -> Stopped:
        """Runs a plan."""

    @abstractmethod
    def _step(self, plan: Callable[[Run], Ended]) -> Stopped:
        """Runs a plan about the current thread."""

    def resume(self) -> Stopped:
        """Until something stops it."""
        return self._perform(Run.resume)

    def resume_from_entry(self) -> Stopped:
        """As `resume`, from an entry that was just reached: a breakpoint on its first instruction stops at once."""
        return self._perform(Run.from_entry)

    def step_instruction(self, count: int = 1) -> Stopped:
        """`count` instructions, into calls."""
        return self._step(lambda run: run.instructions(count))

    def step_over(self, count: int = 1) -> Stopped:
        """`count` instructions, over calls."""
        return self._step(lambda run: run.over(count))

    def step_out(self) -> Stopped:
        """Until the selected frame has returned."""
        depth = self.machine.control.depth - self.selected
        return self._step(lambda run: run.out(depth))

    def step_line(self, into: bool = True) -> Stopped:
        """To the next source line."""
        return self._step(lambda run: run.line(into))

    def run_to(self, location: str) -> Stopped:
        """Until a location is reached. Raises UserError when it names no place."""
        found = self.resolver.resolve(location)
        if not found:
            raise UserError(f"nothing is called {location!r}")
        return self._perform(lambda run: run.to(frozenset(r.site for r in found)))

    def run_to_site(self, site: Site) -> Stopped:
        """Until an instruction is reached."""
        return self._perform(lambda run: run.to(frozenset({site})))

    def to_class(self, class_: Class) -> Stopped:
        """Until an instruction of a class is about to run."""
        return self._step(lambda run: run.to_class(class_))

    def to_host_call(self) -> Stopped:
        """Until a host function is about to be called."""
        return self._step(Run.to_host_call)

    def to_other_block(self) -> Stopped:
        """Until the innermost frame is in another block."""
        return self._step(Run.to_other_block)
