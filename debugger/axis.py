"""The time axis: what happened when, from the recording."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice, pairwise

from debugger.calls import printable
from debugger.session import Session
from vm.journal import Edit, Entry, HostResult, Invoke
from vm.types import Tick
from vm.wasi.signatures import MODULE

_MOST_LOOKED_AT = 60  # entries of a column
_OUTPUT = ("fd_write", "fd_pwrite", "sock_send")
_STANDARD = (1, 2)


class Lane(Enum):
    """What is on the axis, a lane each; the value is its name."""

    STOPS = "stops"
    OUTPUT = "output"
    HOST = "host calls"
    EDITS = "edits"
    BOOKMARKS = "bookmarks"
    CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something at a tick."""

    tick: Tick
    text: str


@dataclass(frozen=True)
class Axis:
    """A recording on its axis. Ticks are from `first` to `end`; `now` is where the machine stands."""

    session: Session

    @property
    def first(self) -> Tick:
        return self.session.history.first_tick

    @property
    def end(self) -> Tick:
        present = self.session.history.present
        return self.session.tick if present is None else present.checkpoint.tick

    @property
    def now(self) -> Tick:
        return self.session.tick

    def counts(self, lane: Lane, edges: Sequence[int]) -> list[int]:
        """How much of a lane lies between each two ticks; of very many host calls about."""
        match lane:
            case Lane.STOPS | Lane.BOOKMARKS | Lane.CHECKPOINTS:
                ticks = sorted(happened.tick for happened in self._listed(lane))
                places = [bisect_left(ticks, edge) for edge in edges]
                return [b - a for a, b in pairwise(places)]
            case _:
                found = [bisect_left(self._entries, edge, key=_tick_of) for edge in edges]
                return [self._count(lane, a, b) for a, b in pairwise(found)]

    def _count(self, lane: Lane, start: int, end: int) -> int:
        looked_at = self._entries[start : min(end, start + _MOST_LOOKED_AT)]
        found = sum(self._is_on(lane, entry) for entry in looked_at)
        return found if end - start <= _MOST_LOOKED_AT else found * (end - start) // _MOST_LOOKED_AT

    def between(self, lane: Lane, start: int, end: int, most: int) -> list[Happened]:
        """What a lane has from tick `start` up to `end`, in the order of time; at most so much."""
        if lane in (Lane.STOPS, Lane.BOOKMARKS, Lane.CHECKPOINTS):
            found = sorted(self._listed(lane), key=lambda happened: happened.tick)
            return [h for h in found if start <= h.tick < end][:most]
        at = bisect_left(self._entries, start, key=_tick_of)
        return list(islice(self._from(lane, at, end), most))

    def _from(self, lane: Lane, at: int, end: int) -> Iterator[Happened]:
        for index in range(at, len(self._entries)):
            entry = self._entries[index]
            if entry.tick >= end:
                return
            if self._is_on(lane, entry):
                yield Happened(Tick(entry.tick), self._text(entry))

    def nearest(self, lane: Lane, tick: int, forwards: bool) -> Tick | None:
        """The next thing of a lane after a tick, or the last before it."""
        if forwards:
            found = self.between(lane, tick + 1, self.end + 1, 1)
            return found[0].tick if found else None
        step = max(1, (self.end - self.first) // 100)
        end = tick
        while end > self.first:
            found = self.between(lane, max(self.first, end - step), end, 1_000_000)
            if found:
                return found[-1].tick
            end, step = end - step, step * 2
        return None

    # -- where it comes from ---------------------------------------------------------------------

    @property
    def _entries(self) -> list[Entry]:
        return self.session.machine.journal.entries

    def _listed(self, lane: Lane) -> Iterator[Happened]:
        if lane is Lane.STOPS:
            yield from (Happened(tick, text) for tick, text in self.session.stops)
        elif lane is Lane.BOOKMARKS:
            yield from (Happened(tick, name) for name, tick in self.session.moments.items())
        else:
            for checkpoint in self.session.history.checkpoints:
                yield Happened(checkpoint.tick, f"{checkpoint.size:,} bytes")

    def _is_on(self, lane: Lane, entry: Entry) -> bool:
        if lane is Lane.EDITS:
            return not isinstance(entry, HostResult | Invoke)
        if not isinstance(entry, HostResult):
            return False
        return lane is Lane.HOST or self._is_output(entry)

    def _is_output(self, entry: HostResult) -> bool:
        name = self.session.machine.hosts[entry.host].name
        return name in _OUTPUT and entry.args[:1] != () and entry.args[0] in _STANDARD

    def _text(self, entry: Entry) -> str:
        match entry:
            case HostResult() if self._is_output(entry) and (printed := self.session.printed.at(entry.tick)):
                return f'{printed.stream.name.lower()} "{printable(printed.data)}"'
            case HostResult():
                arguments = ", ".join(map(str, entry.args))
                answer = f" → {', '.join(map(str, entry.values))}" if entry.outcome == "return" and entry.values else ""
                other = "" if entry.outcome == "return" else f" {entry.outcome}"
                host = self.session.machine.hosts[entry.host]
                return f"{host.name if host.module == MODULE else host.label}({arguments}){answer}{other}"
            case Edit():
                return "state was changed by hand"
            case _:
                return type(entry).__name__.lower()


def _tick_of(entry: Entry) -> int:
    return entry.tick
