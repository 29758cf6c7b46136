"""A real Wasmtime in this process: instances, calls of their exports, and their memory as captures.

The release is that of the installed package; its layout is found from the version.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from debugger.capture import FORMAT
from debugger.launch import Loaded, load
from debugger.process_memory import ProcessMemory
from debugger.provide import Stub, declaration
from debugger.values import parse_args
from vm.decode_vmctx import DecodedInstance, decode_instance
from vm.eras.table import era_of
from vm.errors import MemoryFault, UserError
from vm.layout import Layouts
from vm.module import Import, Module
from vm.shape import ModuleShape, shape_of
from vm.text import assemble
from vm.types import Addr, ExternKind, FuncType, NumType, ValType

_FEATURES = (
    "wasm_threads", "wasm_reference_types", "wasm_simd", "wasm_bulk_memory", "wasm_multi_value", "wasm_multi_memory",
    "wasm_memory64", "wasm_tail_call", "wasm_function_references", "wasm_gc", "wasm_exceptions", "wasm_relaxed_simd",
    "wasm_wide_arithmetic", "wasm_custom_page_sizes", "shared_memory",
)  # fmt: skip
_SHOWN_BYTES, _SHOWN_ELEMENTS = 256, 64  # of a memory and of a table, in a capture
_CONTEXT_BYTES = 64
_ZERO = Stub("*", "*", 0)


@dataclass(frozen=True, slots=True)
class Called:
    """How a call ended: its results as text, or what stopped it."""

    label: str
    results: tuple[str, ...]
    trap: str = ""


@dataclass(frozen=True)
class LiveInstance:
    """An instance of the real runtime."""

    name: str
    loaded: Loaded
    instance: Any
    vmctx: Addr
    shape: ModuleShape

    @property
    def module(self) -> Module:
        return self.loaded.module


@dataclass
class Live:
    """A store of the real runtime. Make it with `start`."""

    wasmtime: Any
    version: str
    layouts: Layouts
    memory: ProcessMemory
    store: Any
    instances: list[LiveInstance] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)

    @property
    def main(self) -> LiveInstance:
        return self.instances[-1]

    # -- calls -----------------------------------------------------------------------------------

    def call(self, name: str, args: Sequence[str] = ()) -> Called:
        """Calls an export of the main instance. Raises UserError."""
        export = self.main.module.export(name)
        if export is None or export.kind is not ExternKind.FUNC:
            names = [e.name for e in self.main.module.exports if e.kind is ExternKind.FUNC]
            raise UserError(f"no exported function is called {name!r}", "exported: " + ", ".join(names[:12]))
        type_ = self.main.module.func_type(export.index)
        slots = parse_args(tuple(args), type_, name)
        values = [_python(kind, slot, name) for kind, slot in zip(type_.params, slots, strict=True)]
        label = f"{name}({', '.join(args)})"
        called = self._guarded(label, lambda: self._export(self.main.instance, name)(self.store, *values))
        self.calls.append(called)
        return called

    def _export(self, instance: Any, name: str) -> Any:
        return instance.exports(self.store)[name]

    def _guarded(self, label: str, run: Callable[[], Any]) -> Called:
        wasmtime = self.wasmtime
        kinds = tuple(getattr(wasmtime, n) for n in ("Trap", "WasmtimeError", "ExitTrap") if hasattr(wasmtime, n))
        try:
            result = run()
        except kinds as error:
            text = str(error).strip()
            return Called(label, (), text.splitlines()[-1] if text else type(error).__name__)
        if result is None:
            return Called(label, ())
        return Called(label, tuple(map(str, result)) if isinstance(result, list | tuple) else (str(result),))

    # -- instances -------------------------------------------------------------------------------

    def func_ref(self, func: Any) -> Addr:
        """The VMFuncRef of a function; the runtime writes it when it never did."""
        from wasmtime import _bindings

        context = self.store._context  # a method in some releases, a value in others
        raw = _bindings.wasmtime_func_to_raw(context() if callable(context) else context, ctypes.byref(func._func))
        return Addr(getattr(raw, "value", raw) or 0)

    def owner_of(self, func: Any) -> Addr:
        """The context that a function runs with."""
        at = self.layouts.struct("VMFuncRef").field("vmctx")
        return Addr(int.from_bytes(self.memory.read(at.at(self.func_ref(func)), at.size), "little"))

    # -- captures --------------------------------------------------------------------------------

    def capture(self, live: LiveInstance) -> dict[str, Any]:
        """An instance's memory as a capture."""
        layout = self.layouts.struct("VMContext", live.shape.counts)
        pieces = {(addr, size): label for addr, size, label in self._pieces(live, layout.size)}
        regions = []
        for (addr, size), label in sorted(pieces.items()):
            try:
                data = self.memory.read(Addr(addr), size)
            except MemoryFault:
                continue
            regions.append({"addr": addr, "len": size, "label": label, "hex": data.hex()})
        module = live.module
        counts = {key: n for key, n in live.shape.counts.items() if key not in ("num_elems", "num_datas")}
        return {
            "format": FORMAT,
            "runtime": self.layouts.era.runtime,
            "version": self.version,
            "layout": self.layouts.era.id,
            "module": live.name,
            "arch": f"{platform.machine()}-linux",
            "pointer_size": self.layouts.pointer_bytes,
            "wasm": module.bytes.hex(),
            "calls": [[called.label, list(called.results), called.trap or None] for called in self.calls],
            "vmctx": live.vmctx,
            "vmctx_size": layout.size,
            "shape": counts,
            "func_ref_slots": {str(func): slot for func, slot in live.shape.func_ref_slots.items()},
            "num_types": len(module.types),
            "maps": [[m.start, m.end, m.access, m.kind] for m in self.memory.mappings()],
            "exports": list(self._exports(live)),
            "regions": regions,
        }

    def decode(self, live: LiveInstance) -> DecodedInstance:
        """An instance's structures now."""
        funcs = [table.elem.is_func for table in live.module.tables]
        return decode_instance(
            self.memory, self.layouts, live.shape.counts, live.vmctx, funcs, _SHOWN_ELEMENTS
        )  # fmt: skip

    def _exports(self, live: LiveInstance) -> Iterator[dict[str, Any]]:
        for export in live.module.exports:
            row: dict[str, Any] = {"name": export.name, "kind": str(export.kind), "index": export.index}
            if export.kind is ExternKind.FUNC:
                row["raw"] = self.func_ref(self._export(live.instance, export.name))
            yield row

    def _pieces(self, live: LiveInstance, size: int) -> Iterator[tuple[int, int, str]]:
        """What of the process belongs to an instance: address, bytes, label."""
        yield live.vmctx, size, "vmctx"
        decoded, layouts = self.decode(live), self.layouts
        context, pointer = layouts.struct("VMContext", live.shape.counts), layouts.pointer_bytes
        for name, length, label in (
            ("store_context", layouts.struct("VMStoreContext").size, "store context"),
            ("epoch_ptr", 8, "epoch counter"),
            ("builtin_functions", len(layouts.era.builtins) * pointer, "builtin function pointers"),
            ("type_ids", 4 * len(live.module.types), "engine type ids"),
        ):
            if context.has(name) and length:
                yield decoded.field(context.field(name).name).value, length, label
        func_ref = layouts.struct("VMFuncRef").size
        for i, memory in enumerate(decoded.memories):
            yield memory.definition, layouts.struct("VMMemoryDefinition").size, f"memory {i} definition"
            if memory.base and memory.size_bytes:
                yield memory.base, min(memory.size_bytes, _SHOWN_BYTES), f"memory {i} contents"
        for i, table in enumerate(decoded.tables):
            yield table.definition, layouts.struct("VMTableDefinition").size, f"table {i} definition"
            is_func = live.module.tables[i].elem.is_func
            width = pointer if is_func else layouts.reference_bytes
            if table.base and table.elements:
                yield table.base, len(table.elements) * width, f"table {i} elements"
            targets = {element.target for element in table.elements if element.state == "func"}
            yield from ((target, func_ref, f"funcref in table {i}") for target in targets)
        for i, global_ in enumerate(decoded.globals):
            yield global_.storage, layouts.struct("VMGlobalDefinition").size, f"global {i} storage"
            value = live.module.globals[i].value
            if not isinstance(value, NumType) and value.is_func and global_.value(pointer):
                yield global_.value(pointer), func_ref, f"funcref in global {i}"
        for i, record in enumerate(decoded.imported_functions):
            yield record.vmctx, _CONTEXT_BYTES, f"context of imported function {i}"
        for export in self._exports(live):
            if export.get("raw"):
                yield export["raw"], func_ref, f"funcref of exported function {export['name']}"


def _python(type_: ValType, slot: int, name: str) -> int | float:
    match type_:
        case NumType.I32:
            return slot - (1 << 32) if slot >> 31 else slot
        case NumType.I64:
            return slot - (1 << 64) if slot >> 63 else slot
        case NumType.F32:
            return _unpacked("<f", slot)
        case NumType.F64:
            return _unpacked("<d", slot)
        case _:
            raise UserError(f"{name} takes a {type_}, which cannot be passed to the real runtime from here")


def _unpacked(form: str, bits: int) -> float:
    number: float = struct.unpack(form, bits.to_bytes(struct.calcsize(form), "little"))[0]
    return number


# -- starting --------------------------------------------------------------------------------------


def start(
    path: Path, preloads: Sequence[tuple[str, Path]] = (), args: Sequence[str] = (), *, quiet: bool = False
) -> Live:
    """Instantiates a module in the real runtime, its start function run. `quiet`: what it prints is thrown away.

    Imports that nobody provides are functions that answer 0, and empty memories, tables and globals.
    Raises UserError and what `load` raises.
    """
    wasmtime, release = _package()
    layouts = Layouts(era_of("wasmtime", release))
    engine = wasmtime.Engine(_config(wasmtime))
    live = Live(wasmtime, release, layouts, ProcessMemory(), wasmtime.Store(engine))
    live.store.set_wasi(_wasi(wasmtime, path, args, quiet))
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    maker = _Maker(live, engine, linker)
    for name, file in preloads:
        linker.define_instance(live.store, name, maker.make(name, load(file)).instance)
    maker.make(path.stem, load(path))
    return live


def _package() -> tuple[Any, str]:
    try:
        import wasmtime

        return wasmtime, version("wasmtime")
    except (ImportError, OSError, PackageNotFoundError) as error:
        raise UserError(f"the package wasmtime cannot be loaded: {error}", "pip install wasmtime") from None


def _config(wasmtime: Any) -> Any:
    config = wasmtime.Config()
    for name in _FEATURES:
        if hasattr(type(config), name):
            try:
                setattr(config, name, True)
            except wasmtime.WasmtimeError:  # a feature this library was built without
                continue
    return config


def _wasi(wasmtime: Any, path: Path, args: Sequence[str], quiet: bool) -> Any:
    config = wasmtime.WasiConfig()
    config.argv = [path.name, *args]
    if not quiet:
        config.inherit_stdin()
        config.inherit_stdout()
        config.inherit_stderr()
    return config


class _Maker:
    """Makes instances and finds their VMContexts."""

    def __init__(self, live: Live, engine: Any, linker: Any) -> None:
        self.live, self.engine, self.linker = live, engine, linker
        self._known: Addr | None = None
        self._instance: Any = None

    def make(self, name: str, loaded: Loaded) -> LiveInstance:
        live, module = self.live, loaded.module
        own = _own_function(module)
        try:
            compiled = live.wasmtime.Module(self.engine, module.bytes)
            self._stand_in_for_missing(compiled, module)
            before = set() if own else set(self._contexts())
            instance = self.linker.instantiate(live.store, compiled)
        except (live.wasmtime.WasmtimeError, live.wasmtime.Trap) as error:
            text = str(error).strip().splitlines()
            raise UserError(f"wasmtime {live.version} cannot run {loaded.path}: {text[0]}") from None
        shape = shape_of(module, live.layouts.era)
        vmctx = self._found(before, module) if own is None else live.owner_of(live._export(instance, own))
        made = LiveInstance(name, loaded, instance, vmctx, shape)
        live.instances.append(made)
        self._check(made)
        return made

    def _check(self, made: LiveInstance) -> None:
        magic = self.live.layouts.era.magics["vmctx"].encode()
        if self.live.memory.read(made.vmctx, len(magic)) != magic:
            raise UserError(f"no VMContext of {made.name} was found", f"the layout of wasmtime {self.live.version}?")

    def _stand_in_for_missing(self, compiled: Any, module: Module) -> None:
        self.linker.allow_shadowing = True
        for wanted, type_ in zip(module.imports, compiled.imports, strict=True):
            if not self._has(wanted):
                item = self._stand_in(wanted, type_.type)
                if item is not None:
                    _define(self.linker, self.live.store, wanted, item)

    def _has(self, wanted: Import) -> bool:
        try:
            self.linker.get(self.live.store, wanted.module, wanted.name)
        except (self.live.wasmtime.WasmtimeError, KeyError):
            return False
        return True

    def _stand_in(self, wanted: Import, type_: Any) -> Any:
        if isinstance(wanted.type, FuncType):
            return self.live.wasmtime.Func(self.live.store, type_, _answer(wanted.type))
        text = declaration(wanted, _ZERO)
        if not text:
            return None
        compiled = self.live.wasmtime.Module(self.engine, assemble(f"(module {text})", "stub"))
        owner = self.live.wasmtime.Instance(self.live.store, compiled, [])
        return owner.exports(self.live.store)["stub"]

    # -- VMContexts of instances without a function of their own ----------------------------------

    def _contexts(self) -> Iterator[Addr]:
        """Every VMContext of the store, as its magic and its pointer to the store's context tell."""
        live = self.live
        known = self._probe()
        field_ = live.layouts.struct("VMContext", {"num_escaped_funcs": 1}).field("store_context")
        magic = live.layouts.era.magics["vmctx"].encode()
        for at in live.memory.find(live.memory.read(field_.at(known), field_.size)):
            start = Addr(at - field_.offset)
            try:
                if start % 16 == 0 and live.memory.read(start, len(magic)) == magic:
                    yield start
            except MemoryFault:
                continue

    def _probe(self) -> Addr:
        """The VMContext of an instance that is easily found: it is in the same store."""
        if self._known is None:
            live = self.live
            compiled = live.wasmtime.Module(self.engine, assemble('(module (func (export "f")))', "probe"))
            self._instance = live.wasmtime.Instance(live.store, compiled, [])
            self._known = live.owner_of(live._export(self._instance, "f"))
        return self._known

    def _found(self, before: set[Addr], module: Module) -> Addr:
        """The one that appeared; where an earlier one lay there already, the one that fits the module."""
        fitting = {at for at in self._contexts() if at != self._known and self._fits(at, module)}
        new = sorted(fitting - before or fitting)
        if len(new) != 1:
            raise UserError("the instance's VMContext was not found", "export one of the module's functions")
        return new[0]

    def _fits(self, at: Addr, module: Module) -> bool:
        """Whether what lies there can be an instance of a module: its memories and tables are at least as large."""
        live = self.live
        funcs = [table.elem.is_func for table in module.tables]
        try:
            counts = shape_of(module, live.layouts.era).counts
            found = decode_instance(live.memory, live.layouts, counts, at, funcs, 0)
        except MemoryFault:
            return False
        memories = all(
            m.size_bytes is not None and m.size_bytes >= t.limits.min << t.page_log2
            for m, t in zip(found.memories, module.memories, strict=True)
        )
        tables = (
            t.size is not None and t.size >= d.limits.min for t, d in zip(found.tables, module.tables, strict=True)
        )
        return memories and all(tables) and all(g.bytes for g in found.globals)


def _own_function(module: Module) -> str | None:
    """An exported function that is defined in the module."""
    own = (e.name for e in module.exports if e.kind is ExternKind.FUNC and e.index >= module.num_imported_funcs)
    return next(own, None)


def _define(linker: Any, store: Any, wanted: Import, item: Any) -> None:
    try:
        linker.define(store, wanted.module, wanted.name, item)
    except TypeError:  # older packages take no store
        linker.define(wanted.module, wanted.name, item)


def _answer(type_: FuncType) -> Callable[..., Any]:
    zeros: Mapping[ValType, float] = {NumType.F32: 0.0, NumType.F64: 0.0}
    values = [zeros.get(t, 0) if isinstance(t, NumType) else None for t in type_.results]

    def answer(*args: object) -> Any:
        return values[0] if len(values) == 1 else values or None

    return answer
