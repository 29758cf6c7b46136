"""A dump put back into a machine that was made from its module: to be looked at, or to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from debugger.coredump.dump import Dialect, Dump, Frame, Value
from debugger.coredump.objects import Objects
from debugger.coredump.take import FORMAT
from vm.control import WASM_FRAME, Record
from vm.errors import UserError
from vm.facts import Instr
from vm.globals import global_width, word_of_global
from vm.instance import Instance
from vm.machine import Machine, ThreadState
from vm.spawning import START_TYPE
from vm.types import SLOT_BYTES, Addr, FuncType, NumType, RefType, ValType, slots, total_slots

_OTHER = "is it a dump of this module?"
_CALLS = {"call": 0, "call_indirect": 1, "call_ref": 1}  # operands beside the arguments
_FORMATS = (1, FORMAT)
_MOST = 1 << 62
_WITH_FRAMES, _WITHOUT = (ThreadState.READY, ThreadState.WAITING), (ThreadState.IDLE, ThreadState.FINISHED)


class Loader:
    """Puts one dump into a machine. `notes` say what it lacks."""

    def __init__(self, dump: Dump, machine: Machine, main: Instance) -> None:
        self.dump, self.machine, self.main = dump, machine, main
        self.notes: list[str] = []
        state = dump.state if dump.state.get("format") in _FORMATS else {}
        self._state: dict[str, Any] = state
        self._complete = bool(state)
        self._lacks = ""  # the first thing that could not be put back

    def load(self) -> bool:
        """Whether the program can go on from here. Raises UserError where the dump is of another module."""
        self._instances_of_threads()
        self._objects = Objects(self.machine, self._state.get("objects"))
        self._memories()
        self._globals()
        self._tables()
        self._dropped()
        for name in ("tick", "waits", "skipped_ns"):
            if (value := _number(self._state.get(name))) is not None:
                self.machine.state.set(name, value)
        described = self._threads()
        self._frames(self.dump.frames, described[0] if described else self._state)
        self._others()
        resumes = self._complete and self._state.get("why_not") == "" and bool(self.dump.frames)
        self.machine.set_thread_state(ThreadState.READY if resumes else ThreadState.TRAPPED)
        self._say(resumes)
        return resumes

    def _incomplete(self, what: str) -> None:
        """The program cannot go on, as something is not as it was."""
        self._complete = False
        self._lacks = self._lacks or what

    def _say(self, resumes: bool) -> None:
        dump = self.dump
        self.notes.insert(0, f"core dump of {dump.name or 'a program'}, written as by {dump.dialect.value}")
        if not dump.memories:
            self.notes.append("it holds no memory: what is shown is the module's own")
        if dump.frames and not any(f.locals or f.stack for f in dump.frames):
            self.notes.append("its writer keeps no locals and no operands: zeros stand for them")
        why = self._state.get("why_not") or self._lacks
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
                    self._incomplete(f"global {i} of {instance.name} was not kept") if self._state else None
                    continue
                width, word = global_width(self.machine, extern.type), word_of_global(self.machine, extern.type, slot)
                self.machine.space.write(extern.storage, word.to_bytes(16, "little")[:width])

    def _tables(self) -> None:
        given = self._state.get("tables")
        tables = [t for i in self.machine.instances for t in i.tables]
        for number, table in enumerate(tables):
            elements = given[number] if isinstance(given, list) and number < len(given) else None
            if not isinstance(elements, list):
                if table.size and self._state:
                    self._incomplete(f"table {number} was not kept")
                continue
            if len(elements) > table.size:
                grown = table.grow(len(elements) - table.size, 0, self.machine.table_budget())
                if grown is None:
                    raise UserError(f"table {number} of the dump is past its limit")
            for i, element in enumerate(elements):
                if element == "lazy":
                    continue
                slot = self._objects.slot(element, table.type.elem)
                if slot is None:
                    self._incomplete(f"element {i} of table {number} cannot be what it was")
                    break
                table.set(i, slot)

    def _dropped(self) -> None:
        given = self._state.get("dropped")
        for number, instance in enumerate(self.machine.instances):
            for kind, name in enumerate(("data_dropped", "elem_dropped")):
                count = len(instance.module.datas if kind == 0 else instance.module.elems)
                for i in range(count):
                    if _at(given, number, kind, i) is True:
                        instance.record.set(name, 1, i)

    # -- threads ---------------------------------------------------------------------------------

    def _instances_of_threads(self) -> None:
        """Makes the instances again that threads had brought."""
        like, instances = self._state.get("like"), self.machine.instances
        make = self.machine.thread_instance
        for number in range(len(instances), len(like) if isinstance(like, list) else 0):
            first = _number(_at(like, number))
            if make is None or first is None or first >= len(instances):
                raise UserError("the dump has instances that this module's threads do not bring", _OTHER)
            make(instances[first])

    def _threads(self) -> list[dict[str, Any]]:
        """What is said of each thread, of the one that ran first."""
        given = self._state.get("threads")
        return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []

    def _others(self) -> None:
        """The threads beside the one that ran; each gets its number again."""
        described = self._threads()
        numbers = [_number(each.get("number")) for each in described]
        if sorted(n for n in numbers if n is not None) != list(range(len(described))):
            if described:
                raise UserError("the dump's threads cannot be told apart", _OTHER)
            return
        if len(described) != 1 + len(self.dump.others):
            self._incomplete("a thread's stack was not kept")
            return
        if len(described) > 1:
            self._move_first(int(described[0]["number"]))
        while len(self.machine.threads) < len(described):
            self.machine.add_thread()
        current = self.machine.current.number
        for each, (_, frames) in zip(described[1:], self.dump.others, strict=True):
            self.machine.switch(each["number"])
            self._frames(frames, each)
            self._thread(each, frames)
        self.machine.switch(current)
        self._thread(described[0], self.dump.frames)

    def _move_first(self, number: int) -> None:
        """The thread that ran was not the first: what was put there goes to its own."""
        if not number:
            return
        while len(self.machine.threads) <= number:
            self.machine.add_thread()
        self.machine.clear_call()
        self.machine.switch(number)
        self._frames(self.dump.frames, self._threads()[0])

    def _thread(self, each: dict[str, Any], frames: tuple[Frame, ...]) -> None:
        """The current thread's record."""
        record, machine = self.machine.thread, self.machine
        state = _number(each.get("state"))
        fits = _WITH_FRAMES if frames else _WITHOUT
        if state not in fits:
            self._incomplete(f"thread {machine.current.number} is in no state to go on")
            state = ThreadState.FINISHED
        record.set("state", state)
        match each.get("next"):
            case [int(number), int(func), int(arg)] if 0 <= number < len(machine.instances):
                instance = machine.instances[number]
                if instance.module.num_imported_funcs <= func < len(instance.module.func_type_indexes):
                    self._next(instance, func, arg)
        memories = list(machine.memories.values())
        match each.get("wait"):
            case [int(number), int(offset)] if 0 <= number < len(memories):
                if 0 <= offset < memories[number].size_bytes and state == ThreadState.WAITING:
                    record.set("wait_addr", memories[number].region.base + offset)
        if (state == ThreadState.WAITING) != bool(record.get("wait_addr")):
            self._incomplete(f"thread {machine.current.number} waits for nothing")
        for name in ("wait_turn", "wait_until_ns", "wait_answer"):
            record.set(name, _number(each.get(name)) or 0)

    def _next(self, instance: Instance, func: int, arg: int) -> None:
        """What the current thread calls once its call is over; only what any thread may be begun with."""
        type_ = instance.module.func_type(func)
        if type_ == START_TYPE:
            record = self.machine.thread
            record.set("next_vmctx", instance.addr)
            record.set("next_func", func)
            record.set("next_arg", arg & 0xFFFF_FFFF)

    # -- frames ----------------------------------------------------------------------------------

    def _frames(self, frames: tuple[Frame, ...], others: dict[str, Any]) -> None:
        """Puts frames on the current thread's stack; `others`: what the format has no values for."""
        machine = self.machine
        machine.clear_call()
        base = Addr(machine.values.base)
        for number in range(len(frames) - 1, -1, -1):
            frame = frames[number]
            instance = self._instance(frame)
            facts = instance.facts(frame.func)
            if machine.control.depth >= machine.limits.max_frames:
                raise UserError(f"the dump has {len(frames):,} frames", "--max-frames allows more")
            machine.check_stack(base, facts.frame_slots)
            pc = facts.index_at(instance.module.body(frame.func).span.start + frame.offset)
            if pc is None or (frame.offset and facts.instrs[pc].stack is None):
                where = f"+{frame.offset:#x} of {instance.name}'s function {frame.func}"
                raise UserError(f"the dump has a frame at {where}, where no instruction is", _OTHER)
            instr = facts.instrs[pc]
            is_call = number > 0
            depth = facts.num_local_slots + instr.height
            if is_call:
                callee = frames[number - 1]
                called = _type_of(self._instance(callee), callee.func)
                depth -= total_slots(called.params) + _CALLS.get(instr.op.name, 0)
                if not self._fits(called, _called(instance, instr)) or depth < facts.num_local_slots:
                    self._incomplete("a frame is in no call of the one above it")
                    depth = facts.num_local_slots + max(0, instr.height)
            types = instr.stack or ()
            held = (*facts.type.params, *map(_unset, facts.frame_types[len(facts.type.params) :]))
            self._fill(instance, base, held, frame.locals, _at(others.get("locals"), number))
            kept = self._kept(types, depth - facts.num_local_slots) if is_call else types
            above = Addr(base + facts.num_local_slots * SLOT_BYTES)
            self._fill(instance, above, kept, frame.stack, _at(others.get("stack"), number))
            machine.control.push(Record(instance.addr, frame.func, pc + is_call, base, WASM_FRAME, 0))
            base = Addr(base + depth * SLOT_BYTES)
        results = _type_of(self._instance(frames[-1]), frames[-1].func).results if frames else ()
        machine.thread.set("entry_results", total_slots(results))

    def _fits(self, callee: FuncType, called: FuncType | None) -> bool:
        """Whether a function may be what a call has called."""
        return called is not None and self.machine.matching.composite(callee, called)

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
        self, instance: Instance, base: Addr, types: tuple[ValType, ...], values: tuple[Value | None, ...], others: Any
    ) -> None:
        at = base
        for i, type_ in enumerate(types):
            value = values[i] if i < len(values) else None
            slot = self._slot(value, instance.engine_type(type_), _at(others, i))
            if slot is None:
                self._incomplete("a value of a frame was not kept, or is of another type")
                slot = 0
            size = slots(type_) * SLOT_BYTES
            self.machine.space.write(at, slot.to_bytes(size, "little"))
            at = Addr(at + size)

    def _slot(self, value: Value | None, type_: ValType, other: Any) -> int | None:
        """A value of a type (by engine-wide ids) as a slot; None when it was not captured, or as another type."""
        if isinstance(type_, RefType):
            return self._objects.slot(other, type_) if self._state else None
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


def _unset(type_: ValType) -> ValType:
    """The type of a local, which may not have been set yet: a reference is null then, whatever it is to be."""
    return replace(type_, nullable=True) if isinstance(type_, RefType) else type_


def _type_of(instance: Instance, func: int) -> FuncType:
    """A function's type by engine-wide ids."""
    found = instance.module.func_type(func)
    return FuncType(
        tuple(map(instance.engine_type, found.params)), tuple(map(instance.engine_type, found.results))
    )  # fmt: skip


def _called(instance: Instance, instr: Instr) -> FuncType | None:
    """What a call calls, by engine-wide ids; None for what is no call."""
    name, index = instr.op.name, instr.imm[0] if instr.imm else None
    if name not in _CALLS or not isinstance(index, int):
        return None
    if name == "call":
        return _type_of(instance, index)
    found = instance.module.types[index]
    assert isinstance(found, FuncType)
    return FuncType(
        tuple(map(instance.engine_type, found.params)), tuple(map(instance.engine_type, found.results))
    )  # fmt: skip


def _number(given: Any) -> int | None:
    return given if type(given) is int and 0 <= given < _MOST else None


def _at(given: Any, *path: int) -> Any:
    """An element of lists in lists; None when it is not there."""
    for i in path:
        if not isinstance(given, list) or not 0 <= i < len(given):
            return None
        given = given[i]
    return given
