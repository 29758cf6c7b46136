"""Wasmtime's layouts before the newest, each by how it differs from the one after it: read from the bottom up, it is
the history. Sources: crates/environ/src/vmoffsets.rs and the vmcontext.rs of each release."""

from __future__ import annotations

from vm.eras.builtins import (
    BUILTINS_0_38,
    BUILTINS_9,
    BUILTINS_13,
    BUILTINS_19,
    BUILTINS_20,
    BUILTINS_26,
    BUILTINS_28,
    BUILTINS_33,
    BUILTINS_35,
    BUILTINS_36,
    BUILTINS_37,
    BUILTINS_41,
)
from vm.eras.collectors import (
    DRC_COLLECTOR,
    DRC_STRUCTS,
    FIRST_COLLECTOR,
    NO_COLLECTOR,
    NO_COLLECTOR_STRUCTS,
    NULL_STRUCTS,
)
from vm.eras.edit import after, before, everywhere, field_of, moved, renamed, retyped, without
from vm.eras.wasmtime import PTR, WASMTIME_48
from vm.layout import Array, Field, Hop, Struct
from vm.needs import GC, SHARED, TABLE_INIT, TAGS

_CALLEE = Field("callee", "ptr<VMFunctionBody>", "the function entered last through the embedding interface")
_STORE = Field("store", "fatptr<dyn Store>", "the store: data pointer and table pointer")
_ACTIVATIONS = Field(
    "externref_activations_table", "ptr<VMExternRefActivationsTable>", "externrefs that frames may hold"
)
_NATIVE_CALL = Field("native_call", "ptr<VMNativeCallFunction>", "called by the host with native arguments")

WASMTIME_47 = before(
    WASMTIME_48, "wasmtime-47", "47.0.0", "47.0.4", "the store context gains current_thread",
    source="wasmtime v47.0.0",
    structs={
        "VMComponentContext": renamed(
            moved(WASMTIME_48.structs["VMComponentContext"], "may_leave", "task_may_block"),
            "store_context", "vm_store_context",
        )
    },
)  # fmt: skip

WASMTIME_46 = before(
    WASMTIME_47, "wasmtime-46", "46.0.0", "46.0.3",
    "startup_func_ref and the runtime data come; start functions take no func_refs slot any more",
    source="wasmtime v46.0.0",
    structs={
        "VMStoreContext": without(WASMTIME_47.structs["VMStoreContext"], "current_thread"),
        "VMComponentContext": renamed(WASMTIME_47.structs["VMComponentContext"], "may_leave", "flags"),
    },
)  # fmt: skip

WASMTIME_45 = before(
    WASMTIME_46, "wasmtime-45", "45.0.0", "45.0.3",
    "VMFunctionImport is a copy of the VMFuncRef and serves as one; the store context gains component_context",
    source="wasmtime v45.0.0",
    structs={
        "VMContext": without(
            WASMTIME_46.structs["VMContext"], "startup_func_ref", "runtime_data_bases", "runtime_data_lengths"
        )
    },
    startup=False, builtins=BUILTINS_41,
    escapes=("imports", "table_init", "global_init", "exports", "start", "elems"),
)  # fmt: skip

WASMTIME_43 = before(
    WASMTIME_45, "wasmtime-43", "43.0.0", "44.0.3", "the store context gains execution_version",
    source="wasmtime v43.0.0 and v44.0.0",
    structs={
        "VMStoreContext": without(WASMTIME_45.structs["VMStoreContext"], "component_context"),
        "VMFunctionImport": (
            Field("wasm_call", "ptr<VMWasmCallFunction>", "called by compiled code"),
            Field("array_call", "ptr<VMArrayCallFunction>", "called with an array of values, by the host"),
            Field("vmctx", "ptr<VMOpaqueContext>", "first argument of every call: the instance or a host context"),
        ),
    },
    imports_use_import_record=False,
)  # fmt: skip

WASMTIME_42 = before(
    WASMTIME_43, "wasmtime-42", "42.0.0", "42.0.2", "a fourth kind of global: task may block",
    source="wasmtime v42.0.0",
    structs={"VMStoreContext": without(WASMTIME_43.structs["VMStoreContext"], "execution_version")},
)  # fmt: skip

WASMTIME_39 = before(
    WASMTIME_42, "wasmtime-39", "39.0.0", "41.0.4", "the store context gains store_data",
    source="wasmtime v39.0.0 to v41.0.0", builtins=BUILTINS_37,
    structs={
        "VMComponentContext": without(WASMTIME_42.structs["VMComponentContext"], "task_may_block"),
        "VMGlobalKind": (
            Field("tag", "u32", "0 host, 1 instance, 2 component flags"),
            field_of(WASMTIME_42.structs["VMGlobalKind"], "payload"),
        ),
    },
)  # fmt: skip

WASMTIME_38 = before(
    WASMTIME_39, "wasmtime-38", "38.0.1", "38.0.4",
    "the store context gains last_wasm_entry_sp and last_wasm_entry_trap_handler", source="wasmtime v38.0.1",
    structs={
        "VMStoreContext": without(WASMTIME_39.structs["VMStoreContext"], "store_data"),
        "VMComponentContext": without(WASMTIME_39.structs["VMComponentContext"], "intrinsic_func_refs"),
    },
)  # fmt: skip

WASMTIME_37 = before(
    WASMTIME_38, "wasmtime-37", "37.0.0", "37.0.3",
    "last_wasm_exit_fp is called last_wasm_exit_trampoline_fp: the trampoline's frame", source="wasmtime v37.0.0",
    structs={
        "VMStoreContext": without(
            WASMTIME_38.structs["VMStoreContext"], "last_wasm_entry_sp", "last_wasm_entry_trap_handler"
        )
    },
)  # fmt: skip

WASMTIME_36 = before(
    WASMTIME_37, "wasmtime-36", "36.0.0", "36.0.14", "same bytes; exnref is one of the 32-bit references",
    source="wasmtime v36.0.0", builtins=BUILTINS_36,
    structs={
        "VMStoreContext": renamed(
            WASMTIME_37.structs["VMStoreContext"], "last_wasm_exit_trampoline_fp", "last_wasm_exit_fp"
        )
    },
)  # fmt: skip

WASMTIME_35 = before(
    WASMTIME_36, "wasmtime-35", "35.0.0", "35.0.0",
    "callee leaves the vmctx; the store context gains stack_chain and async_guard_range", source="wasmtime v35.0.0",
    builtins=BUILTINS_35,
)  # fmt: skip

WASMTIME_34 = before(
    WASMTIME_35, "wasmtime-34", "34.0.0", "34.0.2",
    "imports of globals, tables and tags name their owner and their number there", source="wasmtime v34.0.0",
    builtins=BUILTINS_33,
    structs={
        "VMContext": after(WASMTIME_35.structs["VMContext"], "builtin_functions", _CALLEE),
        "VMStoreContext": without(WASMTIME_35.structs["VMStoreContext"], "stack_chain", "async_guard_range"),
    },
)  # fmt: skip

WASMTIME_33 = before(
    WASMTIME_34, "wasmtime-33", "33.0.0", "33.0.2",
    "the GC heap's base and bound move from the vmctx into the store context", source="wasmtime v33.0.0",
    structs={
        **everywhere(
            {
                "VMContext": WASMTIME_34.structs["VMContext"],
                "VMComponentContext": WASMTIME_34.structs["VMComponentContext"],
                "VMTableImport": without(WASMTIME_34.structs["VMTableImport"], "index"),
            },
            "VMTableImport", "VMTable",
        ),
        "VMGlobalImport": without(WASMTIME_34.structs["VMGlobalImport"], "vmctx", "kind"),
        "VMTagImport": without(WASMTIME_34.structs["VMTagImport"], "vmctx", "index"),
    },
    gone=("VMTableImport", "VMGlobalKind"),
    names={"VMTableImport": "VMTable"},
)  # fmt: skip

WASMTIME_32 = before(
    WASMTIME_33, "wasmtime-32", "32.0.0", "32.0.1",
    "the pointer to the stack chain goes again; VMTableImport is called VMTable", source="wasmtime v32.0.0",
    builtins=BUILTINS_28,
    structs={
        "VMContext": after(
            WASMTIME_33.structs["VMContext"], "epoch_ptr",
            Field("gc_heap_base", "ptr<u8>", "byte 0 of the GC heap"),
            Field("gc_heap_bound", "ptr<u8>", "bytes the GC heap has: the bound of every access"),
        ),
        "VMStoreContext": without(WASMTIME_33.structs["VMStoreContext"], "gc_heap"),
    },
    paths={**WASMTIME_33.paths, "gc_heap": (Hop("VMContext", "gc_heap_base"),)},
)  # fmt: skip

WASMTIME_31 = before(
    WASMTIME_32, "wasmtime-31", "31.0.0", "31.0.0",
    "the limits are called VMStoreContext; tags come; a pointer to the stack chain, here alone",
    source="wasmtime v31.0.0",
    structs={
        "VMComponentContext": without(WASMTIME_32.structs["VMComponentContext"], "tables"),
        **everywhere(
            {
                "VMContext": after(
                    WASMTIME_32.structs["VMContext"], "type_ids",
                    Field("stack_chain", "ptr<VMStackChain cell>", "continuations of stack switching; absent here"),
                ),
                "VMTable": WASMTIME_32.structs["VMTable"],
            },
            "VMTable", "VMTableImport",
        ),
    },
    gone=("VMTable",),
    names={},
)  # fmt: skip

_LIMITS_30: dict[str, Struct] = everywhere(
    {
        "VMContext": renamed(
            without(WASMTIME_31.structs["VMContext"], "stack_chain", "imported_tags", "tags"),
            "store_context", "runtime_limits",
        ),
        "VMStoreContext": WASMTIME_31.structs["VMStoreContext"],
    },
    "VMStoreContext", "VMRuntimeLimits",
)  # fmt: skip
WASMTIME_30 = before(
    WASMTIME_31, "wasmtime-30", "30.0.0", "30.0.2", "the pointers to the store leave the vmctx",
    source="wasmtime v30.0.0",
    structs={
        **_LIMITS_30,
        "VMComponentContext": retyped(
            renamed(WASMTIME_31.structs["VMComponentContext"], "vm_store_context", "limits"),
            "limits", "ptr<VMRuntimeLimits>",
        ),
    },
    gone=("VMStoreContext", "VMTagImport", "VMTagDefinition", "VMNullExnHeader"),
    names={"VMStoreContext": "VMRuntimeLimits", "VMContext.store_context": "runtime_limits"},
    paths={name: path for name, path in WASMTIME_31.paths.items() if not name.startswith("tag.")},
    lacks=frozenset((TAGS,)),
)  # fmt: skip

WASMTIME_29 = before(
    WASMTIME_30, "wasmtime-29", "29.0.0", "29.0.1",
    "memories move to the front of the variable part, 64-bit words to the front of the limits",
    source="wasmtime v29.0.0",
    structs={
        "VMContext": after(WASMTIME_30.structs["VMContext"], "gc_heap_data", _STORE),
        "VMComponentContext": without(
            after(WASMTIME_30.structs["VMComponentContext"], "builtins", _STORE), "callbacks"
        ),
    },
)  # fmt: skip

WASMTIME_27 = before(
    WASMTIME_29, "wasmtime-27", "27.0.0", "28.0.1", "last_wasm_entry_fp instead of last_wasm_entry_sp",
    source="wasmtime v27.0.0 and v28.0.0", builtins=BUILTINS_28,
    structs={
        "VMComponentContext": retyped(
            renamed(WASMTIME_29.structs["VMComponentContext"], "builtins", "libcalls"),
            "libcalls", "ptr<VMComponentLibcalls>",
        ),
        "VMContext": moved(
            moved(WASMTIME_29.structs["VMContext"], "imported_tables", "imported_memories"),
            "tables", "memories", "owned_memories",
        ),
        "VMRuntimeLimits": (
            field_of(WASMTIME_29.structs["VMRuntimeLimits"], "stack_limit"),
            *without(WASMTIME_29.structs["VMRuntimeLimits"], "stack_limit"),
        ),
    },
)  # fmt: skip

WASMTIME_26 = before(
    WASMTIME_27, "wasmtime-26", "26.0.0", "26.0.1", "a table's current_elements is as wide as a pointer",
    source="wasmtime v26.0.0", builtins=BUILTINS_26,
    structs={
        "VMRuntimeLimits": renamed(
            WASMTIME_27.structs["VMRuntimeLimits"], "last_wasm_entry_fp", "last_wasm_entry_sp"
        ),
        **DRC_STRUCTS,
    },
    gone=tuple(name for name in NULL_STRUCTS if name not in DRC_STRUCTS),
    gc=DRC_COLLECTOR,
)  # fmt: skip

WASMTIME_23 = before(
    WASMTIME_26, "wasmtime-23", "23.0.0", "25.0.3", "the caches of call_indirect go again",
    source="wasmtime v23.0.0 to v25.0.0", builtins=BUILTINS_20,
    structs={
        "VMTableDefinition": (*retyped(WASMTIME_26.structs["VMTableDefinition"], "current_elements", "u32"), PTR),
    },
)  # fmt: skip

WASMTIME_22 = before(
    WASMTIME_23, "wasmtime-22", "22.0.0", "22.0.1", "native_call goes, from funcrefs and from imports of functions",
    source="wasmtime v22.0.0", gc=FIRST_COLLECTOR,
    structs={
        "VMContext": (
            *WASMTIME_23.structs["VMContext"],
            Array("call_indirect_caches", "VMCallIndirectCache", "num_call_indirect_caches", "callees seen before"),
        ),
        "VMCallIndirectCache": (
            Field("wasm_call", "ptr<VMWasmCallFunction>", "the code that was called"),
            Field("index", "usize", "the element it was found at"),
        ),
    },
)  # fmt: skip

_FUNC_REF_21 = (_NATIVE_CALL, *WASMTIME_22.structs["VMFuncRef"])
_HOST_CONTEXT = WASMTIME_22.structs["VMArrayCallHostFuncContext"]
WASMTIME_21 = before(
    WASMTIME_22, "wasmtime-21", "21.0.0", "21.0.2",
    "caches of call_indirect; imported functions have the first func_refs slots", source="wasmtime v21.0.0",
    magics={**WASMTIME_22.magics, "native_call_host_func": "NCHF"}, host_wasm_call=True,
    structs={
        "VMFuncRef": _FUNC_REF_21,
        "VMFunctionImport": after(WASMTIME_22.structs["VMFunctionImport"], "wasm_call", _NATIVE_CALL),
        "VMNativeCallHostFuncContext": (
            Field("magic", "u32", 'the bytes "NCHF": marks a host function made with the native calling convention'),
            *without(_HOST_CONTEXT, "magic"),
        ),
    },
)  # fmt: skip

WASMTIME_20 = before(
    WASMTIME_21, "wasmtime-20", "20.0.0", "20.0.2",
    "a GC heap: its base, bound and collector's data come, references that are no funcrefs have 32 bits",
    source="wasmtime v20.0.0",
    structs={"VMContext": without(WASMTIME_21.structs["VMContext"], "call_indirect_caches")},
    gone=("VMCallIndirectCache",),
    escapes=("table_init", "global_init", "exports", "start", "elems"),
)  # fmt: skip

WASMTIME_18 = before(
    WASMTIME_20, "wasmtime-18", "18.0.0", "19.0.2",
    "signature_ids is called type_ids, VMSharedSignatureIndex VMSharedTypeIndex", source="wasmtime v18.0.0, v19.0.0",
    builtins=BUILTINS_19,
    structs={
        "VMContext": after(
            moved(
                without(WASMTIME_20.structs["VMContext"], "gc_heap_base", "gc_heap_bound", "gc_heap_data"),
                "store", "builtin_functions", "type_ids",
            ),
            "epoch_ptr", _ACTIVATIONS,
        ),
        **NO_COLLECTOR_STRUCTS,
    },
    gone=tuple(DRC_STRUCTS),
    paths={name: path for name, path in WASMTIME_20.paths.items() if name != "gc_heap"},
    aliases={**WASMTIME_20.aliases, "VMExternRef": "ptr<VMExternData>"},
    gc=NO_COLLECTOR, lacks=frozenset((TAGS, GC)),
    names={**WASMTIME_20.names, "VMExternData.host_data": "value_ptr"},
)  # fmt: skip

WASMTIME_10 = before(
    WASMTIME_18, "wasmtime-10", "10.0.0", "17.0.3",
    "functions that a table's initial value names have func_refs slots", source="wasmtime v10.0.0 to v17.0.0",
    builtins=BUILTINS_13,
    structs=everywhere(
        {**WASMTIME_18.structs, "VMContext": renamed(WASMTIME_18.structs["VMContext"], "type_ids", "signature_ids")},
        "VMSharedTypeIndex", "VMSharedSignatureIndex",
    ),
    index_types=(*WASMTIME_18.index_types, "VMSharedSignatureIndex"),
    names={**WASMTIME_18.names, "VMContext.type_ids": "signature_ids"},
)  # fmt: skip


def _component_9(record: str, section: str) -> Struct:
    """Before resources: a section for each kind of adapter."""
    newer = retyped(
        renamed(without(WASMTIME_10.structs["VMComponentContext"], "resource_destructors"),
                "libcalls", "transcode_libcalls"),
        "transcode_libcalls", "ptr<VMBuiltinTranscodeArray>",
    )  # fmt: skip
    kinds = (("lowering", "num_lowerings"), ("always_trap", "num_always_trap"), ("transcoder", "num_transcoders"))
    adapters = (Array(f"{kind}_{section}", "VMFuncRef", count, f"{kind} adapters") for kind, count in kinds)
    struct = without(after(newer, "trampoline_func_refs", *adapters), "trampoline_func_refs")
    return everywhere({"": struct}, "VMFuncRef", record)[""]


WASMTIME_9 = before(
    WASMTIME_10, "wasmtime-9", "9.0.0", "9.0.4",
    "VMFuncRef with a code pointer for each calling convention; host contexts ACHF and NCHF",
    source="wasmtime v9.0.0", builtins=BUILTINS_9,
    escapes=("global_init", "exports", "start", "elems"), lacks=frozenset((TAGS, GC, TABLE_INIT)),
    structs={"VMComponentContext": _component_9("VMFuncRef", "func_refs")},
)  # fmt: skip

_FUNC_REF_7 = (
    Field("func_ptr", "ptr<VMFunctionBody>", "called by compiled code and by the host"),
    Field("type_index", "VMSharedSignatureIndex", "engine-wide id of the type; call_indirect compares it"),
    PTR,
    Field("vmctx", "ptr<VMOpaqueContext>", "first argument of every call: the instance or a host context"),
)
_NAMES_7 = {
    **WASMTIME_9.names,
    "VMFuncRef": "VMCallerCheckedFuncRef",
    "VMFuncRef.array_call": "func_ptr",
    "VMFuncRef.wasm_call": "func_ptr",
    "VMFunctionImport.array_call": "body",
    "VMFunctionImport.wasm_call": "body",
    "VMContext.func_refs": "anyfuncs",
    "VMArrayCallHostFuncContext": "VMHostFuncContext",
    "VMArrayCallHostFuncContext.func_ref": "wasm_to_host_trampoline",
}
WASMTIME_7 = before(
    WASMTIME_9, "wasmtime-7", "7.0.0", "8.0.1", "the record of a function is called VMCallerCheckedFuncRef",
    source="wasmtime v7.0.0, v8.0.0", builtins=BUILTINS_0_38,
    magics={"vmctx": "core", "array_call_host_func": "host", "component_vmctx": "comp"},
    structs={
        "VMComponentContext": _component_9("VMCallerCheckedFuncRef", "anyfuncs"),
        "VMContext": everywhere(
            {"VMContext": renamed(WASMTIME_9.structs["VMContext"], "func_refs", "anyfuncs")},
            "VMFuncRef", "VMCallerCheckedFuncRef",
        )["VMContext"],
        "VMCallerCheckedFuncRef": _FUNC_REF_7,
        "VMFunctionImport": (
            Field("body", "ptr<VMFunctionBody>", "called by compiled code"),
            Field("vmctx", "ptr<VMOpaqueContext>", "first argument of every call: the instance or a host context"),
        ),
        "VMHostFuncContext": (
            Field("magic", "u32", 'the bytes "host": marks a host function'),
            PTR,
            Field("host_func", "ptr<VMFunctionBody>", "what the trampoline calls"),
            Field("wasm_to_host_trampoline", "VMCallerCheckedFuncRef", "the host function's own record"),
            Field("host_state", "fatptr<dyn Any + Send + Sync>", "the closure: data pointer and table pointer"),
        ),
    },
    gone=("VMFuncRef", "VMArrayCallHostFuncContext", "VMNativeCallHostFuncContext"),
    names=_NAMES_7,
)  # fmt: skip

WASMTIME_1 = before(
    WASMTIME_7, "wasmtime-1", "1.0.0", "6.0.2", "same bytes; contexts of components come beside it",
    source="wasmtime v1.0.0 to v6.0.0",
    structs=everywhere(WASMTIME_7.structs, "VMCallerCheckedFuncRef", "VMCallerCheckedAnyfunc"),
    gone=("VMCallerCheckedFuncRef",),
    names={**_NAMES_7, "VMFuncRef": "VMCallerCheckedAnyfunc"},
)  # fmt: skip

WASMTIME_0_40 = before(
    WASMTIME_1, "wasmtime-0.40", "0.40.0", "0.40.1",
    "callee comes; the limits note where wasm was entered and left; host functions have contexts of their own",
    source="wasmtime v0.40.0", magics={"vmctx": "core", "array_call_host_func": "host"},
    gone=("VMComponentContext", "VMLowering"),
)  # fmt: skip

_OWN_39 = without(WASMTIME_0_40.structs["VMContext"], "callee")
_HEADER_39 = _OWN_39[: [getattr(item, "name", "") for item in _OWN_39].index("signature_ids") + 1]
WASMTIME_0_39 = before(
    WASMTIME_0_40, "wasmtime-0.39", "0.39.0", "0.39.1",
    "memories are reached by pointers, for shared ones lie elsewhere; memory imports name their number there",
    source="wasmtime v0.39.0", magics={"vmctx": "core", "array_call_host_func": "core"},
    structs={
        "VMContext": _OWN_39,
        "VMRuntimeLimits": tuple(
            field_of(WASMTIME_0_40.structs["VMRuntimeLimits"], name)
            for name in ("stack_limit", "fuel_consumed", "epoch_deadline")
        ),
        # a host function was an instance of its own, with one function that is exported
        "VMHostInstance": (
            *_HEADER_39,
            Field("anyfunc", "VMCallerCheckedAnyfunc", "the host function's own record"),
        ),
    },
    gone=("VMHostFuncContext",),
    names={
        **WASMTIME_0_40.names,
        "VMArrayCallHostFuncContext": "VMHostInstance",
        "VMArrayCallHostFuncContext.func_ref": "anyfunc",
    },
)  # fmt: skip

WASMTIME_0_38 = before(
    WASMTIME_0_39, "wasmtime-0.38", "0.38.0", "0.38.3",
    "the oldest described here: the magic word comes; funcrefs are three words, memories lie in line",
    source="wasmtime v0.38.0",
    structs={
        "VMContext": retyped(without(_OWN_39, "owned_memories"), "memories", "VMMemoryDefinition"),
        "VMMemoryImport": without(WASMTIME_0_39.structs["VMMemoryImport"], "index"),
    },
    paths={**WASMTIME_0_39.paths, "memory.defined": (Hop("VMContext", "memories", indexed=True),)},
    lacks=frozenset((TAGS, GC, TABLE_INIT, SHARED)),
)  # fmt: skip

WASMTIME_ERAS = (
    WASMTIME_48, WASMTIME_47, WASMTIME_46, WASMTIME_45, WASMTIME_43, WASMTIME_42, WASMTIME_39, WASMTIME_38,
    WASMTIME_37, WASMTIME_36, WASMTIME_35, WASMTIME_34, WASMTIME_33, WASMTIME_32, WASMTIME_31, WASMTIME_30,
    WASMTIME_29, WASMTIME_27, WASMTIME_26, WASMTIME_23, WASMTIME_22, WASMTIME_21, WASMTIME_20, WASMTIME_18,
    WASMTIME_10, WASMTIME_9, WASMTIME_7, WASMTIME_1, WASMTIME_0_40, WASMTIME_0_39, WASMTIME_0_38,
)  # fmt: skip
