"""How Wasmtime's collectors lay out objects, and what stands for the host's values where there is no collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vm.layout import Align, Field, GcRules, Struct

NULL_STRUCTS: Mapping[str, Struct] = {
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
}

# wasmtime, crates/environ/src/gc.rs and gc/null.rs: the layout of the null collector, since 48.0.0
NULL_COLLECTOR = GcRules(
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

# wasmtime v25.0.0, crates/wasmtime/src/runtime/vm/gc/enabled/drc.rs: the only collector before 27. Its header is one
# 64-bit word, the kind in the upper half. Arrays came with 25, structs with 27: in 20 to 24 they are laid out as in 25
DRC_STRUCTS: Mapping[str, Struct] = {
    "VMGcHeader": (
        Field("ty", "VMSharedTypeIndex", "engine-wide id of its type"),
        Field("kind", "u32", "what the object is, in the high bits"),
    ),
    "VMDrcHeader": (
        Field("header", "VMGcHeader", "of every object of the GC heap"),
        Field("ref_count", "u64", "how many references the host and other objects hold"),
    ),
    "VMDrcArrayHeader": (
        Field("header", "VMDrcHeader", "of every object this collector owns"),
        Field("length", "u32", "how many elements follow"),
    ),
    "VMDrcExternRef": (
        Field("header", "VMDrcHeader", "of every object this collector owns"),
        Field("host_data", "u32", "which host value it stands for"),
        Align(8),
    ),
}
_DRC_KINDS = {
    "extern": 0b010000 << 26,
    "any": 0b100000 << 26,
    "eq": 0b101000 << 26,
    "array": 0b101001 << 26,
    "struct": 0b101010 << 26,
}
DRC_COLLECTOR = GcRules(
    header="VMGcHeader",
    struct_header="VMDrcHeader",
    array_header="VMDrcArrayHeader",
    exception_header="VMDrcHeader",  # none: there are no tags yet
    host_object="VMDrcExternRef",
    reference="VMGcRef",
    func_reference="FuncRefTableId",
    align=8,
    i31_bit=1,
    kinds=_DRC_KINDS,
)
# until 23 there were host values alone
FIRST_COLLECTOR = replace(DRC_COLLECTOR, kinds={**_DRC_KINDS, "extern": 0})

# wasmtime v19.0.0, crates/runtime/src/externref.rs: a host value is in a box of its own, and references are addresses
NO_COLLECTOR_STRUCTS: Mapping[str, Struct] = {
    "VMExternData": (
        Field("ref_count", "usize", "how many references there are"),
        Field(
            "value_ptr", "fatptr<dyn Any + Send + Sync>", "the host's value: its number here, and the table of its type"
        ),
    ),
}
NO_COLLECTOR = GcRules(
    header="VMExternData",
    struct_header="VMExternData",
    array_header="NoArray",
    exception_header="VMExternData",
    host_object="VMExternData",
    reference="VMExternRef",
    func_reference="u32",
    align=8,
    i31_bit=0,
    kinds={"extern": 0},
)
