"""Steps backwards: where each leads, found by repeating what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from debugger.breakpoints import Breakpoint, Breakpoints
from debugger.catching import Catching
from debugger.catchpoints import Catchpoint
from debugger.classes import Class, Picked, is_taken
from debugger.dwarf.lines import LineTable
from debugger.events import Detail, Reason, Touched
from debugger.guards import Guards
from debugger.history import History
from debugger.over_time import OverTime
from debugger.places import Places
from debugger.running import Ended, host_sites
from debugger.watchpoints import Watching
from vm.control import Record
from vm.errors import UserError
from vm.machine import Machine
from vm.stop import NO_HOOKS, Hooks, Site, Stop, StopKind
from vm.types import SLOT_BYTES, Tick

_BEGINNING = "the recording begins here"


@dataclass(frozen=True)
class Backwards:
    """Plans that go back; `holds` says whether a breakpoint's condition is true here."""

    machine: Machine
    history: History
    breakpoints: Breakpoints
    guards: Guards
    holds: Callable[[Breakpoint], bool]
    lines: Callable[[int], LineTable | None]  # by VMContext address
    over_time: OverTime
    catching: Catching

    def to(self, tick: Tick) -> Ended:
        """To an earlier tick."""
        self.history.back_to(tick)
        return Ended(Reason.TICK)

    def instructions(self, count: int = 1) -> Ended:
        """`count` instructions back, into calls."""
        return self._landed(Tick(max(self.history.first_tick, self.machine.tick - count)), count)

    def _landed(self, tick: Tick, count: int) -> Ended:
        short = self.machine.tick - tick < count
        self.history.back_to(tick)
        return Ended(Reason.STEP, Detail(notes=(_BEGINNING,) if short else ()))

    def over(self) -> Ended:
        """One instruction back, a call with all it did being one."""
        if not self.machine.control.depth:
            return self.instructions()
        before, depth = self.machine.control.top, self.machine.control.depth
        ended = self.instructions()
        if self.machine.control.depth <= depth:
            return ended
        call = Site(before.vmctx, before.func, before.pc - 1)  # the call is the instruction before
        return self._at_frame(frozenset({call}), before) or ended

    def line(self, into: bool) -> Ended:
        """To the start of the source line before; without line information one instruction."""
        if not self.machine.control.depth:
            return self.instructions()
        here, depth, now = self.machine.control.top, self.machine.control.depth, self.machine.tick
        if not self._line_starts(here):
            return self.instructions() if into else self.over()
        if into:
            self.instructions()
            inner = self.machine.control.top
            if self.machine.control.depth > depth and (starts := self._line_starts(inner)):
                return self._at_frame(starts, inner) or Ended(Reason.STEP)
            self.history.back_to(now)
        return self._at_frame(self._line_starts(here), here) or self.out()

    def _line_starts(self, frame: Record) -> frozenset[Site]:
        """Where source lines begin in the function of a frame."""
        instance, lines = self.machine.instance_at(frame.vmctx), self.lines(frame.vmctx)
        if instance is None or lines is None or frame.is_host:
            return frozenset()
        instrs = enumerate(instance.facts(frame.func).instrs)
        return frozenset(Site(frame.vmctx, frame.func, pc) for pc, i in instrs if lines.starts_line(i.offset))

    def out(self) -> Ended:
        """To the call of the innermost frame."""
        control = self.machine.control
        if not control.depth:
            return self._beginning()
        callers = (control[i] for i in range(control.depth - 2, -1, -1))
        caller = next((record for record in callers if not record.is_host), None)
        here = control.top
        if caller is not None and caller.pc:
            found = self._at_frame(frozenset({Site(caller.vmctx, caller.func, caller.pc - 1)}), caller)
        else:
            found = self._at_frame(frozenset({Site(here.vmctx, here.func, 0)}), here)
        return found or self._beginning()

    def to_class(self, class_: Class) -> Ended:
        """To the last time before now that an instruction of a class was about to run."""
        judge = None if class_ is not Class.BRANCH else self._is_taken
        return self._arrive(self.history.last(frozenset(), Hooks(picks=Picked(frozenset({class_}))), judge))

    def to_host_call(self) -> Ended:
        """To the last time before now that a host function was about to be called."""
        ended = self._arrive(self.history.last(host_sites(self.machine), NO_HOOKS))
        if ended.reason is Reason.STEP:
            self._into_host_call(host_sites(self.machine))
        return ended

    def to_other_block(self) -> Ended:
        """To the last time before now that the innermost frame was in another block, or to its call."""
        control = self.machine.control
        if not control.depth or control.top.is_host:
            return self.out()
        here = control.top
        instance = self.machine.instance_at(here.vmctx)
        assert instance is not None
        instrs = instance.facts(here.func).instrs
        label = instrs[here.pc].label
        others = frozenset(Site(here.vmctx, here.func, i) for i, o in enumerate(instrs) if o.label is not label)
        return self._at_frame(others, here) or self.out()

    def _arrive(self, found: Tick | None) -> Ended:
        if found is None:
            return self._beginning()
        self.history.back_to(found)
        return Ended(Reason.STEP)

    def _is_taken(self, stop: Stop) -> bool:
        record = self.machine.control.top
        instance = self.machine.instance_at(record.vmctx)
        start = (record.base - self.machine.values.base) // SLOT_BYTES
        return instance is not None and is_taken(
            instance.facts(record.func), record.pc, self.machine.current.slots[start:]
        )

    def _at_frame(self, sites: frozenset[Site], frame: Record) -> Ended | None:
        """To the last time before now that a frame stood at one of some sites."""
        now = self.machine.tick
        found = self.history.last(sites, self._only_of(frame, sites))
        self.history.back_to(now if found is None else found)
        return None if found is None else Ended(Reason.STEP)

    def _only_of(self, frame: Record, sites: frozenset[Site]) -> Hooks:
        """Sites that count for one frame alone: the view of its slots reaches from its base to the stack's end."""
        return Hooks(dict.fromkeys(sites, self.over_time.only_of(frame)))

    def _beginning(self) -> Ended:
        self.history.back_to(self.history.first_tick)
        return Ended(Reason.TICK, Detail(notes=(_BEGINNING,)))

    def resume(self) -> Ended:
        """To the last breakpoint or watchpoint that was met before now."""
        watching, conditions = Watching(self.machine, self.breakpoints), self.guards.conditions(self.breakpoints)
        sites = frozenset(s for s in self.breakpoints.sites() if any(not b.log for b in self.breakpoints.at(s)))
        guards = {site: guard for site, guard in (conditions or {}).items() if site not in watching.touching()}
        picks = self.breakpoints.picks()
        hooks, sites = Hooks(guards, watching.ranges(), picks=picks), sites | watching.touching()
        judged = conditions is None or bool(hooks.watches) or bool(watching.touching()) or picks is not None
        found = self.history.last(sites, hooks, self._judge(watching) if judged else None, watching.begin)
        if found is None:
            return self._beginning()
        self.history.back_to(found)
        return self._arrived(watching)

    def _judge(self, watching: Watching) -> Callable[[Stop], bool]:
        def judge(stop: Stop) -> bool:
            if stop.kind is StopKind.SITE:
                return bool(self._here()) or bool(self._locals_here(watching))
            assert stop.access is not None
            return any(self._wants(watchpoint) for watchpoint, _ in watching.touched(stop.access))

        return judge

    def _locals_here(self, watching: Watching) -> list[Touched]:
        """Watched locals that the next instruction touches."""
        record = self.machine.control.top
        found = watching.about_to_touch(Site(record.vmctx, record.func, record.pc))
        return [touched for watchpoint, touched in found if self._wants(watchpoint)]

    def _into_host_call(self, sites: frozenset[Site]) -> bool:
        """Goes on to a host function that the next instruction calls and a site names: no tick passes."""
        stop = self.history.run(1, sites & host_sites(self.machine))
        return stop.kind is StopKind.SITE

    def _wants(self, breakpoint_: Breakpoint) -> bool:
        if isinstance(breakpoint_, Catchpoint) and not self.catching.fits(breakpoint_):
            return False
        return not breakpoint_.log and (not breakpoint_.condition or self.holds(breakpoint_))

    def _here(self) -> tuple[int, ...]:
        record = self.machine.control.top
        standing = self.breakpoints.at(Site(record.vmctx, record.func, record.pc))
        return tuple(b.id for b in standing if self._wants(b))

    def _arrived(self, watching: Watching) -> Ended:
        """What stands here: breakpoints, or watchpoints that the next instruction meets."""
        if self.machine.control.depth and (reached := self._here()):
            return Ended(Reason.BREAKPOINT, Detail(breakpoints=reached))
        if self.machine.control.depth and (local := self._locals_here(watching)):
            return Ended(Reason.WATCHPOINT, Detail(touched=tuple(local)))
        tick = self.machine.tick
        if self._into_host_call(self.breakpoints.sites()) and (reached := self._here()):
            return Ended(Reason.BREAKPOINT, Detail(breakpoints=reached))
        self.history.back_to(tick)
        watching.begin()
        stop = self.history.run(1, frozenset(), Hooks(watches=watching.ranges()))
        touched = () if stop.access is None else tuple(hit for _, hit in watching.touched(stop.access))
        self.history.back_to(tick)
        return Ended(Reason.WATCHPOINT, Detail(touched=touched))

    def write(self, places: Places, text: str, nth: int = -1) -> Ended:
        """To the instruction that last wrote what an expression reads: to the n-th, or to the n-th from now back."""
        now, local = self.machine.tick, next(iter(places.locals), None)
        found = self.over_time.write(places, nth)
        self.history.back_to(now)
        if found is None and local is not None and nth == -1:
            self.history.back_to(self.over_time.called_at(local.number, local.frame))
            return Ended(Reason.STEP, Detail(notes=(f"nothing has written {text} since this call of its function",)))
        if found is None:
            often = "" if abs(nth) == 1 else f" {abs(nth)} times"
            raise UserError(f"nothing has written {text}{often} since the recording began")
        self.history.back_to(found)
        which = {-1: "the last", 1: "the first"}.get(nth, f"number {nth}" if nth > 0 else f"the last but {-nth - 1}")
        return Ended(Reason.STEP, Detail(notes=(f"the next instruction is {which} that wrote {text}",)))
