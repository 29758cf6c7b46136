"""Catchpoints: breakpoints on what happens, wherever it does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from debugger.breakpoints import Breakpoint
from debugger.classes import Class, Picked
from vm.machine import Machine
from vm.stop import Site


class CatchKind(Enum):
    """What is caught; the value is the word of the command."""

    HOST = "host"  # a host function is about to be called
    TRAP = "trap"
    THROW = "throw"  # an exception is about to be thrown
    CATCH = "catch"  # an exception has been thrown and caught
    GROW = "grow"  # memory.grow is about to run
    SPAWN = "spawn"  # a thread is about to be started
    WAIT = "wait"  # memory.atomic.wait is about to run

    @property
    def classes(self) -> frozenset[Class]:
        """Instructions before which it is looked."""
        return _CLASSES.get(self, frozenset())


_CLASSES = {
    CatchKind.THROW: frozenset({Class.THROW}),
    CatchKind.CATCH: frozenset({Class.THROW}),
    CatchKind.GROW: frozenset({Class.GROW}),
    CatchKind.WAIT: frozenset({Class.WAIT}),
}


@dataclass(eq=False)
class Catchpoint(Breakpoint):
    """`location` is where host functions stand, else empty; `what` narrows it down: a tag, a kind of trap."""

    kind: CatchKind = CatchKind.HOST
    what: str = ""
    machine: Machine | None = None

    @property
    def moves(self) -> bool:
        return bool(self.location)

    @property
    def classes(self) -> frozenset[Class]:
        return self.kind.classes

    @property
    def pending(self) -> bool:
        return self.kind in (CatchKind.HOST, CatchKind.SPAWN) and not self.resolved

    def stands_at(self, site: Site) -> bool:
        if not self.kind.classes:
            return super().stands_at(site)
        instance = self.machine.instance_at(site.vmctx) if self.machine is not None else None
        if instance is None or instance.is_imported(site.func):
            return False
        return Picked(self.kind.classes)(instance.facts(site.func), site.pc)
