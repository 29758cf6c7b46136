"""Wasmer's layouts, from source alone: no memory of a running Wasmer was there to check them against.

There is no magic word and no store context: a VMContext begins with the ids of the module's types, holds the builtins'
addresses in line, and globals lie elsewhere. A funcref is the plain address of a VMCallerCheckedAnyfunc, which lies
beside the VMContext. Source: lib/vm/src/vmcontext.rs and lib/types/src/vmoffsets.rs.
"""

from __future__ import annotations

from collections.abc import Mapping

from vm.eras.collectors import NO_COLLECTOR, NO_COLLECTOR_STRUCTS
from vm.eras.edit import before
from vm.eras.own import MACHINE_STRUCTS
from vm.eras.wasmtime import PTR
from vm.layout import Align, Array, Era, Field, FuncrefEncoding, Hop, Path, Struct
from vm.needs import GC, TAGS

_FROM_SOURCE = "read from source alone, no memory of a running Wasmer was compared"

_BUILTINS_2 = (
    "memory32_grow", "imported_memory32_grow", "memory32_size", "imported_memory32_size", "table_copy", "table_init",
    "elem_drop", "memory_copy", "imported_memory_copy", "memory_fill", "imported_memory_fill", "memory_init",
    "data_drop", "raise_trap", "table_size", "imported_table_size", "table_grow", "imported_table_grow", "table_get",
    "imported_table_get", "table_set", "imported_table_set", "func_ref", "table_fill", "externref_inc",
    "externref_dec",
)  # fmt: skip
_BUILTINS_3 = (
    *_BUILTINS_2[:-2], "memory_atomic_wait32", "imported_memory_atomic_wait32", "memory_atomic_wait64",
    "imported_memory_atomic_wait64", "memory_atomic_notify", "imported_memory_atomic_notify",
)  # fmt: skip
_BUILTINS_6 = (
    *_BUILTINS_3, "throw", "rethrow", "alloc_exception", "delete_exception", "read_exception", "debug_usize",
    "debug_str",
)  # fmt: skip


def _handle(what: str) -> Field:
    return Field("handle", f"handle<{what}>", "its place in the store's list; not written here")


def _context(builtins: int, *, aligned: bool, tags: bool, limits: bool) -> Struct:
    step = (PTR,) if aligned else ()
    tag_section = (*step, Array("imported_tags", "VMTagImport", "num_imported_tags", "tags of other instances"))
    last = (
        Field("trap_handler", "ptr<trap handler>?", "what the embedder does at a trap; none here"),
        Field("gas_limiter", "ptr<gas counter>", "a counter that metering code may use"),
        Field("stack_limit", "u32", "bytes of stack a call may take; not used here"),
    )
    return (
        Array("signature_ids", "u32", "num_signature_ids", "engine-wide id of each of the module's types, in line"),
        *step,
        Array("imported_functions", "VMFunctionImport", "num_imported_functions", "imported functions"),
        *step,
        Array("imported_tables", "VMTableImport", "num_imported_tables", "tables of other instances"),
        *step,
        Array("imported_memories", "VMMemoryImport", "num_imported_memories", "memories of other instances"),
        *(tag_section if tags else ()),
        *step,
        Array("imported_globals", "VMGlobalImport", "num_imported_globals", "globals of other instances or the host"),
        *step,
        Array("tables", "VMTableDefinition", "num_defined_tables", "tables defined here"),
        *step,
        Array("memories", "VMMemoryDefinition", "num_defined_memories", "memories defined here, in line"),
        Align(16),
        Array("globals", "ptr<VMGlobalDefinition>", "num_defined_globals", "where each defined global lies"),
        Array("builtin_functions", "ptr<builtin>", builtins, "runtime functions that compiled code calls, in line"),
        *(last if limits else ()),
    )


def _import(what: str, definition: str) -> Struct:
    return (Field("definition", f"ptr<{definition}>", f"the {what}'s definition"), _handle(f"VM{what.title()}"))


_ANYFUNC: Struct = (
    Field("func_ptr", "ptr<VMFunctionBody>", "called by compiled code"),
    Field("type_index", "VMSharedSignatureIndex", "engine-wide id of the type; call_indirect compares it"),
    PTR,
    Field("vmctx", "ptr<VMFunctionContext>", "first argument of every call: the instance or a host environment"),
)
_STRUCTS: Mapping[str, Struct] = {
    "VMContext": _context(len(_BUILTINS_6), aligned=True, tags=True, limits=True),
    "VMCallerCheckedAnyfunc": (*_ANYFUNC, Field("call_trampoline", "ptr<VMTrampoline>?", "called by the host")),
    "VMFunctionImport": (
        Field("body", "ptr<VMFunctionBody>", "called by compiled code"),
        Field("environment", "ptr<VMFunctionContext>", "first argument: the instance or a host environment"),
        _handle("VMFunction"),
    ),
    "VMTableImport": _import("table", "VMTableDefinition"),
    "VMMemoryImport": _import("memory", "VMMemoryDefinition"),
    "VMGlobalImport": _import("global", "VMGlobalDefinition"),
    "VMTagImport": (_handle("VMTag"),),
    "VMTableDefinition": (
        Field("base", "ptr<u8>", "element 0"),
        Field("current_elements", "u32", "how many elements the table has now: the bound of every access"),
        PTR,
    ),
    "VMMemoryDefinition": (
        Field("base", "ptr<u8>", "byte 0 of the linear memory"),
        Field("current_length", "usize", "bytes the memory has now: the bound of every access"),
    ),
    "VMGlobalDefinition": (Field("val", "bytes[16]", "the value, low bytes first; unused bytes mean nothing"),),
    "VMDynamicFunctionContext": (
        Field("address", "ptr<VMFunctionBody>", "the trampoline that calls the host's closure"),
        Field("ctx", "ptr<T>?", "the closure; here the host function is known by its code"),
    ),
    "VMFunction": (
        Field("context", "VMDynamicFunctionContext", "what a dynamic host function is called with"),
        Field("anyfunc", "VMCallerCheckedAnyfunc", "the host function's own record"),
        Field("kind", "VMFunctionKind", "0 static: called with its environment; 1 dynamic: with a context as above"),
        PTR,
    ),
    # what an instance owns beside its VMContext, each in a place of its own; here they follow it
    "InstanceData": (
        Align(16),
        Array("globals", "VMGlobalDefinition", "num_defined_globals", "the globals' storage"),
        Array("funcrefs", "VMCallerCheckedAnyfunc", "num_escaped_funcs", "records of all functions"),
    ),
    "StoreData": (Field("gas", "u64", "what gas_limiter points to; metering is not done here"),),
}
_PATHS: Mapping[str, Path] = {
    "memory.defined": (Hop("VMContext", "memories", indexed=True),),
    "memory.imported": (
        Hop("VMContext", "imported_memories", indexed=True), Hop("VMMemoryImport", "definition", load=True),
    ),
    "table.defined": (Hop("VMContext", "tables", indexed=True),),
    "table.imported": (
        Hop("VMContext", "imported_tables", indexed=True), Hop("VMTableImport", "definition", load=True),
    ),
    "global.defined": (Hop("VMContext", "globals", indexed=True, load=True),),
    "global.imported": (
        Hop("VMContext", "imported_globals", indexed=True), Hop("VMGlobalImport", "definition", load=True),
    ),
    "function.imported": (Hop("VMContext", "imported_functions", indexed=True),),
    "type_ids": (Hop("VMContext", "signature_ids"),),
}  # fmt: skip

WASMER_6 = Era(
    id="wasmer-6",
    runtime="wasmer",
    first_version="6.0.0",
    last_version="6.1.0",
    source=f"wasmer main at 10191bf6c922; {_FROM_SOURCE}",
    magics={},
    index_types=("VMSharedSignatureIndex", "VMSharedTypeIndex", "VMFunctionKind", "DefinedTagIndex"),
    structs={**_STRUCTS, **NO_COLLECTOR_STRUCTS, **MACHINE_STRUCTS},
    aliases={"VMExternRef": "ptr<VMExternData>"},
    paths=_PATHS,
    funcref=FuncrefEncoding(lazy_bit=None),
    escapes=("all",),
    imports_use_import_record=False,
    startup=False,
    builtins=_BUILTINS_6,
    gc=NO_COLLECTOR,
    changed="imports of tags, builtins for exceptions",
    names={
        "VMFuncRef": "VMCallerCheckedAnyfunc",
        "VMFuncRef.array_call": "func_ptr",
        "VMFuncRef.wasm_call": "func_ptr",
        "VMFuncRef.native_call": "call_trampoline",
        "VMFunctionImport.array_call": "body",
        "VMFunctionImport.wasm_call": "body",
        "VMFunctionImport.vmctx": "environment",
        "VMTableImport.from": "definition",
        "VMMemoryImport.from": "definition",
        "VMGlobalImport.from": "definition",
        "VMArrayCallHostFuncContext": "VMFunction",
        "VMArrayCallHostFuncContext.func_ref": "anyfunc",
        "VMStoreContext": "StoreData",
        "InstanceData.func_refs": "funcrefs",
        "VMExternData.host_data": "value_ptr",
    },
    lacks=frozenset((GC, TAGS)),
)

WASMER_4 = before(
    WASMER_6, "wasmer-4", "4.2.0", "5.0.4", "sections of imports and definitions begin at a pointer's boundary",
    source=f"wasmer at 36b90223d300; {_FROM_SOURCE}", builtins=_BUILTINS_3,
    structs={"VMContext": _context(len(_BUILTINS_3), aligned=True, tags=False, limits=True)}, gone=("VMTagImport",),
)  # fmt: skip

WASMER_3 = before(
    WASMER_4, "wasmer-3", "3.0.0", "4.1.2",
    "handles into the store's lists name who owns an import; call_trampoline; atomics; the words at the end",
    source=f"wasmer at 01e99dda90a7; {_FROM_SOURCE}",
    structs={"VMContext": _context(len(_BUILTINS_3), aligned=False, tags=False, limits=True)},
)  # fmt: skip


def _owned(name: str, owner: str) -> Struct:
    return (WASMER_3.structs[name][0], Field("from", owner, "what keeps it alive; not written here"))


WASMER_2 = before(
    WASMER_3, "wasmer-2", "2.0.0", "2.3.0", "the oldest described here", builtins=_BUILTINS_2,
    source=f"wasmer at 831e07f7014e; {_FROM_SOURCE}",
    structs={
        "VMContext": _context(len(_BUILTINS_2), aligned=False, tags=False, limits=False),
        "VMCallerCheckedAnyfunc": _ANYFUNC,
        "VMFunctionImport": WASMER_3.structs["VMFunctionImport"][:2],
        "VMTableImport": _owned("VMTableImport", "fatptr<Arc<dyn Table>>"),
        "VMMemoryImport": _owned("VMMemoryImport", "fatptr<Arc<dyn Memory>>"),
        "VMGlobalImport": _owned("VMGlobalImport", "ptr<Arc<Global>>"),
    },
)  # fmt: skip

WASMER_ERAS = (WASMER_6, WASMER_4, WASMER_3, WASMER_2)
