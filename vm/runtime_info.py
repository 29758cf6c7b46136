"""ModuleRuntimeInfo: all that the machine asks about an instance's module, under the runtime's own names.

What is the same for all instances of a module is worked out once per store and found again by `unique_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vm.layout import Layout, Layouts
from vm.memory_image import MemoryImage, memory_image
from vm.module import Module
from vm.shape import ModuleShape, shape_of
from vm.subtyping import TypeRegistry
from vm.types import Addr


class ModuleRuntimeInfo(Protocol):
    """What a runtime's instance knows of its module (wasmtime 4.0 to 8.0, crates/runtime/src/lib.rs)."""

    @property
    def module(self) -> Module:
        """The module."""
        ...

    def function(self, index: int) -> Addr:
        """The code of a function defined in the module; `index` counts those alone."""
        ...

    def memory_image(self, memory: int) -> MemoryImage | None:
        """The initial contents of a memory defined in the module, where they can be mapped."""
        ...

    @property
    def unique_id(self) -> int:
        """Equal for instances of one module."""
        ...

    @property
    def wasm_data(self) -> bytes:
        """The bytes that data segments are spans of."""
        ...

    @property
    def signature_ids(self) -> tuple[int, ...]:
        """Engine-wide ids of the module's types."""
        ...

    @property
    def offsets(self) -> Layout:
        """Where everything lies in a VMContext of this module."""
        ...


@dataclass(eq=False)
class CompiledModule:
    """What instances of one module share in a store."""

    unique_id: int
    module: Module
    shape: ModuleShape
    signature_ids: tuple[int, ...]
    offsets: Layout
    _images: dict[int, MemoryImage | None] = field(default_factory=dict)

    def memory_image(self, memory: int) -> MemoryImage | None:
        """The image of a memory, imports counted; made when first asked for."""
        if memory not in self._images:
            self._images[memory] = memory_image(self.module, memory)
        return self._images[memory]


class CompiledModules:
    """The modules of a store, each known by its `unique_id`."""

    def __init__(self, layouts: Layouts, types: TypeRegistry) -> None:
        self._layouts, self._types = layouts, types
        self._by_identity: dict[int, CompiledModule] = {}  # modules are kept, so their identity is theirs alone

    @property
    def by_id(self) -> Mapping[int, CompiledModule]:
        """All of them."""
        return {found.unique_id: found for found in self._by_identity.values()}

    def __call__(self, module: Module) -> CompiledModule:
        """What is known of a module; worked out for its first instance alone."""
        found = self._by_identity.get(id(module))
        if found is None:
            shape = shape_of(module, self._layouts.era)
            found = CompiledModule(
                len(self._by_identity) + 1, module, shape, self._types.add_module(module),
                self._layouts.struct("VMContext", shape.counts),
            )  # fmt: skip
            self._by_identity[id(module)] = found
        return found


@dataclass(frozen=True)
class InstanceInfo:
    """The runtime info of one instance."""

    compiled: CompiledModule
    code_base: Addr  # of the instance's code records, imports counted
    code_stride: int

    @property
    def module(self) -> Module:
        return self.compiled.module

    def function(self, index: int) -> Addr:
        """See ModuleRuntimeInfo."""
        return Addr(self.code_base + (self.module.num_imported_funcs + index) * self.code_stride)

    def memory_image(self, memory: int) -> MemoryImage | None:
        """See ModuleRuntimeInfo."""
        imported = len(self.module.memories) - len(self.module.defined_memories)
        return self.compiled.memory_image(imported + memory)

    @property
    def unique_id(self) -> int:
        return self.compiled.unique_id

    @property
    def wasm_data(self) -> bytes:
        return self.module.bytes

    @property
    def signature_ids(self) -> tuple[int, ...]:
        return self.compiled.signature_ids

    @property
    def offsets(self) -> Layout:
        return self.compiled.offsets
