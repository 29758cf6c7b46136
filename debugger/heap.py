"""The GC heap as people look at it: objects, what is in them, who refers to one and why it is alive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from debugger.symbols import Symbols
from debugger.values import format_value
from vm.errors import UserError
from vm.exceptions import Tag, tag_of
from vm.gc_collect import references, roots
from vm.gc_heap import GRANULE_BYTES, HEAD
from vm.gc_layout import Part
from vm.instance import Instance
from vm.machine import Machine
from vm.types import Addr, Packed, RefType

_SHOWN_PARTS = 4  # of an object in one line
_SHOWN_ELEMENTS = 256  # of an array
_MOST_VISITED = 1_000_000


@dataclass(frozen=True, slots=True)
class HeapObject:
    """An object: where it is, what it is, how large."""

    ref: int
    kind: str
    type_name: str
    size_bytes: int
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct, an element of an array, a value of an exception."""

    name: str
    type: str
    text: str
    addr: Addr
    part: Part
    bits: int

    @property
    def is_reference(self) -> bool:
        """Whether it holds a reference into the heap."""
        return self.part.is_reference


class HeapView:
    """Reads the objects of a store."""

    def __init__(self, machine: Machine, symbols: Callable[[Instance], Symbols]) -> None:
        self.machine, self._symbols = machine, symbols

    # -- objects ---------------------------------------------------------------------------------

    def objects(self) -> Iterator[HeapObject]:
        """Every object, by address."""
        yield from map(self.object, self.refs())

    def refs(self) -> list[int]:
        """Where every object starts, by address."""
        heap = self.machine.gc
        if heap.region is None:
            return []
        heads = re.finditer(re.escape(bytes((HEAD,))), bytes(heap.objects.view[: heap.objects.size]))
        return [found.start() * GRANULE_BYTES for found in heads]

    def object(self, ref: int) -> HeapObject:
        """One object. Raises UserError where none starts."""
        heap = self.machine.gc
        if not heap.is_object(ref):
            raise UserError(f"no object lies at {ref:#x} of the GC heap", "info heap lists them")
        return HeapObject(ref, heap.object(ref).kind, self.type_name(ref), heap.object_size(ref), self.describe(ref))

    def type_name(self, ref: int) -> str:
        """What an object's type is called: a type's name, an exception's tag."""
        found = self.machine.gc.object(ref)
        match found.kind:
            case "extern":
                return "extern"
            case "exn":
                return self.tag_name(ref)
            case _:
                return self._type(found.type_id)

    def _type(self, type_id: int) -> str:
        for instance in self.machine.instances:
            if type_id in instance.type_ids:
                index = instance.type_ids.index(type_id)
                name = self._symbols(instance).type_(index)
                return name if name.startswith("$") else f"type[{index}]"
        return f"type id {type_id}"

    def tag_name(self, exception: int) -> str:
        """The tag an exception was thrown with."""
        return self.tag_text(tag_of(self.machine, exception))

    def tag_text(self, tag: Tag) -> str:
        """A tag's name, else its index."""
        owner = self.machine.instances[tag.instance]
        index = tag.number + len(owner.module.tags) - len(owner.module.defined_tags)
        name = self._symbols(owner).tag(index)
        return name if name.startswith("$") else f"tag[{index}]"

    # -- text ------------------------------------------------------------------------------------

    def describe(self, slot: int) -> str:
        """A reference that is not a funcref, in a few words."""
        heap = self.machine.gc
        if not slot:
            return "null"
        if heap.is_i31(slot):
            return f"i31 {(slot >> 1) - (1 << 31 if slot >> 31 else 0)}"
        if not heap.is_object(slot):
            return f"{slot:#x}, no object"
        found = heap.object(slot)
        if found.kind == "extern":
            return f"host value {heap.host_value(slot)}"
        if found.kind == "array":
            return f"{self.type_name(slot)} of {heap.length(slot)}{self._parts(slot)}"
        return f"{self.type_name(slot)}{self._parts(slot)}"

    def _parts(self, ref: int) -> str:
        shown = [f for f, _ in zip(self.fields(ref), range(_SHOWN_PARTS + 1), strict=False)]
        texts = [f.text if f.name.startswith("[") else f"{f.name}={f.text}" for f in shown[:_SHOWN_PARTS]]
        return f" {{{', '.join(texts)}{', …' if len(shown) > _SHOWN_PARTS else ''}}}" if texts else ""

    # -- parts -----------------------------------------------------------------------------------

    def fields(self, ref: int) -> Iterator[Field]:
        """What an object consists of; of a long array the first elements."""
        heap = self.machine.gc
        found = heap.object(ref)
        match found.kind:
            case "array":
                element = heap.array_layout(found.type_id).element
                for i in range(min(heap.length(ref), _SHOWN_ELEMENTS)):
                    yield self._field(ref, element, i, f"[{i}]")
            case "struct":
                for i, part in enumerate(heap.struct_layout(found.type_id).parts):
                    yield self._field(ref, part, 0, self.field_name(found.type_id, i))
            case "exn":
                for i, part in enumerate(heap.exception_layout(found.type_id).parts):
                    yield self._field(ref, part, 0, str(i))

    def field_name(self, type_id: int, index: int) -> str:
        """A field's name, else its index."""
        for instance in self.machine.instances:
            if type_id in instance.type_ids:
                names = instance.module.names.fields.get(instance.type_ids.index(type_id), {})
                return names.get(index, str(index))
        return str(index)

    def _field(self, ref: int, part: Part, index: int, name: str) -> Field:
        heap = self.machine.gc
        assert heap.region is not None
        bits = heap.load(ref, part, index)
        addr = Addr(heap.region.base + ref + part.offset + index * part.bytes)
        return Field(name, str(part.storage), self._text(bits, part), addr, part, bits)

    def _text(self, bits: int, part: Part) -> str:
        if isinstance(part.storage, Packed):
            return str(bits)
        if isinstance(part.storage, RefType) and not part.storage.is_func:
            return "null" if not bits else self.describe(bits) if self.machine.gc.is_i31(bits) else f"→{bits:#x}"
        return format_value(bits, part.storage)

    def part(self, ref: int, name: str) -> Field:
        """A field by its name. Raises UserError."""
        found, fields = self.object(ref), list(self.fields(ref))
        for field in fields:
            if field.name == name:
                return field
        known = ", ".join(f.name for f in fields[:_SHOWN_PARTS])
        raise UserError(f"{found.type_name} has no field {name!r}", f"it has {known}" if known else "it has none")

    def element(self, ref: int, index: int) -> Field:
        """An element of an array, or a field of a struct by number. Raises UserError."""
        heap, found = self.machine.gc, self.object(ref)
        if found.kind in ("struct", "exn"):
            layout = heap.struct_layout if found.kind == "struct" else heap.exception_layout
            parts = layout(heap.type_of(ref)).parts
            if not 0 <= index < len(parts):
                raise UserError(f"there is no field {index}", f"{found.type_name} has {len(parts)}")
            return self._field(ref, parts[index], 0, str(index))
        if found.kind != "array":
            raise UserError(f"{found.type_name} has no elements")
        if not 0 <= index < heap.length(ref):
            raise UserError(f"there is no element {index}", f"the array has {heap.length(ref)}")
        return self._field(ref, heap.array_layout(heap.type_of(ref)).element, index, f"[{index}]")

    # -- who refers to whom ----------------------------------------------------------------------

    def referrers(self, ref: int) -> Iterator[str]:
        """Everything that refers to an object: roots, then objects."""
        yield from (text for text, _ in self.referring(ref))

    def referring(self, ref: int) -> Iterator[tuple[str, int | None]]:
        """The same, each with the object that refers; None for a root."""
        yield from ((name, None) for name, found in roots(self.machine) if found == ref)
        for other in self.refs():
            for name, found in references(self.machine.gc, other):
                if found == ref:
                    yield f"{name} of {self.type_name(other)} at {other:#x}", other

    def why(self, ref: int) -> tuple[str, ...]:
        """A shortest chain from a root to an object; empty when nothing reaches it."""
        heap = self.machine.gc
        came_from: dict[int, tuple[int, str]] = {}
        pending: list[int] = []
        for name, found in roots(self.machine):
            if heap.is_object(found) and found not in came_from:
                came_from[found] = (0, name)
                pending.append(found)
        for at in pending:
            if ref in came_from or len(came_from) > _MOST_VISITED:
                break
            for name, found in references(heap, at):
                if heap.is_object(found) and found not in came_from:
                    came_from[found] = (at, name)
                    pending.append(found)
        return tuple(reversed(list(self._chain(ref, came_from))))

    def _chain(self, ref: int, came_from: dict[int, tuple[int, str]]) -> Iterator[str]:
        at = ref
        while at in came_from:
            before, name = came_from[at]
            yield f"{name}: {self.type_name(at)} at {at:#x}"
            at = before
