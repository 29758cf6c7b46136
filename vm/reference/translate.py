"""From facts to steps: which maker serves which row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vm.ops.table import OPS
from vm.reference import control, memory, numeric, table, variables, vector
from vm.reference.step import Floats, Site, Slots, Step
from vm.semantics.access import LOADS, STORES
from vm.semantics.table import NUMERIC
from vm.semantics.vector import VECTOR, VECTOR_LOADS
from vm.semantics.wide import WIDE

Maker = Callable[[Site], Step]

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
    return MAKERS[site.instr.op.name](site)


def _never(q: Slots, d: Floats, f: Floats) -> int:
    raise AssertionError("unreachable code was reached")
