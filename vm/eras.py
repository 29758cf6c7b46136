"""The layouts of runtimes, as data, and of the machine's own records.

An era is a run of releases whose layout is the same. Adding one means adding data here; nothing else in the
project names a version or an offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.layout import Align, Array, Era, Field, FuncrefEncoding, GcRules, Hop, Path, Struct

PTR = Align("ptr")

# Records of the machine itself: the same in every era, laid out by the same nouns.
MACHINE_STRUCTS: Mapping[str, Struct] = MappingProxyType(
    {
        "Machine": (
            Field("tick", "u64", "retired instructions, store-wide"),
            Field("current_thread", "u32", "the thread that runs"),
            Field("thread_count", "u32", "threads of this store"),
            Field("bulk_done", "u64", "units done of a bulk operation that a pause cut short, else 0"),
            Field("max_frames", "u64", "deepest control stack, in frames"),
            Field("max_memory_bytes", "u64", "greatest size of all linear memories together, in bytes"),
            Field("max_table_elements", "u64", "greatest size of all tables together, in elements"),
            Field("max_gc_heap_bytes", "u64", "greatest size of the GC heap, in bytes"),
            Field("gc_hole", "u64", "GC heap: where the next object goes, an offset in it"),
            Field("gc_hole_end", "u64", "GC heap: where the hole it goes into ends"),
            Field("gc_allocated", "u64", "bytes of objects made since the last collection"),
            Field("gc_threshold", "u64", "bytes of objects made that start the next collection"),
            Field("waits", "u64", "how often a thread began to wait"),
            Field("skipped_ns", "u64", "virtual time beyond the ticks: passed while every thread waited"),
            Field("func_ref_ids", "u64", "funcrefs that have an id, as they stand in the GC heap"),
        ),
        "Thread": (
            Field("depth", "u64", "control records in use"),
            Field("state", "u32", "0 idle, 1 ready, 2 finished, 3 trapped, 4 blocked, 5 exited, 6 waiting"),
            Field("exit_code", "u32", "the guest's exit code when exited"),
            Field("entry_results", "u32", "result slots of the outermost call"),
            Field("blocked", "u32", "1 when a host call waits, and has a deadline"),
            Field("deadline_ns", "u64", "monotonic time at which the waiting host call gives up"),
            Field(
                "next_vmctx",
                "ptr<VMContext>?",
                "instance whose function is called next, once the call under way is over",
            ),
            Field("next_func", "u32", "that function's index; no instance: the thread is over then"),
            Field("next_arg", "u32", "its second argument; the first one is the thread's number"),
            Field("wait_addr", "ptr<u8>?", "address whose notification the thread waits for"),
            Field("wait_turn", "u64", "waits are numbered as they begin: the first is woken first"),
            Field("wait_until_ns", "u64", "virtual time at which the wait is over, 0: never"),
            Field("wait_answer", "u64", "1 plus what the wait that is over answers, else 0"),
        ),
        "ControlRecord": (
            Field("vmctx", "u64", "the instance, or the host function's context"),
            Field("func", "u32", "function index in its module"),
            Field("pc", "u32", "index of the instruction to run next"),
            Field("base", "u64", "address of the frame's first slot"),
            Field("flags", "u32", "1: a host function's frame"),
            Field("callee_results", "u32", "host frames: result slots of the function it called"),
            Field("caller", "u64", "host frames: the instance that called it, 0: none"),
        ),
        "CodeRecord": (
            Field("vmctx", "u64", "what the function is called with"),
            Field("func", "u32", "function index, or the host function's number"),
            Field("kind", "u32", "1 WebAssembly, 2 host, 3 start-up code"),
        ),
        "InstanceRecord": (
            Field("vmctx", "u64", "the instance's VMContext"),
            Field("number", "u32", "instances are numbered as they are made"),
            Field("state", "u32", "0 being made, 1 made"),
            Array("elem_dropped", "u8", "num_elems", "1 when the element segment was dropped"),
            Array("data_dropped", "u8", "num_datas", "1 when the data segment was dropped"),
        ),
        "DescriptorTable": (
            Field("count", "u32", "records in use, closed ones among them"),
            Field("reserved", "u32", ""),
            Field("last_serial", "u64", "serial number of the descriptor opened last"),
        ),
        "Descriptor": (
            Field(
                "kind",
                "u32",
                "0 closed, 1 stdin, 2 stdout, 3 stderr, 4 file, 5 directory, 6 preopened directory",
            ),
            Field("fdflags", "u32", "1 append, 2 dsync, 4 nonblock, 8 rsync, 16 sync"),
            Field("rights", "u64", "what may be done with it"),
            Field("inheriting", "u64", "what descriptors opened through it may do"),
            Field("offset", "u64", "where the next read or write starts, in bytes"),
            Field("serial", "u64", "tells apart what was opened twice by the same path"),
            Field("root", "u32", "number of the preopened directory it lies under"),
            Field("path_bytes", "u32", "length of the path"),
            Field("guest_bytes", "u32", "length of a preopened directory's name in the guest"),
            Field("reserved", "u32", ""),
            Field("path", "bytes[4096]", "relative to the root; a preopened directory's host path"),
            Field("guest", "bytes[256]", "a preopened directory's name in the guest"),
        ),
    }
)


def _func_ref(wasm_call: str) -> Struct:
    return (
        Field("array_call", "ptr<VMArrayCallFunction>", "called with an array of values, by the host"),
        Field("wasm_call", wasm_call, "called by compiled code; null for a host function until linked"),
        Field("type_index", "VMSharedTypeIndex", "engine-wide id of the type; call_indirect compares it"),
        PTR,
        Field("vmctx", "ptr<VMOpaqueContext>", "first argument of every call: the instance or a host context"),
    )


_WASMTIME_48_STRUCTS: Mapping[str, Struct] = {
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
    ),
    "VMGcHeader": (
        Field("kind", "u32", "what the object is, in the high bits"),
        Field("ty", "VMSharedTypeIndex", "engine-wide id of its type"),
    ),
    "VMNullArrayHeader": (
        Field("header", "VMGcHeader", "of every object of the GC heap"),
        Field("length", "u32", "how many elements follow"),
    ),
    "VMNullExnHeader": (
        Field("header", "VMGcHeader", "of every object of the GC heap"),
        Field("tag_instance", "u32", "number of the instance that defines the tag"),
        Field("tag_index", "DefinedTagIndex", "its number among that instance's own tags"),
    ),
    "VMNullExternRef": (
        Field("header", "VMGcHeader", "of every object of the GC heap"),
        Field("host_data", "u32", "which host value it stands for"),
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
}

# wasmtime, crates/environ/src/gc.rs and gc/null.rs: the layout of the null collector, since 48.0.0
_NULL_COLLECTOR = GcRules(
    header="VMGcHeader",
    struct_header="VMGcHeader",
    array_header="VMNullArrayHeader",
    exception_header="VMNullExnHeader",
    host_object="VMNullExternRef",
    reference="VMGcRef",
    func_reference="FuncRefTableId",
    align=8,
    i31_bit=1,
    kinds={
        "extern": 0b010000 << 26,
        "any": 0b100000 << 26,
        "eq": 0b101000 << 26,
        "array": 0b101010 << 26,
        "struct": 0b101100 << 26,
        "exn": 0b000001 << 26,
    },
)

WASMTIME_48 = Era(
    id="wasmtime-48",
    runtime="wasmtime",
    first_version="48.0.0",
    last_version="50.0.1",
    source="wasmtime v48.0.0, crates/environ/src/vmoffsets.rs and crates/wasmtime/src/runtime/vm/vmcontext.rs; "
    "49 and 50 by their memory",
    magics={"vmctx": "core", "array_call_host_func": "ACHF", "component_vmctx": "comp"},
    index_types=("VMSharedTypeIndex", "DefinedTableIndex", "DefinedMemoryIndex", "DefinedTagIndex"),
    structs={**_WASMTIME_48_STRUCTS, **MACHINE_STRUCTS},
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
    builtins=(
        "memory_grow", "memory_copy", "memory_fill", "passive_elem_segment_len", "passive_elem_segment_base",
        "passive_elem_segment_drop", "ref_func", "table_get_lazy_init_func_ref", "table_grow",
        "memory_atomic_notify", "memory_atomic_wait32", "memory_atomic_wait64", "out_of_gas", "new_epoch",
        "grow_gc_heap", "intern_func_ref_for_gc_heap", "get_interned_func_ref", "is_subtype", "ceil_f32", "ceil_f64",
        "floor_f32", "floor_f64", "trunc_f32", "trunc_f64", "nearest_f32", "nearest_f64", "i8x16_swizzle",
        "i8x16_shuffle", "fma_f32x4", "fma_f64x2", "trap", "raise", "get_instance_id", "throw_ref", "breakpoint",
    ),
    gc=_NULL_COLLECTOR,
)  # fmt: skip

ERAS: tuple[Era, ...] = (WASMTIME_48,)
NEWEST = WASMTIME_48
