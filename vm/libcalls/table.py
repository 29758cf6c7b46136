"""All of the runtime's functions: by the eras' names, and by the instructions that call them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from vm.libcalls import memory, objects, tables
from vm.libcalls.libcall import Libcall

AnyLibcall: TypeAlias = "Libcall[..., Any]"

_ALL: tuple[AnyLibcall, ...] = (
    memory.memory_grow, memory.memory_copy, memory.memory_fill, memory.memory_init, memory.data_drop,
    memory.memory_atomic_notify, memory.memory_atomic_wait32, memory.memory_atomic_wait64,
    tables.ref_func, tables.lazy_init, tables.table_grow_func_ref, tables.table_grow_gc_ref, tables.table_fill_func_ref,
    tables.table_fill_gc_ref, tables.table_copy, tables.table_init, tables.elem_segment_len, tables.elem_segment_base,
    tables.elem_drop,
    objects.gc_alloc_raw, objects.grow_gc_heap, objects.is_subtype, objects.intern_func_ref, objects.interned_func_ref,
    objects.throw_ref, objects.array_new_data, objects.array_new_elem, objects.array_copy, objects.array_init_data,
    objects.array_init_elem,
)  # fmt: skip

BY_NAME: Mapping[str, AnyLibcall] = MappingProxyType(
    {prefix + name: call for call in _ALL for name in call.names for prefix in ("", "imported_")}
)
