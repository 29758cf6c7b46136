"""The driver: enters native code, and does what native code leaves to the runtime.

Native code leaves an instruction alone that it cannot finish: one that traps, that calls the runtime or the host, or
whose function was not translated yet. The machine is then as before that instruction, and the reference's step for it
says what it does; so there is one meaning of every trap. In between nothing of Python runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import NamedTuple

from vm.accesses import TOUCHING
from vm.control import Record
from vm.errors import Trap
from vm.facts import Instr
from vm.gc_heap import CollectNeeded
from vm.host import Outcome, Return
from vm.instance import Instance
from vm.machine import Machine, ThreadState
from vm.memories import PausedInBulk
from vm.native.build import Handlers
from vm.native.code import CodeCache, Function
from vm.native.flow import Kind, Pending
from vm.native.hooking import Hooking
from vm.native.scope import cards_of, memory_fields
from vm.native.shapes import CONTEXT, FIELD, LEFT_FUEL, LEFT_SITE, LEFT_TO_RUNTIME, LEFT_WATCH, PLAIN_BYTES
from vm.reference.executor import STATE_AFTER, ReferenceExecutor
from vm.reference.step import STAYS, Target
from vm.stop import NO_HOOKS, Hooks, Site, Stop, StopKind
from vm.types import SLOT_BYTES, Addr, Tick, total_slots

_SLICE_TICKS = 3_000_000  # a pause request is looked for this often
_WHY, _PC, _FP, _FUEL, _CONTROL = (FIELD[n] for n in ("why", "pc", "fp", "fuel", "control"))
_LAST, _FIRST, _VALUES_END = (FIELD[n] for n in ("control_last", "control_first", "values_end"))
_VMCTX, _FUNCS, _CARDS = (FIELD[n] for n in ("vmctx", "funcs", "cards"))
_CODE_BASE, _BY_CODE = (FIELD[n] for n in ("code_base", "func_by_code"))
_HEAP_BASE, _HEAP_CARDS = FIELD["heap_base"], FIELD["heap_cards"]
_MEMORY_BASE, _MEMORY_LENGTH = FIELD["memory_base"], FIELD["memory_length"]
_FUNC_REF_TYPE, _FUNC_REF_CODE = FIELD["func_ref_type"], FIELD["func_ref_code"]
_LAZY_BIT, _ARRAY_LENGTH, _I31_BIT = FIELD["lazy_bit"], FIELD["array_length"], FIELD["i31_bit"]


class Settled(NamedTuple):
    """A host function was called and has not just returned."""

    target: Target
    base: Addr
    outcome: Outcome
    caller: Instance


@dataclass(frozen=True, slots=True)
class Place:
    """A word at which native code left something to the runtime, and what is needed to do it.

    `code_word` is of a call of an imported function: its live call word. Arguments lie `shift_bytes` above the base.
    """

    function: Function
    index: int
    not_retired: int
    pending: tuple[tuple[int, Pending], ...]
    target: Target | None = None  # has the reference's steps, when the row has one that goes on within its function
    code_word: memoryview | None = None
    shift_bytes: int = 0
    touches: bool = False  # it may do so to what is watched


class NativeExecutor:
    """Runs a machine in native code."""

    def __init__(self, machine: Machine, handlers: Handlers) -> None:
        self.machine, self.handlers = machine, handlers
        self.reference = ReferenceExecutor(machine)
        self.code = CodeCache(machine, handlers)
        self._context = (ctypes.c_uint64 * len(CONTEXT))()
        self._words = memoryview(self._context).cast("B").cast("Q")
        self._context_address = ctypes.addressof(self._context)
        self._enter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(handlers.enter_address)
        self._nothing = ctypes.c_uint64()  # the base and length of no memory
        self._record_bytes = machine.layouts.struct("ControlRecord").size
        self._places: dict[int, Place] = {}  # by address of a word
        self._sites: dict[int, Site] = {}  # by address of a single that was observed
        self.hooking = Hooking(machine, self.code, handlers, self._words)
        self._set_constants()

    def _set_constants(self) -> None:
        words, machine = self._words, self.machine
        words[_CODE_BASE], words[_BY_CODE] = machine.code.base, self.code.by_code_address
        layouts = machine.layouts
        words[_FUNC_REF_TYPE] = layouts.field("VMFuncRef", "type_index").offset
        words[_FUNC_REF_CODE] = layouts.field("VMFuncRef", "wasm_call").offset
        words[_LAZY_BIT] = layouts.era.funcref.lazy_bit or 0
        words[_ARRAY_LENGTH] = layouts.field(layouts.era.gc.array_header, "length").offset
        words[_I31_BIT] = layouts.era.gc.i31_bit

    # -- the Executor protocol -------------------------------------------------------------------

    def run(
        self, budget: int | None, sites: Set[Site] = frozenset(), hooks: Hooks = NO_HOOKS, *, over_site: bool = True
    ) -> Stop:
        """Runs the ready (or blocked) thread until something stops it."""
        machine = self.machine
        assert machine.thread_state in (ThreadState.READY, ThreadState.BLOCKED)
        self.hooking.use(frozenset(sites), hooks)
        first = True
        while budget is None or budget > 0:
            if not first and machine.pause_requested():
                return Stop(StopKind.PAUSED)
            share = _SLICE_TICKS if budget is None else min(budget, _SLICE_TICKS)
            before = machine.tick
            stop = self._slice(share, first and over_site, exact=share == budget)
            if budget is not None:
                budget -= machine.tick - before
            if stop.kind is not StopKind.BUDGET:
                return stop
            first = False
        return Stop(StopKind.BUDGET)

    def step(self) -> bool:
        """See `vm.stop.Executor`: for one instruction, going into native code and out again takes longer."""
        return self.reference.step()

    # -- running ---------------------------------------------------------------------------------

    def _slice(self, share: int, over_site: bool, exact: bool) -> Stop:
        """Runs at most `share` ticks; all of them, when `exact`, unless something else or a pause stops it."""
        machine = self.machine
        end, left, stop = machine.tick + share, share, None
        self._use_stack()
        while stop is None and left:
            record = machine.control.top
            if record.is_host or machine.bulk_done[0]:
                stop, left = self._delegate(end, left, over_site)
            else:
                self._enter_frame(record, left, over_site)
                stop, left = self._serve(end)
                if stop is None and not exact and self._words[_WHY] == LEFT_FUEL:
                    break
            over_site = False
            if machine.pause_requested():
                break
        machine.tick = end - left
        self.hooking.take(Tick(end))
        stop = stop or Stop(StopKind.BUDGET)
        machine.set_thread_state(STATE_AFTER.get(stop.kind, ThreadState.READY))
        return stop

    def _use_stack(self) -> None:
        """The current thread's stacks, and the heap."""
        control, words = self.machine.control, self._words
        self._control_base = control.region.base
        words[_FIRST] = self._control_base
        words[_LAST] = self._control_base + (self.machine.limits.max_frames - 1) * self._record_bytes
        words[_VALUES_END] = self.machine.values.end

    def _enter_frame(self, record: Record, left: int, over_site: bool) -> None:
        """Runs the frame on top, at most so many ticks."""
        machine, words = self.machine, self._words
        instance = machine.instance_at(record.vmctx)
        assert instance is not None
        function = self._function(instance, record.func)
        self._use_instance(instance)
        index = record.pc
        block, ticks = function.block_at(index), function.ticks.get(index, 0)
        if block is None or over_site or ticks > left:
            block, ticks = function.plain(index) if over_site else function.single(index), 1
        words[_PC], words[_FP], words[_FUEL] = block, record.base, left - ticks
        words[_CONTROL] = self._control_base + (machine.control.depth - 1) * self._record_bytes
        self.hooking.entered(function, function.single(index) if over_site else block)
        self._enter(self._context_address)

    def _use_heap(self) -> None:
        heap = self.machine.gc.region
        self._words[_HEAP_CARDS] = 0 if heap is None else cards_of(heap)

    def _use_instance(self, instance: Instance) -> None:
        words = self._words
        self._use_heap()
        if words[_VMCTX] == instance.addr:
            return
        words[_VMCTX] = instance.addr
        words[_FUNCS] = self.code.home(instance).address
        if (path := self.machine.layouts.era.paths.get("gc_heap")) is not None:
            space, counts = self.machine.space, instance.shape.counts
            heap = self.machine.layouts.follow(space, path, instance.addr, 0, counts)
            words[_HEAP_BASE] = memory_fields(self.machine, Addr(heap))[0]
        if instance.memories:
            memory = instance.memories[0]
            words[_MEMORY_BASE], words[_MEMORY_LENGTH] = memory_fields(self.machine, memory.definition)
            words[_CARDS] = cards_of(memory.region)
        else:
            words[_MEMORY_BASE] = words[_MEMORY_LENGTH] = ctypes.addressof(self._nothing)
            words[_CARDS] = 0

    # -- what native code leaves -----------------------------------------------------------------

    def _serve(self, end: int) -> tuple[Stop | None, int]:
        """Does what native code left, and lets it go on, until something else has to happen.

        Answers with the stop, if it comes to one, and the ticks left; the stacks are complete in memory then.
        """
        words = self._words
        while True:
            passes = words[_WHY] == LEFT_SITE and self._passes_site(end)
            if passes and not self.machine.pause_requested():
                self._again(words[_PC] + PLAIN_BYTES, words[_FUEL] + 1)
                continue
            if words[_WHY] != LEFT_TO_RUNTIME:
                return self._left(end, passes)
            place = self._places.get(words[_PC]) or self._new_place(words[_PC])
            left = words[_FUEL] + place.not_retired
            if place.pending:
                self._write_pending(words[_FP], place.pending)
            try:
                after = self._do(place, end, left)
            except Trap as trap:
                self.hooking.left(place.function, place.index)
                self._write_back(place.index)
                return Stop(StopKind.TRAP, trap), left
            except PausedInBulk:
                self.hooking.left(place.function, place.index)
                self._write_back(place.index)
                return Stop(StopKind.PAUSED), left
            if after is None:
                if self._translates_callee(place):
                    self._again(place.function.plain(place.index), left)
                    continue
                self.hooking.left(place.function, place.index)
                self._write_back(place.index)
                return self._delegate(end, left, over_site=True)
            if isinstance(after, Settled):
                self.hooking.waits(place.function, place.index, Tick(end - left))
            left -= 1
            self.hooking.left(place.function, place.index + 1)
            if isinstance(after, Settled):
                self._write_back(place.index + 1)
                return self.reference.settle(after.target, after.base, after.outcome, after.caller, end, left)
            self.hooking.went(place.function, place.index, after)
            if not self._goes_on(place.function, after, left):
                self._write_back(after)
                return None, left

    def _again(self, single: int, left: int) -> None:
        """Native code goes on with an instruction that stands alone, of the frame that it left."""
        self._words[_PC], self._words[_FUEL] = single, left - 1
        self._enter(self._context_address)

    def _passes_site(self, end: int) -> bool:
        """Whether the guard of the site that was met does not want to stop, or it is only to be noted."""
        words, hooking = self._words, self.hooking
        if (observer := hooking.hooks.observer) is not None:
            site = self._sites.get(words[_PC]) or self._site(words[_PC])
            observer(site, self.reference.frame(words[_FP])[0], Tick(end - words[_FUEL] - 1))
            return True
        guard = hooking.guard(words[_PC])
        if guard is not None and not guard(self.reference.frame(words[_FP])[0]):
            return True
        return hooking.goes_on(Tick(end), Tick(end - words[_FUEL] - 1))

    def _site(self, pc: int) -> Site:
        """The instruction that stands alone at a word."""
        function = self._function_on_top()
        site = self._sites[pc] = Site(function.instance.addr, function.func, function.first_of(pc))
        return site

    def _goes_on(self, function: Function, index: int, left: int) -> bool:
        """Native code goes on with the block at an instruction, unless it may not."""
        ticks = function.ticks.get(index)
        if ticks is None or ticks > left or self.machine.pause_requested():
            return False
        words = self._words
        if not words[_HEAP_CARDS]:  # the heap comes with the first object
            self._use_heap()
        words[_PC], words[_FUEL] = function.base + function.heads[index], left - ticks
        self.hooking.entered(function, words[_PC])
        self._enter(self._context_address)
        return True

    def _left(self, end: int, past_site: bool) -> tuple[Stop | None, int]:
        """Native code ran dry, or met a site or a watch."""
        words = self._words
        function, pc, left = self._function_on_top(), words[_PC], words[_FUEL]
        if words[_WHY] == LEFT_FUEL:
            self._write_back(function.first_of(pc))
            return None, left
        standing = function.standing(pc)
        left += standing.not_retired
        self.hooking.left(function, standing.index)
        self._write_pending(words[_FP], standing.pending)
        self._write_back(standing.index)
        if past_site or words[_WHY] == LEFT_WATCH:
            return self._delegate(end, left, over_site=True)
        return Stop(StopKind.SITE), left

    def _function_on_top(self) -> Function:
        record = self.machine.control[self._depth()]
        return self.code.functions[record.vmctx, record.func]

    def _depth(self) -> int:
        """Records below the innermost one."""
        return (self._words[_CONTROL] - self._control_base) // self._record_bytes

    def _write_back(self, index: int) -> None:
        """Completes the control stack: the innermost frame stands before an instruction."""
        control, depth = self.machine.control, self._depth()
        control[depth] = control[depth]._replace(pc=index)
        control.depth = depth + 1

    def _write_pending(self, base: int, pending: tuple[tuple[int, Pending], ...]) -> None:
        """Puts operands into their slots that native code had not written yet."""
        slots = self.reference.frame(base)[0]
        for slot, value in pending:
            match value.kind:
                case Kind.LOCAL:
                    slots[slot] = slots[value.value]
                case Kind.CONST:
                    slots[slot] = value.value
                case Kind.SUM:
                    slots[slot] = (slots[value.value] + slots[value.other]) & 0xFFFF_FFFF

    def _new_place(self, pc: int) -> Place:
        """What to do at a word where native code has left for the first time."""
        function = self._function_on_top()
        standing = function.standing(pc)
        facts = function.instance.facts(function.func)
        instr, targets = facts.instrs[standing.index], self.reference.targets
        known = (function, standing.index, standing.not_retired, standing.pending)
        place = Place(*known, touches=instr.op.name in TOUCHING)
        if instr.op.name in STAYS:
            target = targets.defined(function.instance, function.func)
            if not target.plain:
                targets.translate(target)
            place = replace(place, target=target)
        elif (callee := _imported_callee(function, instr)) is not None:
            params = total_slots(function.instance.module.func_type(callee).params)
            shift = (facts.num_local_slots + instr.height - params) * SLOT_BYTES
            word = targets.import_code_word(function.instance, callee)
            place = replace(place, code_word=word, shift_bytes=shift, touches=True)
        self._places[pc] = place
        return place

    def _do(self, place: Place, end: int, left: int) -> int | Settled | None:
        """Does an instruction and answers with the next one's index; None: it has to be done slowly."""
        hooks = self.hooking.hooks
        if place.touches and (hooks.watches or (hooks.heat is not None and place.code_word is None)):
            return None
        if place.target is not None:
            step = place.target.plain[place.index]
            try:
                return step(*self.reference.frame(self._words[_FP]))
            except CollectNeeded:
                return None
        if place.code_word is None:
            return None
        target = self.reference.targets.target_of(place.code_word[0])
        if not target.is_host or target.vmctx in self.hooking.host_sites or self._words[_CONTROL] >= self._words[_LAST]:
            return None
        base, caller = Addr(self._words[_FP] + place.shift_bytes), place.function.instance
        outcome = self.reference.hosting.call(target.func, base, end - left, caller)
        return place.index + 1 if isinstance(outcome, Return) else Settled(target, base, outcome, caller)

    def _translates_callee(self, place: Place) -> bool:
        """Makes native code able to do a call, if that is what it could not."""
        instance = place.function.instance
        instr = instance.facts(place.function.func).instrs[place.index]
        callee = instr.imm[0] if instr.op.name in ("call", "return_call") else None
        if not isinstance(callee, int) or instance.is_imported(callee) or not self._is_new(instance, callee):
            return False
        self._function(instance, callee)
        return True

    def _is_new(self, instance: Instance, func: int) -> bool:
        return (instance.addr, func) not in self.code.functions

    def _delegate(self, end: int, left: int, over_site: bool) -> tuple[Stop | None, int]:
        """One instruction by the reference executor."""
        machine, hooking = self.machine, self.hooking
        machine.tick = end - left
        hooking.take(Tick(end))
        over_site = over_site or bool(machine.bulk_done[0])  # it has begun
        stop = self.reference.run(1, hooking.sites, hooking.hooks, over_site=over_site)
        hooking.give()
        left = end - machine.tick
        return (None if stop.kind is StopKind.BUDGET else stop), left

    # -- translated functions --------------------------------------------------------------------

    def _function(self, instance: Instance, func: int) -> Function:
        found = self.code.functions.get((instance.addr, func))
        if found is None:
            found = self.code.translate(instance, func)
            self.hooking.hook(found)
        return found


def _imported_callee(function: Function, instr: Instr) -> int | None:
    """The imported function that an instruction calls, if it is such a call."""
    callee = instr.imm[0] if instr.op.name == "call" else None
    return callee if isinstance(callee, int) and function.instance.is_imported(callee) else None
