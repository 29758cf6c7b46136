"""Which guest thread runs: taking turns, the same way in every run.

The scheduler is an executor for all threads. Turns change at multiples of the quantum, counted in ticks, so that a
pause or a step does not change the schedule; every change of turns is an input of the run and kept in the journal.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b

from vm.errors import Trap, TrapKind, UserError
from vm.host import THREAD_SPAWN
from vm.journal import ReplayMismatch, Switch
from vm.machine import Machine, ThreadState
from vm.spawning import go_on
from vm.stop import NO_HOOKS, Executor, Hooks, Site, Stop, StopKind
from vm.threads import GuestThread, time_out, virtual_ns, waiters

DEFAULT_QUANTUM_TICKS = 10_000
_READY = (ThreadState.READY,)
_CAN_RUN = (ThreadState.READY, ThreadState.BLOCKED)


@dataclass
class Policy:
    """How turns are taken: round and round, or with a seed as if by chance; or one thread alone."""

    quantum_ticks: int = DEFAULT_QUANTUM_TICKS
    seed: int | None = None
    only: int | None = None  # this thread's number


class Scheduler:
    """Runs the machine's threads in turn on one executor."""

    def __init__(self, machine: Machine, executor: Executor) -> None:
        self.machine, self.executor, self.policy = machine, executor, Policy()
        self._looking: tuple[int, int] | None = (
            None  # tick, and whose turn it is then in the past, while another is looked at
        )
        self._spawning: tuple[int, bool] | None = None  # among so many host functions, whether one starts threads
        self.held: int | None = None  # a step is about this thread: the others run only while it waits

    # -- the Executor protocol -------------------------------------------------------------------

    def run(
        self, budget: int | None, sites: Set[Site] = frozenset(), hooks: Hooks = NO_HOOKS, *, over_site: bool = True
    ) -> Stop:
        """Runs until something stops any thread, which is then the current one."""
        machine, fresh, instances = self.machine, True, len(self.machine.instances)
        self._look_no_more()
        while budget is None or budget > 0:
            if len(machine.instances) != instances:  # a thread's: sites may lie in it
                return Stop(StopKind.BUDGET)
            if not fresh and machine.pause_requested():
                return Stop(StopKind.PAUSED)
            before = machine.tick
            stop = self.executor.run(self._share(budget), sites, hooks, over_site=fresh and over_site)
            if budget is not None:
                budget -= machine.tick - before
            fresh = False
            ended = self._after(stop)
            if ended is not None:
                return ended
        return Stop(StopKind.BUDGET)

    def step(self) -> bool:
        """One instruction of the only thread; with others there are turns."""
        return len(self.machine.threads) == 1 and self.executor.step()

    def _share(self, budget: int | None) -> int | None:
        """Ticks until the turn is over, or until a wait is."""
        machine = self.machine
        if len(machine.threads) == 1 and not self._may_spawn():
            return budget
        ends = [] if budget is None else [budget]
        if machine.journal.replaying:
            following = machine.journal.next_switch()
            if following is not None and not following.forced:
                ends.append(max(1, following.tick - machine.tick))
        elif self._sharing:
            ends.append(self.policy.quantum_ticks - machine.tick % self.policy.quantum_ticks)
        until = [t.record.get("wait_until_ns") for t in waiters(machine)]
        ends += [max(1, ns - virtual_ns(machine)) for ns in until if ns]
        return min(ends, default=None)

    def _may_spawn(self) -> bool:
        """Whether a second thread may come: turns are counted from the first instruction on."""
        count = len(self.machine.hosts)
        if self._spawning is None or self._spawning[0] != count:
            self._spawning = count, any(host.label == THREAD_SPAWN for host in self.machine.hosts)
        return self._spawning[1]

    @property
    def _sharing(self) -> bool:
        return self.held is None and self.policy.only is None

    def _after(self, stop: Stop) -> Stop | None:
        """What a stop of one thread means for all; None: go on."""
        machine = self.machine
        match stop.kind:
            case StopKind.BUDGET:
                if len(machine.threads) > 1 or machine.journal.replaying:
                    time_out(machine, may_skip=False)
                    self._turn()
                return None
            case StopKind.WAITING:
                return self._another()
            case StopKind.FINISHED if machine.current.number:
                return None if go_on(machine) else self._another()
            case StopKind.BLOCKED if machine.journal.replaying and machine.journal.waits_here(machine.tick):
                self._repeat(forced=True)
                return None
            case StopKind.BLOCKED if self._somebody_else():
                self._give(self._chosen(_READY), forced=True, blocked=True)
                return None
            case _:
                return stop

    def _turn(self) -> None:
        """The turn is over: somebody else's, unless one thread is to run alone."""
        machine = self.machine
        if machine.journal.replaying:
            self._repeat(forced=False)
        elif self._sharing and machine.tick % self.policy.quantum_ticks == 0:
            self._give(self._chosen())
        elif self.held is not None and self._runs(machine.threads[self.held]):
            self._give(machine.threads[self.held])

    def _another(self) -> Stop | None:
        """The current thread cannot go on. Time passes if nobody can; the deadlock trap if it never would again."""
        if self.machine.journal.replaying:
            time_out(self.machine, may_skip=not any(map(self._runs, self.machine.threads)))
            self._repeat(forced=True)
            return None if self._runs(self.machine.current) else self._deadlock()
        if not any(map(self._runs, self.machine.threads)) and not time_out(self.machine, may_skip=True):
            return self._deadlock()
        self._give(self._chosen(), forced=True)
        return None

    def _repeat(self, forced: bool) -> None:
        """Takes the turns that the journal has here; a forced one only first."""
        journal = self.machine.journal
        while (following := journal.next_switch()) is not None and following.tick <= self.machine.tick:
            if following.forced != forced:
                return
            if following.thread >= len(self.machine.threads):
                found = f"thread {following.thread}'s turn"
                raise ReplayMismatch(following.tick, found, f"one of {len(self.machine.threads)} threads")
            journal.take_switch()
            self.machine.switch(following.thread)
            forced = False

    def _deadlock(self) -> Stop:
        self.machine.set_thread_state(ThreadState.TRAPPED)
        return Stop(StopKind.TRAP, Trap(TrapKind.DEADLOCK, "every thread waits"))

    # -- choosing --------------------------------------------------------------------------------

    def _somebody_else(self) -> bool:
        """Whether another thread is ready while the current one's host call waits."""
        ready = (t for t in self.machine.threads if t.record.get("state") == ThreadState.READY)
        return self.policy.only is None and not self.machine.journal.replaying and any(ready)

    def _runs(self, thread: GuestThread) -> bool:
        return thread.record.get("state") in _CAN_RUN

    def _chosen(self, states: Sequence[ThreadState] = _CAN_RUN) -> GuestThread:
        """Who is next of those in such a state, round from the current thread on, or as the seed says."""
        machine, count = self.machine, len(self.machine.threads)
        first = machine.current.number + 1
        following = [machine.threads[(first + i) % count] for i in range(count)]
        ready = [t for t in following if t.record.get("state") in states]
        if self.policy.only is not None and self._runs(machine.threads[self.policy.only]):
            return machine.threads[self.policy.only]
        if self.policy.seed is None:
            return ready[0]
        chance = blake2b(f"{self.policy.seed} {machine.tick}".encode(), digest_size=8).digest()
        return ready[int.from_bytes(chance, "little") % len(ready)]

    def _give(self, thread: GuestThread, forced: bool = False, blocked: bool = False) -> None:
        if thread is not self.machine.current:
            self.machine.switch(thread.number)
            self.machine.journal.add(Switch(self.machine.tick, thread.number, forced, blocked))

    def select(self, number: int) -> None:
        """Makes a thread the one that is looked at and runs next. Raises UserError."""
        if not 0 <= number < len(self.machine.threads):
            raise UserError(f"there is no thread {number}", f"threads 0 to {len(self.machine.threads) - 1}")
        if self.machine.journal.replaying:
            turn = self._looking or (self.machine.tick, self.machine.current.number)
            self._looking = turn if turn[0] == self.machine.tick else (self.machine.tick, self.machine.current.number)
            self.machine.switch(number)
        else:
            self._give(self.machine.threads[number])

    def _look_no_more(self) -> None:
        """In the past the turns are as they were, whoever was looked at. In a branch that begins here it is theirs."""
        looking, self._looking, machine = self._looking, None, self.machine
        if looking is None or looking[0] != machine.tick:
            return
        if machine.journal.replaying:
            machine.switch(looking[1])
        elif machine.current.number != looking[1]:
            machine.journal.add(Switch(machine.tick, machine.current.number))
