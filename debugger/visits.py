"""Going through a recording: stretch by stretch, from one place where something is touched to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace

from debugger.history import History
from vm.control import Record
from vm.machine import Machine
from vm.stop import NO_HOOKS, Hooks, Note, Site, StopKind
from vm.types import Tick


@dataclass(frozen=True, slots=True)
class Met:
    """An instruction that met a site or a watch: the tick before it, and its frame as it was there."""

    tick: Tick
    record: Record


def stretches(history: History, end: Tick, since: Tick) -> list[tuple[Tick, Tick]]:
    """The recording from `since` up to `end`, cut at its checkpoints, the last stretch first."""
    found = []
    for checkpoint in reversed(history.checkpoints):
        if checkpoint.tick < end and end > since:
            start = Tick(max(checkpoint.tick, since))
            found.append((start, end))
            end = start
    return found


def cut(found: list[tuple[Tick, Tick]], ticks: Iterable[int]) -> list[tuple[Tick, Tick]]:
    """The same stretches, new ones beginning at some ticks; one that is cut ends a tick before."""
    for tick in sorted(ticks):
        for i, (start, end) in enumerate(found):
            if start < tick <= end:
                found[i : i + 1] = [(Tick(tick), end), (start, Tick(tick - 1))]
                break
    return found


def noted(history: History, start: Tick, end: Tick, sites: Set[Site], hooks: Hooks) -> Note:
    """How often something is met in a stretch, and when last; the machine is at its end afterwards."""
    history.back_to(start)
    note = Note()
    history.run_until(end, sites, replace(hooks, note=note), over_site=False)
    return note


def each(
    machine: Machine, history: History, end: Tick, looked: Callable[[], tuple[Set[Site], Hooks]], skip: int = 0
) -> Iterator[Met]:
    """Runs on to a tick, with a pause after every instruction that met something, the first `skip` passed over.

    `looked` is asked before it runs on.
    """
    over_site = False
    while True:
        sites, hooks = looked()
        note = Note(stop_at=skip + 1) if skip else None
        stop = history.run_until(end, sites, replace(hooks, note=note), over_site)
        if stop is None:
            return
        skip, over_site = 0, False
        if stop.kind is StopKind.WATCH:
            yield Met(Tick(machine.tick - 1), _before(machine.control.top))
        else:
            met = Met(machine.tick, machine.control.top)
            history.run_until(Tick(machine.tick + 1), frozenset(), NO_HOOKS, over_site=True)
            yield met


def _before(record: Record) -> Record:
    """What writes goes on with the instruction behind it."""
    return record._replace(pc=max(0, record.pc - 1))
