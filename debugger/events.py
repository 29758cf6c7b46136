"""What a session tells its listeners. Events say that something happened; views pull what."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from vm.errors import Trap
from vm.types import Addr, Tick


class Reason(Enum):
    """Why a run ended; the value is the word shown."""

    ENTRY = "entry"  # about to run the first instruction of the program's entry
    STEP = "step"
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"  # something watched was touched, or a watched local's frame is gone
    PAUSE = "pause"
    TRAP = "trap"
    INPUT = "input"  # the guest waits for standard input that has not been typed
    TICK = "tick"  # the tick asked for was reached
    FINISHED = "finished"  # the entry returned
    EXITED = "exited"  # the guest called proc_exit


@dataclass(frozen=True, slots=True)
class Place:
    """Where the machine stands: the innermost frame's next instruction, or a host function."""

    vmctx: Addr
    func: int
    pc: int
    offset: int | None  # of the instruction in the module file; None in a host function
    name: str


@dataclass(frozen=True, slots=True)
class Touched:
    """A watchpoint that was met: the values before and after, as text. `ended`: its local is gone with its frame."""

    id: int
    expression: str
    before: str = ""
    after: str = ""
    wrote: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """What goes with a reason; the rest is empty."""

    breakpoints: tuple[int, ...] = ()
    touched: tuple[Touched, ...] = ()
    trap: Trap | None = None
    exit_code: int | None = None
    results: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """The one event of a run. `stop_id` grows by one each time; records of an earlier stop are stale."""

    reason: Reason
    at: Place | None
    tick: Tick
    stop_id: int
    detail: Detail = field(default_factory=Detail)


@dataclass(frozen=True, slots=True)
class Running:
    """The guest goes on."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line for the user: a log point's text, a note. `passing`: how far something has come, of no interest later."""

    text: str
    passing: bool = False


Event = Stopped | Running | Message
