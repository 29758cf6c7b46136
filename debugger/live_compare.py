"""The same calls in a real runtime and in our machine: every byte of every VMContext that differs, and why it may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from debugger.executors import ExecutorKind, executor_maker
from debugger.launch import Launched, Options, Phase, invocation, launch, load
from debugger.live import Live, LiveInstance
from debugger.provide import Stub
from debugger.world import RealWorld
from vm.globals import global_width
from vm.instance import Instance
from vm.layout import Row
from vm.machine import Machine, ThreadState
from vm.stop import StopKind
from vm.types import Addr, RefType

_MAX_TICKS = 500_000_000
_POINTERS = ("ptr<", "fatptr<", "range<", "handle<")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field, or padding, that is other in the real runtime. `reason`: why that means nothing; empty: it does."""

    instance: str
    field: str
    offset: int
    ours: bytes
    theirs: bytes
    reason: str


@dataclass(frozen=True)
class Ours:
    """Our machine after the calls, and how each ended: nothing when it returned."""

    machine: Machine
    main: Instance
    ends: tuple[str, ...]


def calls_of(live: Live, invokes: Sequence[Sequence[str]]) -> list[tuple[str, tuple[str, ...]]]:
    """What is called: `_initialize` where there is one, then what was asked for, else `_start`."""
    calls: list[tuple[str, tuple[str, ...]]] = []
    if live.main.module.export("_initialize") is not None:
        calls.append(("_initialize", ()))
    calls += [(name, tuple(args)) for name, *args in invokes]
    if not invokes and live.main.module.export("_start") is not None:
        calls.append(("_start", ()))
    return calls


def run_ours(
    live: Live, path: Path, preloads: Sequence[tuple[str, Path]], args: Sequence[str], invokes: Sequence[Sequence[str]]
) -> Ours:
    """The same calls in our machine, in the layout of the live runtime. Raises WasmscopeError."""
    first = tuple(invokes[0]) if invokes else ()
    options = Options(
        path, tuple(args), first, preloads=tuple(preloads), era=live.layouts.era, stubs=(Stub("*", "*", 0),)
    )  # fmt: skip
    world = RealWorld(stdin=None)
    world.close_stdin()
    try:
        launched = launch(options, load(path), world)
        more = [invocation(launched.main, name, tuple(rest)) for name, *rest in invokes[1:]]
        return Ours(launched.machine, launched.main, tuple(_run(launched, [*launched.phases, *more])))
    finally:
        world.close()


def _run(launched: Launched, phases: Sequence[Phase]) -> Iterator[str]:
    machine = launched.machine
    executor = executor_maker(ExecutorKind.AUTO)(machine)
    for phase in phases:
        machine.clear_call()
        machine.begin((phase.instance, phase.func), phase.args)
        stop = executor.run(_MAX_TICKS)
        if stop.kind is StopKind.TRAP:
            yield str(stop.trap)
        elif machine.thread_state is ThreadState.EXITED:
            yield f"exit {machine.thread.get('exit_code')}"
        else:
            yield "" if stop.kind is StopKind.FINISHED else stop.kind.value


def compare(live: Live, ours: Ours) -> Iterator[Difference]:
    """Every difference of every instance that both have."""
    by_name = {instance.name: instance for instance in ours.machine.instances}
    for theirs in live.instances:
        mine = ours.main if theirs is live.main else by_name.get(theirs.name)
        if mine is not None:
            yield from _Pair(live, theirs, ours.machine, mine).differences()


class _Pair:
    """An instance in both."""

    def __init__(self, live: Live, theirs: LiveInstance, machine: Machine, mine: Instance) -> None:
        self.live, self.theirs, self.machine, self.mine = live, theirs, machine, mine
        self.code = [(m.start, m.end) for m in live.memory.mappings() if "x" in m.access]

    def differences(self) -> Iterator[Difference]:
        size, at = self.mine.vmctx.size, 0
        ours = self.machine.space.read(self.mine.addr, size)
        theirs = self.live.memory.read(self.theirs.vmctx, size)
        for row in self.mine.vmctx.rows():
            if row.offset > at:
                yield from self._padding(at, ours[at : row.offset], theirs[at : row.offset])
            at = row.offset + row.size
            yield from self._field(row, ours[row.offset : at], theirs[row.offset : at])
        yield from self._padding(at, ours[at:], theirs[at:])

    def _padding(self, offset: int, ours: bytes, theirs: bytes) -> Iterator[Difference]:
        if ours != theirs:
            yield Difference(self.theirs.name, "padding", offset, ours, theirs, "padding means nothing")

    def _field(self, row: Row, ours: bytes, theirs: bytes) -> Iterator[Difference]:
        if ours == theirs:
            return
        used = self._used_bytes(row)
        name = self.theirs.name
        if ours[:used] != theirs[:used]:
            reason = self._reason(row, ours[:used], theirs[:used])
            yield Difference(name, row.path, row.offset, ours[:used], theirs[:used], reason)
        if ours[used:] != theirs[used:]:
            reason = "padding: bytes of a global that its type does not use"
            yield Difference(name, row.path, row.offset + used, ours[used:], theirs[used:], reason)

    def _used_bytes(self, row: Row) -> int:
        index = self._global(row)
        return row.size if index is None else global_width(self.machine, self.mine.globals[index].type)

    def _global(self, row: Row) -> int | None:
        """The global whose storage a row is."""
        found = (i for i, g in enumerate(self.mine.globals) if g.owner == self.mine.addr and g.storage == row.addr)
        return next(found, None)

    def _reason(self, row: Row, ours: bytes, theirs: bytes) -> str:
        section = row.path.partition("[")[0]
        if section in ("func_refs", "anyfuncs", "startup_func_ref") and not self._both_written(row):
            return "the record was not written, as nothing asked for it"
        if row.type.startswith(_POINTERS):
            nulls = [who for who, data in (("ours", ours), ("theirs", theirs)) if not any(data)]
            return f"a pointer ({nulls[0]} is null)" if nulls else "a pointer"
        if row.type in ("VMSharedTypeIndex", "VMSharedSignatureIndex"):
            return "an engine-wide type id: numbered in the order types are registered"
        index = self._global(row)
        value = None if index is None else self.mine.globals[index].type.value
        if isinstance(value, RefType) and any(ours) and any(theirs):
            return "a pointer" if value.is_func else "a reference into the GC heap"
        return ""

    def _both_written(self, row: Row) -> bool:
        start = row.path.rpartition(".")[0]
        record = {r.path.rpartition(".")[2]: r for r in self.mine.vmctx.rows() if r.path.rpartition(".")[0] == start}
        call = next(r for name, r in record.items() if name in ("array_call", "func_ptr"))
        offset, size = call.addr - self.mine.addr, call.size
        ours = int.from_bytes(self.machine.space.read(call.addr, size), "little")
        theirs = int.from_bytes(self.live.memory.read(Addr(self.theirs.vmctx + offset), size), "little")
        return self.machine.code_at(ours) is not None and any(low <= theirs < high for low, high in self.code)
