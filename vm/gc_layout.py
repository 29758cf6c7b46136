"""Where the parts of an object lie in the GC heap, as the era's collector places them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vm.layout import Align, Field, Layout, Layouts
from vm.types import NumType, Packed, RefType, StorageType


@dataclass(frozen=True, slots=True)
class Part:
    """A field, or an element: `bytes` bytes at `offset` from the object's start."""

    name: str
    storage: StorageType
    offset: int
    bytes: int

    @property
    def is_func(self) -> bool:
        """Whether it holds a funcref's id."""
        return isinstance(self.storage, RefType) and self.storage.is_func

    @property
    def is_reference(self) -> bool:
        """Whether it holds a reference into the heap."""
        return isinstance(self.storage, RefType) and not self.storage.is_func


@dataclass(frozen=True, slots=True)
class ObjectLayout:
    """A struct, or an exception."""

    layout: Layout
    parts: tuple[Part, ...]
    size: int


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """An array: `element` is the first one."""

    length_offset: int
    element: Part

    def size(self, length: int) -> int:
        """Bytes of an array of that many elements."""
        return self.element.offset + length * self.element.bytes


class ObjectPlacing:
    """Places what objects consist of; the same types give the same places."""

    def __init__(self, layouts: Layouts) -> None:
        self._layouts, self._rules = layouts, layouts.era.gc

    def type_name(self, storage: StorageType) -> str:
        """The layout table's type for what a field holds."""
        match storage:
            case Packed.I8:
                return "u8"
            case Packed.I16:
                return "u16"
            case NumType.I64 | NumType.F64:
                return "u64"
            case NumType.V128:
                return "bytes[16]"
            case NumType():
                return "u32"
            case RefType():
                return self._rules.func_reference if storage.is_func else self._rules.reference

    def struct(self, storages: Sequence[StorageType]) -> ObjectLayout:
        """A struct with such fields."""
        return self._object(self._rules.struct_header, storages)

    def exception(self, storages: Sequence[StorageType]) -> ObjectLayout:
        """An exception that carries such values."""
        return self._object(self._rules.exception_header, storages)

    def array(self, storage: StorageType) -> ArrayLayout:
        """An array of such elements."""
        length = self._layouts.field(self._rules.array_header, "length").offset
        size = self._layouts.size_of(self.type_name(storage))
        header = self._layouts.struct(self._rules.array_header).size
        return ArrayLayout(length, Part("element", storage, -(-header // size) * size, size))

    def _object(self, header: str, storages: Sequence[StorageType]) -> ObjectLayout:
        items: list[Field | Align] = [Field("head", header)]
        greatest = self._rules.align
        for i, storage in enumerate(storages):
            type_ = self.type_name(storage)
            size = self._layouts.size_of(type_)
            greatest = max(greatest, size)
            items += [Align(size), Field(f"field{i}", type_, str(storage))]
        layout = self._layouts.lay_out(header, (*items, Align(greatest)))
        placed = [layout.field(f"field{i}") for i in range(len(storages))]
        parts = [Part(p.name, s, p.offset, p.size) for p, s in zip(placed, storages, strict=True)]
        return ObjectLayout(layout, tuple(parts), layout.size)
