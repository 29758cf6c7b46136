"""Heap blocks of the program, by calls of its allocator in the recording: live ones, leaks, blocks given back twice.

The allocator is known by its functions' names; calls inside of others (calloc's of malloc, say) belong to those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from debugger.history import BrokenOff, History
from debugger.inspect import Inspector
from vm.instance import Instance
from vm.machine import Machine
from vm.stop import NO_HOOKS, Site
from vm.types import SLOT_BYTES, Addr, Tick

_MOST_CALLS = 200_000
_MOST_FRAMES = 12
_TAKING = {
    "malloc": (0, None), "calloc": (0, 1), "realloc": (1, None), "aligned_alloc": (1, None), "memalign": (1, None),
    "__rust_alloc": (0, None), "__rust_alloc_zeroed": (0, None), "__rust_realloc": (3, None), "_Znwm": (0, None),
    "_Znam": (0, None), "_Znwj": (0, None), "_Znaj": (0, None), "operator new(unsigned long)": (0, None),
    "operator new[](unsigned long)": (0, None),
}  # fmt: skip
_GIVING = ("free", "__rust_dealloc", "_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm", "operator delete(void*)",
           "operator delete[](void*)", "operator delete(void*, unsigned long)")  # fmt: skip
_REPLACING = ("realloc", "__rust_realloc")

Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of memory 0 and the call that made it. `stack`: functions, the innermost first."""

    address: int
    size: int
    tick: int
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadFree:
    """A pointer that was given back and is no live block; `before` is the block it was, `freed` when that was."""

    address: int
    tick: int
    stack: tuple[str, ...]
    before: Block | None
    freed: int


@dataclass
class Allocations:
    """What the allocator was asked for. `calls` were followed; `whole`: to the end."""

    live: dict[int, Block] = field(default_factory=dict)
    bad_frees: list[BadFree] = field(default_factory=list)
    calls: int = 0
    total: int = 0  # bytes that were ever taken
    peak: int = 0  # most live bytes at once
    whole: bool = True


@dataclass
class _Call:
    """The outermost call of the allocator under way."""

    name: str
    depth: int
    arguments: tuple[int, ...]
    tick: int
    stack: tuple[str, ...]


class Follower:
    """Repeats the recording and follows the allocator of one instance. The machine is left where it came to."""

    def __init__(self, machine: Machine, inspect: Inspector, history: History, instance: Instance) -> None:
        self.machine, self.inspect, self.history, self.instance = machine, inspect, history, instance
        self.made = Allocations()
        self._freed: dict[int, tuple[Block, int]] = {}
        self._bytes = 0
        self._names: dict[int, str] = {}
        symbols = inspect.symbols(instance)
        for name in (*_TAKING, *_GIVING):
            for func in symbols.functions_called(name):
                if not instance.is_imported(func):
                    self._names[func] = name

    @property
    def allocator(self) -> tuple[str, ...]:
        """Names of the functions that are followed."""
        return tuple(dict.fromkeys(self._names.values()))

    def follow(self, start: Tick, end: Tick, goes_on: Progress) -> Allocations:
        """Allocations of ticks [start, end)."""
        entries, leaves = self._sites()
        call: _Call | None = None
        self.history.back_to(start)
        over = False
        try:
            while self.machine.tick < end:
                sites = entries if call is None else leaves
                stop = self.history.run_until(end, sites, NO_HOOKS, over_site=over)
                if stop is None or not goes_on(self.machine.tick - start, end - start):
                    self.made.whole = stop is None
                    break
                over = True
                call = self._entered() if call is None else self._left(call)
                if self.made.calls >= _MOST_CALLS:
                    self.made.whole = False
                    break
        except BrokenOff:
            self.made.whole = False
        return self.made

    def _sites(self) -> tuple[frozenset[Site], frozenset[Site]]:
        entries, leaves = set(), set()
        for func in self._names:
            entries.add(Site(self.instance.addr, func, 0))
            instrs = self.instance.facts(func).instrs
            leaves |= {Site(self.instance.addr, func, pc) for pc, i in enumerate(instrs) if i.op.name == "return"}
            leaves.add(Site(self.instance.addr, func, len(instrs) - 1))
        return frozenset(entries), frozenset(leaves)

    def _entered(self) -> _Call | None:
        top = self.machine.control.top
        name = self._names.get(top.func)
        if name is None:
            return None
        count = len(self.instance.module.func_type(top.func).params)
        arguments = tuple(value & 0xFFFF_FFFF for value in self.machine.slots(top.base, count))
        stack: list[str] = []
        for frame in self.inspect.frames():
            if len(stack) == _MOST_FRAMES:
                break
            stack.append(frame.name)
        self.made.calls += 1
        call = _Call(name, self.machine.control.depth, arguments, int(self.machine.tick), tuple(stack[1:]))
        is_over = len(self.instance.facts(top.func).instrs) == 1  # an empty body: its end is its beginning
        return self._left(call) if is_over else call

    def _left(self, call: _Call) -> _Call | None:
        """At an allocator's end: the call under way is over when it is that one's."""
        top = self.machine.control.top
        if self.machine.control.depth > call.depth:
            return call
        if self.machine.control.depth < call.depth:  # it was left by an exception
            return None
        if call.name in _GIVING:
            self._give(call, call.arguments[0] if call.arguments else 0)
            return None
        facts = self.instance.facts(top.func)
        height = facts.instrs[top.pc].height
        at = top.base + (facts.num_local_slots + height - 1) * SLOT_BYTES
        result = self.machine.space.load(Addr(at), SLOT_BYTES) & 0xFFFF_FFFF if height else 0
        if call.name in _REPLACING and call.arguments and call.arguments[0] and result:
            self._give(call, call.arguments[0])
        if result:
            self._take(call, result)
        return None

    def _take(self, call: _Call, address: int) -> None:
        first, second = _TAKING[call.name]
        size = call.arguments[first] if first < len(call.arguments) else 0
        if second is not None and second < len(call.arguments):
            size *= call.arguments[second]
        self.made.live[address] = Block(address, size, call.tick, call.stack)
        self._freed.pop(address, None)
        self.made.total += size
        self._bytes += size
        self.made.peak = max(self.made.peak, self._bytes)

    def _give(self, call: _Call, address: int) -> None:
        if not address:
            return
        block = self.made.live.pop(address, None)
        if block is not None:
            self._bytes -= block.size
            self._freed[address] = block, call.tick
            return
        before, freed = self._freed.get(address, (None, 0))
        self.made.bad_frees.append(BadFree(address, call.tick, call.stack, before, freed))
