"""Going back: checkpoints while the program runs, and the journal repeated from the nearest one.

    live ──back──▶ past ──forward, up to where it was left──▶ live
                    └── changed by hand: a branch, which is live; the one that was left can be returned to

In the past no host code runs: nothing is printed or written again. The state in which the present was left is kept, and
put back as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace

from debugger.replay import repeat
from vm.errors import UserError
from vm.journal import Entry, Invoke, ReplayMismatch
from vm.machine import Continuation, Machine, ThreadState
from vm.snapshot import Snapshot, bytes_to_copy, restore, take
from vm.stop import NO_HOOKS, Executor, Hooks, Note, Site, Stop, StopKind
from vm.types import Tick

_SLICE_TICKS = 20_000_000  # a checkpoint is thought of this often
_LEAST_PAUSE_S = 0.02
_MOST_BRANCHES = 16  # kept
_COST_FACTOR = 10  # the next checkpoint waits this many times what the last one has cost

_RUNS = (ThreadState.READY, ThreadState.BLOCKED)

Clock = Callable[[], float]
Judge = Callable[[Stop], bool]


class BrokenOff(Exception):
    """A pause was asked for on the way: the machine stands somewhere in the past."""


@dataclass(frozen=True)
class Checkpoint:
    """The machine at a tick. `entries` of the journal were made before; `size` is what it holds alone."""

    tick: Tick
    snapshot: Snapshot
    entries: int
    size: int


@dataclass(frozen=True)
class Present:
    """How the program was left to go back."""

    checkpoint: Checkpoint
    continuations: list[dict[int, Continuation]]
    stop: Stop
    goes_on: bool  # else it is over, or waits


@dataclass(frozen=True)
class Branch:
    """A course of things that was left because the past was changed, or for another branch."""

    number: int
    at: Tick  # where it was left
    present: Present  # how it goes on
    entries: list[Entry]
    why_incomplete: str
    checkpoints: list[Checkpoint]
    back: Callable[[], None]  # puts back what others know of it

    @property
    def size(self) -> int:
        return sum(c.size for c in self.checkpoints)


class History:
    """Runs the program, now or then. It is an executor: whoever runs it need not know when it is."""

    def __init__(
        self, machine: Machine, executor: Executor, budget_bytes: int, clock: Clock = time.perf_counter
    ) -> None:
        self._machine, self._executor, self._clock = machine, executor, clock
        self.budget_bytes = budget_bytes
        self.checkpoints: list[Checkpoint] = []
        self.present: Present | None = None
        self.branches: list[Branch] = []  # those that were left, the last one last
        self.branching: Callable[[int], Callable[[], None]] = lambda number: (
            lambda: None
        )  # tells of it: how to get back
        self._next_branch = 1
        self._last_stop = Stop(StopKind.BUDGET)
        self._next_at = 0.0
        self._instances = len(machine.instances)
        machine.journal.branching = self._branch

    # -- recording -------------------------------------------------------------------------------

    @property
    def in_past(self) -> bool:
        return self.present is not None

    @property
    def first_tick(self) -> Tick:
        """How far back one can go."""
        return self.checkpoints[0].tick if self.checkpoints else self._machine.tick

    def keep(self) -> None:
        """Takes a checkpoint here, unless there is one."""
        machine = self._machine
        if self.in_past or not machine.journal.complete:
            return
        if self.checkpoints and self.checkpoints[-1].tick == machine.tick:
            return
        start = self._clock()
        if self.checkpoints and bytes_to_copy(machine) > self.budget_bytes:  # the one before has to do
            self._next_at = start + _LEAST_PAUSE_S * _COST_FACTOR
            return
        self.checkpoints.append(self._taken())
        cost = self._clock() - start
        self._next_at = start + cost + max(_LEAST_PAUSE_S, _COST_FACTOR * cost)
        self._thin()

    def _taken(self) -> Checkpoint:
        machine = self._machine
        before = self.checkpoints[-1].snapshot if self.checkpoints else None
        snapshot = take(machine)
        entries = len(machine.journal.entries) - machine.journal.left_to_replay()
        return Checkpoint(machine.tick, snapshot, entries, snapshot.new_bytes(before))

    def _thin(self) -> None:
        """Over the budget the oldest branch that was left goes, then every second one of the older half of checkpoints:
        dense near now, sparse far back."""
        while self.branches and self._used() > self.budget_bytes:
            del self.branches[0]
        while sum(c.size for c in self.checkpoints) > self.budget_bytes and len(self.checkpoints) > 1:
            half = max(3, len(self.checkpoints) // 2)
            kept = self.checkpoints[:1] + self.checkpoints[2:half:2] + self.checkpoints[half:]
            if len(kept) == len(self.checkpoints):  # two: each is too large
                kept = kept[:1]
            self.checkpoints = [_sized(c, b) for c, b in zip(kept, [None, *kept], strict=False)]

    def _used(self) -> int:
        return sum(c.size for c in self.checkpoints) + sum(b.size for b in self.branches)

    def play(self, entries: list[Entry], ticks: int, ended: bool) -> None:
        """Runs a recording up to its end, which is the present then; `ended`: in what does not retire, as a trap.

        Raises ReplayMismatch where the run asks for something else.
        """
        machine, journal = self._machine, self._machine.journal
        journal.become(entries, "")
        journal.replay(entries)
        self.keep()
        while machine.tick < ticks or (ended and machine.thread_state in _RUNS):
            self._apply_due()
            outside = journal.peek_outside()
            ends = [_SLICE_TICKS, max(1, ticks - machine.tick), *([outside.tick - machine.tick] if outside else [])]
            if machine.thread_state not in _RUNS or min(ends) <= 0:
                raise ReplayMismatch(machine.tick, f"{ticks:,} ticks in all", "none: it is over")
            before = machine.tick
            self._last_stop = stop = self._executor.run(min(ends))
            if stop.kind is StopKind.PAUSED:
                raise BrokenOff
            if machine.tick == before and stop.kind is StopKind.BLOCKED:
                break
            if self._clock() >= self._next_at:
                self.keep()
        self._apply_due()
        journal.go_live()

    # -- the Executor protocol -------------------------------------------------------------------

    def run(
        self, budget: int | None, sites: Set[Site] = frozenset(), hooks: Hooks = NO_HOOKS, *, over_site: bool = True
    ) -> Stop:
        """Runs on, in the past as it was recorded."""
        while budget is None or budget > 0:
            before = self._machine.tick
            share = self._share(budget)
            if share == 0:
                stop = self._to_present()
                if stop is not None:
                    return stop
                continue
            stop = self._executor.run(share, sites, hooks, over_site=over_site)
            over_site = False
            if budget is not None:
                budget -= self._machine.tick - before
            if (present := self.present) is not None and self._machine.tick == present.checkpoint.tick:
                if present.goes_on:
                    self._put_back(present)
                elif stop.kind is StopKind.FINISHED:
                    return self._to_present() or stop
            if not self._goes_on(stop):
                return stop
        return Stop(StopKind.BUDGET)

    def step(self) -> bool:
        """One instruction of the present. No checkpoint is thought of: what is stepped through is soon repeated."""
        return self.present is None and self._executor.step()

    def quiet_ticks(self) -> int:
        """For how many ticks, in the past, only what instructions do happens: nothing from outside, no other turns."""
        if self.present is None or len(self._machine.threads) > 1:
            return 0
        outside = self._machine.journal.peek_outside()
        ends = [self.present.checkpoint.tick, *([outside.tick] if outside is not None else [])]
        return max(0, min(ends) - self._machine.tick - 1)

    def _share(self, budget: int | None) -> int:
        """Ticks to run at once."""
        ends = [_SLICE_TICKS] if budget is None else [budget, _SLICE_TICKS]
        if self.present is not None:
            ends.append(self.present.checkpoint.tick - self._machine.tick)
            self._apply_due()
            if (outside := self._machine.journal.peek_outside()) is not None:
                ends.append(max(1, outside.tick - self._machine.tick))
        return min(ends)

    def _goes_on(self, stop: Stop) -> bool:
        """Whether what stopped is of no concern to whoever runs."""
        if self.present is None:
            self._last_stop = stop
            if stop.kind is StopKind.BUDGET and self._clock() >= self._next_at and self.checkpoints:
                self.keep()
            brought, self._instances = len(self._machine.instances) != self._instances, len(self._machine.instances)
            return stop.kind is StopKind.BUDGET and not brought
        if stop.kind is StopKind.FINISHED:
            return self._apply_due()
        return stop.kind is StopKind.BUDGET

    def _apply_due(self) -> bool:
        """Repeats what came from outside at this tick; whether there was something."""
        machine, found = self._machine, False
        while (outside := machine.journal.peek_outside()) is not None and outside.tick <= machine.tick:
            if isinstance(outside, Invoke) and machine.thread_state in (ThreadState.READY, ThreadState.BLOCKED):
                break  # the call before has not returned yet
            machine.journal.checked(outside)
            machine.journal.next_outside()
            repeat(machine, outside)
            found = True
        return found

    def _to_present(self) -> Stop | None:
        """Puts the present back as it was left; the stop that it was left at, None: it can run on."""
        present = self.present
        assert present is not None
        self._put_back(present)
        return None if present.goes_on else present.stop

    def _put_back(self, present: Present) -> None:
        machine = self._machine
        restore(machine, present.checkpoint.snapshot)
        for thread, continuations in zip(machine.threads, present.continuations, strict=True):
            thread.continuations.clear()
            thread.continuations.update(continuations)
        machine.journal.go_live()
        self.present = None

    # -- going back ------------------------------------------------------------------------------

    def back_to(self, tick: Tick) -> None:
        """Goes to a tick of the recording; its end is the present as it was left. Raises UserError."""
        if self.present is not None and tick == self.present.checkpoint.tick:
            self._put_back(self.present)
            return
        self._restore(self._before(tick))
        self.run_until(tick, frozenset(), NO_HOOKS, over_site=True)
        self._apply_due()

    def go(self, tick: Tick) -> None:
        """Goes to a tick of the recording, from the past or the present. Raises UserError for one that is not in it."""
        end = self._machine.tick if self.present is None else self.present.checkpoint.tick
        if tick > end:
            raise UserError(f"tick {tick:,} has not been reached", f"the program is at tick {end:,}")
        self.back_to(tick)

    def last(
        self, sites: Set[Site], hooks: Hooks, judge: Judge | None = None, begin: Callable[[], None] = lambda: None
    ) -> Tick | None:
        """The last tick before now at which a site or watch is met, and, if there is a judge, one that it accepts.

        `begin` is called wherever it starts to look. The machine is left somewhere in the past: `back_to` comes next.
        Raises UserError when there is no way back.
        """
        now = self._machine.tick
        for checkpoint in self._backwards(now):
            self._restore(checkpoint)
            begin()
            found = self._noted(now, sites, hooks) if judge is None else self._judged(now, sites, hooks, judge)
            if found is not None:
                return found
            now = checkpoint.tick
        return None

    def _noted(self, end: Tick, sites: Set[Site], hooks: Hooks) -> Tick | None:
        note = Note()
        self.run_until(end, sites, replace(hooks, note=note), over_site=False)
        return note.last_tick

    def _judged(self, end: Tick, sites: Set[Site], hooks: Hooks, judge: Judge) -> Tick | None:
        found, over_site, machine = None, False, self._machine
        while (stop := self.run_until(end, sites, hooks, over_site)) is not None:
            over_site = stop.kind is StopKind.SITE
            if judge(stop):
                found = Tick(machine.tick - (stop.kind is StopKind.WATCH))
        return found

    def run_until(self, end: Tick, sites: Set[Site], hooks: Hooks, over_site: bool) -> Stop | None:
        """Runs to a tick in the past; the stop at a site or watch before it."""
        machine = self._machine
        while machine.tick < end:
            stop = self.run(end - machine.tick, sites, hooks, over_site=over_site)
            if stop.kind in (StopKind.SITE, StopKind.WATCH):
                return stop
            if stop.kind is StopKind.PAUSED:
                raise BrokenOff
            if stop.kind is not StopKind.BUDGET:
                break
            over_site = False
        return None

    @contextmanager
    def excursion(self) -> Iterator[None]:
        """Looking around in the past: afterwards the machine is as it was, here or there, pause or not."""
        machine = self._machine
        was_past, tick, asked = self.in_past, machine.tick, machine.pause_requested
        try:
            yield
        finally:
            machine.pause_requested = lambda: False
            try:
                if was_past:
                    self.back_to(tick)
                elif self.present is not None:
                    self._put_back(self.present)
            finally:
                machine.pause_requested = asked

    def _backwards(self, tick: Tick) -> Iterator[Checkpoint]:
        self._check()
        yield from [c for c in reversed(self.checkpoints) if c.tick < tick]

    def _before(self, tick: Tick) -> Checkpoint:
        self._check()
        found = [c for c in self.checkpoints if c.tick <= tick]
        if not found:
            raise UserError(f"tick {tick:,} is before the recording", f"it begins at tick {self.first_tick:,}")
        return found[-1]

    def _check(self) -> None:
        journal = self._machine.journal
        if not journal.complete:
            raise UserError(f"there is no way back: {journal.why_incomplete}")
        if not self.checkpoints:
            raise UserError("there is nothing to go back to", "run the program first")

    def _restore(self, checkpoint: Checkpoint) -> None:
        machine = self._machine
        if self.present is None:
            self.present = self._stood()
        restore(machine, checkpoint.snapshot)
        for thread in machine.threads:
            thread.continuations.clear()
        machine.journal.replay(machine.journal.entries[checkpoint.entries :])

    # -- branches --------------------------------------------------------------------------------

    def _branch(self) -> None:
        """Something is done in the past that was not recorded: a branch begins here, the one there was is kept."""
        journal = self._machine.journal
        left = journal.left_to_replay()
        self._leave(self.present or self._stood())
        journal.become(journal.entries[: len(journal.entries) - left], "")
        self.present = None
        self.checkpoints = [c for c in self.checkpoints if c.tick <= self._machine.tick]

    def _leave(self, present: Present) -> int:
        """Keeps what there is as a branch; its number."""
        journal, number = self._machine.journal, self._next_branch
        self._next_branch += 1
        back = self.branching(number)
        known = (list(journal.entries), journal.why_incomplete, list(self.checkpoints))
        self.branches.append(Branch(number, present.checkpoint.tick, present, *known, back))
        del self.branches[:-_MOST_BRANCHES]
        return number

    def return_to(self, number: int) -> int:
        """Goes to where a branch was left; the number of the one that is left now. Raises UserError."""
        branch = next((b for b in self.branches if b.number == number), None)
        if branch is None:
            known = ", ".join(str(b.number) for b in self.branches) or "none was left"
            raise UserError(f"there is no branch {number}", f"known: {known}")
        left = self._leave(self.present or self._stood())
        self.branches.remove(branch)
        self._machine.journal.become(branch.entries, branch.why_incomplete)
        self.checkpoints = branch.checkpoints
        self._put_back(branch.present)
        self._last_stop = branch.present.stop
        branch.back()
        return left

    def _stood(self) -> Present:
        """How the program stands now, outside the past."""
        machine = self._machine
        threads = [dict(thread.continuations) for thread in machine.threads]
        return Present(self._taken(), threads, self._last_stop, machine.thread_state is ThreadState.READY)


def _sized(checkpoint: Checkpoint, before: Checkpoint | None) -> Checkpoint:
    """A checkpoint whose neighbour is another one now."""
    size = checkpoint.snapshot.new_bytes(before.snapshot if before is not None else None)
    return Checkpoint(checkpoint.tick, checkpoint.snapshot, checkpoint.entries, size)
