"""The journal: every input of a run, in tick order.

With it a run can be repeated without running any host code. Writes are kept as (region number, offset, bytes), a
pointer among them as where it leads: regions are mapped in the same order in every run, whatever their addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from vm.errors import WasmscopeError
from vm.memory import Write

DEFAULT_LIMIT_BYTES = 256 << 20
_ENTRY_BYTES = 200  # what an entry costs beside its data, about


class HostResult(NamedTuple):
    """A host function answered. `outcome` is return, call, throw, raise or exit, `values` what goes with it."""

    tick: int
    host: int  # its number in the store
    args: tuple[int, ...]
    outcome: str
    values: tuple[int, ...]
    text: str
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Invoke:
    """A function was called from outside."""

    tick: int
    instance: int  # its number
    func: int
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """State was changed by hand."""

    tick: int
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """Another thread's turn. `forced`: the one before could not go on, which it found out at this tick; `blocked`:
    because its host call waits."""

    tick: int
    thread: int
    forced: bool = False
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Collect:
    """Garbage was collected by hand."""

    tick: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Another instruction of the innermost frame was made the next one by hand."""

    tick: int
    pc: int


Outside = Invoke | Edit | Collect | Jump
Entry = HostResult | Outside | Switch
_WRITING = (HostResult, Edit)


class ReplayMismatch(WasmscopeError):
    """A repeated run asked for something else than the journal holds."""

    def __init__(self, tick: int, expected: str, found: str) -> None:
        super().__init__(tick, expected, found)
        self.tick, self.expected, self.found = tick, expected, found

    def __str__(self) -> str:
        return f"replay differs at tick {self.tick:,}: the journal has {self.expected}, the run asks for {self.found}"


class Journal:
    """Entries as they come. Past the limit it stops keeping them and says it is not complete."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.entries: list[Entry] = []
        self.limit_bytes, self.size_bytes = limit_bytes, 0
        self.complete = True
        self.why_incomplete = ""
        self.checked: Callable[[Entry], None] = lambda entry: None  # called before an entry is repeated
        self._replay: list[HostResult | Outside] | None = None
        self._outside_at: list[int] = []  # where in `_replay` what came from outside is, the next one last
        self._switches: list[Switch] = []
        self.branching: Callable[[], None] = lambda: None  # called when something new comes from outside in a replay

    def add(self, entry: Entry) -> None:
        """Keeps an entry, unless the limit is reached or the journal is being replayed."""
        if self._replay is not None and isinstance(entry, Outside):
            self.branching()
        if self._replay is not None or not self.complete:
            return
        self.size_bytes += _size(entry)
        if self.size_bytes > self.limit_bytes:
            self.give_up(f"it passed its limit of {self.limit_bytes:,} bytes")
        else:
            self.entries.append(entry)

    def give_up(self, why: str) -> None:
        """From now on the run cannot be repeated. In a replay that is a branch of its own."""
        if self._replay is not None:
            self.branching()
        self.complete, self.why_incomplete = False, why
        self.entries.clear()

    def replay(self, entries: list[Entry]) -> None:
        """From now on answers come from these entries, in order."""
        self._replay = [e for e in reversed(entries) if not isinstance(e, Switch)]
        self._outside_at = [i for i, e in enumerate(self._replay) if not isinstance(e, HostResult)]
        self._switches = [e for e in reversed(entries) if isinstance(e, Switch)]

    def go_live(self) -> None:
        """The replay is over: what comes now is new."""
        self._replay, self._outside_at, self._switches = None, [], []

    def become(self, entries: list[Entry], why_incomplete: str) -> None:
        """Goes on with another run's entries."""
        self.go_live()
        self.entries, self.size_bytes = entries, sum(map(_size, entries))
        self.complete, self.why_incomplete = not why_incomplete, why_incomplete

    def left_to_replay(self) -> int:
        """Entries of a replay that have not been asked for yet."""
        return len(self._replay or ()) + len(self._switches)

    def peek_outside(self) -> Outside | None:
        """The next recorded call or edit from outside, left where it is."""
        if not self._replay or not self._outside_at:
            return None
        entry = self._replay[self._outside_at[-1]]
        assert not isinstance(entry, HostResult)
        return entry

    @property
    def replaying(self) -> bool:
        return self._replay is not None

    def next_host_result(self, tick: int, host: int, args: tuple[int, ...]) -> HostResult | None:
        """The recorded answer to a host call, None where it waited. Raises ReplayMismatch."""
        assert self._replay is not None
        entry = self._replay[-1] if self._replay else None
        if isinstance(entry, HostResult) and (entry.tick, entry.host, entry.args) == (tick, host, args):
            self.checked(entry)
            self._replay.pop()
            return entry
        if entry is None or self.waits_here(tick):
            return None
        raise ReplayMismatch(tick, _describe(entry), f"host function {host} called with {args}")

    def peek_host_result(self, tick: int, host: int, args: tuple[int, ...]) -> HostResult | None:
        """What the recording says a host call will answer, left where it is; None: it does not say."""
        entry = self._replay[-1] if self._replay else None
        asked = (tick, host, args)
        return entry if isinstance(entry, HostResult) and (entry.tick, entry.host, entry.args) == asked else None

    def waits_here(self, tick: int) -> bool:
        """Whether a thread's host call waited here, and another thread went on."""
        following = self.next_switch()
        return following is not None and following.blocked and following.tick == tick

    def next_switch(self) -> Switch | None:
        """When the next turn of another thread is, and whose, in a replay."""
        return self._switches[-1] if self._switches else None

    def take_switch(self) -> None:
        """The next switch was made."""
        self._switches.pop()

    def next_outside(self) -> Outside | None:
        """The next recorded call or edit from outside, None at the journal's end; host results stay."""
        assert self._replay is not None
        entry = self.peek_outside()
        if entry is not None:
            del self._replay[self._outside_at.pop()]
        return entry


def _size(entry: Entry) -> int:
    """What an entry takes, about, in bytes."""
    if isinstance(entry, _WRITING) and entry.writes:
        return _ENTRY_BYTES + sum(len(write.data) for write in entry.writes)
    return _ENTRY_BYTES


def _describe(entry: Entry | None) -> str:
    match entry:
        case None:
            return "nothing more"
        case HostResult():
            return f"host function {entry.host} called with {entry.args} at tick {entry.tick:,}"
        case Invoke():
            return f"a call of function {entry.func} from outside at tick {entry.tick:,}"
        case Edit():
            return f"an edit at tick {entry.tick:,}"
        case Jump():
            return f"a jump at tick {entry.tick:,}"
        case Collect():
            return f"a collection of garbage at tick {entry.tick:,}"
        case Switch():
            return f"thread {entry.thread}'s turn at tick {entry.tick:,}"
