"""From facts to steps: which maker serves which row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vm.ops.row import Op
from vm.ops.table import OPS
from vm.reference import atomic, control, gc, memory, numeric, table, variables, vector
from vm.reference.canonical import canonical
from vm.reference.step import Floats, Site, Slots, Step
from vm.semantics.access import LOADS, STORES
from vm.semantics.table import NUMERIC
from vm.semantics.vector import VECTOR, VECTOR_LOADS
from vm.semantics.wide import WIDE

Maker = Callable[[Site], Step]


def _atomic(op: Op) -> Maker:
    match op.name:
        case "memory.atomic.notify":
            return atomic.notify
        case "memory.atomic.wait32" | "memory.atomic.wait64":
            return atomic.wait
        case "atomic.fence":
            return atomic.fence
        case name if ".rmw" in name:
            return atomic.compare_exchange if "cmpxchg" in name else atomic.read_modify_write
        case name:
            return atomic.load if ".load" in name else atomic.store


MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        **dict.fromkeys(NUMERIC, numeric.numeric),
        **dict.fromkeys((op.name for op in OPS if op.name.endswith(".const")), numeric.constant),
        **dict.fromkeys(LOADS, memory.load),
        **dict.fromkeys(STORES, memory.store),
        **dict.fromkeys(WIDE, numeric.wide),
        **dict.fromkeys(VECTOR, vector.vector),
        **dict.fromkeys(VECTOR_LOADS, vector.load),
        **{f"v128.load{bits}_lane": vector.load_lane for bits in (8, 16, 32, 64)},
        **{f"v128.store{bits}_lane": vector.store for bits in (8, 16, 32, 64)},
        "v128.store": vector.store,
        "v128.const": vector.constant,
        "unreachable": variables.unreachable,
        "if": control.if_,
        "else": control.br,
        "end": control.return_,
        "br": control.br,
        "br_if": control.br_if,
        "br_table": control.br_table,
        "return": control.return_,
        "call": control.call,
        "call_indirect": control.call_indirect,
        "return_call": control.return_call,
        "call_ref": control.call_ref,
        "return_call_ref": control.return_call_ref,
        **{op.name: _atomic(op) for op in OPS if op.proposal == "threads"},
        "throw": control.throw,
        "throw_ref": control.throw_ref,
        "rethrow": control.rethrow,
        "catch": control.br,
        "catch_all": control.br,
        "return_call_indirect": control.return_call_indirect,
        "drop": variables.drop,
        "select": variables.select,
        "select_t": variables.select,
        "local.get": variables.local_get,
        "local.set": variables.local_set,
        "local.tee": variables.local_set,
        "global.get": variables.global_get,
        "global.set": variables.global_set,
        "ref.null": variables.ref_null,
        "ref.is_null": variables.ref_is_null,
        "ref.func": variables.ref_func,
        "ref.eq": gc.ref_eq,
        "ref.as_non_null": gc.ref_as_non_null,
        "br_on_null": gc.br_on_null,
        "br_on_non_null": gc.br_on_non_null,
        "struct.new": gc.struct_new,
        "struct.new_default": gc.struct_new_default,
        **dict.fromkeys(("struct.get", "struct.get_s", "struct.get_u"), gc.struct_get),
        "struct.set": gc.struct_set,
        "array.new": gc.array_new,
        "array.new_default": gc.array_new_default,
        "array.new_fixed": gc.array_new_fixed,
        "array.new_data": gc.array_new_data,
        "array.new_elem": gc.array_new_elem,
        **dict.fromkeys(("array.get", "array.get_s", "array.get_u"), gc.array_get),
        "array.set": gc.array_set,
        "array.len": gc.array_len,
        "array.fill": gc.array_fill,
        "array.copy": gc.array_copy,
        "array.init_data": gc.array_init_data,
        "array.init_elem": gc.array_init_elem,
        **dict.fromkeys(("ref.test", "ref.test_null"), gc.ref_test),
        **dict.fromkeys(("ref.cast", "ref.cast_null"), gc.ref_cast),
        "br_on_cast": gc.br_on_cast,
        "br_on_cast_fail": gc.br_on_cast_fail,
        **dict.fromkeys(("any.convert_extern", "extern.convert_any"), gc.convert),
        "ref.i31": gc.ref_i31,
        **dict.fromkeys(("i31.get_s", "i31.get_u"), gc.i31_get),
        "memory.size": memory.memory_size,
        "memory.grow": memory.memory_grow,
        "memory.fill": memory.memory_fill,
        "memory.copy": memory.memory_copy,
        "memory.init": memory.memory_init,
        "data.drop": memory.data_drop,
        "table.get": table.table_get,
        "table.set": table.table_set,
        "table.size": table.table_size,
        "table.grow": table.table_grow,
        "table.fill": table.table_fill,
        "table.copy": table.table_copy,
        "table.init": table.table_init,
        "elem.drop": table.elem_drop,
    }
)


def translate(site: Site) -> Step:
    """The step of one instruction; unreachable code gets one that says so."""
    if site.instr.operands is None:
        return _never
    step = MAKERS[site.instr.op.name](site)
    return canonical(site, step) if site.links.machine.canonical_nan else step


def _never(q: Slots, d: Floats, f: Floats) -> int:
    raise AssertionError("unreachable code was reached")
