"""What a catchpoint looks at, and what is about to happen where the machine stands, in words."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from debugger.breakpoints import Breakpoints
from debugger.calls import call_text
from debugger.catchpoints import CatchKind, Catchpoint
from debugger.exceptions import THROWING, in_flight
from debugger.inspect import Frame, Inspector
from debugger.operands import preview
from vm.errors import Trap, TrapKind, UserError
from vm.host import THREAD_SPAWN, GuestMemory
from vm.hosting import memory_of
from vm.machine import Machine
from vm.types import total_slots
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.signatures import MODULE, SIGNATURES

_WASI = frozenset(s.name for s in SIGNATURES)


def checked(kind: CatchKind, what: str) -> str:
    """What a catchpoint is narrowed down to, as it is kept. Raises UserError for what there is not."""
    what = what.strip()
    if kind is CatchKind.HOST:
        return what if "." in what else f"{MODULE}.{what}" if what in _WASI else f"*.{what or '*'}"
    if kind is CatchKind.TRAP and what:
        found = [k.value for k in TrapKind if what.lower() in k.value or what.lower() == k.name.lower()]
        if not found:
            raise UserError(f"no trap is called {what!r}", "one of: " + ", ".join(k.value for k in TrapKind))
    return what


def location(kind: CatchKind, what: str) -> str:
    """The location that a catchpoint of host functions resolves to; empty for the others."""
    if kind is CatchKind.SPAWN:
        return f"import:{THREAD_SPAWN}"
    return f"import:{what}" if kind is CatchKind.HOST else ""


@dataclass(frozen=True)
class Catching:
    """Looks at one machine."""

    machine: Machine
    inspect: Inspector
    descriptors: DescriptorTable

    def fits(self, catchpoint: Catchpoint) -> bool:
        """Whether what is about to happen is what a catchpoint waits for."""
        if catchpoint.kind not in (CatchKind.THROW, CatchKind.CATCH):
            return True
        flying = in_flight(self.machine, self.inspect)
        if flying is None or (catchpoint.kind is CatchKind.CATCH and flying.site is None):
            return False
        wanted = catchpoint.what.lstrip("$")
        return not wanted or fnmatchcase(flying.tag.split(" ")[0].lstrip("$"), wanted)

    def trapped(self, breakpoints: Breakpoints, trap: Trap) -> tuple[int, ...]:
        """Counts a trap with the catchpoints of its kind; their numbers."""
        met = [b for b in breakpoints if isinstance(b, Catchpoint) and b.enabled and _is_of(b, trap)]
        for each in met:
            each.hits += 1
        return tuple(b.id for b in met)

    def about(self, frame: Frame | None) -> str:
        """The host call, throw, growth or wait that comes next in the innermost frame; empty for anything else."""
        if frame is None:
            return ""
        if frame.instance is None:
            return self._host_call()
        name = self.inspect.instr(frame).op.name
        if name in THROWING and (flying := in_flight(self.machine, self.inspect)) is not None:
            return f"throws {flying.tag}, " + (
                f"caught by {flying.handler}" if flying.handler else "nothing catches it"
            )
        if name == "memory.grow" or name.startswith("memory.atomic.wait"):
            return f"{name} {preview(self.inspect, frame)}"
        return ""

    def _host_call(self) -> str:
        record = self.machine.control.top
        function = self.machine.hosts[record.func]
        args = self.machine.slots(record.base, total_slots(function.type.params))
        return call_text(function, args, self._memory(), self.descriptors)

    def _memory(self) -> GuestMemory | None:
        return memory_of(self.machine.instance_at(self.machine.control.top.caller))


def _is_of(catchpoint: Catchpoint, trap: Trap) -> bool:
    what = catchpoint.what.lower()
    fits = not what or what in trap.kind.value or what == trap.kind.name.lower()
    return catchpoint.kind is CatchKind.TRAP and fits
