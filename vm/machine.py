"""The machine: one store, its regions, and the records that everything is found through.

Guest state is the address space and nothing else. The Python objects kept here (instances, memories, tables, host
functions) say where things are and what they are called; what they *are* is read from the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from vm import eras
from vm.control import HOST_FRAME, NOBODY, WASM_FRAME, ControlStack, Record
from vm.errors import LinkError, Trap, TrapKind, UserError
from vm.facts import FunctionFacts
from vm.gc_heap import GcHeap, cast_test
from vm.host import HostCall, HostFunction, Outcome, Throw
from vm.instance import FuncExtern, Instance
from vm.journal import HostResult, Journal
from vm.layout import Era, Layouts, StructView
from vm.memories import LinearMemory, MemoryStyle
from vm.memory import AddressSpace, RegionKind
from vm.runtime_info import CompiledModules, InstanceInfo, ModuleRuntimeInfo
from vm.subtyping import Matching, TypeRegistry
from vm.tables import Table
from vm.threads import GuestThread
from vm.types import SLOT_BYTES, Addr, FuncType, RefType, Tick, total_slots

if TYPE_CHECKING:
    from vm.snapshot import Snapshot

_CODE_RESERVE_BYTES = 1 << 28
_DYNAMIC = 1  # a VMFunctionKind


class Continuation(NamedTuple):
    """How a host function that called the guest goes on: when that returns, and when something throws."""

    then: Callable[[HostCall, tuple[int, ...]], Outcome]
    catch: Callable[[HostCall, Throw], Outcome] | None = None


def too_many_frames(limit: int) -> Trap:
    """What a call past the limit of frames traps with."""
    return Trap(TrapKind.CALL_STACK_EXHAUSTED, f"{limit:,} frames")


class Convention(IntEnum):
    """How a call passes its values; each function has an entry for each, so many bytes into its code record.

    A function of a module is entered by `ARRAY` and `NATIVE` through a trampoline that fills its slots, a host function
    by `WASM` through one that hands its slots over.
    """

    WASM = 0  # in slots of the value stack
    ARRAY = 4  # in an array of 16-byte values, results too
    NATIVE = 8  # as the host's own functions take them


ENTRIES = {"array_call": Convention.ARRAY, "wasm_call": Convention.WASM, "native_call": Convention.NATIVE}
_ENTRY_OFFSETS = frozenset(Convention)
VALUE_BYTES = 16  # of Wasmtime's ValRaw


def call_words(code: Addr) -> dict[str, int]:
    """What the call fields of a record hold for a function; where an era has one for two, the later holds."""
    return {name: code + entry for name, entry in ENTRIES.items()}


class CodeKind(IntEnum):
    """What a code record stands for."""

    WASM = 1
    HOST = 2
    STARTUP = 3
    BUILTIN = 4


class ThreadState(IntEnum):
    """What a thread is doing. READY runs when an executor gets it."""

    IDLE = 0
    READY = 1
    FINISHED = 2
    TRAPPED = 3
    BLOCKED = 4
    EXITED = 5
    WAITING = 6


_STATES = tuple(ThreadState)  # by number


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """Bounds on what a guest may take, the same for every executor."""

    max_frames: int = 1_000_000
    value_stack_bytes: int = 64 << 20
    max_memory_bytes: int = 2 << 30  # all linear memories of the store together
    max_table_elements: int = 10_000_000  # all tables together
    max_gc_heap_bytes: int = 256 << 20
    max_instances: int = 1_000
    max_threads: int = 256


class Code(NamedTuple):
    """A code record, and the entry that a call word of a VMFuncRef points to."""

    vmctx: Addr
    func: int
    kind: CodeKind
    entry: Convention = Convention.WASM


class FuncRef(NamedTuple):
    """A VMFuncRef as it lies in memory."""

    code: Addr  # where the function's code record begins, whichever entries the words lead to
    type_id: int
    vmctx: Addr


class Machine:
    """A store, in the layout of an era."""

    def __init__(self, era: Era | None = None, limits: MachineLimits | None = None) -> None:
        self.limits = limits or MachineLimits()
        self.space = AddressSpace()
        self.layouts = Layouts(era or eras.NEWEST)
        self.instances: list[Instance] = []
        self.memories: dict[Addr, LinearMemory] = {}  # by definition
        self.tables: dict[Addr, Table] = {}  # by definition
        self.hosts: list[HostFunction] = []
        self.journal = Journal()
        self.copied: Snapshot | None = None  # the one that cards say what was written since of
        self.memory_style = MemoryStyle.AUTO
        self.canonical_nan = False  # arithmetic makes only canonical NaNs (spec: Profiles, Deterministic)
        self.threads: list[GuestThread] = []
        self.thread_instance: Callable[[Instance], Instance] | None = None  # makes a new thread's; None: no threads
        # what answers in a host function's place, by its number; None for a host function: it answers itself
        self.mocked: Callable[[int], Callable[[HostCall], Outcome] | None] | None = None
        self.host_tick = 0  # at which the host function that runs was called
        self.repeated: Callable[[HostResult, Instance | None], None] = lambda entry, caller: None  # is told of answers
        self.pause_requested: Callable[[], bool] = lambda: False
        self.types = TypeRegistry()  # their ids are the era's VMSharedTypeIndex
        self.matching = Matching(self.types)
        self.compiled = CompiledModules(self.layouts, self.types)
        func_ref = self.layouts.struct("VMFuncRef")
        named = {func_ref.field(name).name: (name, entry) for name, entry in ENTRIES.items() if func_ref.has(name)}
        self.call_fields = dict(named.values())  # the era's own, and how each is called
        self._func_ref_codec = func_ref.codec(*self.call_fields, "type_index", "vmctx")
        self._code_codec = self.layouts.struct("CodeRecord").codec("vmctx", "func", "kind")
        self.code_count = 0
        self._map_own_regions()
        self.gc = GcHeap(self.space, self.layouts, self.types, self.state, self._heap_definitions)

    # -- regions ---------------------------------------------------------------------------------

    def _map_own_regions(self) -> None:
        self.state = self._record_region(RegionKind.MACHINE, "machine", "Machine")
        self._tick = self.state.live("tick")
        self.add_thread()
        self.switch(0)
        self.code = self.space.map(RegionKind.CODE, "code", 0, reserve=_CODE_RESERVE_BYTES, writable=False)
        self.bulk_done = self.space.words(self.state.at("bulk_done"), 1)  # live
        self._fill_state()
        self.store_context = self._store_context()
        self.builtins = self._builtins()

    def add_thread(self) -> GuestThread:
        """A new idle thread with stacks of its own. Raises LinkError past the limit."""
        number, limits = len(self.threads), self.limits
        if number >= limits.max_threads:
            raise LinkError(f"more than {limits.max_threads} threads", "raise --max-threads")
        record = self._record_region(RegionKind.THREAD, f"thread {number}", "Thread")
        control_bytes = limits.max_frames * self.layouts.struct("ControlRecord").size
        control = self.space.map(RegionKind.CONTROL, f"control stack {number}", control_bytes, tracked=False)
        values = self.space.map(
            RegionKind.VALUES, f"value stack {number}", limits.value_stack_bytes, tracked=False
        )  # fmt: skip
        thread = GuestThread(number, record, ControlStack(self.layouts, record, control), values, {})
        self.threads.append(thread)
        self.state.set("thread_count", len(self.threads))
        return thread

    def switch(self, number: int) -> None:
        """Makes a thread the current one: what an executor runs and `control`, `values` and `thread` mean."""
        current = self.threads[number]
        self.current, self.thread, self.control, self.values = current, current.record, current.control, current.values
        self.state.set("current_thread", number)

    @property
    def continuations(self) -> dict[int, Continuation]:
        """What host frames of the current thread go on with once the guest function they called returns, by depth."""
        return self.current.continuations

    def _record_region(self, kind: RegionKind, name: str, struct: str) -> StructView:
        layout = self.layouts.struct(struct)
        return self.view(struct, self.space.map(kind, name, layout.size).base)

    def _fill_state(self) -> None:
        self.state.set("max_frames", self.limits.max_frames)
        self.state.set("max_memory_bytes", self.limits.max_memory_bytes)
        self.state.set("max_table_elements", self.limits.max_table_elements)
        self.state.set("max_gc_heap_bytes", self.limits.max_gc_heap_bytes)

    def _store_context(self) -> StructView:
        view = self._record_region(RegionKind.STORE, "store context", "VMStoreContext")
        if view.has("stack_limit"):
            view.set("stack_limit", (1 << self.layouts.pointer_bytes * 8) - 1)  # as at rest: no limit
        self.epoch = self.space.map(RegionKind.STORE, "epoch counter", SLOT_BYTES).base
        return view

    def _heap_definitions(self) -> Iterator[Addr]:
        """Where it stands where the GC heap lies: in the store context, or in every VMContext."""
        if self.store_context.has("gc_heap"):
            yield self.store_context.at("gc_heap")
        elif "gc_heap" in self.layouts.era.paths:
            yield from (instance.vmctx.at("gc_heap_base") for instance in self.instances)

    def publish_heap(self, vmctx: StructView) -> None:
        """Tells a new instance where the GC heap lies, in eras in which each of them knows."""
        if vmctx.has("gc_heap_base"):
            self.gc.publish(vmctx.at("gc_heap_base"))

    def _builtins(self) -> Addr:
        names = self.layouts.era.builtins
        self._first_builtin = self.add_codes([(Addr(0), i, CodeKind.BUILTIN) for i in range(len(names))])
        codes = [self.runtime_code(i) for i in range(len(names))]
        pointer = self.layouts.pointer_bytes
        region = self.space.map(RegionKind.BUILTINS, "builtins", len(names) * pointer, writable=False)
        self.space.fill_readonly(region, b"".join(c.to_bytes(pointer, "little") for c in codes))
        return region.base

    def runtime_code(self, number: int) -> Addr:
        """The code that entry `number` of the array of builtins leads to."""
        return Addr(self._first_builtin + number * self.layouts.struct("CodeRecord").size)

    def view(self, struct: str, addr: Addr) -> StructView:
        """A struct of the era at an address."""
        return StructView(self.space, self.layouts, self.layouts.struct(struct), addr)

    # -- code, types, funcrefs -------------------------------------------------------------------

    def add_code(self, vmctx: Addr, func: int, kind: CodeKind) -> Addr:
        """A new code record: the address that stands for a function's code."""
        return self.add_codes([(vmctx, func, kind)])

    def add_codes(self, records: list[tuple[Addr, int, CodeKind]]) -> Addr:
        """New code records, one after another; the first one's address."""
        stride = self.layouts.struct("CodeRecord").size
        at = self.code_count * stride
        if at + len(records) * stride > self.code.reserved:
            raise LinkError("too many functions in this store")
        self.space.grow(self.code, at + len(records) * stride)
        for i, record in enumerate(records):
            self._code_codec.pack_into(self.code.view, at + i * stride, *record)
        self.code_count += len(records)
        return Addr(self.code.base + at)

    def code_at(self, addr: int) -> Code | None:
        """What an address leads to, or None when it is no entry of any code."""
        stride, offset = self.layouts.struct("CodeRecord").size, addr - self.code.base
        if not 0 <= offset < self.code_count * stride or offset % stride not in _ENTRY_OFFSETS:
            return None
        vmctx, func, kind = self._code_codec.unpack_from(self.code.view, offset - offset % stride)
        return Code(Addr(vmctx), func, CodeKind(kind), Convention(offset % stride))

    def type_id(self, type_: FuncType) -> int:
        """The engine-wide id of a host function's type: equal types have equal ids."""
        return self.types.add(type_)

    def type_of(self, type_id: int) -> FuncType | None:
        """The function type behind an engine-wide id."""
        found = self.types.types[type_id].type if type_id < len(self.types.types) else None
        return found if isinstance(found, FuncType) else None

    def func_ref(self, instance: Instance, func: int) -> Addr:
        """A function's VMFuncRef, written when first needed (the ref_func builtin)."""
        at = instance.func_ref_at(func)
        if at is None:
            raise UserError(f"function {func} has no funcref: the module never takes a reference to it")
        if instance.is_imported(func):
            if not self.layouts.era.imports_use_import_record:
                record = self.read_import(instance, func)
                self._write_func_ref(at, record)
        else:
            type_id = instance.func_type_id(func)
            self._write_func_ref(at, FuncRef(self.code_of(instance, func), type_id, instance.addr))
        return at

    def _write_func_ref(self, at: Addr, record: FuncRef) -> None:
        if self.read_func_ref(at) != record:
            view = self.view("VMFuncRef", at)
            for name, word in call_words(record.code).items():
                if view.has(name):
                    view.set(name, word)
            view.set("type_index", record.type_id)
            view.set("vmctx", record.vmctx)

    def link_wasm_call(self, func_ref: Addr) -> Addr:
        """Gives a host function's VMFuncRef, which compiled code calls now, its `wasm_call`: a trampoline."""
        code = self.read_func_ref(func_ref).code
        self.view("VMFuncRef", func_ref).set("wasm_call", code + Convention.WASM)
        return code

    def read_import(self, instance: Instance, func: int) -> FuncRef:
        """What an imported function's VMFunctionImport says."""
        entry = instance.import_record(func)
        code = Addr(entry.get("wasm_call"))
        type_id = entry.get("type_index") if entry.has("type_index") else self.type_id_of_code(code)
        assert type_id is not None, "an import's call word is always code"
        return FuncRef(code, type_id, Addr(entry.get("vmctx")))

    def runtime_info(self, instance: Instance) -> ModuleRuntimeInfo:
        """What the runtime asks about an instance's module."""
        stride = self.layouts.struct("CodeRecord").size
        return InstanceInfo(self.compiled(instance.module), instance.code_base, stride)

    def code_of(self, instance: Instance, func: int) -> Addr:
        """The code address of a function defined in an instance."""
        return Addr(instance.code_base + func * self.layouts.struct("CodeRecord").size)

    def read_func_ref(self, at: Addr) -> FuncRef:
        """A VMFuncRef's words. Raises MemoryFault."""
        size = self.layouts.struct("VMFuncRef").size
        *calls, type_id, vmctx = self._func_ref_codec.unpack_from(self.space.read(at, size), 0)
        entries = zip(calls, self.call_fields.values(), strict=True)
        code = next((word - entry for word, entry in entries if word), 0)
        return FuncRef(Addr(code), type_id, Addr(vmctx))

    def type_id_of_code(self, code: int) -> int | None:
        """The engine-wide type id of what a call word may lead to; None: nothing that may be called."""
        found = self.code_at(code)
        if found is None:
            return None
        if found.kind is CodeKind.HOST:
            return self.type_id(self.hosts[found.func].type)
        owner = self.instance_at(found.vmctx)
        if found.kind is not CodeKind.WASM or owner is None or owner.is_imported(found.func):
            return None
        return owner.func_type_id(found.func)

    def define_host(self, function: HostFunction) -> FuncExtern:
        """Makes a host function known to the store: a context of its own and a funcref in it."""
        layout = self.layouts.struct("VMArrayCallHostFuncContext")
        region = self.space.map(RegionKind.HOST_CONTEXT, f"context of {function.label}", layout.size)
        context = self.view("VMArrayCallHostFuncContext", region.base)
        if context.has("magic"):
            context.set_raw("magic", self.layouts.era.magics["array_call_host_func"].encode())
        func_ref = context.inner("func_ref")
        code = self.add_code(region.base, len(self.hosts), CodeKind.HOST)
        for name, word in call_words(code).items():
            if func_ref.has(name) and (name != "wasm_call" or self.layouts.era.host_wasm_call):
                func_ref.set(name, word)
        if context.has("host_func"):
            context.set("host_func", code + Convention.ARRAY)
        if context.has("context"):
            context.inner("context").set("address", code)
            context.set("kind", _DYNAMIC)
        func_ref.set("type_index", self.type_id(function.type))
        func_ref.set("vmctx", region.base)
        self.hosts.append(function)
        return FuncExtern(func_ref.addr, function.type, self.type_id(function.type))

    def instance_at(self, vmctx: int) -> Instance | None:
        """The instance whose VMContext lies at an address."""
        for instance in self.instances:
            if instance.vmctx.addr == vmctx:
                return instance
        return None

    def holds(self, type_: RefType, slot: int) -> bool:
        """Whether a slot is a value of a reference type (by engine-wide ids)."""
        if slot and not type_.is_func and not self.gc.is_i31(slot) and not self.gc.is_object(slot):
            return False
        return self.cast_test(type_)(slot)

    def cast_test(self, type_: RefType, is_subtype: Callable[[int, int], bool] | None = None) -> Callable[[int], bool]:
        """Tells values of a reference type (by engine-wide ids) from others of its hierarchy."""
        type_of = self._type_of_func_ref
        return cast_test(self.gc, type_, type_of, is_subtype or self.types.is_subtype)

    def _type_of_func_ref(self, func_ref: int) -> int:
        return self.read_func_ref(Addr(func_ref)).type_id

    # -- budgets ---------------------------------------------------------------------------------

    def memory_budget(self) -> int:
        """Bytes by which the linear memories may still grow, all together."""
        return max(0, self.state.get("max_memory_bytes") - sum(m.size_bytes for m in self.memories.values()))

    def table_budget(self) -> int:
        """Elements by which the tables may still grow, all together."""
        return max(0, self.state.get("max_table_elements") - sum(t.size for t in self.tables.values()))

    # -- calls -----------------------------------------------------------------------------------

    @property
    def tick(self) -> Tick:
        return Tick(self._tick.view[0])

    @tick.setter
    def tick(self, tick: int) -> None:
        self._tick.value = tick

    @property
    def thread_state(self) -> ThreadState:
        return _STATES[self.current.state.view[0]]

    def set_thread_state(self, state: ThreadState) -> None:
        self.current.state.value = state

    def function_facts(self, instance: Instance, func: int) -> FunctionFacts:
        """The facts of a function defined in an instance."""
        return instance.facts(func)

    def begin(self, target: FuncExtern | tuple[Instance, int], args: tuple[int, ...]) -> None:
        """Sets the idle thread up to call a function with these argument slots."""
        assert self.control.depth == 0, "a call is under way"
        code, type_ = self._entry(target)
        self.values.view[: len(args) * SLOT_BYTES] = b"".join(a.to_bytes(SLOT_BYTES, "little") for a in args)
        self.thread.set("entry_results", total_slots(type_.results))
        self.push_call(code, self.values.base)
        self.set_thread_state(ThreadState.READY)

    def _entry(self, target: FuncExtern | tuple[Instance, int]) -> tuple[Code, FuncType]:
        if isinstance(target, FuncExtern):
            return self.by_array(target.func_ref), target.type
        instance, func = target
        if instance.is_imported(func):
            found = self.code_at(self.read_import(instance, func).code)
            assert found is not None, "an import's call word is always code"
            return found, instance.module.func_type(func)
        return Code(instance.addr, func, CodeKind.WASM), instance.module.func_type(func)

    def by_array(self, func_ref: Addr) -> Code:
        """What the host calls: a VMFuncRef's `array_call`. Raises MemoryFault."""
        found = self.code_at(self.view("VMFuncRef", func_ref).get("array_call"))
        assert found is not None, "a VMFuncRef's call word is always code"
        return found

    def push_call(self, code: Code, base: Addr, caller: Addr = NOBODY) -> None:
        """Pushes the frame of a call whose argument slots lie at `base`; a host function is told its caller.

        Raises the exhaustion trap.
        """
        if self.control.depth >= self.limits.max_frames:
            raise too_many_frames(self.limits.max_frames)
        if code.kind is CodeKind.HOST:
            type_ = self.hosts[code.func].type
            self.check_stack(base, max(total_slots(type_.params), total_slots(type_.results)))
            self.control.push(Record(code.vmctx, code.func, 0, base, HOST_FRAME, 0, caller))
            return
        instance = self.instance_at(code.vmctx)
        assert instance is not None
        facts = self.function_facts(instance, code.func)
        self.check_stack(base, facts.frame_slots)
        first, last = facts.param_slots * SLOT_BYTES, facts.num_local_slots * SLOT_BYTES
        offset = base - self.values.base
        self.values.view[offset + first : offset + last] = bytes(last - first)
        self.control.push(Record(code.vmctx, code.func, 0, base, WASM_FRAME, 0))

    def check_stack(self, base: int, slots: int) -> None:
        """Raises the exhaustion trap unless `slots` slots fit on the value stack from `base` on."""
        if base + slots * SLOT_BYTES > self.values.end:
            raise Trap(TrapKind.CALL_STACK_EXHAUSTED, f"the value stack of {self.values.size:,} bytes is full")

    def frame_end(self, record: Record) -> Addr:
        """The address behind a frame's last slot."""
        if record.is_host:
            type_ = self.hosts[record.func].type
            count = max(total_slots(type_.params), total_slots(type_.results))
        else:
            instance = self.instance_at(record.vmctx)
            assert instance is not None
            count = self.function_facts(instance, record.func).frame_slots
        return Addr(record.base + count * SLOT_BYTES)

    def slots(self, base: Addr, count: int) -> tuple[int, ...]:
        """`count` slots of the value stack."""
        return tuple(self.space.words(base, count)) if count else ()

    def results(self) -> tuple[int, ...]:
        """The result slots of a finished outermost call."""
        return self.slots(self.values.base, self.thread.get("entry_results"))

    def clear_call(self) -> None:
        """Forgets the call under way, or its results: the thread is idle again."""
        self.control.depth = 0
        self.bulk_done[0] = 0
        for name in ("blocked", "deadline_ns", "exit_code"):
            self.thread.set(name, 0)
        self.set_thread_state(ThreadState.IDLE)

    def frames(self) -> Iterator[tuple[int, Record]]:
        """Control records from the innermost (0) out."""
        depth = self.control.depth
        return ((i, self.control[depth - 1 - i]) for i in range(depth))
