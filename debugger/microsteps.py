"""What compiled code does for an instruction, load by load, along the era's access paths.

Nothing runs and nothing is written: each micro-step names the bytes it touches and what they hold at the stop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from debugger.inspect import Frame, Inspector
from debugger.operands import index_of, taken
from vm.errors import MemoryFault
from vm.facts import Instr
from vm.instance import Instance
from vm.layout import StructView
from vm.libcalls import memory, objects, tables
from vm.libcalls.libcall import entry_at
from vm.libcalls.table import AnyLibcall
from vm.machine import Machine
from vm.ops.row import Has, Imm
from vm.types import Addr, ExternKind, RefType

_NOWHERE = Addr(0)
_CALLS, _INDIRECT = ("call", "return_call"), ("call_indirect", "return_call_indirect")
_REFERENCED = ("call_ref", "return_call_ref")
# What of the runtime an instruction calls: the first of these that the era has whole.
_RUNTIME: Mapping[str, tuple[tuple[AnyLibcall, ...], ...]] = MappingProxyType({
    "memory.grow": ((memory.memory_grow,),),
    "memory.copy": ((memory.memory_copy,),),
    "memory.fill": ((memory.memory_fill,),),
    "memory.init": ((memory.memory_init,),),
    "data.drop": ((memory.data_drop,),),
    "elem.drop": ((tables.elem_drop,),),
    "table.copy": ((tables.table_copy,),),
    "table.init": ((tables.table_init,), (tables.elem_segment_len, tables.elem_segment_base)),
    "ref.func": ((tables.ref_func,),),
    "memory.atomic.notify": ((memory.memory_atomic_notify,),),
    "memory.atomic.wait32": ((memory.memory_atomic_wait32,),),
    "memory.atomic.wait64": ((memory.memory_atomic_wait64,),),
    **dict.fromkeys(("struct.new", "struct.new_default", "array.new", "array.new_default", "array.new_fixed"),
                    ((objects.gc_alloc_raw,),)),
    "array.new_data": ((objects.array_new_data,),),
    "array.new_elem": ((objects.array_new_elem,), (tables.elem_segment_len, tables.elem_segment_base)),
    "array.copy": ((objects.array_copy,),),
    "array.init_data": ((objects.array_init_data,),),
    "array.init_elem": ((objects.array_init_elem,), (tables.elem_segment_len, tables.elem_segment_base)),
    "throw": ((objects.gc_alloc_raw, objects.throw_ref), (objects.throw_ref,), (objects.gc_alloc_raw,)),
    "throw_ref": ((objects.throw_ref,),),
})  # fmt: skip
_IN_LINE = "compiled code does this by itself"
_ALLOCATES = ("struct.new", "array.new", "throw")  # names of rows that make objects begin so
_OF_IMPORTS = ("memory.grow", "memory.copy", "memory.fill", "memory.atomic")  # Wasmer has another where imported


@dataclass(frozen=True, slots=True)
class MicroStep:
    """One thing compiled code does. `addr` and `size` are the bytes it touches; size 0: it touches none."""

    text: str
    addr: Addr = _NOWHERE
    size: int = 0
    value: int = 0  # what those bytes hold now
    meaning: str = ""
    failed: bool = False  # a check that traps


def microsteps(machine: Machine, inspect: Inspector, frame: Frame) -> tuple[MicroStep, ...]:
    """What the instruction a frame stands at expands into; none for one that touches no structure."""
    if frame.instance is None:
        return ()
    walk = _Walk(machine, inspect, frame, frame.instance)
    return tuple(walk.steps())


@dataclass(frozen=True)
class _Walk:
    """One instruction."""

    machine: Machine
    inspect: Inspector
    frame: Frame
    instance: Instance

    def steps(self) -> Iterator[MicroStep]:
        instr = self.inspect.instr(self.frame)
        name = instr.op.name
        operands = {key: variable.slot for key, variable in taken(self.inspect, self.frame)}
        if name in _RUNTIME:
            yield from self._by_runtime(instr)
        elif Imm.MEMARG in instr.op.imm:
            yield from self._access(instr, operands)
        elif name in _CALLS:
            yield from self._call(index_of(instr, 0))
        elif name in _INDIRECT:
            yield from self._indirect(instr, operands)
        elif name in _REFERENCED:
            yield from self._through(Addr(operands.get("function", 0)), None)
        elif (one := self._OTHERS.get(name)) is not None:
            yield from one(self, instr, operands)

    # -- loads -----------------------------------------------------------------------------------

    def _load(self, view: StructView, field: str, meaning: str = "", index: int = 0) -> MicroStep:
        placed = view.layout.field(field)
        at = placed.at(view.addr, index)
        name = f"{view.layout.name}.{placed.name}" + ("" if placed.count is None else f"[{index}]")
        return self._bytes(f"load {name}", at, placed.stride, meaning)

    def _bytes(self, text: str, at: Addr, size: int, meaning: str = "") -> MicroStep:
        try:
            value = self.machine.space.load(at, size)
        except MemoryFault:
            return MicroStep(text, at, size, 0, "not mapped", failed=True)
        return MicroStep(text, at, size, value, meaning or self.inspect.describe_address(value))

    def _follow(self, path: str, index: int) -> Iterator[MicroStep]:
        """The loads of an access path; the last step's `value` is not where it leads, `_end` says that."""
        layouts, at, shape = self.machine.layouts, self.instance.addr, self.instance.shape.counts
        name = ""
        for number, hop in enumerate(layouts.era.paths[path]):
            placed = layouts.struct(hop.struct, {} if number else shape).field(hop.field)
            at = placed.at(at, index if hop.indexed else 0)
            name = f"{name}.{placed.name}" if name else f"VMContext.{placed.name}"
            name += f"[{index}]" if hop.indexed else ""
            if hop.load:
                yield self._bytes(f"load {name}", at, layouts.pointer_bytes)
                at = Addr(self.machine.space.load(at, layouts.pointer_bytes))

    def _end(self, path: str, index: int) -> Addr:
        layouts, counts = self.machine.layouts, self.instance.shape.counts
        return layouts.follow(self.machine.space, layouts.era.paths[path], self.instance.addr, index, counts)

    def _place(self, kind: ExternKind, index: int) -> tuple[str, int]:
        imported = sum(1 for _ in self.instance.module.imported(kind))
        return (f"{kind}.imported", index) if index < imported else (f"{kind}.defined", index - imported)

    def _builtin(self, call: AnyLibcall, imported: bool = False) -> Iterator[MicroStep]:
        """A call of a runtime function through the array of builtins."""
        layouts, vmctx = self.machine.layouts, self.instance.vmctx
        number = call.number(layouts.era, imported)
        if number is None:
            yield MicroStep(_IN_LINE, meaning="this era has no builtin for it")
            return
        name = layouts.era.builtins[number]
        if vmctx.layout.field("builtin_functions").count is None:
            yield self._load(vmctx, "builtin_functions", "the array of builtins")
            at = entry_at(layouts, self.instance, number)
            yield self._bytes(f"load builtin {number}, {name}", at, layouts.pointer_bytes)
        else:
            yield self._load(vmctx, "builtin_functions", name, number)
        yield MicroStep(f"call {name} with vmctx", meaning="the runtime does it and comes back")

    # -- memory ----------------------------------------------------------------------------------

    def _access(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        memory, offset = index_of(instr, 0), index_of(instr, 1)
        start, width = operands.get("address", 0) + offset, instr.op.width
        path, number = self._place(ExternKind.MEMORY, memory)
        yield from self._follow(path, number)
        view = self.machine.view("VMMemoryDefinition", self._end(path, number))
        yield self._load(view, "base")
        yield self._load(view, "current_length", "bytes")
        length = view.get("current_length")
        inside = start + width <= length
        sign = "≤" if inside else ">"
        yield MicroStep(
            f"compare {start:#x} + {width} {sign} {length:#x}",
            meaning="in bounds" if inside else "trap: out of bounds", failed=not inside,
        )  # fmt: skip
        if inside:
            verb = "store" if Has.STORES in instr.op.has else "load"
            at = Addr(view.get("base") + start)
            if width <= 8:
                yield self._bytes(f"{verb} {width} bytes at base + {start:#x}", at, width, " ")
            else:
                yield MicroStep(f"{verb} {width} bytes at base + {start:#x}", at, width)

    def _memory_size(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        path, number = self._place(ExternKind.MEMORY, index_of(instr, 0))
        yield from self._follow(path, number)
        view = self.machine.view("VMMemoryDefinition", self._end(path, number))
        yield self._load(view, "current_length", "bytes")
        log2 = self.instance.module.memories[index_of(instr, 0)].page_log2
        yield MicroStep(f"shift right by {log2}", meaning=f"{view.get('current_length') >> log2} pages")

    def _by_runtime(self, instr: Instr) -> Iterator[MicroStep]:
        name, era = instr.op.name, self.machine.layouts.era
        imported = name.startswith(_OF_IMPORTS) and self.instance.module.is_imported(
            ExternKind.MEMORY, index_of(instr, 0)
        )
        calls = next((calls for calls in _RUNTIME[name] if all(call.number(era) is not None for call in calls)), None)
        if name.startswith(_ALLOCATES) and (calls is None or objects.gc_alloc_raw not in calls):
            yield MicroStep("take the object's room at the heap's next free place", meaning=self._heap_grows())
        elif calls is None:
            yield MicroStep(_IN_LINE, meaning="this era has no builtin for it")
        for call in calls or ():
            yield from self._builtin(call, imported)
        if name == "ref.func":
            yield from self._func_ref_result(instr)

    def _heap_grows(self) -> str:
        era = self.machine.layouts.era
        has = objects.grow_gc_heap.number(era) is not None
        return "grow_gc_heap is called where there is none" if has else ""

    def _table_grow(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        table = index_of(instr, 0)
        grow = tables.table_grow(self.instance.tables[table])
        yield from self._builtin(grow, self.instance.module.is_imported(ExternKind.TABLE, table))

    def _table_fill(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        yield from self._builtin(tables.table_fill(self.instance.tables[index_of(instr, 0)]))

    def _cast(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        """A cast to one of the module's types: equal ids decide it, else the runtime is asked."""
        target, reference = instr.imm[0], operands.get("reference", 0)
        if not isinstance(target, RefType) or not isinstance(target.heap, int):
            return
        gc, wanted = self.machine.gc, self.instance.type_ids[target.heap]
        if not reference or (not target.is_func and not gc.is_object(reference)):
            yield MicroStep("compare the reference with null and the tag of small numbers", meaning="no object")
            return
        if target.is_func:
            view = self.machine.view("VMFuncRef", Addr(reference))
            yield self._load(view, "type_index")
            found = view.get("type_index")
        else:
            found = gc.type_of(reference)
            yield self._load(gc.view(gc.rules.header, reference), "ty", "the object's type")
        yield MicroStep(f"compare {found} {'=' if found == wanted else '≠'} {wanted}", meaning="ids of types")
        if found != wanted:
            yield from self._builtin(objects.is_subtype)

    # -- globals and tables ----------------------------------------------------------------------

    def _global(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        index = index_of(instr, 0)
        path, number = self._place(ExternKind.GLOBAL, index)
        yield from self._follow(path, number)
        at = self._end(path, number)
        verb = "load" if instr.op.name == "global.get" else "store"
        found = self.inspect.global_(self.instance, index)
        size = self.machine.layouts.struct("VMGlobalDefinition").size
        yield MicroStep(f"{verb} the global's storage", at, size, 0, f"{found.name} is {found.text}")

    def _table(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        yield from self._element(index_of(instr, 0), operands.get("index"), resolve=instr.op.name == "table.get")

    def _element(self, table: int, index: int | None, resolve: bool) -> Iterator[MicroStep]:
        path, number = self._place(ExternKind.TABLE, table)
        yield from self._follow(path, number)
        view = self.machine.view("VMTableDefinition", self._end(path, number))
        yield self._load(view, "current_elements")
        if index is None:
            return
        count = view.get("current_elements")
        inside = index < count
        yield MicroStep(f"compare {index} {'<' if inside else '≥'} {count}",
                        meaning="in bounds" if inside else "trap: no such element", failed=not inside)  # fmt: skip
        if not inside:
            return
        yield self._load(view, "base")
        found = self.instance.tables[table]
        at = Addr(view.get("base") + index * found.element_bytes)
        shown = self.inspect.table_element(self.instance, table, index)
        yield self._bytes(f"load element {index}", at, found.element_bytes, shown.text)
        encoding = self.machine.layouts.era.funcref
        if found.is_func and resolve:
            if encoding.is_lazy(shown.word):
                yield MicroStep("the element is 0: not resolved yet")
                yield from self._builtin(tables.lazy_init)
            elif encoding.lazy_bit:
                yield MicroStep(f"clear bit {encoding.lazy_bit.bit_length() - 1} of the element",
                                meaning=f"{encoding.decode(shown.word):#x}")  # fmt: skip

    # -- calls -----------------------------------------------------------------------------------

    def _call(self, func: int) -> Iterator[MicroStep]:
        if not self.instance.is_imported(func):
            yield MicroStep(f"call {self.inspect.func_name(self.instance, func)} directly, with this vmctx")
            return
        record = self.instance.import_record(func)
        yield self._load(record, "wasm_call", self.inspect.describe_code(record.get("wasm_call")))
        yield self._load(record, "vmctx")
        yield MicroStep("call it, with its vmctx first and this one as the caller's")

    def _indirect(self, instr: Instr, operands: Mapping[str, int]) -> Iterator[MicroStep]:
        type_index, table = index_of(instr, 0), index_of(instr, 1)
        index = operands.get("index", 0)
        steps = list(self._element(table, index, resolve=True))
        yield from steps
        if any(step.failed for step in steps):
            return
        found = self.inspect.table_element(self.instance, table, index)
        yield from self._through(found.func_ref or Addr(0), type_index)

    def _through(self, func_ref: Addr, type_index: int | None) -> Iterator[MicroStep]:
        """Through a VMFuncRef, its type compared first."""
        if not func_ref:
            yield MicroStep("compare the funcref with null", meaning="trap: it is null", failed=True)
            return
        view = self.machine.view("VMFuncRef", func_ref)
        written = self.machine.code_at(self.machine.read_func_ref(func_ref).code) is not None
        if not written:
            yield MicroStep("the VMFuncRef is written now", func_ref, view.size, 0, "it never was")
            return
        if type_index is not None:
            yield from self._type_check(view, type_index)
        yield self._load(view, "wasm_call" if view.get("wasm_call") else "array_call",
                         self.inspect.describe_code(self.machine.read_func_ref(func_ref).code))  # fmt: skip
        yield self._load(view, "vmctx")
        yield MicroStep("call it, with its vmctx first and this one as the caller's")

    def _type_check(self, view: StructView, type_index: int) -> Iterator[MicroStep]:
        yield self._load(view, "type_index", str(self.machine.type_of(view.get("type_index")) or ""))
        yield from self._follow("type_ids", 0)
        at = Addr(self._end("type_ids", 0) + 4 * type_index)
        wanted = self.machine.space.load(at, 4)
        yield self._bytes(f"load the id of type {type_index}", at, 4, str(self.instance.module.types[type_index]))
        found = view.get("type_index")
        fits = found == wanted or self.machine.types.is_subtype(found, wanted)
        sign = "=" if found == wanted else "≠"
        yield MicroStep(
            f"compare {found} {sign} {wanted}",
            meaning=("the same type" if found == wanted else "a subtype") if fits else "trap: another type",
            failed=not fits,
        )  # fmt: skip

    def _func_ref_result(self, instr: Instr) -> Iterator[MicroStep]:
        func = index_of(instr, 0)
        at = self.instance.func_ref_at(func)
        if at is not None:
            size = self.machine.layouts.struct("VMFuncRef").size
            name = self.inspect.func_name(self.instance, func)
            yield MicroStep("the result is its VMFuncRef's address", at, size, at, f"of {name}")

    _OTHERS = MappingProxyType({
        "memory.size": _memory_size,
        "table.grow": _table_grow,
        "table.fill": _table_fill,
        **dict.fromkeys(("ref.test", "ref.test_null", "ref.cast", "ref.cast_null"), _cast),
        **dict.fromkeys(("br_on_cast", "br_on_cast_fail"), _cast),
        **dict.fromkeys(("global.get", "global.set"), _global),
        **dict.fromkeys(("table.get", "table.set", "table.size"), _table),
    })  # fmt: skip
