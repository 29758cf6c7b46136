"""Instantiation: imports are matched, a VMContext is laid out and filled, segments are written (spec: Instantiation).

What was written before a trap stays written. The start function is left to the caller: it needs an executor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vm.eras import ERAS
from vm.errors import LinkError
from vm.facts import FactsCache
from vm.globals import global_width, word_of_global
from vm.instance import Extern, FuncExtern, GlobalExtern, Instance, TagExtern
from vm.layout import Layout, StructView
from vm.linking import Provider, resolve_imports
from vm.machine import CodeKind, Machine, call_words
from vm.memories import LinearMemory, MemoryStyle
from vm.memory import OutOfAddressSpace, RegionKind
from vm.memory_image import map_image
from vm.module import Elem, Module, Span, ValidModule
from vm.needs import check_layout_holds
from vm.segments import constant_slot, elem_slots, keep_elem_values
from vm.shape import ModuleShape, RuntimeData
from vm.tables import Table
from vm.types import (
    Addr,
    ExternKind,
    FuncType,
    GlobalType,
    MemoryType,
    NumType,
    RefType,
    TableType,
)

_GLOBAL_OF_INSTANCE, _GLOBAL_OF_HOST = 1, 0
_TABLE_RESERVE_ELEMENTS = 10_000_000
_VMCTX_ALIGN = 16


def instantiate(machine: Machine, valid: ValidModule, provider: Provider, name: str = "") -> Instance:
    """A new instance. Raises LinkError, LayoutError, and Trap when a segment does not fit."""
    module = valid.module
    check_layout_holds(module, machine.layouts.era, ERAS)
    imports = resolve_imports(machine, module, provider)
    if len(machine.instances) >= machine.limits.max_instances:
        raise LinkError(f"more than {machine.limits.max_instances} instances")
    return _Maker(machine, module, name).make(imports)


class _Maker:
    """One instantiation under way."""

    def __init__(self, machine: Machine, module: Module, name: str) -> None:
        self.machine, self.module = machine, module
        self.compiled = machine.compiled(module)  # of an earlier instance of the same module, if there was one
        self.shape: ModuleShape = self.compiled.shape
        self.type_ids = self.compiled.signature_ids
        self.name = name or module.names.module or f"instance {len(machine.instances)}"

    def make(self, imports: Sequence[Extern]) -> Instance:
        self._check_budgets()
        instance = self.instance = self._allocate()
        self._fill_header()
        self._link(imports)
        self._define_tables()
        self._define_memories()
        self._define_globals()
        self._define_tags()
        self._fill_runtime_data()
        self.machine.instances.append(instance)
        self.machine.publish_heap(instance.vmctx)
        self._initialise()
        instance.record.set("state", 1)
        return instance

    # -- laying out ------------------------------------------------------------------------------

    def _check_budgets(self) -> None:
        size = sum(m.type.limits.min << m.type.page_log2 for m in self.module.defined_memories)
        if size > self.machine.memory_budget():
            raise LinkError(
                f"its memories start with {size:,} bytes, past the limit of "
                f"{self.machine.limits.max_memory_bytes:,} bytes",
                "raise --max-memory",
            )
        elements = sum(t.type.limits.min for t in self.module.defined_tables)
        if elements > self.machine.table_budget():
            raise LinkError(
                f"its tables start with {elements:,} elements, past the limit of "
                f"{self.machine.limits.max_table_elements:,}",
                "raise --max-table-elements",
            )

    def _allocate(self) -> Instance:
        machine, number = self.machine, len(self.machine.instances)
        layout = self.compiled.offsets
        size = -(-layout.size // _VMCTX_ALIGN) * _VMCTX_ALIGN
        beside = self._beside()
        more = 0 if beside is None else beside.size
        region = machine.space.map(RegionKind.VMCTX, f"vmctx of {self.name}", size + more)
        region.owner = region.base
        record_layout = machine.layouts.struct("InstanceRecord", self.shape.counts)
        record = machine.space.map(RegionKind.ENGINE, f"instance record {number}", record_layout.size)
        code = [(region.base, i, CodeKind.WASM) for i in range(len(self.module.func_type_indexes))]
        code_base = machine.add_codes([*code, (region.base, 0, CodeKind.STARTUP)])
        view = StructView(machine.space, machine.layouts, record_layout, record.base)
        view.set("vmctx", region.base)
        view.set("number", number)
        vmctx = StructView(machine.space, machine.layouts, layout, region.base)
        facts = FactsCache(self.module)
        return Instance(
            number, self.name, self.module, self.shape, vmctx, view, code_base, facts, self.type_ids,
            None if beside is None else StructView(machine.space, machine.layouts, beside, Addr(region.base + size)),
        )  # fmt: skip

    def _beside(self) -> Layout | None:
        """What the era keeps of an instance outside its VMContext: here it follows it."""
        layouts = self.machine.layouts
        return layouts.struct("InstanceData", self.shape.counts) if "InstanceData" in layouts.era.structs else None

    def _fill_header(self) -> None:
        machine, vmctx = self.machine, self.instance.vmctx
        if vmctx.has("magic"):
            vmctx.set_raw("magic", machine.layouts.era.magics["vmctx"].encode())
        if vmctx.has("signature_ids") and vmctx.layout.field("signature_ids").count is not None:
            self._fill_in_line()
            return
        ids = b"".join(id_.to_bytes(4, "little") for id_ in self.type_ids)
        region = machine.space.map(
            RegionKind.TYPE_IDS, f"type ids of {self.name}", len(ids), owner=vmctx.addr, writable=False
        )
        machine.space.fill_readonly(region, ids)
        for name, value in (
            ("store_context", machine.store_context.addr),
            ("builtin_functions", machine.builtins),
            ("epoch_ptr", machine.epoch),
            ("type_ids", region.base),
        ):
            if vmctx.has(name):
                vmctx.set(name, value)

    def _fill_in_line(self) -> None:
        """Type ids and builtins lie in the VMContext itself."""
        vmctx, machine = self.instance.vmctx, self.machine
        for i, id_ in enumerate(self.type_ids):
            vmctx.set("signature_ids", id_, i)
        for i in range(len(machine.layouts.era.builtins)):
            width = machine.layouts.pointer_bytes
            vmctx.set("builtin_functions", machine.space.load(Addr(machine.builtins + i * width), width), i)
        if vmctx.has("gas_limiter"):
            vmctx.set("gas_limiter", machine.store_context.addr)

    # -- imports ---------------------------------------------------------------------------------

    def _link(self, imports: Sequence[Extern]) -> None:
        counters = dict.fromkeys(ExternKind, 0)
        for wanted, given in zip(self.module.imports, imports, strict=True):
            self._link_one(counters[wanted.kind], given)
            counters[wanted.kind] += 1
        of = self.machine
        self.instance.memories = tuple(i for i in imports if isinstance(i, LinearMemory))
        self.instance.tables = tuple(i for i in imports if isinstance(i, Table))
        self.instance.globals = tuple(i for i in imports if isinstance(i, GlobalExtern))
        self.instance.tags = tuple(i for i in imports if isinstance(i, TagExtern))
        assert all(m.definition in of.memories for m in self.instance.memories)

    def _link_one(self, index: int, given: Extern) -> None:
        vmctx = self.instance.vmctx
        match given:
            case FuncExtern():
                self._link_function(vmctx.inner("imported_functions", index), given)
            case LinearMemory():
                entry = vmctx.inner("imported_memories", index)
                self._fill(entry, {"from": given.definition, "vmctx": given.owner, "index": given.index})
            case Table():
                entry = vmctx.inner("imported_tables", index)
                self._fill(entry, {"from": given.definition, "vmctx": given.owner, "index": given.index})
            case TagExtern():
                entry = vmctx.inner("imported_tags", index)
                self._fill(entry, {"from": given.definition, "vmctx": given.owner, "index": given.index})
            case GlobalExtern():
                entry = vmctx.inner("imported_globals", index)
                self._fill(entry, {"from": given.storage, "vmctx": given.owner})
                if entry.has("kind"):
                    kind = entry.inner("kind")
                    kind.set("tag", _GLOBAL_OF_INSTANCE if given.owner else _GLOBAL_OF_HOST)
                    kind.set("payload", given.index)

    def _link_function(self, entry: StructView, given: FuncExtern) -> None:
        self._write_provider(given.func_ref)
        record = self.machine.read_func_ref(given.func_ref)
        words = call_words(record.code)
        self._fill(entry, {**words, "type_index": record.type_id, "vmctx": record.vmctx})

    def _write_provider(self, func_ref: Addr) -> None:
        """The exporter's record is needed now: written if it never was."""
        region = self.machine.space.region_at(func_ref)
        provider = None if region is None else self.machine.instance_at(region.base)
        if provider is not None:
            func = next((f for f in provider.shape.func_ref_slots if provider.func_ref_at(f) == func_ref), None)
            if func is not None:
                self.machine.func_ref(provider, func)

    def _fill(self, entry: StructView, values: Mapping[str, int]) -> None:
        for name, value in values.items():
            if entry.has(name):
                entry.set(name, value)

    # -- definitions -----------------------------------------------------------------------------

    def _follow(self, path: str, index: int) -> Addr:
        machine, vmctx = self.machine, self.instance.vmctx
        return machine.layouts.follow(
            machine.space, machine.layouts.era.paths[path], vmctx.addr, index, self.shape.counts
        )

    def _define_tables(self) -> None:
        for i, table in enumerate(self.module.defined_tables):
            definition = self._follow("table.defined", i)
            elem = self.instance.engine_type(table.type.elem)
            assert isinstance(elem, RefType)
            self._make_table(i, definition, replace(table.type, elem=elem))

    def _make_table(self, i: int, definition: Addr, type_: TableType) -> None:
        machine, instance = self.machine, self.instance
        size = machine.layouts.pointer_bytes if type_.elem.is_func else machine.layouts.reference_bytes
        declared = type_.limits.max if type_.limits.max is not None else _TABLE_RESERVE_ELEMENTS
        reserve = max(type_.limits.min, min(declared, machine.limits.max_table_elements))
        region = machine.space.map(
            RegionKind.TABLE, f"table {i} of {self.name}", type_.limits.min * size,
            reserve=reserve * size, owner=instance.addr,
        )  # fmt: skip
        view = machine.view("VMTableDefinition", definition)
        view.set("base", region.base)
        view.set("current_elements", type_.limits.min)
        lazy = self.shape.lazy_elements[i]

        def resolve(func: int) -> Addr:
            return machine.func_ref(instance, func)

        table = Table(
            machine.space, machine.layouts, definition, type_, region, instance.addr, i, lazy, resolve, machine.gc
        )  # fmt: skip
        machine.tables[definition] = table
        instance.tables += (table,)

    def _define_memories(self) -> None:
        owned = 0
        for i, memory in enumerate(self.module.defined_memories):
            if self._memories_by_pointer and memory.type.shared:
                self.instance.vmctx.set("memories", self._shared_definition(i), i)
            elif self._memories_by_pointer:
                self.instance.vmctx.set("memories", self.instance.vmctx.at("owned_memories", owned), i)
                owned += 1
            self._make_memory(i, self._follow("memory.defined", i), memory.type)

    def _shared_definition(self, i: int) -> Addr:
        """Several stores may use a shared memory: its definition lies in none of their VMContexts."""
        size = self.machine.layouts.struct("VMMemoryDefinition").size
        return self.machine.space.map(RegionKind.STORE, f"definition of shared memory {i} of {self.name}", size).base

    @property
    def _memories_by_pointer(self) -> bool:
        return self.instance.vmctx.has("owned_memories")

    def _make_memory(self, i: int, definition: Addr, type_: MemoryType) -> None:
        machine = self.machine
        size = type_.limits.min << type_.page_log2
        ceiling = 4 << 30 if type_.addr is NumType.I32 else machine.limits.max_memory_bytes
        declared = ceiling if type_.limits.max is None else type_.limits.max << type_.page_log2
        reserve = max(size, min(declared, ceiling, machine.limits.max_memory_bytes))
        movable = machine.memory_style is MemoryStyle.DYNAMIC and not type_.shared  # threads rely on the base
        try:
            region = machine.space.map(
                RegionKind.MEMORY, f"memory {i} of {self.name}", size,
                reserve=reserve, owner=self.instance.addr, movable=movable,
            )  # fmt: skip
        except OutOfAddressSpace:
            if machine.memory_style is not MemoryStyle.AUTO:
                raise LinkError(f"no {reserve:,} bytes of address space for memory {i}", "--memory auto") from None
            region = machine.space.map(RegionKind.MEMORY, f"memory {i} of {self.name}", size, owner=self.instance.addr)
        view = machine.view("VMMemoryDefinition", definition)
        view.set("base", region.base)
        view.set("current_length", size)
        memory = LinearMemory(machine.space, machine.layouts, definition, type_, region, self.instance.addr, i)
        memory.room = size if movable else None
        machine.memories[definition] = memory
        self.instance.memories += (memory,)

    def _define_globals(self) -> None:
        made = list(self.instance.globals)
        self.instance.globals = made  # an initial value may be that of an earlier global
        types: dict[GlobalType, tuple[GlobalType, int]] = {}  # engine-wide, and how wide
        for i, global_ in enumerate(self.module.defined_globals):
            if (known := types.get(global_.type)) is None:
                own = GlobalType(self.instance.engine_type(global_.type.value), global_.type.mutable)
                known = types[global_.type] = own, global_width(self.machine, global_.type)
            type_, width = known
            if (beside := self.instance.beside) is not None:
                self.instance.vmctx.set("globals", beside.at("globals", i), i)
            storage = self._follow("global.defined", i)
            value = self._constant(global_.init) if global_.plain is None else global_.plain.value
            self.machine.space.store(storage, width, word_of_global(self.machine, global_.type, value))
            made.append(GlobalExtern(storage, type_, self.instance.addr, i))

    def _define_tags(self) -> None:
        made = list(self.instance.tags)
        for i, tag in enumerate(self.module.defined_tags):
            definition = self._follow("tag.defined", i)
            type_id = self.type_ids[tag.type_index]
            self.machine.view("VMTagDefinition", definition).set("type_index", type_id)
            made.append(TagExtern(definition, tag.type.type, type_id, self.instance.addr, i))
        self.instance.tags = tuple(made)

    def _constant(self, span: Span) -> int:
        return constant_slot(self.machine, self.instance, span)

    def _fill_runtime_data(self) -> None:
        vmctx, machine = self.instance.vmctx, self.machine
        if self.shape.counts["has_startup_func"]:
            startup = vmctx.inner("startup_func_ref")
            code = machine.code_of(self.instance, len(self.module.func_type_indexes))
            type_id = machine.type_id(FuncType((), ()))
            self._fill(startup, {**call_words(code), "type_index": type_id, "vmctx": vmctx.addr})
        segments = [(i, entry) for i, entry in enumerate(self.shape.runtime_data) if entry.kind != "image"]
        if segments:
            self._place_segments(segments)

    def _place_segments(self, segments: Iterable[tuple[int, RuntimeData]]) -> None:
        """Segments' bytes lie in a read-only region; an image was mapped, and so its entry stays (0, 0)."""
        spans = [(i, self.module.datas[entry.index].bytes) for i, entry in segments]
        data = b"".join(self.module.bytes[start:end] for _, (start, end) in spans)
        region = self.machine.space.map(
            RegionKind.DATA, f"data of {self.name}", len(data), owner=self.instance.addr, writable=False
        )
        self.machine.space.fill_readonly(region, data)
        at: int = region.base
        for i, (start, end) in spans:
            self.instance.vmctx.set("runtime_data_bases", at, i)
            self.instance.vmctx.set("runtime_data_lengths", end - start, i)
            at += end - start

    # -- initialisation --------------------------------------------------------------------------

    def _initialise(self) -> None:
        """Table initial values, then active element and data segments, in order. Raises Trap."""
        keep_elem_values(self.machine, self.instance)
        imported = len(self.instance.tables) - len(self.module.defined_tables)
        for i, table in enumerate(self.module.defined_tables):
            if table.init is not None:
                made = self.instance.tables[imported + i]
                made.fill(0, self._constant(table.init), made.size)
        for i, elem in enumerate(self.module.elems):
            self._initialise_elem(i, elem)
        images = [self.compiled.memory_image(i) for i in range(len(self.instance.memories))]
        for image in filter(None, images):
            map_image(self.instance.memories[image.memory], image)
        for i, data in enumerate(self.module.datas):
            if data.mode == "active" and images[data.memory] is not None:
                self.instance.record.set("data_dropped", 1, i)
            elif data.mode == "active" and data.offset is not None:
                payload = self.module.bytes[data.bytes.start : data.bytes.end]
                at = self._constant(data.offset)
                self.instance.memories[data.memory].init(at, payload, 0, len(payload))
                self.instance.record.set("data_dropped", 1, i)

    def _initialise_elem(self, number: int, elem: Elem) -> None:
        if elem.mode == "active" and elem.offset is not None and number not in self.shape.lazy_elems:
            table = self.instance.tables[elem.table]
            at = self._constant(elem.offset)
            count = len(elem.items)
            table.init(at, lambda a, b: elem_slots(self.machine, self.instance, number, a, b), count, 0, count)
        if elem.mode != "passive":
            self.instance.record.set("elem_dropped", 1, number)
