"""One run of the guest: from a resume to the one reason it ends for.

A plan says when a run is over; breakpoints, traps, pauses and the end of the program end every run. Plans work on what
the executor offers, exact stops and sites, and so know nothing of how the guest is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from debugger.breakpoints import Breakpoint, Breakpoints
from debugger.catchpoints import CatchKind, Catchpoint
from debugger.classes import Class, Picked, is_taken
from debugger.dwarf.lines import LineTable
from debugger.events import Detail, Reason, Touched
from debugger.launch import Phase
from debugger.watchpoints import Watching, Watchpoint
from vm.control import Record
from vm.errors import Trap
from vm.host import Until
from vm.journal import Invoke
from vm.machine import Code, Machine, ThreadState
from vm.memory import Region, RegionKind
from vm.ops.row import Has, Imm
from vm.stop import NO_HOOKS, Executor, Guard, Hooks, Site, Stop, StopKind
from vm.types import SLOT_BYTES, Tick

STDIN = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    reason: Reason
    detail: Detail = field(default_factory=Detail)


_STEPPED = Ended(Reason.STEP)


class Waiting(Protocol):
    """The part of a world a run needs: sleeping until a blocked call can go on."""

    def wait(self, until: Until, interrupted: Callable[[], bool]) -> bool: ...


@dataclass
class Run:
    """Everything a run needs. `wait_for_input`: sleep through a read of standard input instead of stopping."""

    machine: Machine
    executor: Executor
    world: Waiting
    breakpoints: Breakpoints
    lines: Callable[[int], LineTable | None]  # by VMContext address
    accepts: Callable[[Breakpoint], bool]  # counts a hit, checks condition and rule, prints log text
    next_phase: Callable[[], Phase | None]
    results: Callable[[], tuple[str, ...]]
    paused: Callable[[], bool]
    wait_for_input: bool
    refresh: Callable[[], None] = lambda: None  # breakpoints find their places in new instances
    guards: Callable[[], Mapping[Site, Guard]] = dict  # what decides about breakpoints without stopping
    trapped: Callable[[Trap], tuple[int, ...]] = lambda trap: ()  # numbers of the catchpoints that a trap meets

    def __post_init__(self) -> None:
        self.watching = Watching(self.machine, self.breakpoints)

    def begin(self) -> None:
        """A run begins; the same object serves all runs of a store."""
        self.watching.begin()
        self._watches_nothing = not self.watching

    # -- plans -----------------------------------------------------------------------------------

    def resume(self) -> Ended:
        """Until something stops it."""
        return self._until(lambda: None, frozenset())

    def from_entry(self) -> Ended:
        """As `resume`, but a breakpoint on the instruction it begins with counts too."""
        return self._breakpoint_here() or self.resume()

    def instructions(self, count: int) -> Ended:
        """`count` instructions; breakpoints on the way end it too."""
        for i in range(count):
            if i and self.paused():
                return Ended(Reason.PAUSE)
            ended = self._tick(check_sites=i > 0)
            if ended is not None:
                return ended
        return _STEPPED

    def over(self, count: int = 1) -> Ended:
        """`count` instructions, a call with all it does being one."""
        for i in range(count):
            if i and self.paused():
                return Ended(Reason.PAUSE)
            ended = self._over_one(check_sites=i > 0)
            if ended is not None:
                return ended
        return Ended(Reason.STEP)

    def out(self, depth: int | None = None) -> Ended:
        """Until the frame at `depth` records (default: the innermost) has returned."""
        target = self.machine.control.depth if depth is None else depth
        return self._leave(target) or Ended(Reason.STEP)

    def to(self, sites: frozenset[Site]) -> Ended:
        """Until one of these sites is reached."""
        return self._until(lambda: Ended(Reason.STEP), sites)

    def to_class(self, class_: Class) -> Ended:
        """Until an instruction of a class is next; of branches, one that is taken."""
        picks = Picked((self.breakpoints.picks() or Picked(frozenset())).classes | {class_})
        return self._until(lambda: Ended(Reason.STEP) if self._is_of(class_) else None, frozenset(), None, picks)

    def to_host_call(self) -> Ended:
        """Until a host function is about to be called."""
        return self._until(lambda: Ended(Reason.STEP), host_sites(self.machine))

    def to_other_block(self) -> Ended:
        """Until the innermost frame is in another block, or gone; calls are gone over."""
        record = self.machine.control.top
        if record.is_host:
            return self.out()
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        instrs = instance.facts(record.func).instrs
        depth, label = self.machine.control.depth, instrs[record.pc].label
        others = frozenset(Site(record.vmctx, record.func, i) for i, o in enumerate(instrs) if o.label is not label)
        below = (self.machine.control[i] for i in range(depth - 2, -1, -1))
        back = next((Site(r.vmctx, r.func, r.pc) for r in below if not r.is_host), None)
        sites = others | ({back} if back is not None else set())
        return self._until(lambda: Ended(Reason.STEP) if self.machine.control.depth <= depth else None, sites)

    def _is_of(self, class_: Class) -> bool:
        record = self.machine.control.top
        instance = None if record.is_host else self.machine.instance_at(record.vmctx)
        if instance is None:
            return False
        facts = instance.facts(record.func)
        if not Picked(frozenset({class_}))(facts, record.pc):
            return False
        start = (record.base - self.machine.values.base) // SLOT_BYTES
        return class_ is not Class.BRANCH or is_taken(facts, record.pc, self.machine.current.slots[start:])

    def until_tick(self, tick: Tick) -> Ended:
        """Until `tick` instructions have retired in all."""
        return self._until(lambda: None, frozenset(), tick)

    def line(self, into: bool) -> Ended:
        """To the start of another source line; without line information, one instruction."""
        start = self._position()
        if start is None:
            return self.instructions(1) if into else self.over(1)
        depth, first = self.machine.control.depth, True
        while True:
            if self.paused():
                return Ended(Reason.PAUSE)
            ended = self._step_in_line(into, check_sites=not first)
            first = False
            if ended is not None:
                return ended
            if self.machine.control.depth > depth and self._position() is not None:
                return self._past_prologue()
            if self.machine.control.depth < depth:
                depth, start = self.machine.control.depth, None
            here = self._position()
            if here is None:  # code without lines: what it does is not shown
                ended = self._leave(self.machine.control.depth)
                if ended is not None:
                    return ended
            elif here != start and self._at_line_start():
                return Ended(Reason.STEP)

    # -- pieces ----------------------------------------------------------------------------------

    def _step_in_line(self, into: bool, check_sites: bool) -> Ended | None:
        if not into and self._calls(self.machine.control.top):
            return self._over_one(check_sites)
        return self._tick(check_sites)

    def _past_prologue(self) -> Ended:
        """A function just entered: its first line after the prologue, as its second line row says."""
        record = self.machine.control.top
        lines = self.lines(record.vmctx)
        target = lines.after_prologue(self._offset(record)) if lines else None
        if target is None:
            return Ended(Reason.STEP)
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        pc = instance.facts(record.func).index_at(target)
        if pc is None:
            return Ended(Reason.STEP)
        return self.to(frozenset({Site(record.vmctx, record.func, pc)}))

    def _position(self) -> tuple[str, int] | None:
        """(file, line) of the innermost frame."""
        if self.machine.control.depth == 0 or (record := self.machine.control.top).is_host:
            return None
        lines = self.lines(record.vmctx)
        found = lines.find(self._offset(record)) if lines else None
        return (found.file, found.line) if found else None

    def _at_line_start(self) -> bool:
        record = self.machine.control.top
        lines = None if record.is_host else self.lines(record.vmctx)
        return lines is not None and lines.starts_line(self._offset(record))

    def _offset(self, record: Record) -> int:
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        return instance.facts(record.func).instrs[record.pc].offset

    def _calls(self, record: Record) -> bool:
        if record.is_host:
            return False
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        return Has.CALLS in instance.facts(record.func).instrs[record.pc].op.has

    def _tick(self, check_sites: bool) -> Ended | None:
        """One instruction, before which a breakpoint may end the run when `check_sites`."""
        if check_sites and len(self.breakpoints) and (ended := self._breakpoint_here()) is not None:
            return ended
        if self._watches_nothing and self.executor.step():
            return None
        return self._one_tick(self._callbacks())

    def _one_tick(self, callbacks: frozenset[Site] = frozenset()) -> Ended | None:
        """One instruction, and what it does to watched locals."""
        watched = self.watching.at(self._here()) if self.machine.control.depth and len(self.breakpoints) else []
        ended = self._judge(self._execute(1, self.breakpoints.sites() | callbacks))
        if ended is not None or not len(self.breakpoints):
            return ended
        return self._met(self.watching.looked(watched)) or self._gone()

    def _callbacks(self) -> frozenset[Site]:
        """First instructions of what a host function called from here may call: it does not retire before they do."""
        record = self.machine.control.top
        if not self._calls(record):
            return frozenset()
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        instr = instance.facts(record.func).instrs[record.pc]
        if instr.imm and instr.op.imm[0] is Imm.FUNC and not instance.is_imported(cast("int", instr.imm[0])):
            return frozenset()
        first = instance.module.num_imported_funcs
        return frozenset(Site(instance.addr, func, 0) for func in range(first, first + len(instance.module.bodies)))

    def _here(self) -> Site:
        record = self.machine.control.top
        return Site(record.vmctx, record.func, record.pc)

    def _breakpoint_here(self) -> Ended | None:
        here = self._here()
        return self._hits(here) if self.breakpoints.at(here) else None

    def _over_one(self, check_sites: bool) -> Ended | None:
        record = self.machine.control.top
        if record.is_host:
            return self._leave(self.machine.control.depth)
        if not self._calls(record):
            return self._tick(check_sites)
        if check_sites and (ended := self._breakpoint_here()) is not None:
            return ended
        depth = self.machine.control.depth
        ended = self._judge(self._execute(1, self.breakpoints.sites()))
        if ended is not None or self.machine.control.depth <= depth:
            return ended
        return self._breakpoint_here() or self._leave(depth + 1)

    def _leave(self, depth: int) -> Ended | None:
        """Runs until fewer than `depth` records are on the control stack; None: done."""
        while self.machine.control.depth >= depth:
            wasm = next((i for i in range(depth - 2, -1, -1) if not self.machine.control[i].is_host), None)
            if wasm is None:
                return self._until(lambda: None, frozenset())
            caller = self.machine.control[wasm]
            if self.machine.control.top.is_host and self.machine.control.depth == wasm + 2:
                ended = self._judge(self._execute(1, frozenset()))
                if ended is not None:
                    return ended
                continue
            site = Site(caller.vmctx, caller.func, caller.pc)
            ended = self._until(
                lambda: Ended(Reason.STEP) if self.machine.control.depth < depth else None, frozenset({site})
            )
            if ended.reason is not Reason.STEP:
                return ended
        return None

    def _until(
        self, arrived: Callable[[], Ended | None], targets: frozenset[Site], tick: Tick | None = None,
        picks: Picked | None = None,
    ) -> Ended:  # fmt: skip
        """Runs until a target is reached and `arrived` says so, or a tick is, or something else ends the run.

        `picks` chooses targets by what they are.
        """
        over_site, looked = True, self.watching.sites()
        while tick is None or self.machine.tick < tick:
            if over_site and looked and self._here() in looked:
                ended, over_site = self._gone() or self._one_tick(), False
                if ended is not None:
                    return ended
                continue
            guards = {site: guard for site, guard in self.guards().items() if site not in targets | looked}
            sites = self.breakpoints.sites() | targets | looked
            left = None if tick is None else tick - self.machine.tick
            stop = self._execute(left, sites, Hooks(guards, picks=picks), over_site=over_site)
            over_site = stop.kind is StopKind.SITE
            is_target = over_site and (picks is not None or self._here() in targets)
            if is_target and (ended := arrived()) is not None:
                self._hits(self._here())
                return ended
            ended = self._judge(stop)
            if ended is not None:
                return ended
            looked = self.watching.sites()
        return Ended(Reason.TICK)

    def _hits(self, site: Site) -> Ended | None:
        """Ends the run when a breakpoint at the site wants to stop; temporary ones go."""
        stopped = [b for b in self.breakpoints.at(site) if self.accepts(b)]
        if not stopped:
            return None
        for breakpoint_ in stopped:
            if breakpoint_.temporary:
                self.breakpoints.delete(breakpoint_.id)
        if all(isinstance(b, Catchpoint) and b.kind is CatchKind.CATCH for b in stopped):
            self._execute(1, frozenset())  # the throw: it stops where that is caught
        return Ended(Reason.BREAKPOINT, Detail(breakpoints=tuple(b.id for b in stopped)))

    def _met(self, touched: list[tuple[Watchpoint, Touched]]) -> Ended | None:
        """Ends the run when a watchpoint wants to stop for what it has seen; says too that a breakpoint is reached."""
        stopped = [hit for watchpoint, hit in touched if self.accepts(watchpoint)]
        if not stopped:
            return None
        here = self._breakpoint_here() if self.machine.control.depth else None
        reached = () if here is None else here.detail.breakpoints
        return Ended(Reason.WATCHPOINT, Detail(touched=tuple(stopped), breakpoints=reached))

    def _gone(self) -> Ended | None:
        """Ends the run when the frame of a watched local is gone."""
        gone = tuple(Touched(each.id, each.location, ended=True) for each in self.watching.ended())
        return Ended(Reason.WATCHPOINT, Detail(touched=gone)) if gone else None

    def _judge(self, stop: Stop) -> Ended | None:
        """What a stop of the executor means for the run; None: go on."""
        match stop.kind:
            case StopKind.BUDGET:
                return None
            case StopKind.SITE:
                return self._hits(self._here())
            case StopKind.WATCH:
                assert stop.access is not None
                return self._met(self.watching.touched(stop.access))
            case StopKind.PAUSED:
                return Ended(Reason.PAUSE)
            case StopKind.TRAP:
                assert stop.trap is not None
                return Ended(Reason.TRAP, Detail(self.trapped(stop.trap), trap=stop.trap))
            case StopKind.BLOCKED:
                assert stop.until is not None
                return self._wait(stop.until)
            case StopKind.EXIT:
                return Ended(Reason.EXITED, Detail(exit_code=self.machine.thread.get("exit_code")))
            case StopKind.FINISHED:
                return self._finished()
            case StopKind.WAITING:
                raise AssertionError("a scheduler lets others run")

    def _finished(self) -> Ended | None:
        results = self.results()
        phase = self.next_phase()
        if phase is None:
            return Ended(Reason.FINISHED, Detail(results=results))
        begin(self.machine, phase)
        return Ended(Reason.ENTRY) if phase.is_entry else self._breakpoint_here()

    def _wait(self, until: Until) -> Ended | None:
        """Sleeps until the blocked call can be tried again."""
        for_input = STDIN in until.readable and until.deadline_ns is None
        if for_input and not self.wait_for_input:
            return Ended(Reason.INPUT)
        if not self.world.wait(until, self.paused):
            return Ended(Reason.PAUSE)
        return None

    def _execute(
        self, budget: int | None, sites: frozenset[Site], hooks: Hooks = NO_HOOKS, over_site: bool = True
    ) -> Stop:
        if self.machine.thread_state is ThreadState.TRAPPED:
            raise AssertionError("a trapped thread does not run")
        picks = hooks.picks or self.breakpoints.picks()
        hooks = Hooks(hooks.guards, self.watching.ranges(), picks=picks)
        stop = self.executor.run(budget, sites, hooks, over_site=over_site)
        self.refresh()
        return stop


def host_sites(machine: Machine) -> frozenset[Site]:
    """Where host functions are about to be called."""
    found = (code for region in machine.space.regions() if (code := _host_code(machine, region)) is not None)
    return frozenset(Site(code.vmctx, code.func, 0) for code in found)


def _host_code(machine: Machine, region: Region) -> Code | None:
    if region.kind is not RegionKind.HOST_CONTEXT:
        return None
    context = machine.view("VMArrayCallHostFuncContext", region.base)
    return machine.code_at(context.inner("func_ref").get("array_call"))


def begin(machine: Machine, phase: Phase) -> None:
    """Sets the machine up for the next call of the launch."""
    machine.clear_call()
    machine.journal.add(Invoke(machine.tick, phase.instance.number, phase.func, phase.args))
    machine.begin((phase.instance, phase.func), phase.args)


def why_not(state: ThreadState) -> str:
    """Why nothing can be run."""
    return {
        ThreadState.IDLE: "nothing is being run",
        ThreadState.FINISHED: "the program has finished",
        ThreadState.TRAPPED: "the program has trapped",
        ThreadState.EXITED: "the program has exited",
    }.get(state, "the program does not run")
