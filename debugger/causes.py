"""Where a bad value came from: from the operand of a trap back through locals, memory, globals and calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from debugger.dwarf.lines import LineTable
from debugger.explain import instruction_text, place_text
from debugger.history import History
from debugger.inspect import Frame, Inspector, Variable
from debugger.operands import index_of, taken
from debugger.origins import writers
from debugger.over_time import OverTime, is_same
from vm.control import Record
from vm.errors import Trap, TrapKind
from vm.facts import Instr
from vm.globals import global_width
from vm.instance import Instance
from vm.machine import Machine
from vm.ops.row import Has, Imm
from vm.stop import NO_HOOKS, Hooks, Site, Watch
from vm.types import SLOT_BYTES, Addr, FuncType, Tick

_MOST_STEPS = 60
_MOST_SECONDS = 1.0  # that a stop may take longer for it
_CULPRITS: Mapping[TrapKind, tuple[str, ...]] = MappingProxyType(
    {
        TrapKind.OUT_OF_BOUNDS_MEMORY: ("address", "to"),
        TrapKind.UNALIGNED_ATOMIC: ("address",),
        TrapKind.OUT_OF_BOUNDS_TABLE: ("index", "to"),
        TrapKind.UNDEFINED_ELEMENT: ("index",),
        TrapKind.UNINITIALIZED_ELEMENT: ("index",),
        TrapKind.INDIRECT_CALL_TYPE: ("index",),
        TrapKind.INTEGER_DIVIDE_BY_ZERO: ("right",),
        TrapKind.INTEGER_OVERFLOW: ("left", "a"),
        TrapKind.INVALID_CONVERSION: ("a",),
        TrapKind.NULL_REFERENCE: ("reference", "struct", "array", "function"),
        TrapKind.NULL_FUNCTION: ("function",),
        TrapKind.NULL_STRUCTURE: ("struct",),
        TrapKind.NULL_ARRAY: ("array", "to"),
        TrapKind.NULL_I31: ("number",),
        TrapKind.NULL_EXCEPTION: ("reference",),
        TrapKind.OUT_OF_BOUNDS_ARRAY: ("index", "at", "from"),
        TrapKind.CAST_FAILURE: ("reference",),
    }
)
_PASSES = ("local.tee", "local.set", "global.set", "i32.wrap_i64", "i64.extend_i32_u", "i64.extend_i32_s",
           "table.set", "ref.as_non_null", "ref.cast", "ref.cast_null")  # fmt: skip
_CALLS = ("call", "call_indirect", "call_ref")
_RETURNS = ("end", "return")
_SETS_LOCALS = ("local.set", "local.tee")


@dataclass(frozen=True, slots=True)
class Cause:
    """An instruction that the value went through, just before it ran."""

    tick: Tick
    value: str
    instruction: str
    place: str
    note: str = ""
    is_way: bool = False  # a local that it only went through


@dataclass
class Causes:
    """Looks for them in the recording. It moves the machine: see `History.excursion`."""

    machine: Machine
    inspect: Inspector
    history: History
    lines_at: Callable[[int], LineTable | None] = lambda vmctx: None
    clock: Callable[[], float] = time.perf_counter

    def __post_init__(self) -> None:
        self._over_time = OverTime(self.machine, self.inspect, self.history)
        self._value, self._note = "", ""
        self._began = self.machine.tick  # where the trap is
        self._written = 0  # what was written by the instruction that is gone to

    def of(self, trap: Trap) -> list[Cause]:
        """What a trap's operand went through, the last first; none where nothing can be said."""
        frame = self.inspect.frame(0)
        if frame is None or frame.instance is None:
            return []
        found = dict(taken(self.inspect, frame))
        culprit = next((found[name] for name in _CULPRITS.get(trap.kind, ()) if name in found), None)
        return list(self._followed(frame, culprit)) if culprit is not None else []

    def _followed(self, frame: Frame, operand: Variable) -> Iterator[Cause]:
        until, step = self.clock() + _MOST_SECONDS, self._maker(frame, operand)
        for _ in range(_MOST_STEPS):
            if not step or self.clock() > until:
                return
            here = self.inspect.frame(0)
            if here is None or here.instance is None:
                return
            value, tick = self._value, self.machine.tick
            text, place = instruction_text(self.inspect, here), place_text(here, self.lines_at, short=True)
            self._note = ""
            is_way = self.inspect.instr(here).op.name in ("local.get", *_SETS_LOCALS)
            step = self._back(here)
            yield Cause(tick, value, text, place, self._note, is_way and step)

    # -- one step back; True: the machine stands before the instruction that made the value -----------

    def _maker(self, frame: Frame, operand: Variable) -> bool:
        """To the instruction that put an operand on the stack."""
        assert frame.instance is not None
        facts, record = frame.instance.facts(frame.func), frame.record
        slot = (operand.addr - record.base) // SLOT_BYTES - facts.num_local_slots
        self._value = f"{operand.text} ({operand.slot:#x})" if operand.text.lstrip("-").isdigit() else operand.text
        sites = frozenset(Site(record.vmctx, record.func, pc) for pc in writers(facts, slot))
        return self._to(sites, record) and self._into_call()

    def _to(self, sites: frozenset[Site], record: Record, since: int = 0) -> bool:
        now = self.machine.tick
        hooks = Hooks(dict.fromkeys(sites, self._over_time.only_of(record)))
        found = self.history.last(sites, hooks) if sites else None
        if found is None or found < since:
            self.history.back_to(now)
            return False
        self.history.back_to(found)
        return True

    def _into_call(self) -> bool:
        """From before a call of a function of a module to where that returned."""
        frame, now, depth = self.inspect.frame(0), self.machine.tick, self.machine.control.depth
        assert frame is not None
        assert frame.instance is not None
        instr = self.inspect.instr(frame)
        if instr.op.name not in _CALLS or _results(frame.instance, instr) != 1:
            return True
        self.history.run_until(Tick(now + 1), frozenset(), NO_HOOKS, over_site=True)
        back = Site(frame.record.vmctx, frame.func, frame.pc + 1)
        if self.machine.control.depth > depth and not self.machine.control.top.is_host:
            hooks = Hooks({back: self._over_time.only_of(frame.record)})
            self.history.run_until(self._began, frozenset({back}), hooks, over_site=False)
            if is_same(self.machine.control.top, frame.record):  # else something was thrown
                self.history.back_to(Tick(self.machine.tick - 1))
                return True
        self.history.back_to(now)
        return True

    def _to_write(self, start: int, size: int) -> bool:
        now = self.machine.tick
        watch = Watch(Addr(start), size, reads=False, writes=True)
        found = self.history.last(frozenset(), Hooks(watches=(watch,)))
        self.history.back_to(now if found is None else found)
        self._written = start
        return found is not None

    def _back(self, frame: Frame) -> bool:
        """Further back from the instruction that is about to run."""
        assert frame.instance is not None
        instr, found = self.inspect.instr(frame), dict(taken(self.inspect, frame))
        name = instr.op.name
        if name in _CALLS:
            self._note = "the host's answer" if _results(frame.instance, instr) == 1 else "one of several results"
            return False
        if name in _RETURNS:
            operands = self.inspect.operands(frame)
            return bool(operands) and self._maker(frame, operands[-1])
        if name == "local.get":
            return self._local(frame, index_of(instr, 0))
        if name == "global.get":
            return self._global(frame.instance, index_of(instr, 0))
        if Has.LOADS in instr.op.has and Imm.MEMARG in instr.op.imm and "address" in found:
            start = found["address"].slot + index_of(instr, 1)
            return self._load(frame.instance, index_of(instr, 0), start, instr.op.width)
        if name == "memory.copy":
            return self._copied(frame.instance, index_of(instr, 1), found)
        if name in _PASSES and found:
            return self._maker(frame, list(found.values())[-1])
        if "value" in found and Has.STORES in instr.op.has:
            return self._maker(frame, found["value"])
        if name == "select" and "condition" in found:
            return self._maker(frame, found["if not 0" if found["condition"].slot else "if 0"])
        if set(found) == {"left", "right"} and name.startswith("i"):
            return self._maker(frame, max(found.values(), key=lambda operand: operand.slot))
        return False

    def _local(self, frame: Frame, index: int) -> bool:
        """To what set a local of the innermost frame, or to the call that gave it."""
        assert frame.instance is not None
        record, number = frame.record, self.machine.control.depth - 1
        facts = frame.instance.facts(frame.func)
        called = self._over_time.called_at(number, record)
        instrs = ((pc, i) for pc, i in enumerate(facts.instrs) if i.op.name in _SETS_LOCALS)
        sets = frozenset(Site(record.vmctx, record.func, pc) for pc, i in instrs if i.imm[0] == index)
        if self._to(sets, record, called):
            return True
        if index >= len(facts.type.params):
            self._note = "a local begins as 0"
            return False
        if number == 0 or called >= self.machine.tick:
            self._note = "an argument from outside"
            return False
        self.history.back_to(called)
        caller = self.inspect.frame(0)
        if caller is None or caller.instance is None:
            return False
        arguments = [variable for _, variable in taken(self.inspect, caller)]
        return index < len(arguments) and self._maker(caller, arguments[index])

    def _global(self, instance: Instance, index: int) -> bool:
        extern = instance.globals[index]
        found = self._to_write(extern.storage, global_width(self.machine, extern.type))
        self._note = "" if found else "its initial value"
        return found

    def _load(self, instance: Instance, memory: int, start: int, width: int) -> bool:
        region = instance.memories[memory].region
        found = self._to_write(region.base + start, width)
        self._note = "" if found else f"{width} bytes at {start:#x} of the initial memory"
        return found

    def _copied(self, instance: Instance, memory: int, found: Mapping[str, Variable]) -> bool:
        """On from where bytes were copied from."""
        base = instance.memories[memory].region.base
        source = found["from"].slot + self._written - base - found["to"].slot
        return source >= 0 and self._to_write(base + source, 1)


def _results(instance: Instance, instr: Instr) -> int:
    """How many results a call has."""
    module, index = instance.module, index_of(instr, 0)
    type_ = module.func_type(index) if instr.op.name == "call" else module.types[index]
    return len(type_.results) if isinstance(type_, FuncType) else 0
