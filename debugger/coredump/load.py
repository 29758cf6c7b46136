"""A dump put back into a machine that was made from its module: to be looked at, or to go on."""

from __future__ import annotations

from typing import Any

from debugger.coredump.dump import Dialect, Dump, Frame, Value
from debugger.coredump.take import FORMAT
from vm.control import WASM_FRAME, Record
from vm.errors import UserError
from vm.globals import global_width
from vm.instance import Instance
from vm.machine import Machine, ThreadState
from vm.types import SLOT_BYTES, Addr, NumType, RefType, Tick, ValType, slots, total_slots

_ANY_FUNCTION = "funcref"
_OTHER = "is it a dump of this module?"
_CALLS_WITH_ONE_MORE = ("call_indirect", "call_ref", "return_call_indirect", "return_call_ref")


class Loader:
    """Puts one dump into a machine. `notes` say what it lacks."""

    def __init__(self, dump: Dump, machine: Machine, main: Instance) -> None:
        self.dump, self.machine, self.main = dump, machine, main
        self.notes: list[str] = []
        state = dump.state if dump.state.get("format") == FORMAT else {}
        self._state: dict[str, Any] = state
        self._complete = bool(state)

    def load(self) -> bool:
        """Whether the program can go on from here. Raises UserError where the dump is of another module."""
        self._memories()
        self._globals()
        self._tables()
        self._dropped()
        self._frames()
        resumes = self._complete and self._state.get("why_not") == "" and bool(self.dump.frames)
        if isinstance(tick := self._state.get("tick"), int) and 0 <= tick < 1 << 62:
            self.machine.tick = Tick(tick)
        results = self.machine.thread.get("entry_results")
        if self.dump.frames:
            func = self.dump.frames[-1]
            results = total_slots(self._instance(func).module.func_type(func.func).results)
        self.machine.thread.set("entry_results", results)
        self.machine.set_thread_state(ThreadState.READY if resumes else ThreadState.TRAPPED)
        self._say(resumes)
        return resumes

    def _say(self, resumes: bool) -> None:
        dump = self.dump
        self.notes.insert(0, f"core dump of {dump.name or 'a program'}, written as by {dump.dialect.value}")
        if not dump.memories:
            self.notes.append("it holds no memory: what is shown is the module's own")
        if dump.frames and not any(f.locals or f.stack for f in dump.frames):
            self.notes.append("its writer keeps no locals and no operands: zeros stand for them")
        why = self._state.get("why_not")
        if not resumes:
            reason = f": {why}" if isinstance(why, str) and why else ""
            self.notes.append(f"it can be looked at, not resumed{reason}")

    def _instance(self, frame: Frame) -> Instance:
        """The instance of a frame; writers guess it, so one that cannot hold the function is the program's own."""
        instances = self.machine.instances
        found = instances[frame.instance] if frame.instance < len(instances) and self._state else self.main
        if not found.module.num_imported_funcs <= frame.func < len(found.module.func_type_indexes):
            raise UserError(f"the dump has a frame of function {frame.func}, which {found.name} does not define",
                            _OTHER)  # fmt: skip
        return found

    # -- state -----------------------------------------------------------------------------------

    def _memories(self) -> None:
        mine = list(self.machine.memories.values())
        for number, memory in enumerate(self.dump.memories):
            if number >= len(mine):
                raise UserError(f"the dump has {len(self.dump.memories)} memories, the module {len(mine)}",
                                _OTHER)  # fmt: skip
            target = mine[number]
            more = memory.pages - target.pages
            if more > 0 and target.grow(more, self.machine.memory_budget()) is None:
                raise UserError(f"memory {number} of the dump has {memory.pages:,} pages, which is past the limit",
                                "--max-memory allows more")  # fmt: skip
            target.write(0, bytes(target.size_bytes))
            for offset, data in memory.pieces:
                if offset + len(data) > target.size_bytes:
                    raise UserError(f"the dump's data pass the end of memory {number}")
                target.write(offset, data)

    def _globals(self) -> None:
        others = self._state.get("globals")
        for number, instance in enumerate(self.machine.instances):
            listed = self.dump.instances[number].globals if number < len(self.dump.instances) else ()
            if not listed and instance is self.main and not self.dump.instances:
                listed = tuple(range(len(self.dump.globals)))
            for i, extern in enumerate(instance.globals):
                at = listed[i] if i < len(listed) else None
                value = self.dump.globals[at][0] if at is not None and at < len(self.dump.globals) else None
                slot = self._slot(value, extern.type.value, _at(others, number, i))
                if slot is None:
                    continue
                width = global_width(self.machine, extern.type)
                self.machine.space.write(extern.storage, slot.to_bytes(16, "little")[:width])

    def _tables(self) -> None:
        given = self._state.get("tables")
        tables = [t for i in self.machine.instances for t in i.tables]
        for number, table in enumerate(tables):
            elements = given[number] if isinstance(given, list) and number < len(given) else None
            if not isinstance(elements, list) or str(table.type.elem) != _ANY_FUNCTION:
                self._complete = self._complete and not table.size
                continue
            if len(elements) > table.size:
                grown = table.grow(len(elements) - table.size, 0, self.machine.table_budget())
                if grown is None:
                    raise UserError(f"table {number} of the dump is past its limit")
            for i, element in enumerate(elements):
                if element != "lazy":
                    table.set(i, self._reference(element))

    def _reference(self, named: Any) -> int:
        """The VMFuncRef of [instance, function]; null for anything else."""
        instances = self.machine.instances
        if not (isinstance(named, list) and len(named) == 2 and all(isinstance(n, int) for n in named)):
            return 0
        number, func = named
        if not 0 <= number < len(instances) or not 0 <= func < len(instances[number].module.func_type_indexes):
            return 0
        instance = instances[number]
        return self.machine.func_ref(instance, func) if instance.func_ref_at(func) else 0

    def _dropped(self) -> None:
        given = self._state.get("dropped")
        for number, instance in enumerate(self.machine.instances):
            for kind, name in enumerate(("data_dropped", "elem_dropped")):
                count = len(instance.module.datas if kind == 0 else instance.module.elems)
                for i in range(count):
                    if _at(given, number, kind, i) is True:
                        instance.record.set(name, 1, i)

    # -- frames ----------------------------------------------------------------------------------

    def _frames(self) -> None:
        machine, dump = self.machine, self.dump
        machine.clear_call()
        base = Addr(machine.values.base)
        for number in range(len(dump.frames) - 1, -1, -1):
            frame = dump.frames[number]
            instance = self._instance(frame)
            facts = instance.facts(frame.func)
            if machine.control.depth >= machine.limits.max_frames:
                raise UserError(f"the dump has {len(dump.frames):,} frames", "--max-frames allows more")
            machine.check_stack(base, facts.frame_slots)
            pc = facts.index_at(instance.module.body(frame.func).span.start + frame.offset)
            if pc is None or (frame.offset and facts.instrs[pc].stack is None):
                where = f"+{frame.offset:#x} of {instance.name}'s function {frame.func}"
                raise UserError(f"the dump has a frame at {where}, where no instruction is", _OTHER)
            instr = facts.instrs[pc]
            is_call = number > 0
            depth = facts.num_local_slots + instr.height
            if is_call:
                callee = dump.frames[number - 1]
                params = self._instance(callee).module.func_type(callee.func).params
                depth -= total_slots(params) + (instr.op.name in _CALLS_WITH_ONE_MORE)
                if "call" not in instr.op.name or depth < facts.num_local_slots:
                    self._complete = False
                    depth = facts.num_local_slots + max(0, instr.height)
            types = instr.stack or ()
            self._fill(base, facts.local_types, frame.locals, "locals", number)
            kept = self._kept(types, depth - facts.num_local_slots) if is_call else types
            self._fill(Addr(base + facts.num_local_slots * SLOT_BYTES), kept, frame.stack, "stack", number)
            machine.control.push(Record(instance.addr, frame.func, pc + is_call, base, WASM_FRAME, 0))
            base = Addr(base + depth * SLOT_BYTES)

    def _kept(self, types: tuple[ValType, ...], left: int) -> tuple[ValType, ...]:
        """The operands of a caller that are not its callee's."""
        kept: list[ValType] = []
        for type_ in types:
            left -= slots(type_)
            if left < 0:
                break
            kept.append(type_)
        return tuple(kept)

    def _fill(
        self, base: Addr, types: tuple[ValType, ...], values: tuple[Value | None, ...], kind: str, frame: int
    ) -> None:
        at = base
        for i, type_ in enumerate(types):
            value = values[i] if i < len(values) else None
            slot = self._slot(value, type_, _at(self._state.get(kind), frame, i))
            if slot is None:
                self._complete = False
                slot = 0
            size = slots(type_) * SLOT_BYTES
            self.machine.space.write(at, slot.to_bytes(size, "little"))
            at = Addr(at + size)

    def _slot(self, value: Value | None, type_: ValType, other: Any) -> int | None:
        """A value of a type as a slot; None when it was not captured, or as another type."""
        if isinstance(type_, RefType):  # a typed one would have to be checked: such a program is not resumed
            return self._reference(other) if str(type_) == _ANY_FUNCTION and self._state else None
        if type_ is NumType.V128:
            try:
                return int(other, 16) & (1 << 128) - 1 if isinstance(other, str) and len(other) < 40 else None
            except ValueError:
                return None
        if value is None:
            return None
        wide = type_ in (NumType.I64, NumType.F64)
        if value.type != type_.name.lower() and self.dump.dialect is Dialect.STANDARD:
            return None
        return value.bits & ((1 << 64) - 1 if wide else 0xFFFF_FFFF)


def _at(given: Any, *path: int) -> Any:
    """An element of lists in lists; None when it is not there."""
    for i in path:
        if not isinstance(given, list) or not 0 <= i < len(given):
            return None
        given = given[i]
    return given
