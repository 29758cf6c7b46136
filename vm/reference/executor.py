"""The reference executor's loop.

While it runs, the innermost frame is in Python variables and the frames entered since the run began are in a list;
both are written to the control stack before `run` returns, so the machine is then complete in memory.
"""

from __future__ import annotations

from collections.abc import Set
from typing import TypeAlias

from vm.control import WASM_FRAME, Record
from vm.errors import Trap, TrapKind
from vm.gc_collect import collect
from vm.gc_heap import CollectNeeded
from vm.host import Block, Call, CollectGarbage, Exit, Outcome, Raise, Return, Spawn, Throw
from vm.hosting import Hosting, exit_with, results_ready
from vm.instance import Instance
from vm.libcalls.objects import throw_ref
from vm.machine import Machine, ThreadState, too_many_frames
from vm.memories import PausedInBulk
from vm.reference.hooking import About, Contents, Hooking
from vm.reference.single import SingleStep
from vm.reference.step import CALL, RETURN, THROW, WAIT, Floats, Slots, Target
from vm.reference.targets import Hooked, Targets
from vm.stop import NO_HOOKS, Access, Hooks, Site, Stop, StopKind
from vm.threads import begin_wait
from vm.types import SLOT_BYTES, Addr, Tick

_BREAKS_OFF = (StopKind.TRAP, StopKind.PAUSED, StopKind.WAITING)  # the instruction does not go on, but again
_SLICE_TICKS = 20_000  # a pause request is looked for this often
_MAX_VIEWS = 20_000  # frames' views kept; more only in deep recursion

Views: TypeAlias = "tuple[Slots, Floats, Floats]"


class ReferenceExecutor:
    """Runs a machine in plain Python."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.hosting = Hosting(machine)
        self.targets = Targets(machine)
        self._views: dict[int, Views] = {}  # by address, whosever stack it is
        self._use_stack()
        # the innermost frame, and the ones entered below it in this run
        self._top: Target = Target(Addr(0), 0)
        self._pc, self._base = 0, 0
        self._below: list[tuple[Target, int, int]] = []  # (target, base, pc to go on at)
        self._depth = 0  # records in memory below `_below`
        self._end_tick = 0  # the tick at which this slice's budget is spent
        self._hooking = Hooking(machine)
        self._about: About | None = None  # the instruction that a slice stopped before, since it may touch something
        self._told = -1  # the tick at which a trace was told of something last, in this slice
        self._host_wrote: Access | None = None  # what a host function has changed that is watched
        self.step = SingleStep(machine, self.targets, self.frame)

    # -- the Executor protocol -------------------------------------------------------------------

    def run(
        self, budget: int | None, sites: Set[Site] = frozenset(), hooks: Hooks = NO_HOOKS, *, over_site: bool = True
    ) -> Stop:
        """Runs the ready (or blocked) thread until something stops it."""
        machine = self.machine
        assert machine.thread_state in (ThreadState.READY, ThreadState.BLOCKED)
        self._hooking.hooks = hooks
        self.targets.hook(frozenset(sites), bool(hooks.watches) or hooks.heat is not None, _is_told(hooks), hooks.picks)
        if self._values is not machine.values:
            self._use_stack()
        first = True
        while budget is None or budget > 0:
            if not first and machine.pause_requested():
                return Stop(StopKind.PAUSED)
            share = _SLICE_TICKS if budget is None else min(budget, _SLICE_TICKS)
            before = machine.tick
            stop = self._slice(share, first and over_site)
            if self._about is not None:
                stop = self._touch(self._about)
            if budget is not None:
                budget -= machine.tick - before
            if stop.kind is not StopKind.BUDGET:
                return stop
            first = False
        return Stop(StopKind.BUDGET)

    def _use_stack(self) -> None:
        """Looks at the current thread's value stack."""
        self._values = self.machine.values
        stack = self._values.view[: self._values.size]
        self._stack = (stack.cast("Q"), stack.cast("d"), stack.cast("f"))

    # -- for an executor that leaves to this one what it does not do itself -----------------------

    def frame(self, base: int) -> Views:
        """The value stack from `base` up, as integers, f64s and f32s."""
        if self._values is not self.machine.values:
            self._use_stack()
        return self._views.get(base) or self._frame(base)

    def settle(
        self, callee: Target, base: int, outcome: Outcome, caller: Instance, end_tick: int, left: int
    ) -> tuple[Stop | None, int]:
        """Goes on after a host function that was called and has not just returned; `left` ticks until `end_tick`.

        The caller's record says where the call returns to. Answers with the stop, if it comes to one, and what is
        left then; the machine is complete in memory.
        """
        self._use_stack()
        self._end_tick = end_tick
        return self._settle_new(callee, base, outcome, left, caller)

    # -- frames ----------------------------------------------------------------------------------

    def _frame(self, base: int) -> Views:
        """The value stack from `base` up, as integers, f64s and f32s."""
        views = self._views.get(base)
        if views is None:
            if len(self._views) >= _MAX_VIEWS:
                self._views.clear()
            slot = (base - self.machine.values.base) // SLOT_BYTES
            q, d, f = self._stack
            views = self._views[base] = (q[slot:], d[slot:], f[2 * slot :])
        return views

    # -- running ---------------------------------------------------------------------------------

    def _slice(self, budget: int, over_site: bool, past_hooks: bool = False) -> Stop:
        """Runs at most `budget` ticks and writes the machine back.

        `over_site`: the first step ignores sites, `past_hooks`: watches too.
        """
        self._host_wrote, self._told = None, -1
        control = self.machine.control
        self._end_tick = self.machine.tick + budget
        self._depth = control.depth - 1
        record = control[self._depth]
        stop, left = None, budget
        if record.is_host:
            stop, left = self._host_on_top(record, left, over_site)
            over_site = False  # what the host function calls or returns to was not stopped at
        else:
            self._load(record)
        if stop is None:
            stop, left = self._loop(left, over_site, past_hooks)
        self.machine.tick = self._end_tick - left
        if self._hooking.hooks.counting is not None:
            self._hooking.hooks.counting.retired(self.machine.tick, self._top.vmctx, self._top.func, self._pc)
            if stop.kind in _BREAKS_OFF:
                self._hooking.hooks.counting.broken_off()
        if self._hooking.hooks.trace is not None and stop.kind in _BREAKS_OFF and self._told == self.machine.tick:
            self._hooking.hooks.trace.take_back()
        self.machine.set_thread_state(STATE_AFTER.get(stop.kind, ThreadState.READY))
        return stop

    def _load(self, record: Record) -> None:
        """Makes the frame of a control record the innermost one."""
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        self._top = self.targets.defined(instance, record.func)
        self._pc, self._base = record.pc, record.base
        if not self._top.steps:
            self.targets.translate(self._top)

    def _flush(self) -> None:
        """Writes the frames in Python variables to the control stack."""
        control, depth = self.machine.control, self._depth
        for target, base, pc in self._below:
            control[depth] = Record(target.vmctx, target.func, pc, Addr(base), WASM_FRAME, 0)
            depth += 1
        top = self._top
        control[depth] = Record(top.vmctx, top.func, self._pc, Addr(self._base), WASM_FRAME, 0)
        control.depth = depth + 1
        self._below.clear()
        self._depth = depth

    def _loop(self, left: int, over_site: bool, past_hooks: bool) -> tuple[Stop, int]:
        """The innermost loop: answers with the stop and the ticks left."""
        below, targets, stack_end = self._below, self.targets, self.machine.values.end
        room = self.machine.limits.max_frames - self._depth - 1
        here = Site(self._top.vmctx, self._top.func, self._pc)
        over_site = over_site and targets.is_site(self._top.instance, here)
        while True:
            target, pc = self._top, self._pc
            steps, last = target.steps, 0
            if past_hooks:  # one instruction, whatever stands there
                past_hooks, steps, last = False, target.plain, left - 1
            q, d, f = self._views.get(self._base) or self._frame(self._base)
            try:
                for left in range(left - 1, last - 1, -1):  # noqa: B007, B020 - what is left stays when it breaks
                    pc = steps[pc](q, d, f)
                    if pc < 0:
                        break
                else:
                    self._pc = pc
                    if left > 0:
                        continue
                    self._flush()
                    return Stop(StopKind.BUDGET), left
            except Hooked:
                left += 1
                stop = self._asked(pc, q, left, over_site)
                over_site, past_hooks = False, True
                if stop is not None:
                    return stop, left
                self._pc = pc
                continue
            except PausedInBulk:
                return self._stopped(pc, StopKind.PAUSED), left + 1
            except CollectNeeded as needed:
                stop, left = self._collect(pc, needed.size), left + 1
                if stop is not None:
                    return stop, left
                room = self.machine.limits.max_frames - self._depth - 1
                continue
            except Trap as trap:
                return self._stopped(pc, StopKind.TRAP, trap), left + 1
            if pc == RETURN and below:
                self._top, self._base, self._pc = below.pop()
                continue
            if pc == CALL:
                callee, shift, after = targets.pending
                base = self._base + shift
                if callee.steps and len(below) < room and base + callee.frame_bytes <= stack_end:
                    below.append((target, self._base, after))
                    self._top, self._base, self._pc = callee, base, 0
                    if callee.zeros is not None:
                        self._zero_locals(callee)
                    continue
            stop, left = self._transfer(pc, left)
            if stop is not None:
                return stop, left
            room = self.machine.limits.max_frames - self._depth - 1

    def _transfer(self, transfer: int, left: int) -> tuple[Stop | None, int]:
        """The transfers that the loop does not do itself: first entries, host functions, limits, tail calls."""
        if transfer == CALL:
            return self._call(left)
        if transfer == RETURN:
            return self._return_into_memory(left)
        if transfer == THROW:
            return self._throw(left)
        if transfer == WAIT:
            self.machine.tick = self._end_tick - left - 1  # by which virtual time goes
            begin_wait(self.machine, self.targets.waiting)
            return self._stopped(self.targets.left_at, StopKind.WAITING), left + 1
        return self._tail_call(left)

    def _stopped(self, pc: int, kind: StopKind, trap: Trap | None = None) -> Stop:
        self._pc = pc
        self._flush()
        return Stop(kind, trap)

    def _reload(self) -> None:
        """Goes on with the frame on top of the control stack, after `_flush`."""
        self._depth = self.machine.control.depth - 1
        self._load(self.machine.control[self._depth])

    def _collect(self, pc: int, size: int) -> Stop | None:
        """Collects garbage before the instruction at `pc`, which then has a place for `size` bytes, or traps."""
        self._pc = pc
        self._flush()
        try:
            collect(self.machine, size)
        except Trap as trap:
            return Stop(StopKind.TRAP, trap)
        self._reload()
        return None

    def _throw(self, left: int) -> tuple[Stop | None, int]:
        """The exception thrown goes to its handler; without one the guest traps where it threw."""
        self._pc = self.targets.left_at
        self._flush()
        assert self._top.instance is not None
        trap = self.targets.libcall(self._top.instance, throw_ref)(self.targets.thrown)
        if trap is not None:
            return Stop(StopKind.TRAP, trap), left + 1
        self._reload()
        return None, left

    # -- sites and watches -----------------------------------------------------------------------

    def _asked(self, pc: int, frame: Slots, left: int, over_site: bool) -> Stop | None:
        """What sites and watches say before an instruction is run; None: it may be."""
        target, tick = self._top, Tick(self._end_tick - left)
        site = Site(target.vmctx, target.func, pc)
        is_site = not over_site and self.targets.is_site(target.instance, site)
        if is_site and self._hooking.stops(site, frame, tick):
            return self._stopped(pc, StopKind.SITE)
        if self._hooking.hooks.watches:
            assert target.instance is not None
            self._about = self._hooking.touches(target.instance, target.func, pc, frame, tick)
        if self._hooking.hooks.heat is not None and target.instance is not None:
            self._hooking.warm(target.instance, target.func, pc, frame)
        if self._hooking.hooks.trace is not None:
            self._hooking.hooks.trace.add(*site)
            self._told = tick
        if self._hooking.hooks.counting is not None:
            self._hooking.hooks.counting.begins(*site, tick)
        return None if self._about is None else self._stopped(pc, StopKind.WATCH)

    def _touch(self, about: About) -> Stop:
        """Runs the instruction that a slice stopped before: the stop that follows from what it touched."""
        self._about, tick = None, self.machine.tick
        stop = self._slice(1, over_site=True, past_hooks=True)
        if stop.kind is not StopKind.BUDGET:
            return stop
        if isinstance(about, Access):
            return Stop(StopKind.WATCH, access=about)
        access = self._hooking.changed(about, tick)
        return stop if access is None else Stop(StopKind.WATCH, access=access)

    def _compare_host(self, contents: Contents, left: int) -> None:
        if contents:
            self._host_wrote = self._hooking.changed(contents, Tick(self._end_tick - left))

    def _host_stop(self) -> Stop | None:
        """The stop after a host function that has changed watched bytes."""
        if self._host_wrote is None:
            return None
        access, self._host_wrote = self._host_wrote, None
        self._flush()
        return Stop(StopKind.WATCH, access=access)

    # -- calls -----------------------------------------------------------------------------------

    def _call(self, left: int) -> tuple[Stop | None, int]:
        callee, shift, after = self.targets.pending
        base = self._base + shift
        if callee.is_host:
            return self._call_host(callee, base, after, left)
        try:
            self._fit(callee, base, 2)
        except Trap as trap:
            return self._stopped(after - 1, StopKind.TRAP, trap), left + 1
        self._below.append((self._top, self._base, after))
        self._top, self._base, self._pc = callee, base, 0
        self._zero_locals(callee)
        return None, left

    def _tail_call(self, left: int) -> tuple[Stop | None, int]:
        callee, frm, count = self.targets.pending
        q = self._frame(self._base)[0]
        if not callee.is_host:
            try:
                self._fit(callee, self._base, 1)
            except Trap as trap:
                return self._stopped(self.targets.tail_pc, StopKind.TRAP, trap), left + 1
        q[0:count] = q[frm : frm + count]
        if callee.is_host:
            return self._tail_call_host(callee, left)
        self._top, self._pc = callee, 0
        self._zero_locals(callee)
        return None, left

    def _fit(self, callee: Target, base: int, frames: int) -> None:
        """Raises the exhaustion trap unless the callee's frame has a place."""
        machine = self.machine
        if not callee.steps:
            self.targets.translate(callee)
        if self._depth + len(self._below) + frames > machine.limits.max_frames:
            raise too_many_frames(machine.limits.max_frames)
        if base + callee.frame_bytes > machine.values.end:
            raise Trap(TrapKind.CALL_STACK_EXHAUSTED, f"the value stack of {machine.values.size:,} bytes is full")

    def _zero_locals(self, callee: Target) -> None:
        if callee.zeros is not None:
            first, last = callee.zeroed
            self._frame(self._base)[0][first:last] = callee.zeros

    def _return_into_memory(self, left: int) -> tuple[Stop | None, int]:
        """The caller's frame was not entered in this run: its record says what it is."""
        control = self.machine.control
        control.depth = self._depth
        if self._depth == 0:
            return Stop(StopKind.FINISHED), left
        self._depth -= 1
        record = control[self._depth]
        if record.is_host:
            return self._host_on_top(record, left, over_site=True)
        self._load(record)
        return None, left

    # -- host functions --------------------------------------------------------------------------

    def _call_host(self, callee: Target, base: int, after: int, left: int) -> tuple[Stop | None, int]:
        caller = self._top.instance
        if self._depth + len(self._below) + 2 > self.machine.limits.max_frames:
            return self._stopped(after - 1, StopKind.TRAP, too_many_frames(self.machine.limits.max_frames)), left + 1
        if callee.vmctx not in self.targets.host_sites:
            contents = self._hooking.contents()
            outcome = self.hosting.call(callee.func, Addr(base), self._end_tick - left - 1, caller)
            self._compare_host(contents, left + 1)
            if isinstance(outcome, Return):
                self._pc = after
                return self._host_stop(), left
        else:
            outcome = None
        self._pc = after
        self._flush()
        return self._settle_new(callee, base, outcome, left, caller)

    def _tail_call_host(self, callee: Target, left: int) -> tuple[Stop | None, int]:
        """The tail-calling frame is gone; the host function's frame stands in its place."""
        base, caller = self._base, self._top.instance
        if self._below:
            self._top, self._base, self._pc = self._below.pop()
            self._flush()
        else:
            self.machine.control.depth = self._depth
        return self._settle_new(callee, base, None, left, caller, run_now=callee.vmctx not in self.targets.host_sites)

    def _settle_new(
        self,
        callee: Target,
        base: int,
        outcome: Outcome | None,
        left: int,
        caller: Instance | None,
        run_now: bool = False,
    ) -> tuple[Stop | None, int]:
        """Makes a host call a frame and goes on from there; `outcome` None: it has not run yet."""
        assert caller is not None
        self.hosting.push_frame(callee.func, Addr(base), callee.vmctx, caller.addr)
        self._depth = self.machine.control.depth - 1
        record = self.machine.control.top
        if outcome is not None:
            return self._settle(record, outcome, left + 1)
        return self._host_on_top(record, left + 1, over_site=run_now)

    def _host_on_top(self, record: Record, left: int, over_site: bool) -> tuple[Stop | None, int]:
        """The innermost frame is a host function's: run it, or go on with it. It costs a tick when it returns."""
        if not over_site and not results_ready(record) and record.vmctx in self.targets.host_sites:
            site = Site(record.vmctx, record.func, 0)
            if self._hooking.stops(site, self._frame(record.base)[0], Tick(self._end_tick - left)):
                return Stop(StopKind.SITE), left
        if left == 0:
            return Stop(StopKind.BUDGET), 0
        going_on = self.hosting.resume if results_ready(record) else self.hosting.enter
        contents = self._hooking.contents()
        outcome = going_on(record, self._end_tick - left)
        self._compare_host(contents, left)
        return self._settle(record, outcome, left)

    def _settle(self, record: Record, outcome: Outcome, left: int) -> tuple[Stop | None, int]:
        """Applies the outcome of the host frame on top."""
        stop, left = self._apply(record, outcome, left)
        return stop or self._host_stop(), left

    def _apply(self, record: Record, outcome: Outcome, left: int) -> tuple[Stop | None, int]:
        machine = self.machine
        match outcome:
            case Return():
                machine.control.depth = self._depth
                return self._return_from_host(left - 1)
            case Block(until):
                return Stop(StopKind.BLOCKED, until=until), left
            case Exit(code):
                exit_with(machine, code)
                return Stop(StopKind.EXIT), left
            case Raise(kind, detail):
                return Stop(StopKind.TRAP, Trap(kind, detail)), left
            case Call():
                return self._push_callee(outcome, left)
            case Throw():
                return self._unwind(outcome, left)
            case CollectGarbage():
                collect(machine)
                machine.control.depth = self._depth
                return self._return_from_host(left - 1)
            case Spawn():
                raise AssertionError("hosting starts threads")

    def _unwind(self, throw: Throw, left: int) -> tuple[Stop | None, int]:
        """Leaves frames up to the host frame that catches; without one the guest traps."""
        index = self.hosting.catcher()
        if index is None:
            return Stop(StopKind.TRAP, Trap(TrapKind.HOST, f"nobody catches {throw.what}")), left
        for depth in range(index + 1, self.machine.control.depth):
            self.machine.continuations.pop(depth, None)
        self.machine.control.depth = index + 1
        self._depth = index
        outcome = self.hosting.caught(throw, self._end_tick - left)
        return self._settle(self.machine.control[index], outcome, left)

    def _return_from_host(self, left: int) -> tuple[Stop | None, int]:
        if self._depth == 0:
            return Stop(StopKind.FINISHED), left
        self._depth -= 1
        record = self.machine.control[self._depth]
        if record.is_host:  # it had called this host function
            return self._host_on_top(record, left, over_site=True)
        self._load(record)
        return None, left

    def _push_callee(self, outcome: Call, left: int) -> tuple[Stop | None, int]:
        try:
            self.hosting.push_callee(outcome)
        except Trap as trap:
            return Stop(StopKind.TRAP, trap), left
        self._depth = self.machine.control.depth - 1
        record = self.machine.control[self._depth]
        if record.is_host:
            return self._host_on_top(record, left, over_site=True)
        self._load(record)
        return None, left


STATE_AFTER = {
    StopKind.TRAP: ThreadState.TRAPPED,
    StopKind.BLOCKED: ThreadState.BLOCKED,
    StopKind.WAITING: ThreadState.WAITING,
    StopKind.EXIT: ThreadState.EXITED,
    StopKind.FINISHED: ThreadState.FINISHED,
}


def _is_told(hooks: Hooks) -> bool:
    """Whether something is told of every instruction."""
    return hooks.trace is not None or hooks.counting is not None
