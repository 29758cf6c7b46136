"""How a run ends."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, Protocol

from vm.errors import Trap
from vm.host import Until
from vm.types import Addr


class StopKind(Enum):
    """Why an executor stopped. The machine is complete in memory in every case."""

    BUDGET = auto()  # the given number of ticks was retired
    SITE = auto()  # about to run an instruction, or a host function, that a site names
    PAUSED = auto()  # a pause was asked for
    TRAP = auto()  # the guest trapped; the trapping instruction did not retire
    BLOCKED = auto()  # a host call has nothing to answer yet
    WAITING = auto()  # memory.atomic.wait: until another thread notifies, or its time is over
    EXIT = auto()  # the guest ended itself
    FINISHED = auto()  # the outermost call returned


@dataclass(frozen=True, slots=True)
class Stop:
    kind: StopKind
    trap: Trap | None = None
    until: Until | None = None


class Site(NamedTuple):
    """A place to stop before: instruction `pc` of a function, or (pc 0) a host function by its context."""

    vmctx: Addr
    func: int
    pc: int


class Executor(Protocol):
    """Runs the machine as it lies in memory and leaves it complete there."""

    def run(self, budget: int | None, sites: Set[Site] = frozenset()) -> Stop:
        """Runs until something stops it. `budget` is in ticks, None: no bound.

        The first instruction is run even when a site names it: going on from a stop makes progress.
        """
        ...
