"""What sites and watches say about an instruction that is about to run, or has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from vm.accesses import COMPARED, Before, accesses
from vm.instance import Instance
from vm.machine import Machine
from vm.reference.step import Slots
from vm.stop import NO_HOOKS, Access, Hooks, Site
from vm.types import Tick

Contents: TypeAlias = "tuple[bytes, ...]"  # of what is watched, by watch
About: TypeAlias = "Access | Contents"


@dataclass
class Hooking:
    """The hooks of the run under way."""

    machine: Machine
    hooks: Hooks = NO_HOOKS

    def stops(self, site: Site, frame: Slots, tick: Tick) -> bool:
        """Whether a site that was met stops the run."""
        if self.hooks.observer is not None:
            self.hooks.observer(site, frame, tick)
            return False
        guard = self.hooks.guards.get(site)
        return (guard is None or guard(frame)) and not self._goes_on(tick)

    def touches(self, instance: Instance, func: int, pc: int, frame: Slots, tick: Tick) -> About | None:
        """The access to report after an instruction, or what has to be compared then to find out; None: neither."""
        facts = instance.facts(func)
        instr = facts.instrs[pc]
        for access in accesses(Before(self.machine, instance, facts, instr, frame)):
            if any(watch.sees(access) for watch in self.hooks.watches):
                return None if self._goes_on(tick) else access
        return self.contents() if instr.op.name in COMPARED else None

    def warm(self, instance: Instance, func: int, pc: int, frame: Slots) -> None:
        """Counts where an instruction will touch a memory."""
        facts, heat = instance.facts(func), self.hooks.heat
        assert heat is not None
        for access in accesses(Before(self.machine, instance, facts, facts.instrs[pc], frame)):
            heat.add(access)

    def contents(self) -> Contents:
        """What lies where something is watched for writes."""
        space = self.machine.space
        return tuple(space.peek(w.start, w.size) if w.writes else b"" for w in self.hooks.watches)

    def changed(self, before: Contents, tick: Tick) -> Access | None:
        """The first watched bytes that are other than before, unless that is only to be noted."""
        for watch, old, now in zip(self.hooks.watches, before, self.contents(), strict=True):
            if old != now:
                return None if self._goes_on(tick) else Access(watch.start, watch.size, reads=False, writes=True)
        return None

    def _goes_on(self, tick: Tick) -> bool:
        note = self.hooks.note
        return note is not None and note.goes_on(tick)
