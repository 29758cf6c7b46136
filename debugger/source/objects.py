"""Values of the program's own composite types: bytes with a description, wherever they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from debugger.expression.types import U64_TYPE, Array, Composite, Enumeration, Field, Pointer, Scalar, Type, size_of
from debugger.expression.value import Value, decoded
from vm.errors import UserError
from vm.types import Addr

_MOST_BYTES = 1 << 20
_MOST_NESTED = 12


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes of a value: at `addr`, or as they are in `data`; neither: not known, and `why`. `slot`: on the stacks."""

    size: int
    addr: Addr | None = None
    data: bytes | None = None
    why: str = ""
    slot: bool = False


class Reads(Protocol):
    """Typed reads of the program's memory. All raise UserError."""

    def read(self, addr: Addr, size: int) -> bytes: ...
    def load(self, type_: Type, addr: Addr, label: str = "") -> Value: ...
    def native(self, address: int) -> Addr: ...
    def note(self, type_: Type, data: bytes) -> str: ...
    def describe(self, shown: Object) -> str:
        """A composite as its language's users think of it."""
        ...


@dataclass(frozen=True)
class Object:
    """A composite or an array: what its members are read from."""

    type: Composite | Array
    stored: tuple[Stored, ...]
    memory: Reads

    @property
    def size(self) -> int:
        return size_of(self.type)

    @property
    def text(self) -> str:
        return self.memory.describe(self)

    def content(self, start: int = 0, size: int | None = None) -> bytes:
        """Bytes [start, start + size). Raises UserError for those that are not known."""
        size = self.size - start if size is None else size
        if not 0 <= size <= _MOST_BYTES:
            raise UserError(f"{size:,} bytes are too many for one value", f"at most {_MOST_BYTES:,}")
        out, at = bytearray(), 0
        for stored in self.stored:
            first, last = max(start, at), min(start + size, at + stored.size)
            if first < last:
                out += self._part(stored, first - at, last - first)
            at += stored.size
        if len(out) != size:
            raise UserError("optimised out: part of the value is described nowhere")
        return bytes(out)

    def _part(self, stored: Stored, start: int, size: int) -> bytes:
        if stored.data is not None:
            return stored.data[start : start + size].ljust(size, b"\0")
        if stored.addr is None:
            raise UserError(f"optimised out: {stored.why}")
        return self.memory.read(Addr(stored.addr + start), size)

    def place(self, start: int, size: int) -> Addr | None:
        """Where bytes lie as one piece that can be written to; None when they do not."""
        at = 0
        for stored in self.stored:
            if at <= start and start + size <= at + stored.size:
                return None if stored.addr is None or stored.slot else Addr(stored.addr + start - at)
            at += stored.size
        return None

    def at(self, type_: Type, start: int, label: str = "") -> Value:
        """A value of a type inside. Raises UserError."""
        size = size_of(type_)
        place = self.place(start, size)
        if place is not None:
            return replace(self.memory.load(type_, place, label), guest=True)
        return of_bytes(type_, (Stored(size, data=self.content(start, size)),), self.memory, label)

    # -- members ---------------------------------------------------------------------------------

    def fields(self) -> tuple[Field, ...]:
        assert isinstance(self.type, Composite)
        return self.type.shape.fields()

    def field(self, field: Field) -> Value:
        """A member's value. Raises UserError."""
        if field.bits is None:
            return self.at(field.type, field.offset, field.name)
        start, count = field.bits
        assert isinstance(field.type, Scalar)
        first, last = start // 8, (start + count + 7) // 8
        raw = int.from_bytes(self.content(field.offset + first, last - first), "little")
        value = raw >> (start - 8 * first) & ((1 << count) - 1)
        if value >> (count - 1) and field.type.wrap(1 << (field.type.bits - 1)) < 0:
            value -= 1 << count
        return Value(field.type, field.type.wrap(value), label=field.name)

    def member(self, name: str) -> Value:
        """A member by name, of a base class or an anonymous member too. Raises UserError."""
        if isinstance(self.type, Array):
            raise UserError("an array has no members", "try [0]")
        found = self._found(name, 0)
        if found is None:
            active = self.variant()
            found = _alternative(active, name) if active is not None else None
        if found is None:
            names = ", ".join(f.name for f in self.fields()[:20] if f.name)
            raise UserError(f"{self.type} has no member {name!r}", f"it has {names}" if names else "")
        return found

    def _found(self, name: str, depth: int) -> Value | None:
        inner: list[Object] = []
        for field in self.fields():
            if field.name == name and not field.is_base:
                return self.field(field)
            if (field.is_base or not field.name) and depth < _MOST_NESTED and isinstance(field.type, Composite):
                value = self.field(field).value
                if isinstance(value, Object):
                    inner.append(value)
        return next((found for each in inner if (found := each._found(name, depth + 1)) is not None), None)

    def deep(self, name: str, depth: int = 0) -> Value | None:
        """A member by name, however deep inside; None when there is none."""
        inner: list[Object] = []
        for field in self.fields():
            if field.name == name:
                return self.field(field)
            if isinstance(field.type, Composite) and depth < _MOST_NESTED:
                value = self.field(field).value
                if isinstance(value, Object):
                    inner.append(value)
        return next((found for each in inner if (found := each.deep(name, depth + 1)) is not None), None)

    def variant(self) -> Value | None:
        """The alternative that holds, of an enum with data; None when it has none. Raises UserError."""
        if not isinstance(self.type, Composite):
            return None
        variants = self.type.shape.variants()
        if variants is None or not variants.fields:
            return None
        tag = None if variants.tag is None else self.at(_unsigned(variants.tag.type), variants.tag.offset).integer
        chosen = next((field for value, field in variants.fields if value == tag and value is not None), None)
        if chosen is None:
            chosen = next((field for value, field in variants.fields if value is None), None)
        if chosen is None and len(variants.fields) == 1:
            chosen = variants.fields[0][1]
        if chosen is None:
            raise UserError(f"{tag} is no alternative of {self.type}")
        return self.field(chosen)

    # -- elements --------------------------------------------------------------------------------

    def index(self, index: int) -> Value:
        """An array's element. Raises UserError."""
        if not isinstance(self.type, Array):
            raise UserError(f"a {self.type} has no elements")
        if not 0 <= index < self.type.count:
            raise UserError(f"there is no element {index}", f"it has {self.type.count}")
        return self.at(self.type.element, index * size_of(self.type.element), f"[{index}]")

    def slice(self, start: int, size: int) -> Value:
        raise UserError("only arrays of numbers can be sliced here", "choose an element, as in [0]")

    def parts(self) -> Iterator[tuple[str, Value | UserError]]:
        """All members or elements; what cannot be read is its error."""
        if isinstance(self.type, Array):
            for i in range(self.type.count):
                yield f"[{i}]", _tried(partial(self.index, i))
            return
        for field in self.fields():
            yield field.name, _tried(partial(self.field, field))


def _alternative(active: Value, name: str) -> Value | None:
    """A member of the alternative that holds, or that alternative by its own name."""
    if active.label == name:
        return active
    return active.value.member(name) if isinstance(active.value, Object) else None


def _tried(read: Callable[[], Value]) -> Value | UserError:
    try:
        return read()
    except UserError as error:
        return error


def _unsigned(type_: Type) -> Type:
    """A tag is compared as the bits it is."""
    if isinstance(type_, Scalar):
        return Scalar(type_.name, type_.size, U64_TYPE.sort)
    return type_


def of_bytes(type_: Type, stored: tuple[Stored, ...], memory: Reads, label: str = "") -> Value:
    """A value that is put together from pieces. Raises UserError for what is not known of a number."""
    partly = len(stored) > 1 and any(s.addr is None and s.data is None for s in stored)
    if isinstance(type_, Composite) or (isinstance(type_, Array) and (partly or needs_object(type_.element))):
        place = stored[0].addr if len(stored) == 1 and not stored[0].slot else None
        return Value(type_, Object(type_, stored, memory), place, label=label, guest=True)
    whole = Object(Array(Scalar("byte", 1, U64_TYPE.sort), size_of(type_)), stored, memory)
    data = whole.content()
    one = stored[0] if len(stored) == 1 else None
    if isinstance(type_, Pointer) and type_.is_reference and type_.target is not None:
        return memory.load(type_.target, memory.native(int.from_bytes(data, "little")), label)
    value = decoded(type_, data, None if one is None else one.addr, memory.note(type_, data), label)
    return Value(value.type, value.value, value.addr, value.note, value.label, value.raw, guest=True)


def needs_object(element: Type) -> bool:
    """Whether an array's elements are more than numbers."""
    return isinstance(element, Composite | Array | Enumeration) or (isinstance(element, Pointer) and not element.native)
