"""The context of a component: laid out and shown, not run. Read from source; where an era has two, its newest.

Source: crates/environ/src/component/vmcomponent_offsets.rs of each release.
"""

from __future__ import annotations

from vm.layout import Align, Array, Field, Struct

VM_LOWERING: Struct = (
    Field("callee", "ptr<VMLoweringFunction>", "the host's function"),
    Field("data", "ptr<u8>", "and what it is called with"),
)
_BOUNDARY = (
    Array("task_may_block", "VMGlobalDefinition", 1, "whether the current task may block"),
    Array("may_leave", "VMGlobalDefinition", "num_runtime_component_instances", "flags of each instance inside"),
)
COMPONENT_49: Struct = (
    Field("magic", "u32", 'the bytes "comp": marks a component'),
    Align("ptr"),
    Field("builtins", "ptr<VMComponentBuiltins>", "runtime functions that a component's code calls"),
    Field("store_context", "ptr<VMStoreContext>", "what the instances of one store share"),
    Align(16),
    *_BOUNDARY,
    Align("ptr"),
    Array("trampoline_func_refs", "VMFuncRef", "num_trampolines", "adapters between components and the host"),
    Array("intrinsic_func_refs", "VMFuncRef", "num_unsafe_intrinsics", "unsafe intrinsics"),
    Array("lowerings", "VMLowering", "num_lowerings", "host functions that were lowered"),
    Array("memories", "ptr<VMMemoryDefinition>", "num_runtime_memories", "memories that values are copied through"),
    Array("tables", "VMTableImport", "num_runtime_tables", "tables of functions for threads"),
    Array("reallocs", "ptr<VMFuncRef>", "num_runtime_reallocs", "functions that make room for values"),
    Array("callbacks", "ptr<VMFuncRef>", "num_runtime_callbacks", "callbacks of asynchronous functions"),
    Array("post_returns", "ptr<VMFuncRef>", "num_runtime_post_returns", "called after results were read"),
    Array("resource_destructors", "ptr<VMFuncRef>", "num_resources", "destructors of resources"),
)
