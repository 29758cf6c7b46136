"""Watchpoints: stopping when something is read, written or changed.

What is watched is bytes in native memory, whoever touches them and under whatever name. A local is watched where its
function sets it, and as long as its frame is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from debugger.breakpoints import Breakpoint, Breakpoints
from debugger.events import Touched
from debugger.expression.types import Array, Composite, Record, Type, size_of
from debugger.expression.value import Value, decoded
from debugger.inspect import Inspector
from debugger.origins import writers
from vm.control import Record as Frame
from vm.errors import MemoryFault, UserError
from vm.facts import FunctionFacts, Instr
from vm.machine import Machine
from vm.memory import RegionKind
from vm.stop import Access, Site, Watch
from vm.types import SLOT_BYTES, Addr

_MOST_BYTES = 1 << 20
_SETS, _GETS = ("local.set", "local.tee"), ("local.get",)
_TAIL_CALLS = ("return_call", "return_call_indirect", "return_call_ref")


class WatchKind(Enum):
    """What stops; the value is the command."""

    CHANGE = "watch"
    WRITE = "watch --write"
    READ = "rwatch"
    ACCESS = "awatch"
    MADE = "wrote"  # of what is asked who wrote it: operands can be asked about too

    @property
    def reads(self) -> bool:
        return self in (WatchKind.READ, WatchKind.ACCESS)

    @property
    def writes(self) -> bool:
        return self is not WatchKind.READ


@dataclass(frozen=True, slots=True)
class Target:
    """Where what is watched lies."""

    start: Addr
    size: int
    type: Type
    where: str  # for the user

    def text(self, data: bytes) -> str:
        """A value there, as it is printed."""
        if isinstance(self.type, Record | Composite) or (
            isinstance(self.type, Array) and not size_of(self.type.element)
        ):
            return data.hex(" ")
        return decoded(self.type, data).text


@dataclass(frozen=True, slots=True)
class LocalTarget(Target):
    """A local of a frame: `number` of the record on the thread's control stack."""

    thread: int
    number: int
    frame: Frame
    sites: frozenset[Site]  # instructions that touch it
    leaves: frozenset[Site]  # where it may be seen that the frame is gone


@dataclass(eq=False)
class Watchpoint(Breakpoint):
    """A watchpoint: `location` is the expression. `target` is None while the expression names no place."""

    kind: WatchKind = WatchKind.CHANGE
    target: Target | None = None
    seen: bytes = field(default=b"")  # the value at the last look

    @property
    def pending(self) -> bool:
        return self.target is None

    @property
    def moves(self) -> bool:
        return False

    @property
    def watch(self) -> Watch | None:
        """What executors watch for it; None for a local, whose sites are looked at."""
        target = self.target
        if target is None or isinstance(target, LocalTarget):
            return None
        return Watch(target.start, target.size, self.kind.reads, self.kind.writes)


class Watching:
    """What a run asks about watchpoints."""

    def __init__(self, machine: Machine, breakpoints: Breakpoints) -> None:
        self._machine, self._breakpoints = machine, breakpoints

    def _enabled(self) -> Iterator[tuple[Watchpoint, Target]]:
        for each in self._breakpoints:
            if isinstance(each, Watchpoint) and each.enabled and each.target is not None:
                yield each, each.target

    def _locals(self) -> Iterator[tuple[Watchpoint, LocalTarget]]:
        for each, target in self._enabled():
            if isinstance(target, LocalTarget) and target.thread == self._machine.current.number:
                yield each, target

    def __bool__(self) -> bool:
        """Whether anything is watched."""
        return len(self._breakpoints) > 0 and any(True for _ in self._enabled())

    def begin(self) -> None:
        """Looks at all values: what the user has changed since the last stop is no change of the program's."""
        for each, target in self._enabled():
            each.seen = self._read(target)

    def ranges(self) -> tuple[Watch, ...]:
        """What executors watch."""
        return tuple(each.watch for each, _ in self._enabled() if each.watch is not None)

    def touched(self, access: Access) -> list[tuple[Watchpoint, Touched]]:
        """The watchpoints that an access concerns, after it."""
        found: list[tuple[Watchpoint, Touched]] = []
        for each, target in self._enabled():
            if (watch := each.watch) is not None and watch.sees(access):
                found += self._looked(each, target, access.writes)
        return found

    def _looked(self, each: Watchpoint, target: Target, wrote: bool) -> Iterator[tuple[Watchpoint, Touched]]:
        before, each.seen = each.seen, self._read(target)
        if not wrote:
            before = each.seen
        if each.kind is not WatchKind.CHANGE or before != each.seen:
            yield each, Touched(each.id, each.location, target.text(before), target.text(each.seen), wrote)

    def _read(self, target: Target) -> bytes:
        try:
            return self._machine.space.read(target.start, target.size)
        except MemoryFault:
            return bytes(target.size)

    # -- locals ----------------------------------------------------------------------------------

    def sites(self) -> frozenset[Site]:
        """Where a run has to look at locals."""
        return frozenset(site for _, target in self._locals() for site in target.sites | target.leaves)

    def at(self, site: Site) -> list[Watchpoint]:
        """The watchpoints of locals that the next instruction touches."""
        control = self._machine.control
        return [
            each
            for each, target in self._locals()
            if site in target.sites and control.depth - 1 == target.number and self._is_there(target)
        ]

    def looked(self, watched: Iterable[Watchpoint]) -> list[tuple[Watchpoint, Touched]]:
        """What an instruction has done to the locals that it touches."""
        chosen = {each.id for each in watched}
        found = ((each, target) for each, target in self._locals() if each.id in chosen)
        return [hit for each, target in found for hit in self._looked(each, target, each.kind.writes)]

    def touching(self) -> frozenset[Site]:
        """Where locals are touched, in whichever thread."""
        targets = (target for _, target in self._enabled() if isinstance(target, LocalTarget))
        return frozenset(site for target in targets for site in target.sites)

    def about_to_touch(self, site: Site) -> Iterator[tuple[Watchpoint, Touched]]:
        """The watchpoints of locals that the next instruction touches, and what it will do to them."""
        for each in self.at(site):
            target = each.target
            assert target is not None
            before, wrote = self._read(target), self._sets(site)
            after = self._operand(site, target.size) if wrote else before
            if each.kind is not WatchKind.CHANGE or before != after:
                yield each, Touched(each.id, each.location, target.text(before), target.text(after), wrote)

    def _instr(self, site: Site) -> tuple[FunctionFacts, Instr]:
        instance = self._machine.instance_at(site.vmctx)
        assert instance is not None
        facts = instance.facts(site.func)
        return facts, facts.instrs[site.pc]

    def _sets(self, site: Site) -> bool:
        return self._instr(site)[1].op.name in _SETS

    def _operand(self, site: Site, size: int) -> bytes:
        """The operand that an instruction is about to take."""
        facts, instr = self._instr(site)
        slots = -(-size // SLOT_BYTES)
        start = self._machine.control.top.base + (facts.num_local_slots + instr.height - slots) * SLOT_BYTES
        return self._machine.space.read(Addr(start), size)

    def ended(self) -> list[Watchpoint]:
        """Takes away the watchpoints of locals whose frame is gone. In the past it may be one that is not there yet."""
        if self._machine.journal.replaying or not len(self._breakpoints):
            return []
        gone = [each for each, target in self._locals() if not self._is_there(target)]
        for each in gone:
            self._breakpoints.delete(each.id)
        return gone

    def _is_there(self, target: LocalTarget) -> bool:
        control = self._machine.control
        if control.depth <= target.number:
            return False
        now = control[target.number]
        return (now.vmctx, now.func, now.base) == (target.frame.vmctx, target.frame.func, target.frame.base)


def target_of(inspect: Inspector, value: Value, frame_number: int, expression: str, kind: WatchKind) -> Target:
    """Where the value of an expression lies. Raises UserError when nothing can be watched there."""
    machine = inspect.machine
    size = machine.layouts.struct(value.type.name).size if isinstance(value.type, Record) else size_of(value.type)
    if value.addr is None or not size:
        raise UserError(
            f"{expression} has no place that could be watched",
            "memory, globals, locals, table elements, sizes, and fields of objects and structures have one",
        )
    if size > _MOST_BYTES:
        raise UserError(f"{size:,} bytes are too many to watch", f"at most {_MOST_BYTES:,}")
    try:
        region, _ = machine.space.locate(value.addr, size)
    except MemoryFault as fault:
        raise UserError(str(fault)) from None
    if region.kind is not RegionKind.VALUES:
        return Target(value.addr, size, value.type, _where(inspect, value))
    if value.label.startswith("stack") and kind is WatchKind.MADE:
        return _operand(machine, Target(value.addr, size, value.type, value.label), frame_number)
    if not value.label.startswith("local"):
        raise UserError(f"{expression} is an operand: it is gone with the next instruction", "watch a local instead")
    return _local(machine, Target(value.addr, size, value.type, _where(inspect, value)), frame_number, kind)


def _where(inspect: Inspector, value: Value) -> str:
    return value.label or inspect.describe_address(value.addr or 0)


def _operand(machine: Machine, at: Target, frame_number: int) -> LocalTarget:
    number = machine.control.depth - 1 - frame_number
    frame = machine.control[number]
    instance = machine.instance_at(frame.vmctx)
    if instance is None:
        raise UserError("a host function has no operands")
    facts = instance.facts(frame.func)
    slot = (at.start - frame.base) // SLOT_BYTES - facts.num_local_slots
    sites = frozenset(Site(frame.vmctx, frame.func, pc) for pc in writers(facts, slot))
    return LocalTarget(
        at.start, at.size, at.type, at.where, machine.current.number, number, frame, sites, frozenset()
    )  # fmt: skip


def _local(machine: Machine, at: Target, frame_number: int, kind: WatchKind) -> LocalTarget:
    number = machine.control.depth - 1 - frame_number
    frame = machine.control[number]
    instance = machine.instance_at(frame.vmctx)
    if instance is None:
        raise UserError("a host function's arguments do not change")
    facts = instance.facts(frame.func)
    index = facts.local_slots.index((at.start - frame.base) // SLOT_BYTES)
    names = (*(_SETS if kind.writes else ()), *(_GETS if kind.reads else ()))
    touching = frozenset(
        Site(frame.vmctx, frame.func, pc)
        for pc, instr in enumerate(facts.instrs)
        if instr.op.name in names and instr.imm[0] == index
    )
    tails = {Site(frame.vmctx, frame.func, pc) for pc, i in enumerate(facts.instrs) if i.op.name in _TAIL_CALLS}
    below = next((r for r in (machine.control[i] for i in range(number - 1, -1, -1)) if not r.is_host), None)
    back = set() if below is None else {Site(below.vmctx, below.func, below.pc)}
    leaves = frozenset(tails | back)
    return LocalTarget(at.start, at.size, at.type, at.where, machine.current.number, number, frame, touching, leaves)
