"""Wasmtime's newest layout: the eras before it are differences, in `wasmtime_past`."""

from __future__ import annotations

from collections.abc import Mapping

from vm.eras.builtins import BUILTINS_46
from vm.eras.collectors import NULL_COLLECTOR, NULL_STRUCTS
from vm.eras.component import COMPONENT_49, VM_LOWERING
from vm.eras.own import MACHINE_STRUCTS
from vm.layout import Align, Array, Era, Field, FuncrefEncoding, Hop, Path, Struct

PTR = Align("ptr")


def _func_ref(wasm_call: str) -> Struct:
    return (
        Field("array_call", "ptr<VMArrayCallFunction>", "called with an array of values, by the host"),
        Field("wasm_call", wasm_call, "called by compiled code; null for a host function until linked"),
        Field("type_index", "VMSharedTypeIndex", "engine-wide id of the type; call_indirect compares it"),
        PTR,
        Field("vmctx", "ptr<VMOpaqueContext>", "first argument of every call: the instance or a host context"),
    )


_WASMTIME_48_STRUCTS: Mapping[str, Struct] = {
    "VMComponentContext": COMPONENT_49,
    "VMLowering": VM_LOWERING,
    "VMContext": (
        Field("magic", "u32", 'the bytes "core": marks a core instance'),
        PTR,
        Field("store_context", "ptr<VMStoreContext>", "what the instances of one store share"),
        Field("builtin_functions", "ptr<VMBuiltinFunctionsArray>", "runtime functions that compiled code calls"),
        Field("epoch_ptr", "ptr<AtomicU64>", "the engine's epoch counter, for interruption"),
        Field("gc_heap_data", "ptr<collector data>", "what the collector wants compiled code to reach"),
        Field("type_ids", "ptr<VMSharedTypeIndex>", "engine-wide id of each of the module's types"),
        Array("imported_memories", "VMMemoryImport", "num_imported_memories", "memories of other instances"),
        Array(
            "memories",
            "ptr<VMMemoryDefinition>",
            "num_defined_memories",
            "where each defined memory is described",
        ),
        Array(
            "owned_memories",
            "VMMemoryDefinition",
            "num_owned_memories",
            "memories that are not shared, in line",
        ),
        Array("imported_functions", "VMFunctionImport", "num_imported_functions", "imported functions' funcrefs"),
        Array("imported_tables", "VMTableImport", "num_imported_tables", "tables of other instances"),
        Array(
            "imported_globals",
            "VMGlobalImport",
            "num_imported_globals",
            "globals of other instances or the host",
        ),
        Array("imported_tags", "VMTagImport", "num_imported_tags", "tags of other instances"),
        Array("tables", "VMTableDefinition", "num_defined_tables", "tables defined here"),
        Align(16),
        Array("globals", "VMGlobalDefinition", "num_defined_globals", "globals defined here, 16 bytes each"),
        Array("tags", "VMTagDefinition", "num_defined_tags", "tags defined here"),
        Array(
            "func_refs",
            "VMFuncRef",
            "num_escaped_funcs",
            "funcrefs of functions that escape; written when first needed",
        ),
        Array("startup_func_ref", "VMFuncRef", "has_startup_func", "code that finishes instantiation"),
        Array("runtime_data_bases", "ptr<u8>", "num_runtime_data", "bytes of each data segment or memory image"),
        Array("runtime_data_lengths", "u32", "num_runtime_data", "their lengths; 0 once dropped"),
    ),
    "VMFuncRef": _func_ref("ptr<VMWasmCallFunction>?"),
    "VMFunctionImport": _func_ref("ptr<VMWasmCallFunction>"),
    "VMTableImport": (
        Field("from", "ptr<VMTableDefinition>", "the definition, in its owner's VMContext"),
        Field("vmctx", "ptr<VMContext>", "the owner"),
        Field("index", "DefinedTableIndex", "its number among the owner's own tables"),
        PTR,
    ),
    "VMMemoryImport": (
        Field("from", "ptr<VMMemoryDefinition>", "the definition, in its owner's VMContext"),
        Field("vmctx", "ptr<VMContext>", "the owner"),
        Field("index", "DefinedMemoryIndex", "its number among the owner's own memories"),
        PTR,
    ),
    "VMGlobalImport": (
        Field("from", "ptr<VMGlobalDefinition>", "the value's storage, in its owner's VMContext or the host's"),
        Field("vmctx", "ptr<VMOpaqueContext>?", "the owner; null for the host's"),
        Field("kind", "VMGlobalKind", "who owns it, and its number there"),
    ),
    "VMGlobalKind": (
        Field("tag", "u32", "0 host, 1 instance, 2 component flags, 3 task may block"),
        Field("payload", "u32", "its number among the owner's globals"),
    ),
    "VMTagImport": (
        Field("from", "ptr<VMTagDefinition>", "the definition, in its owner's VMContext"),
        Field("vmctx", "ptr<VMContext>", "the owner"),
        Field("index", "DefinedTagIndex", "its number among the owner's own tags"),
        PTR,
    ),
    "VMTableDefinition": (
        Field("base", "ptr<u8>", "element 0"),
        Field("current_elements", "usize", "how many elements the table has now: the bound of every access"),
    ),
    "VMMemoryDefinition": (
        Field("base", "ptr<u8>", "byte 0 of the linear memory"),
        Field("current_length", "usize", "bytes the memory has now: the bound of every access"),
    ),
    "VMGlobalDefinition": (Field("storage", "bytes[16]", "the value, low bytes first; unused bytes mean nothing"),),
    "VMTagDefinition": (Field("type_index", "VMSharedTypeIndex", "engine-wide id of the tag's type"),),
    "VMStoreContext": (
        Field("fuel_consumed", "i64", "minus the fuel left; compiled code stops when it turns positive"),
        Field("epoch_deadline", "u64", "the epoch at which compiled code yields"),
        Field("execution_version", "u64", "changes whenever the store's state may have changed; for debuggers"),
        Field("stack_limit", "usize", "lowest native stack address allowed; all ones while no wasm runs"),
        Field("gc_heap", "VMMemoryDefinition", "the GC heap; no heap: a dangling base and length 0"),
        Field("last_wasm_exit_trampoline_fp", "usize", "native frame of the last call out of wasm; none here"),
        Field("last_wasm_exit_pc", "usize", "native pc of the last call out of wasm; none here"),
        Field("last_wasm_entry_sp", "usize", "native stack pointer at the last call into wasm; none here"),
        Field("last_wasm_entry_fp", "usize", "native frame at the last call into wasm; none here"),
        Field("last_wasm_entry_trap_handler", "usize", "where a native trap goes on; none here"),
        Field("stack_chain", "VMStackChain", "continuations of stack switching; absent here"),
        Field("store_data", "ptr<()>", "the embedder's own data"),
        Field("async_guard_range", "range<ptr<u8>>", "guard pages of the async stack; empty here"),
        Field("component_context", "u32[2]", "context slots of the component model"),
        Field("current_thread", "VMLazyThread", "component-model thread; 0 none"),
        Align(8),
    ),
    "VMArrayCallHostFuncContext": (
        Field("magic", "u32", 'the bytes "ACHF": marks a host function made with the array calling convention'),
        PTR,
        Field("func_ref", "VMFuncRef", "the host function's own funcref"),
        Field("host_state", "fatptr<dyn Any + Send + Sync>", "the closure: data pointer and table pointer"),
    ),
}

_WASMTIME_48_PATHS: Mapping[str, Path] = {
    "memory.defined": (Hop("VMContext", "memories", indexed=True, load=True),),
    "memory.imported": (
        Hop("VMContext", "imported_memories", indexed=True),
        Hop("VMMemoryImport", "from", load=True),
    ),
    "table.defined": (Hop("VMContext", "tables", indexed=True),),
    "table.imported": (
        Hop("VMContext", "imported_tables", indexed=True),
        Hop("VMTableImport", "from", load=True),
    ),
    "global.defined": (Hop("VMContext", "globals", indexed=True),),
    "global.imported": (
        Hop("VMContext", "imported_globals", indexed=True),
        Hop("VMGlobalImport", "from", load=True),
    ),
    "tag.defined": (Hop("VMContext", "tags", indexed=True),),
    "tag.imported": (Hop("VMContext", "imported_tags", indexed=True), Hop("VMTagImport", "from", load=True)),
    "function.imported": (Hop("VMContext", "imported_functions", indexed=True),),
    "type_ids": (Hop("VMContext", "type_ids", load=True),),
    "gc_heap": (Hop("VMContext", "store_context", load=True), Hop("VMStoreContext", "gc_heap")),
}

WASMTIME_48 = Era(
    id="wasmtime-48",
    runtime="wasmtime",
    first_version="48.0.0",
    last_version="50.0.1",
    source="wasmtime v48.0.0, crates/environ/src/vmoffsets.rs and crates/wasmtime/src/runtime/vm/vmcontext.rs; "
    "49 and 50 by their memory",
    magics={"vmctx": "core", "array_call_host_func": "ACHF", "component_vmctx": "comp"},
    index_types=("VMSharedTypeIndex", "DefinedTableIndex", "DefinedMemoryIndex", "DefinedTagIndex"),
    structs={**_WASMTIME_48_STRUCTS, **NULL_STRUCTS, **MACHINE_STRUCTS},
    aliases={
        "VMStackChain": "fatptr<VMStackChain>",
        "VMLazyThread": "usize",
        "VMGcRef": "u32",
        "FuncRefTableId": "u32",
    },
    paths=_WASMTIME_48_PATHS,
    funcref=FuncrefEncoding(lazy_bit=1),
    escapes=("imports", "table_init", "global_init", "exports", "elems"),
    imports_use_import_record=True,
    startup=True,
    builtins=BUILTINS_46,
    gc=NULL_COLLECTOR,
    changed="same bytes as 47",
)
