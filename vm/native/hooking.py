"""Sites and watches in translated code.

A site's instruction is run from the single words: in front of it stands a handler that leaves, or notes that it was met
and goes on with the same instruction where nothing stands in front of it. The blocks it is in are made to go there.
While something is watched, the handlers that may touch it are replaced by ones that ask. Where nothing is, nothing is
slower.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator

from vm.counting import Counting, Stretch, Way
from vm.machine import Machine
from vm.memory import Region, RegionKind
from vm.native.build import Handlers
from vm.native.code import CodeCache, Function
from vm.native.emit.followed import FOLLOWED, counting, tracing
from vm.native.emit.heated import HEATED, heating
from vm.native.emit.watched import Where, asking, watched_handlers
from vm.native.scope import Word
from vm.native.shapes import FIELD, LEFT_HERE, READS, WRITES
from vm.stop import NO_HOOKS, Guard, Hooks, Site, Watch
from vm.trace import Ran
from vm.types import Addr, Tick

_NOTES_LEFT, _NOTE_PC, _NOTE_FUEL = (FIELD[n] for n in ("notes_left", "note_pc", "note_fuel"))
_WATCHES, _WATCHES_END, _LOW, _HIGH = (FIELD[n] for n in ("watches", "watches_end", "watch_low", "watch_high"))
_TRACE_AT, _TRACE_START, _TRACE_END = (FIELD[n] for n in ("trace_at", "trace_start", "trace_end"))
_PC = FIELD["pc"]
_HEAT, _HEAT_LOW, _HEAT_SIZE = (FIELD[n] for n in ("heat", "heat_low", "heat_size"))
_WATCH = struct.Struct("<QQQ")
_ALWAYS = 1 << 63  # more than a run can note
Asked = tuple[Where, int]
_WHERE = {
    RegionKind.MEMORY: Where.MEMORY,
    RegionKind.TABLE: Where.TABLE,
    RegionKind.GC_HEAP: Where.HEAP,
}


class Hooking:
    """The hooks of an executor; `words` is the context that native code reads."""

    def __init__(self, machine: Machine, code: CodeCache, handlers: Handlers, words: memoryview) -> None:
        self._machine, self._code, self._handlers, self._words = machine, code, handlers, words
        self.hooks: Hooks = NO_HOOKS
        self.sites: frozenset[Site] = frozenset()
        self.host_sites: frozenset[Addr] = frozenset()  # contexts of host functions among their places
        self._watches: tuple[Watch, ...] = ()
        self._asked: Asked = (Where.NOWHERE, 0)
        self._watch_data = ctypes.create_string_buffer(1)
        self._moves = 0  # of memories, when native code was told
        self._by_function: dict[tuple[Addr, int], list[Site]] = {}
        self._singles: dict[Function, dict[int, bytes]] = {}  # handlers that a site stands in front of
        self._blocks: dict[Function, dict[int, bytes]] = {}  # first words of the blocks that they are in
        self._guards: dict[int, Guard] = {}  # by address of a single
        self._given = 0  # how many notes native code was told to take

    def use(self, sites: frozenset[Site], hooks: Hooks) -> None:
        """Makes these the hooks of the run that begins."""
        following = _following(hooks)
        told, otherwise = hooks.watches != self._watches, following is not _following(self.hooks)
        told, otherwise = told or hooks.heat is not self.hooks.heat, otherwise or hooks.heat is not self.hooks.heat
        asked = self._asked_for(hooks.watches) if told else self._asked
        swapping = otherwise or asked != self._asked
        placing = sites != self.sites or hooks.guards != self.hooks.guards or swapping
        placing = placing or hooks.picks != self.hooks.picks
        self._count_for(hooks.counting)
        self.hooks, self._watches, self._asked = hooks, hooks.watches, asked
        if placing:
            for function in list(self._singles):
                self._unhook(function)
            if swapping:
                self._let_ask(following)
            self.sites, self.host_sites = sites, frozenset(s.vmctx for s in sites)
            self._place()
        if told:
            self._tell()
        self.give()

    def give(self) -> None:
        """Tells native code, before it is entered, what it looks at and what it may pass over."""
        self._after_moves()
        self._give_notes()
        self._give_trace()

    def take(self, end: Tick) -> None:
        """Takes over what native code has noted and written down in a slice that ends at a tick."""
        self._take_notes(end)
        self._take_trace()

    # -- traces ----------------------------------------------------------------------------------

    def _give_trace(self) -> None:
        """Lets native code write into the trace, if there is one, from where that is."""
        trace = self.hooks.trace
        if trace is None:
            return
        words, (start, size) = self._words, trace.words.buffer_info()
        trace.native = self._ran
        words[_TRACE_START], words[_TRACE_END] = start, start + size * trace.words.itemsize
        words[_TRACE_AT] = start + trace.at * trace.words.itemsize

    def _take_trace(self) -> None:
        """Native code has been left: the trace knows how far it came."""
        if (trace := self.hooks.trace) is not None:
            trace.at = (self._words[_TRACE_AT] - self._words[_TRACE_START]) // trace.words.itemsize

    def _trace(self, word: int) -> None:
        if self.hooks.trace is not None:
            self._take_trace()
            self.hooks.trace.put(word)
            self._give_trace()

    def entered(self, function: Function, block: int) -> None:
        """Notes in the trace, or counts, that the driver goes to a block."""
        self._trace(block)
        if self.hooks.counting is not None:
            function.entered(block)

    def left(self, function: Function, index: int) -> None:
        """Notes in the trace that the block under way was left before an instruction, or uncounts what has not run."""
        if self.hooks.trace is not None and index < function.count:
            self._trace(function.single(index) | LEFT_HERE)
        if self.hooks.counting is not None:
            standing = function.standing(self._words[_PC])
            length = standing.index + standing.not_retired - index
            self.hooks.counting.add(Stretch(function.instance.addr, function.func, index, length), -1)

    def waits(self, function: Function, index: int, tick: Tick) -> None:
        """A call has not just returned: it retires when the host function's frame does."""
        if self.hooks.counting is not None:
            place = (function.instance.addr, function.func, index)
            self.hooks.counting.add(Stretch(*place, 1), -1)
            self.hooks.counting.begins(*place, tick)

    # -- counts ----------------------------------------------------------------------------------

    def _count_for(self, counting: Counting | None) -> None:
        """What native code counts from now on is for someone else."""
        before = self.hooks.counting
        if before is counting:
            return
        if before is not None:
            self._collect(before)
            before.collect = None
        if counting is not None:
            counting.collect = lambda: self._collect(counting)

    def _collect(self, counting: Counting) -> None:
        for function in self._code.functions.values():
            for stretch, times in function.take_times():
                counting.add(stretch, times)
            for way, times in function.take_ways():
                counting.went(way, times)

    def went(self, function: Function, index: int, after: int) -> None:
        """The runtime has done an instruction that may branch."""
        if self.hooks.counting is not None and after != index + 1:
            self.hooks.counting.went(Way(function.instance.addr, function.func, index, after), 1)

    def _ran(self, word: int) -> Ran:
        """What a word of a trace means."""
        pc = word & ~LEFT_HERE
        function = self._code.holding(pc)
        first, place = function.first_of(pc), (function.instance.addr, function.func)
        if word & LEFT_HERE:
            return Ran(*place, first, 0)
        block = function.block_at(first) == pc
        return Ran(*place, first, function.ticks[first] if block else 1, single=not block)

    # -- sites -----------------------------------------------------------------------------------

    def _place(self) -> None:
        self._guards.clear()
        self._by_function.clear()
        for site in self.sites:
            self._by_function.setdefault((site.vmctx, site.func), []).append(site)
        for key in self._by_function if self.hooks.picks is None else self._code.functions:
            if key in self._code.functions:
                self.hook(self._code.functions[key])

    def hook(self, function: Function) -> None:
        """Puts a function's sites into its instructions; the blocks they are in are run one by one."""
        sites = [*self._by_function.get((function.instance.addr, function.func), ()), *self._picked(function)]
        if not sites:
            return
        singles, blocks = self._singles.setdefault(function, {}), self._blocks.setdefault(function, {})
        for site in sites:
            guard, single = self.hooks.guards.get(site), function.single(site.pc)
            if guard is not None:
                self._guards[single] = guard
            handler = self._handlers["site" if guard is None else "leave.site"]
            singles[site.pc] = _swap(single, handler.to_bytes(8, "little"))
            for first in function.blocks_with(site.pc):
                if first not in blocks:
                    blocks[first] = self._divert(function, first)

    def _picked(self, function: Function) -> Iterator[Site]:
        """The instructions of a function that are sites for what they are, but for those that are sites anyway."""
        if (picks := self.hooks.picks) is None:
            return
        facts = function.instance.facts(function.func)
        for pc in range(len(facts.instrs)):
            site = Site(function.instance.addr, function.func, pc)
            if picks(facts, pc) and site not in self.sites:
                yield site

    def _divert(self, function: Function, first: int) -> bytes:
        """Makes a block be run one by one; the word that its first one was."""
        divert = Word("divert").packed(self._handlers["divert"], function.ticks[first], function.single(first))
        return _swap(function.base + function.heads[first], divert)

    def _unhook(self, function: Function) -> None:
        for index, handler in self._singles.pop(function).items():
            _swap(function.single(index), handler)
        for first, data in self._blocks.pop(function).items():
            _swap(function.base + function.heads[first], data)

    def guard(self, pc: int) -> Guard | None:
        """What decides about the site at which native code has left."""
        return self._guards.get(pc)

    # -- watches ---------------------------------------------------------------------------------

    def _asked_for(self, watches: tuple[Watch, ...]) -> Asked:
        """Which accesses have to ask for watches: to what, and which kinds."""
        where, kinds = Where.NOWHERE, 0
        for watch, region, _ in self._located(watches):
            where |= _WHERE.get(region.kind, Where.GLOBAL)  # globals lie in VMContexts, and in places of their own
            kinds |= (READS if watch.reads else 0) | (WRITES if watch.writes else 0)
        return where, kinds

    def _located(self, watches: tuple[Watch, ...]) -> Iterator[tuple[Watch, Region, int]]:
        """Watches with their regions, and where in those; mostly they are in the one that the watch before is in."""
        region: Region | None = None
        for watch in watches:
            if region is None or not region.base <= watch.start <= region.base + region.size - watch.size:
                region, offset = self._machine.space.at_any_time(watch.start, watch.size)
            else:
                offset = watch.start - region.base
            yield watch, region, offset

    def _let_ask(self, following: Callable[[str], str] | None) -> None:
        """Lets native code ask where something is watched; or note where it goes."""
        variants = {} if following is None else {name: following(name) for name in FOLLOWED}
        if self.hooks.heat is not None:
            variants |= {name: heating(name) for name in HEATED}
        self._code.use({**variants, **{name: asking(name) for name in watched_handlers(*self._asked)}})

    def _after_moves(self) -> None:
        """A memory may have moved: what is watched in it lies elsewhere then."""
        if self._moves != self._machine.space.moves:
            self._tell()

    def _tell(self) -> None:
        space, words = self._machine.space, self._words
        self._moves = space.moves
        watches = [
            (base + offset, base + offset + w.size, READS * w.reads | WRITES * w.writes)
            for w, region, offset in self._located(self._watches)
            for base in (region.base, *(base for base, _ in region.earlier))
        ]
        data = b"".join(_WATCH.pack(*each) for each in watches)
        self._watch_data = ctypes.create_string_buffer(data, len(data) or 1)
        words[_WATCHES] = ctypes.addressof(self._watch_data)
        words[_WATCHES_END] = words[_WATCHES] + len(data)
        if (heat := self.hooks.heat) is not None:
            words[_HEAT], words[_HEAT_LOW], words[_HEAT_SIZE] = heat.address, heat.region.base, heat.span
        words[_LOW] = min((start for start, _, _ in watches), default=0)
        words[_HIGH] = max((end for _, end, _ in watches), default=0)

    # -- notes -----------------------------------------------------------------------------------

    def _give_notes(self) -> None:
        """Tells native code how many sites and watches to pass over."""
        note = self.hooks.note
        if note is None:
            self._given = 0
        elif note.stop_at is None:
            self._given = _ALWAYS
        else:
            self._given = max(0, note.stop_at - note.hits - 1)
        self._words[_NOTES_LEFT] = self._given

    def _take_notes(self, end: Tick) -> None:
        """Takes over what native code has noted in a slice that ends at a tick."""
        words, note = self._words, self.hooks.note
        taken = self._given - words[_NOTES_LEFT]
        if note is None or not taken:
            return
        pc = words[_NOTE_PC]
        function = self._code.holding(pc)
        note.hits += taken
        note.last_tick = Tick(end - words[_NOTE_FUEL] - function.standing(pc).not_retired)
        self._give_notes()

    def goes_on(self, end: Tick, tick: Tick) -> bool:
        """Counts a site that native code left at; whether it is only noted."""
        note = self.hooks.note
        if note is None:
            return False
        self._take_notes(end)
        goes_on = note.goes_on(tick)
        self._give_notes()
        return goes_on


def _following(hooks: Hooks) -> Callable[[str], str] | None:
    """Which handlers stand in the place of others to note where they go."""
    return tracing if hooks.trace is not None else counting if hooks.counting is not None else None


def _swap(address: int, data: bytes) -> bytes:
    """Puts bytes in the place of others."""
    before = ctypes.string_at(address, len(data))
    ctypes.memmove(address, data, len(data))
    return before
