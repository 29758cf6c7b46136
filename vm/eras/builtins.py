"""The entries of Wasmtime's VMBuiltinFunctionsArray, in order, as a library with its usual features has them.

Entries of features that are off (memory checking, stack switching) are absent, and later ones move up.
Source: crates/environ/src/builtin.rs of each release.
"""

from __future__ import annotations

_ROUNDING = (
    "ceil_f32", "ceil_f64", "floor_f32", "floor_f64", "trunc_f32", "trunc_f64", "nearest_f32", "nearest_f64",
    "i8x16_swizzle", "i8x16_shuffle", "fma_f32x4", "fma_f64x2",
)  # fmt: skip
_ATOMICS = ("memory_atomic_notify", "memory_atomic_wait32", "memory_atomic_wait64")

BUILTINS_46 = (
    "memory_grow", "memory_copy", "memory_fill", "passive_elem_segment_len", "passive_elem_segment_base",
    "passive_elem_segment_drop", "ref_func", "table_get_lazy_init_func_ref", "table_grow", *_ATOMICS, "out_of_gas",
    "new_epoch", "grow_gc_heap", "intern_func_ref_for_gc_heap", "get_interned_func_ref", "is_subtype", *_ROUNDING,
    "trap", "raise", "get_instance_id", "throw_ref", "breakpoint",
)  # fmt: skip

_BULK = ("table_copy", "table_init", "elem_drop", "memory_copy", "memory_fill", "memory_init", "ref_func", "data_drop")
_TABLES = ("table_get_lazy_init_func_ref", "table_grow_func_ref", "table_fill_func_ref")
_OBJECTS = (
    "intern_func_ref_for_gc_heap", "get_interned_func_ref", "array_new_data", "array_new_elem", "array_copy",
    "array_init_data", "array_init_elem",
)  # fmt: skip
_GC_TABLES = ("table_grow_gc_ref", "table_fill_gc_ref")
_EXTERNREFS = ("drop_externref", "activations_table_insert_with_gc", "externref_global_get", "externref_global_set")


def _grown(first: str, *, breakpoint_: bool, throws: bool) -> tuple[str, ...]:
    """33 to 45: the heap grows by a builtin."""
    return (
        first, *_BULK, *_TABLES, *_ATOMICS, "out_of_gas", "new_epoch", "drop_gc_ref", "grow_gc_heap", "gc_alloc_raw",
        *_OBJECTS, "is_subtype", *_GC_TABLES, *_ROUNDING, "trap", "raise",
        *(("get_instance_id", "throw_ref") if throws else ()), *(("breakpoint",) if breakpoint_ else ()),
    )  # fmt: skip


def _collected(*last: str, subtypes: bool) -> tuple[str, ...]:
    """26 to 32: a collection is a builtin."""
    return (
        "memory32_grow", *_BULK, *_TABLES, *_ATOMICS, "out_of_gas", "new_epoch", "drop_gc_ref", "gc", "gc_alloc_raw",
        *_OBJECTS, *(("is_subtype",) if subtypes else ()), *_GC_TABLES, "trap", *last,
    )  # fmt: skip


BUILTINS_41 = _grown("memory_grow", throws=True, breakpoint_=True)
BUILTINS_37 = _grown("memory_grow", throws=True, breakpoint_=False)
BUILTINS_36 = _grown("memory_grow", throws=False, breakpoint_=False)
BUILTINS_35 = _grown("memory32_grow", throws=False, breakpoint_=False)
BUILTINS_33 = (*BUILTINS_35[: BUILTINS_35.index("gc_alloc_raw")], "gc",
               *BUILTINS_35[BUILTINS_35.index("gc_alloc_raw") :])  # fmt: skip
BUILTINS_28 = _collected("raise", subtypes=True)

BUILTINS_26 = _collected("f64_to_i64", "f64_to_u64", "f64_to_i32", "f64_to_u32", subtypes=False)
BUILTINS_20 = (
    "memory32_grow", *_BULK, *_TABLES, *_ATOMICS, "out_of_gas", "new_epoch", "drop_gc_ref", "gc", "gc_ref_global_get",
    "gc_ref_global_set", *_GC_TABLES,
)  # fmt: skip
_CHECKS = (
    "check_malloc", "check_free", "check_load", "check_store", "malloc_start", "free_start", "update_stack_pointer",
    "update_mem_size",
)  # fmt: skip
BUILTINS_19 = (
    "memory32_grow", *_BULK, *_TABLES, *_ATOMICS, "out_of_gas", "new_epoch", *_CHECKS, *_EXTERNREFS,
    "table_grow_externref", "table_fill_externref",
)  # fmt: skip


def _first(lazy: str, grow: str, fill: str, *checks: str) -> tuple[str, ...]:
    """0.38 to 18."""
    return (
        "memory32_grow", *_BULK, lazy, grow, "table_grow_externref", "table_fill_externref", fill, *_EXTERNREFS,
        *_ATOMICS, "out_of_gas", "new_epoch", *checks,
    )  # fmt: skip


BUILTINS_13 = _first(*_TABLES, *_CHECKS)
BUILTINS_9 = _first(*_TABLES)
BUILTINS_0_38 = _first("table_get_lazy_init_funcref", "table_grow_funcref", "table_fill_funcref")
