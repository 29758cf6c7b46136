"""How a run ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vm.counting import Counting
from vm.errors import Trap
from vm.host import Until
from vm.trace import Trace
from vm.types import Addr, Tick

if TYPE_CHECKING:
    from vm.facts import FunctionFacts
    from vm.heat import Heat


class StopKind(Enum):
    """Why an executor stopped. The machine is complete in memory in every case."""

    BUDGET = auto()  # the given number of ticks was retired
    SITE = auto()  # about to run an instruction, or a host function, that a site names
    WATCH = auto()  # an instruction, or a host function, has touched watched bytes
    PAUSED = auto()  # a pause was asked for
    TRAP = auto()  # the guest trapped; the trapping instruction did not retire
    BLOCKED = auto()  # a host call has nothing to answer yet
    WAITING = auto()  # memory.atomic.wait: until another thread notifies, or its time is over
    EXIT = auto()  # the guest ended itself
    FINISHED = auto()  # the outermost call returned


class Site(NamedTuple):
    """A place to stop before: instruction `pc` of a function, or (pc 0) a host function by its context."""

    vmctx: Addr
    func: int
    pc: int


class Access(NamedTuple):
    """Bytes in native memory that an instruction reads, writes, or both."""

    start: Addr
    size: int
    reads: bool
    writes: bool


class Watch(NamedTuple):
    """Bytes in native memory, and which accesses to them stop a run, after the instruction that did it.

    Of a host function only what it has changed is seen.
    """

    start: Addr
    size: int
    reads: bool
    writes: bool

    def sees(self, access: Access) -> bool:
        """Whether an access is one to stop after."""
        apart = access.start >= self.start + self.size or access.start + access.size <= self.start
        return not apart and ((self.reads and access.reads) or (self.writes and access.writes))


@dataclass(slots=True)
class Note:
    """Sites and watches that were met while a run goes on: they are counted. The `stop_at`-th stops all the same."""

    stop_at: int | None = None
    hits: int = 0
    last_tick: Tick | None = None  # at which the instruction of the last one began

    def goes_on(self, tick: Tick) -> bool:
        """Counts one; whether the run goes on."""
        self.hits += 1
        self.last_tick = tick
        return self.hits != self.stop_at


Guard = Callable[[memoryview], bool]  # says by the slots of its frame (u64) whether a site stops
Observer = Callable[[Site, memoryview, Tick], None]  # is shown a site that is met: nothing stops there


class Picks(Protocol):
    """Chooses instructions by what they are: each is a site. Equal ones choose the same."""

    def __call__(self, facts: FunctionFacts, pc: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What else a run looks at: sites with a guard stop only where it says so."""

    guards: Mapping[Site, Guard] = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()
    note: Note | None = None
    trace: Trace | None = None  # is told what runs
    counting: Counting | None = None  # natively instead of a trace, and without sites
    picks: Picks | None = None
    observer: Observer | None = None
    heat: Heat | None = None  # counts where a memory is touched


NO_HOOKS = Hooks()


@dataclass(frozen=True, slots=True)
class Stop:
    kind: StopKind
    trap: Trap | None = None
    until: Until | None = None
    access: Access | None = None  # what a watch has seen


class Executor(Protocol):
    """Runs the machine as it lies in memory and leaves it complete there."""

    def run(
        self,
        budget: int | None,
        sites: Set[Site] = frozenset(),
        hooks: Hooks = NO_HOOKS,
        *,
        over_site: bool = True,
    ) -> Stop:
        """Runs until something stops it. `budget` is in ticks, None: no bound.

        `over_site`: the first instruction is run even when a site names it, so that going on makes progress.
        """
        ...

    def step(self) -> bool:
        """Runs the next instruction in the shortest way, whatever is hooked: what a debugger's step nearly always is.

        False: it is not one that concerns only its frame and goes on in it, and nothing was done; `run` does it.
        """
        ...
