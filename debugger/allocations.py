"""Heap blocks of the program, by calls of its allocator in the recording: live ones, leaks, and what goes wrong.

The allocator is known by its functions' names; calls inside of others (calloc's of malloc, say) belong to those, and
what they do to memory is no use of it. Blocks that were given back are watched while the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from debugger.allocator import Meaning, allocators
from debugger.freed import Block, Caller, Freed, FreedBlocks, Stack
from debugger.history import BrokenOff, History
from debugger.inspect import Inspector
from vm.control import Record
from vm.errors import MemoryFault
from vm.instance import Instance
from vm.machine import Machine
from vm.stop import Access, Hooks, Site, StopKind, Watch
from vm.types import SLOT_BYTES, Addr, Tick

_MOST_CALLS = 200_000
_MOST_FRAMES = 12
_MOST_USES, _MOST_TIMES = 1_000, 100_000  # instructions that use what was given back; how often in all
_SLICE_TICKS = 20_000_000
_POINTER_BYTES = 4
_BEGINNING = Tick(0)

Progress = Callable[[int, int], bool]  # (done, of) in ticks; whether to go on


@dataclass(frozen=True, slots=True)
class BadFree:
    """A pointer that was given back and is no live block; `before` is the block that it was, if it was one."""

    address: int
    tick: Tick
    stack: Stack
    before: Freed | None


@dataclass(slots=True)
class Use:
    """An instruction that reads or writes in a block that was given back: the tick before it did so first."""

    address: int
    size: int
    writes: bool
    tick: Tick
    stack: Stack
    freed: Freed
    times: int = 1


Misuse = BadFree | Use


@dataclass
class Allocations:
    """What the allocator was asked for up to a tick. `calls` were followed; `whole`: to the end."""

    upto: Tick = _BEGINNING
    live: dict[int, Block] = field(default_factory=dict)
    bad_frees: list[BadFree] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    calls: int = 0
    total: int = 0  # bytes that were ever taken
    peak: int = 0  # most live bytes at once
    whole: bool = True
    unwatched: int = 0  # blocks given back so long ago that uses of them are not seen

    @property
    def misuses(self) -> list[Misuse]:
        """What went wrong, in the order of time."""
        return sorted([*self.bad_frees, *self.uses], key=lambda each: each.tick)

    @property
    def by_size(self) -> list[Block]:
        """Live blocks, the largest first."""
        return sorted(self.live.values(), key=lambda block: -block.size)


@dataclass(frozen=True, slots=True)
class _Call:
    """The outermost call of the allocator under way in a thread."""

    meaning: Meaning
    depth: int
    record: Record
    arguments: tuple[int, ...]
    tick: Tick
    stack: Stack


class Follower:
    """Repeats the recording and follows the allocator of an instance, and of those that share its memory. The machine
    is left where it came to."""

    def __init__(self, machine: Machine, inspect: Inspector, history: History, instance: Instance) -> None:
        self.machine, self.history, self.instance = machine, history, instance
        self.made = Allocations()
        self._freed = FreedBlocks()
        self._gone: dict[int, Freed] = {}  # what was given back last at an address
        self._used: dict[tuple[Caller, Tick], Use] = {}
        self._times = self._bytes = 0
        self._knows_all = True  # which blocks were taken
        self._calls: dict[int, _Call] = {}  # by thread
        self._meanings: dict[tuple[Addr, int], Meaning] = {}
        self._names: list[str] = []
        self._instances = [i for i in machine.instances if _memory(i) is _memory(instance) is not None]
        for each in self._instances:
            for func, name, meaning in allocators(inspect.symbols(each)):
                if not each.is_imported(func):
                    self._meanings[each.addr, func] = meaning
                    self._names.append(name)
        self._sites = frozenset(site for each in self._instances for site in self._sites_of(each))

    @property
    def allocator(self) -> tuple[str, ...]:
        """Names of the functions that are followed."""
        return tuple(dict.fromkeys(self._names))

    def follow(self, start: Tick, end: Tick, goes_on: Progress) -> Allocations:
        """Allocations of ticks [start, end). Of blocks that were taken before nothing is said."""
        self._knows_all = not start
        self.history.back_to(start)
        over, machine = False, self.machine
        try:
            while machine.tick < end and self.made.whole:
                upto = Tick(min(end, machine.tick + _SLICE_TICKS))
                stop = self.history.run_until(upto, self._sites, self._hooks(), over_site=over)
                over = stop is not None and stop.kind is StopKind.SITE
                if stop is None and machine.tick < upto:
                    break
                if stop is not None and stop.access is not None:
                    self._touched(stop.access)
                elif over:
                    self._at_site()
                self.made.whole = goes_on(machine.tick - start, end - start) and self.made.calls < _MOST_CALLS
        except BrokenOff:
            self.made.whole = False
        self.made.unwatched, self.made.upto = self._freed.forgotten, Tick(min(end, machine.tick))
        return self.made

    # -- where to look ---------------------------------------------------------------------------

    def _sites_of(self, instance: Instance) -> Iterator[Site]:
        """Where functions of the allocator begin and end."""
        for vmctx, func in self._meanings:
            if vmctx == instance.addr:
                instrs = instance.facts(func).instrs
                yield Site(vmctx, func, 0)
                yield Site(vmctx, func, len(instrs) - 1)
                yield from (Site(vmctx, func, pc) for pc, i in enumerate(instrs) if i.op.name == "return")

    def _hooks(self) -> Hooks:
        """Blocks that were given back are watched, but for the time in which the allocator runs."""
        base = self.instance.memories[0].region.base
        alone = len(self.machine.threads) == 1
        watched = () if (alone and self._calls) or self._is_enough() else self._freed.watches(base)
        return Hooks(watches=watched or (Watch(base, 0, reads=True, writes=True),))  # that there is one costs least

    def _is_enough(self) -> bool:
        return len(self._used) >= _MOST_USES or self._times >= _MOST_TIMES

    # -- calls of the allocator ------------------------------------------------------------------

    def _under_way(self) -> _Call | None:
        """The call of the current thread; one that was left by an exception is none."""
        number, control = self.machine.current.number, self.machine.control
        call = self._calls.get(number)
        if call is None:
            return None
        now = control[call.depth - 1] if control.depth >= call.depth else None
        if now is None or (now.vmctx, now.func, now.base) != (call.record.vmctx, call.record.func, call.record.base):
            del self._calls[number]
            return None
        return call

    def _at_site(self) -> None:
        call, top = self._under_way(), self.machine.control.top
        if call is None and top.pc == 0:
            call = self._entered(top)
            if len(self._instance(top).facts(top.func).instrs) > 1:
                return  # else its end is its beginning
        if call is not None and self.machine.control.depth == call.depth:
            del self._calls[self.machine.current.number]
            self._left(call, top)

    def _instance(self, record: Record) -> Instance:
        return next(each for each in self._instances if each.addr == record.vmctx)

    def _entered(self, top: Record) -> _Call:
        count = len(self._instance(top).module.func_type(top.func).params)
        arguments = tuple(self.machine.slots(top.base, count))
        self.made.calls += 1
        call = _Call(self._meanings[top.vmctx, top.func], self.machine.control.depth, top, arguments, self.machine.tick,
                     self._stack(self.machine.control.depth - 1))  # fmt: skip
        self._calls[self.machine.current.number] = call
        return call

    def _stack(self, depth: int) -> Stack:
        """The frames below a depth; all but the innermost of the thread are in a call."""
        control, found = self.machine.control, []
        for number in range(depth - 1, max(-1, depth - 1 - _MOST_FRAMES), -1):
            record = control[number]
            found.append(Caller(record.vmctx, record.func, 0 if record.is_host else max(0, record.pc - 1)))
        return tuple(found)

    def _left(self, call: _Call, top: Record) -> None:
        arguments, meaning, result = call.arguments, call.meaning, self._result(call, top)
        size = 1 if meaning.sizes else 0
        for each in meaning.sizes:
            size *= arguments[each] if each < len(arguments) else 0
        if meaning.gives is not None and meaning.gives < len(arguments) and (result or not size):
            self._give(call, arguments[meaning.gives])
        if result and meaning.sizes:
            self._take(call, result, size)

    def _result(self, call: _Call, top: Record) -> int:
        """What a call answers: an address, or 0."""
        facts = self._instance(top).facts(top.func)
        height = facts.instrs[top.pc].height
        at = top.base + (facts.num_local_slots + height - 1) * SLOT_BYTES
        result = self.machine.space.load(Addr(at), SLOT_BYTES) if height else 0
        through = call.meaning.through
        if through is None or through >= len(call.arguments):
            return result
        try:
            data = b"" if result else self.instance.memories[0].read(call.arguments[through], _POINTER_BYTES)
        except MemoryFault:
            return 0
        return int.from_bytes(data, "little")

    def _take(self, call: _Call, address: int, size: int) -> None:
        self.made.live[address] = Block(address, size, call.tick, call.stack)
        self._gone.pop(address, None)
        self._freed.take(address, size)
        self.made.total += size
        self._bytes += size
        self.made.peak = max(self.made.peak, self._bytes)

    def _give(self, call: _Call, address: int) -> None:
        if not address:
            return
        block = self.made.live.pop(address, None)
        if block is not None:
            self._bytes -= block.size
            freed = self._gone[address] = Freed(block, call.tick, call.stack)
            self._freed.add(freed)
            return
        before = self._gone.get(address)
        if before is not None or self._knows_all:
            self.made.bad_frees.append(BadFree(address, call.tick, call.stack, before))

    # -- uses of what was given back -------------------------------------------------------------

    def _touched(self, access: Access) -> None:
        """An instruction has read or written near a block that was given back."""
        if self._under_way() is not None:
            return
        _, address = self.machine.space.at_any_time(access.start, access.size)
        freed = self._freed.used(address, access.size)
        if freed is None:
            return
        stack, self._times = self._stack(self.machine.control.depth), self._times + 1
        found = self._used.get((stack[0], freed.tick))
        if found is not None:
            found.times += 1
            return
        tick = Tick(self.machine.tick - 1)
        made = self._used[stack[0], freed.tick] = Use(address, access.size, access.writes, tick, stack, freed)
        self.made.uses.append(made)


def _memory(instance: Instance) -> object:
    """What instances share that have the same memory 0."""
    return instance.memories[0].region if instance.memories else None
