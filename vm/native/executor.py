"""The driver: enters native code, and does what native code leaves to the runtime.

Native code leaves an instruction alone that it cannot finish: one that traps, that calls the runtime or the host, or
whose function was not translated yet. The machine is then as before that instruction, and the reference's step for it
says what it does; so there is one meaning of every trap. In between nothing of Python runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Set

from vm.control import Record
from vm.errors import Trap
from vm.gc_heap import CollectNeeded
from vm.host import Return
from vm.instance import Instance
from vm.machine import Machine, ThreadState
from vm.memories import PausedInBulk
from vm.native.build import Handlers
from vm.native.code import CodeCache, Function
from vm.native.flow import Kind, Pending
from vm.native.shapes import CONTEXT, FIELD, LEFT_FUEL, LEFT_SITE, LEFT_TO_RUNTIME
from vm.native.words import Word, cards_of
from vm.ops.row import Has
from vm.ops.table import OPS
from vm.reference.executor import STATE_AFTER, ReferenceExecutor
from vm.reference.step import Target
from vm.stop import Site, Stop, StopKind
from vm.types import SLOT_BYTES, Addr, total_slots

_SLICE_TICKS = 4_000_000  # a pause request is looked for this often
_WHY, _PC, _FP, _FUEL, _CONTROL = (FIELD[n] for n in ("why", "pc", "fp", "fuel", "control"))
_LAST, _FIRST, _VALUES_END = (FIELD[n] for n in ("control_last", "control_first", "values_end"))
_VMCTX, _FUNCS, _MEMORY, _CARDS = (FIELD[n] for n in ("vmctx", "funcs", "memory", "cards"))
_CODE_BASE, _BY_CODE, _HANDLER = (FIELD[n] for n in ("code_base", "func_by_code", "handler"))
_HEAP, _HEAP_CARDS = FIELD["heap"], FIELD["heap_cards"]

# Rows whose step answers with the next instruction, whatever happens.
_WAITS = ("memory.atomic.wait32", "memory.atomic.wait64", "throw", "throw_ref", "rethrow", "return", "end")
_STEPPED = frozenset(op.name for op in OPS if Has.CALLS not in op.has and op.name not in _WAITS)


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
        self._no_memory = (ctypes.c_uint64 * 64)()  # a definition of length 0
        self._record_bytes = machine.layouts.struct("ControlRecord").size
        self._sites: frozenset[Site] = frozenset()
        self._by_function: dict[tuple[Addr, int], list[int]] = {}
        self._hooked: dict[Function, dict[int, bytes]] = {}  # handlers that a site stands in front of
        self._diverted: dict[Function, dict[int, bytes]] = {}  # first words of the blocks that they are in
        self._set_constants()

    def _set_constants(self) -> None:
        words, machine = self._words, self.machine
        words[_CODE_BASE], words[_BY_CODE] = machine.code.base, self.code.by_code_address
        words[_HEAP] = machine.store_context.inner("gc_heap").addr

    # -- the Executor protocol -------------------------------------------------------------------

    def run(self, budget: int | None, sites: Set[Site] = frozenset()) -> Stop:
        """Runs the ready (or blocked) thread until something stops it."""
        machine = self.machine
        assert machine.thread_state in (ThreadState.READY, ThreadState.BLOCKED)
        self._patch(frozenset(sites))
        first = True
        while budget is None or budget > 0:
            if not first and machine.pause_requested():
                return Stop(StopKind.PAUSED)
            share = _SLICE_TICKS if budget is None else min(budget, _SLICE_TICKS)
            before = machine.tick
            stop = self._slice(share, first, exact=share == budget)
            if budget is not None:
                budget -= machine.tick - before
            if stop.kind is not StopKind.BUDGET:
                return stop
            first = False
        return Stop(StopKind.BUDGET)

    # -- running ---------------------------------------------------------------------------------

    def _slice(self, share: int, over_site: bool, exact: bool) -> Stop:
        """Runs at most `share` ticks; all of them, when `exact`, unless something else stops it."""
        machine = self.machine
        end, left, stop = machine.tick + share, share, None
        self._use_stack()
        while stop is None and left:
            record = machine.control.top
            if record.is_host or machine.bulk_done[0]:
                stop, left = self._delegate(end, left, over_site)
                over_site = False
                continue
            function, index, left, why = self._run_native(record, left, over_site)
            over_site = False
            if why == LEFT_SITE:
                stop = Stop(StopKind.SITE)
            elif why == LEFT_TO_RUNTIME:
                stop, left = self._runtime(function, index, end, left)
            elif not exact:
                break
        machine.state.set("tick", end - left)
        stop = stop or Stop(StopKind.BUDGET)
        machine.set_thread_state(STATE_AFTER.get(stop.kind, ThreadState.READY))
        return stop

    def _use_stack(self) -> None:
        """The current thread's stacks."""
        control, words = self.machine.control, self._words
        self._control_base = control.region.base
        words[_FIRST] = self._control_base
        words[_LAST] = self._control_base + (self.machine.limits.max_frames - 1) * self._record_bytes
        words[_VALUES_END] = self.machine.values.end

    def _run_native(self, record: Record, left: int, over_site: bool) -> tuple[Function, int, int, int]:
        """Runs the frame on top; the function and instruction where it left, ticks left, and why."""
        machine, words = self.machine, self._words
        instance = machine.instance_at(record.vmctx)
        assert instance is not None
        function = self._function(instance, record.func)
        self._use_instance(instance)
        block, ticks = function.block_at(record.pc), function.ticks.get(record.pc, 0)
        if block is None or over_site or ticks > left:
            block, ticks = function.single(record.pc), 1
        words[_PC], words[_FP], words[_FUEL] = block, record.base, left - ticks
        words[_CONTROL] = self._control_base + (machine.control.depth - 1) * self._record_bytes
        hooked = self._hooked.get(function, {}).get(record.pc) if over_site else None
        words[_HANDLER] = int.from_bytes(hooked or ctypes.string_at(block, 8), "little")
        self._enter(self._context_address)
        return self._write_back(function)

    def _write_back(self, function: Function) -> tuple[Function, int, int, int]:
        """Completes the stacks after native code has left."""
        control, words = self.machine.control, self._words
        depth = (words[_CONTROL] - self._control_base) // self._record_bytes
        record = control[depth]
        if (record.vmctx, record.func) != (function.instance.addr, function.func):
            function = self.code.functions[record.vmctx, record.func]
        why, left, pc = words[_WHY], words[_FUEL], words[_PC]
        if why == LEFT_FUEL:
            index = function.first_of(pc)
        else:
            standing = function.standing(pc)
            index, left = standing.index, left + standing.not_retired
            if standing.pending:
                self._write_pending(record.base, standing.pending)
        control[depth] = record._replace(pc=index)
        control.depth = depth + 1
        return function, index, left, why

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

    def _use_instance(self, instance: Instance) -> None:
        words = self._words
        heap = self.machine.gc.region
        words[_HEAP_CARDS] = 0 if heap is None else cards_of(heap)
        words[_VMCTX] = instance.addr
        words[_FUNCS] = self.code.home(instance).address
        if instance.memories:
            memory = instance.memories[0]
            words[_MEMORY], words[_CARDS] = memory.definition, cards_of(memory.region)
        else:
            words[_MEMORY], words[_CARDS] = ctypes.addressof(self._no_memory), 0

    # -- what native code leaves -----------------------------------------------------------------

    def _runtime(self, function: Function, index: int, end: int, left: int) -> tuple[Stop | None, int]:
        """Does the instruction that native code left, or makes native code able to."""
        instr = function.instance.facts(function.func).instrs[index]
        if instr.op.name in _STEPPED:
            return self._step(function, index, end, left)
        if instr.op.name == "call":
            callee = instr.imm[0]
            assert isinstance(callee, int)
            if function.instance.is_imported(callee):
                return self._call_import(function, callee, end, left)
            if (function.instance.addr, callee) not in self.code.functions:
                self._function(function.instance, callee)
                return None, left
        return self._delegate(end, left, over_site=True)

    def _step(self, function: Function, index: int, end: int, left: int) -> tuple[Stop | None, int]:
        """One instruction that goes on within its function, or traps."""
        target = self.reference.targets.defined(function.instance, function.func)
        if not target.steps:
            self.reference.targets.translate(target)
        step = target.patched.get(index) or target.steps[index]
        control = self.machine.control
        record = control.top
        try:
            after = step(*self.reference.frame(record.base))
        except CollectNeeded:
            return self._delegate(end, left, over_site=True)
        except PausedInBulk:
            return Stop(StopKind.PAUSED), left
        except Trap as trap:
            return Stop(StopKind.TRAP, trap), left
        control[control.depth - 1] = record._replace(pc=after)
        return None, left - 1

    def _call_import(self, function: Function, callee: int, end: int, left: int) -> tuple[Stop | None, int]:
        """A call of an imported function; a host function that returns at once needs no frame."""
        target, shift = self._import(function.instance, callee)
        control = self.machine.control
        depth = control.depth
        if not target.is_host or self._is_site(target) or depth + 1 > self.machine.limits.max_frames:
            return self._delegate(end, left, over_site=True)
        record = control.top
        instr = function.instance.facts(function.func).instrs[record.pc]
        slots = function.instance.facts(function.func).num_local_slots + instr.height
        base = Addr(record.base + (slots - shift) * SLOT_BYTES)
        outcome = self.reference.hosting.call(target.func, base, end - left, function.instance)
        control[depth - 1] = record._replace(pc=record.pc + 1)
        if isinstance(outcome, Return):
            return None, left - 1
        return self.reference.settle(target, base, outcome, function.instance, end, left - 1)

    def _import(self, instance: Instance, func: int) -> tuple[Target, int]:
        """What an import leads to now, and how many slots its arguments take."""
        word = self.reference.targets.import_code_word(instance, func)
        return self.reference.targets.target_of(word[0]), total_slots(instance.module.func_type(func).params)

    def _is_site(self, target: Target) -> bool:
        return any(site.vmctx == target.vmctx for site in self._sites)

    def _delegate(self, end: int, left: int, over_site: bool) -> tuple[Stop | None, int]:
        """One instruction by the reference executor."""
        machine = self.machine
        machine.state.set("tick", end - left)
        record = machine.control.top
        if not over_site and record.is_host and not record.pc and any(s.vmctx == record.vmctx for s in self._sites):
            return Stop(StopKind.SITE), left
        stop = self.reference.run(1, self._sites)
        left = end - machine.tick
        return (None if stop.kind is StopKind.BUDGET else stop), left

    # -- translated functions and sites ----------------------------------------------------------

    def _function(self, instance: Instance, func: int) -> Function:
        found = self.code.functions.get((instance.addr, func))
        if found is None:
            found = self.code.translate(instance, func)
            self._hook(found)
        return found

    def _patch(self, sites: frozenset[Site]) -> None:
        """Makes these the sites that stop, and no others."""
        if sites == self._sites:
            return
        for function in list(self._hooked):
            self._unhook(function)
        self._sites = sites
        self._by_function.clear()
        for site in sites:
            self._by_function.setdefault((site.vmctx, site.func), []).append(site.pc)
        for key in self._by_function:
            if key in self.code.functions:
                self._hook(self.code.functions[key])

    def _hook(self, function: Function) -> None:
        """Puts a function's sites into its instructions; the blocks they are in are run one by one."""
        indexes = self._by_function.get((function.instance.addr, function.func), ())
        if not indexes:
            return
        singles, blocks = {}, {}
        for index in indexes:
            singles[index] = _swap(function.single(index), self.handlers["leave.site"].to_bytes(8, "little"))
            for first in function.blocks_with(index):
                if first not in blocks:
                    blocks[first] = self._divert(function, first)
        self._hooked[function], self._diverted[function] = singles, blocks

    def _divert(self, function: Function, first: int) -> bytes:
        """Makes a block be run one by one; the word that its first one was."""
        single = function.single(first)
        divert = Word("divert").packed(self.handlers["divert"], function.ticks[first], single)
        return _swap(function.base + function.heads[first], divert)

    def _unhook(self, function: Function) -> None:
        for index, handler in self._hooked.pop(function).items():
            _swap(function.single(index), handler)
        for first, data in self._diverted.pop(function).items():
            _swap(function.base + function.heads[first], data)


def _swap(address: int, data: bytes) -> bytes:
    """Puts bytes in the place of others."""
    before = ctypes.string_at(address, len(data))
    ctypes.memmove(address, data, len(data))
    return before
