"""Layouts: how a struct's fields are placed, and views that read and write them by name.

A struct is a sequence of four nouns: `Field`, `Align`, `Array` (its count comes from the shape of a module) and
`Optional` (a field present when a flag of the shape is set). Alignment is written, never inferred: an item
starts where the one before it ended, unless an `Align` stands between.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from vm.types import Addr

if TYPE_CHECKING:
    from vm.memory import LiveWord

Shape = Mapping[str, int]
NO_SHAPE: Shape = {}


_SCALARS = {"u8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "i64": 8}
_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Memory(Protocol):
    """The one way to read memory: ours, a live runtime's, a capture's."""

    def read(self, addr: Addr, size: int) -> bytes:
        """Bytes at an absolute address. Raises MemoryFault."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """One value of `type`; `doc` is its one-line meaning, in the runtime's own words' spirit."""

    name: str
    type: str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Align:
    """Rounds the position up; `to` is in bytes, or "ptr" for the pointer size."""

    to: int | str


@dataclass(frozen=True, slots=True)
class Array:
    """`count` elements one after another; a str names an entry of the shape (absent: 0)."""

    name: str
    type: str
    count: int | str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Optional:
    """A field that is there when `flag` of the shape is not 0."""

    flag: str
    field: Field


Struct = tuple[Field | Align | Array | Optional, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A field at its place. `count` is None for a single value; `stride` is one element's size."""

    name: str
    type: str
    offset: int
    stride: int
    count: int | None
    doc: str

    @property
    def size(self) -> int:
        return self.stride * (1 if self.count is None else self.count)

    def at(self, base: int, index: int = 0) -> Addr:
        """Address of the field (of element `index`) in a struct at `base`."""
        return Addr(base + self.offset + index * self.stride)


class Codec:
    """Packs and unpacks some scalar fields of a record in one call, in the order they were named."""

    def __init__(self, layout: Layout, names: tuple[str, ...]) -> None:
        placed = [layout.field(n) for n in names]
        ordered = sorted(range(len(names)), key=lambda i: placed[i].offset)
        fmt, at = "<", 0
        for i in ordered:
            fmt += f"{placed[i].offset - at}x{_FORMATS[placed[i].size]}"
            at = placed[i].offset + placed[i].size
        self._struct = struct.Struct(fmt + f"{layout.size - at}x")
        self._to_disk = tuple(ordered)
        self._from_disk = tuple(sorted(range(len(names)), key=lambda k: ordered[k]))
        self.pack: Callable[..., bytes] = self._struct.pack
        self.pack_into: Callable[..., None] = self._struct.pack_into
        self.unpack_from: Callable[[memoryview | bytes, int], tuple[int, ...]] = self._struct.unpack_from
        if ordered != list(range(len(names))):
            self._permute()

    def _permute(self) -> None:
        raw, to_disk = self._struct, itemgetter(*self._to_disk)
        from_disk = itemgetter(*self._from_disk)
        self.pack = lambda *values: raw.pack(*to_disk(values))
        self.pack_into = lambda buffer, at, *values: raw.pack_into(buffer, at, *to_disk(values))
        self.unpack_from = lambda buffer, at: from_disk(raw.unpack_from(buffer, at))


@dataclass(frozen=True)
class Layout:
    """A struct resolved for one pointer size and shape: where each field is."""

    name: str
    size: int
    fields: Mapping[str, Placed]
    role: str = ""  # what the newest releases call it
    aliases: Mapping[str, str] = field(
        default_factory=dict
    )  # fields' newest names by which the era knows them otherwise

    def field(self, name: str) -> Placed:
        """The field called `name`, in the era or in the newest; a KeyError is a bug of the caller."""
        return self.fields[self.aliases.get(name, name)]

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return self.aliases.get(name, name) in self.fields

    def field_role(self, name: str) -> str:
        """What the newest releases call one of the era's fields."""
        return next((role for role, own in self.aliases.items() if own == name), name)

    def codec(self, *names: str) -> Codec:
        """A codec for these scalar fields."""
        return Codec(self, names)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of an access path: go to a field of `struct`, or to its element, and maybe load the pointer there."""

    struct: str
    field: str
    indexed: bool = False
    load: bool = False


Path = tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class FuncrefEncoding:
    """How a funcref stands in a table: `lazy_bit` marks resolved ones; None means a plain address, resolved eagerly."""

    lazy_bit: int | None

    def encode(self, func_ref: int) -> int:
        """The word for a resolved funcref (0: null)."""
        return func_ref | (self.lazy_bit or 0)

    def decode(self, word: int) -> int:
        """The VMFuncRef's address in a resolved word (0: null)."""
        return word & ~(self.lazy_bit or 0)

    def is_lazy(self, word: int) -> bool:
        """Whether the element has not been resolved yet."""
        return self.lazy_bit is not None and word == 0


@dataclass(frozen=True)
class GcRules:
    """How a collector lays out objects: which structs their headers are, and what stands in them.

    A struct's fields follow its header in order, each aligned to its own size; an array's elements follow the
    array header likewise; an exception's values follow its header as a struct's fields do. The whole is rounded up
    to the greatest alignment. A reference is a `reference`: an object's offset in the heap, 0 for null, or a number
    shifted up by one with `i31_bit` set.
    """

    header: str  # of every object, at its start; one without `kind` is of a runtime that has host objects alone
    struct_header: str
    array_header: str
    exception_header: str
    host_object: str
    reference: str
    func_reference: str  # what a funcref becomes inside the heap
    align: int  # of every object
    i31_bit: int
    kinds: Mapping[str, int]  # kind word → bits: x is a y when x has all bits of y


@dataclass(frozen=True)
class Era:
    """Releases of one runtime that share a layout. Pure data: see `vm.eras`."""

    id: str
    runtime: str
    first_version: str
    last_version: str
    source: str
    magics: Mapping[str, str]
    index_types: tuple[str, ...]  # types that are u32 numbers with a name of their own
    structs: Mapping[str, Struct]
    aliases: Mapping[str, str]  # types that are no struct, by another type of the same size
    paths: Mapping[str, Path]
    funcref: FuncrefEncoding
    escapes: tuple[str, ...]  # what gives a function its func_refs slot, in order
    imports_use_import_record: bool
    startup: bool  # has startup_func_ref and runtime_data sections
    builtins: tuple[str, ...]
    gc: GcRules
    changed: str = ""  # what is new in it, in one line
    names: Mapping[str, str] = field(
        default_factory=dict
    )  # structs, and fields as `struct.field`, by their names in the newest era
    host_wasm_call: bool = False  # a host function's own VMFuncRef has its wasm_call from the start
    lacks: frozenset[str] = frozenset()  # what a module may need that the layout cannot hold: see `vm.needs`

    @property
    def title(self) -> str:
        return f"{self.runtime} {self.first_version} to {self.last_version}"

    @property
    def described(self) -> str:
        """The title, and whether no memory of a running release was ever compared with the layout."""
        return self.title + (", from source alone" if self.from_source_alone else "")

    @property
    def from_source_alone(self) -> bool:
        return "source alone" in self.source

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """Structs' names in the newest era, by those they have here."""
        return {own: role for role, own in self.names.items() if "." not in role}


class Layouts:
    """An era's structs resolved for one pointer size."""

    def __init__(self, era: Era, pointer_bytes: int = 8) -> None:
        self.era, self.pointer_bytes = era, pointer_bytes
        self._plain: dict[str, Layout] = {}
        self._shaped: dict[tuple[str, int], tuple[Shape, Layout]] = {}  # by the shape's identity

    def struct(self, name: str, shape: Shape = NO_SHAPE) -> Layout:
        """The layout of struct `name`, in the era or in the newest; only structs with arrays by shape need one."""
        name = self.era.names.get(name, name)
        if shape:
            key = (name, id(shape))
            if key not in self._shaped:  # the shape is kept, so its identity is not given again
                self._shaped[key] = (shape, self._resolve(name, shape))
            return self._shaped[key][1]
        if name not in self._plain:
            self._plain[name] = self._resolve(name, shape)
        return self._plain[name]

    def field(self, struct_name: str, name: str) -> Placed:
        """A field of a struct without a shape."""
        return self.struct(struct_name).field(name)

    def size_of(self, type_: str) -> int:
        """Bytes of a value of this type."""
        if m := _array_type(type_):
            return self.size_of(m[0]) * m[1]
        if type_ in _SCALARS:
            return _SCALARS[type_]
        if type_.startswith(("fatptr<", "range<")):
            return 2 * self.pointer_bytes
        if type_.startswith(("ptr<", "handle<")) or type_ == "usize":
            return self.pointer_bytes
        if type_ in self.era.index_types:
            return _SCALARS["u32"]
        if type_ in self.era.aliases:
            return self.size_of(self.era.aliases[type_])
        return self.struct(type_).size

    def follow(self, memory: Memory, path: Path, base: Addr, index: int, shape: Shape) -> Addr:
        """Where an access path leads from the struct at `base`, which alone has a shape.

        Each hop is one step of compiled code.
        """
        at = base
        for number, hop in enumerate(path):
            placed = self.struct(hop.struct, NO_SHAPE if number else shape).field(hop.field)
            at = placed.at(at, index if hop.indexed else 0)
            if hop.load:
                at = Addr(int.from_bytes(memory.read(at, self.pointer_bytes), "little"))
        return at

    def _resolve(self, name: str, shape: Shape) -> Layout:
        return self.lay_out(name, self.era.structs[name], shape)

    @cached_property
    def reference_bytes(self) -> int:
        """Bytes of a reference that is no funcref, in tables and globals."""
        return self.size_of(self.era.gc.reference)

    def lay_out(self, name: str, struct: Struct, shape: Shape = NO_SHAPE) -> Layout:
        """The layout of a struct that is in no table, such as an object of the GC heap."""
        at = 0
        placed: dict[str, Placed] = {}
        for item in struct:
            match item:
                case Align(to):
                    step = self.pointer_bytes if to == "ptr" else int(to)
                    at = -(-at // step) * step
                case Array(field_name, type_, count, doc):
                    n = count if isinstance(count, int) else shape.get(count, 0)
                    placed[field_name] = Placed(field_name, type_, at, self.size_of(type_), n, doc)
                    at += placed[field_name].size
                case Field() as plain:
                    at = self._place(plain, at, placed)
                case Optional(flag, inner):
                    if shape.get(flag, 0):
                        at = self._place(inner, at, placed)
        role = self.era.roles.get(name, name)
        own = {key.partition(".")[2]: field for key, field in self.era.names.items() if key.startswith(f"{role}.")}
        return Layout(name, at, placed, role, own)

    def _place(self, item: Field, at: int, placed: dict[str, Placed]) -> int:
        placed[item.name] = Placed(item.name, item.type, at, self.size_of(item.type), None, item.doc)
        return at + placed[item.name].size


@cache
def _array_type(type_: str) -> tuple[str, int] | None:
    if m := re.fullmatch(r"(\w+)\[(\d+)\]", type_):
        return ("u8" if m[1] == "bytes" else m[1]), int(m[2])
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """One field as a view shows it. `path` reads like `memories[0].base`."""

    path: str
    addr: Addr
    offset: int
    size: int
    type: str
    doc: str


class StructView:
    """A struct in memory, read and written by field name."""

    def __init__(self, memory: Memory, layouts: Layouts, layout: Layout, addr: Addr) -> None:
        self.memory, self.layouts, self.layout, self.addr = memory, layouts, layout, addr

    @property
    def size(self) -> int:
        return self.layout.size

    def at(self, name: str, index: int = 0) -> Addr:
        """Address of a field, or of element `index` of an array."""
        return self.layout.field(name).at(self.addr, index)

    def raw(self, name: str, index: int = 0) -> bytes:
        """A field's bytes."""
        return self.memory.read(self.at(name, index), self.layout.field(name).stride)

    def get(self, name: str, index: int = 0) -> int:
        """A field as an unsigned number."""
        return int.from_bytes(self.raw(name, index), "little")

    def set(self: StructView, name: str, value: int, index: int = 0) -> None:
        """Writes a number into a field; the memory must be writable."""
        self.set_raw(name, value.to_bytes(self.layout.field(name).stride, "little"), index)

    def set_raw(self, name: str, data: bytes, index: int = 0) -> None:
        """Writes a field's bytes."""
        write: Callable[[Addr, bytes], None] = self.memory.write  # type: ignore[attr-defined]
        write(self.at(name, index), data)

    def live(self: StructView, name: str) -> LiveWord:
        """A field of 4 or 8 bytes in place, for what is asked for all the time."""
        live: Callable[[Addr, int], LiveWord] = self.memory.live  # type: ignore[attr-defined]
        return live(self.at(name), self.layout.field(name).stride)

    def inner(self, name: str, index: int = 0) -> StructView:
        """The struct that is a field of this one."""
        inner = self.layouts.struct(self.layout.field(name).type)
        return StructView(self.memory, self.layouts, inner, self.at(name, index))

    def rows(self) -> Iterator[Row]:
        """Every field, arrays element by element, nested structs field by field."""
        return self._rows(self.layout, "", self.addr)

    def _rows(self, layout: Layout, prefix: str, base: Addr) -> Iterator[Row]:
        for f in layout.fields.values():
            for i in range(1 if f.count is None else f.count):
                path = prefix + f.name + ("" if f.count is None else f"[{i}]")
                at = f.at(base, i)
                if f.type in self.layouts.era.structs:
                    yield from self._rows(self.layouts.struct(f.type), path + ".", at)
                else:
                    yield Row(path, at, at - self.addr, f.stride, f.type, f.doc)

    def has(self, name: str) -> bool:
        """Whether the struct has such a field in this era."""
        return self.layout.has(name)
