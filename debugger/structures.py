"""The runtime's own structures as an outline: what an instance's VMContext is, and what it points to.

Works over any memory that can be read: our machine's, a live runtime's, a capture's. Rows are made one at a time from
the layout, as a VMContext may have a hundred thousand fields.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from vm.errors import MemoryFault
from vm.layout import NO_SHAPE, Layouts, Placed, Shape
from vm.types import Addr

_ELEMENT_DOC = "an element; its lowest bits say whether it was resolved"


class Mapped(Protocol):
    """Bytes [base, base + size) that can be read."""

    @property
    def base(self) -> Addr: ...
    @property
    def size(self) -> int: ...
    @property
    def name(self) -> str: ...


class Reader(Protocol):
    """A memory: all that is needed of a machine, a live runtime or a capture."""

    def read(self, addr: Addr, size: int) -> bytes:
        """Raises MemoryFault."""
        ...

    def regions(self) -> Iterator[Mapped]: ...


class Names(Protocol):
    """What addresses are called."""

    def address(self, addr: int) -> str:
        """What an address hits; empty for null."""
        ...

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        """What a table's element stands for, and where that lies (0: nowhere)."""
        ...

    def note(self, owner: Owner, section: str, index: int) -> str:
        """What is known of an element of a VMContext's section beside its bytes, such as a global's name and value."""
        ...


@dataclass(frozen=True)
class Owner:
    """An instance: where its VMContext lies, and the counts that its layout depends on."""

    name: str
    addr: Addr
    counts: Shape
    func_tables: tuple[bool, ...]  # by table index: whether it holds funcrefs
    num_types: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar field inside an element of a part; `owner` is its struct, `name` what the runtime calls it there."""

    path: str
    offset: int
    size: int
    type: str
    doc: str
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a block: a scalar, a struct, or an array of either. `count` is None for a single value."""

    name: str
    type: str
    offset: int
    stride: int
    count: int | None
    doc: str
    leaves: tuple[Leaf, ...]  # of one element
    names: tuple[str, ...] = ()  # of the elements, where they have some

    @property
    def is_group(self) -> bool:
        """Whether it has rows below a row of its own."""
        return self.count is not None or len(self.leaves) > 1 or bool(self.leaves[0].path)

    @property
    def elements(self) -> int:
        return 1 if self.count is None else self.count

    @property
    def rows(self) -> int:
        return self.elements * len(self.leaves)

    @property
    def size(self) -> int:
        return self.elements * self.stride


@dataclass(frozen=True)
class Block:
    """Structures that belong together: a struct, or an array such as a table's elements."""

    kind: str  # the struct's name, or what the elements are
    title: str
    addr: Addr
    size: int
    parts: tuple[Part, ...]
    owner: Owner | None = None  # whose VMContext this is, or whose table
    table: int | None = None  # of the owner, when these are its elements

    @property
    def key(self) -> tuple[str, int]:
        return self.kind, self.addr

    @cached_property
    def _offsets(self) -> list[tuple[int, int]]:
        """Parts by offset: two may start at the same one when the first is empty."""
        return sorted((part.offset, i) for i, part in enumerate(self.parts) if part.size)

    def part_at(self, offset: int) -> int | None:
        """Number of the part that holds a byte; None: padding."""
        found = bisect_right(self._offsets, (offset, len(self.parts))) - 1
        if found < 0:
            return None
        number = self._offsets[found][1]
        return number if offset < self.parts[number].offset + self.parts[number].size else None

    def row_at(self, offset: int) -> tuple[int, int] | None:
        """Part, and row in it, of the field that holds a byte; None: padding."""
        number = self.part_at(offset)
        if number is None:
            return None
        part = self.parts[number]
        element, within = divmod(offset - part.offset, part.stride)
        for i, leaf in enumerate(part.leaves):
            if leaf.offset <= within < leaf.offset + leaf.size:
                return number, element * len(part.leaves) + i
        return None

    def holds(self, addr: int) -> bool:
        return self.addr <= addr < self.addr + self.size


@dataclass(frozen=True, slots=True)
class Entry:
    """A field with its value. `path` is within its part, `full` within the block."""

    path: str
    full: str
    addr: Addr
    offset: int  # in the block
    type: str
    doc: str
    runtime_name: str  # `VMMemoryDefinition.base`
    value: bytes
    target: str  # what a pointer hits
    leads_to: int  # 0: nowhere

    @property
    def number(self) -> int:
        return int.from_bytes(self.value, "little")


@dataclass(frozen=True)
class Runtime:
    """Instances in a memory. `hosts` are contexts of host functions: what they are called, and where they lie."""

    reader: Reader
    layouts: Layouts
    owners: tuple[Owner, ...]
    names: Names
    hosts: tuple[tuple[str, Addr], ...] = ()

    # -- blocks ----------------------------------------------------------------------------------

    def blocks(self, first: Addr) -> Iterator[Block]:
        """The instance at `first` and what it leads to, then the other instances; what cannot be read is left out."""
        owner = next(o for o in self.owners if o.addr == first)
        yield self._context(owner)
        yield from self._known(self._store(owner))
        for number in range(len(owner.func_tables)):
            yield from self._known(self._table(owner, number))
        yield from self._known(self._type_ids(owner))
        yield from self._known(self._builtins(owner))
        for other in self.owners:
            if other is not owner:
                yield self._context(other)
        for title, addr in self.hosts:
            yield self.struct("VMArrayCallHostFuncContext", title, addr)

    def _known(self, block: Block | None) -> Iterator[Block]:
        if block is not None:
            yield block

    def _context(self, owner: Owner) -> Block:
        size = self.layouts.struct("VMContext", owner.counts).size
        block = self.struct("VMContext", f"VMContext of {owner.name}, {size:,} bytes", owner.addr, owner.counts)
        return replace(block, owner=owner)

    def struct(self, name: str, title: str, addr: Addr, shape: Shape = NO_SHAPE) -> Block:
        """A block of one struct."""
        layout = self.layouts.struct(name, shape)
        parts = tuple(self._part(name, placed) for placed in layout.fields.values())
        return Block(name, title, addr, layout.size, parts)

    def _part(self, owner: str, placed: Placed) -> Part:
        if placed.type in self.layouts.era.structs:
            leaves = tuple(self._leaves(placed.type, "", 0))
        else:
            leaves = (Leaf("", 0, placed.stride, placed.type, placed.doc, owner, placed.name),)
        return Part(placed.name, placed.type, placed.offset, placed.stride, placed.count, placed.doc, leaves)

    def _leaves(self, struct: str, prefix: str, base: int) -> Iterator[Leaf]:
        for f in self.layouts.struct(struct).fields.values():
            for i in range(1 if f.count is None else f.count):
                path = prefix + f.name + ("" if f.count is None else f"[{i}]")
                at = base + f.offset + i * f.stride
                if f.type in self.layouts.era.structs:
                    yield from self._leaves(f.type, path + ".", at)
                else:
                    yield Leaf(path, at, f.stride, f.type, f.doc, struct, f.name)

    def _store(self, owner: Owner) -> Block | None:
        addr = self._pointer(owner, "store_context")
        return self.struct("VMStoreContext", "VMStoreContext", Addr(addr)) if addr else None

    def _pointer(self, owner: Owner, field: str) -> int:
        """A pointer of a VMContext; 0 where the era has none of that name or it cannot be read."""
        layout = self.layouts.struct("VMContext", owner.counts)
        if not layout.has(field):
            return 0
        placed = layout.field(field)
        if placed.count is not None:  # in line
            return 0
        return self._number(placed.at(owner.addr), placed.size)

    def _number(self, addr: int, size: int) -> int:
        try:
            return int.from_bytes(self.reader.read(Addr(addr), size), "little")
        except MemoryFault:
            return 0

    def _table(self, owner: Owner, number: int) -> Block | None:
        imported = owner.counts.get("num_imported_tables", 0)
        how, index = ("imported", number) if number < imported else ("defined", number - imported)
        path = self.layouts.era.paths[f"table.{how}"]
        try:
            at = self.layouts.follow(self.reader, path, owner.addr, index, owner.counts)
        except MemoryFault:
            return None
        base, count = (self._number(f.at(at), f.size) for f in self._definition("base", "current_elements"))
        is_func = owner.func_tables[number]
        stride = self.layouts.pointer_bytes if is_func else self.layouts.reference_bytes
        type_ = "ptr<VMFuncRef>" if is_func else "externref"
        title = f"elements of table {number} of {owner.name}, {count:,}"
        block = self._array("table elements", title, base, type_, stride, count, _ELEMENT_DOC)
        return replace(block, owner=owner, table=number)

    def _definition(self, *fields: str) -> Iterator[Placed]:
        return (self.layouts.field("VMTableDefinition", f) for f in fields)

    def _array(self, kind: str, title: str, addr: int, type_: str, stride: int, count: int, doc: str) -> Block:
        leaf = Leaf("", 0, stride, type_, doc, kind, "")
        return Block(kind, title, Addr(addr), stride * count, (Part("", type_, 0, stride, count, doc, (leaf,)),))

    def _type_ids(self, owner: Owner) -> Block | None:
        addr = self._pointer(owner, "type_ids")
        if not addr or not owner.num_types:
            return None
        size = self.layouts.size_of("VMSharedTypeIndex")
        doc = "engine-wide id of the module's type of this number"
        title = f"type ids of {owner.name}, {owner.num_types:,}"
        return self._array("type ids", title, addr, "VMSharedTypeIndex", size, owner.num_types, doc)

    def _builtins(self, owner: Owner) -> Block | None:
        addr, names = self._pointer(owner, "builtin_functions"), self.layouts.era.builtins
        if not addr:
            return None
        size, type_ = self.layouts.pointer_bytes, "ptr<builtin>"
        doc = "a function of the runtime that compiled code calls"
        leaf = Leaf("", 0, size, type_, doc, "VMBuiltinFunctionsArray", "")
        part = Part("", type_, 0, size, len(names), doc, (leaf,), names)
        title = f"VMBuiltinFunctionsArray, {len(names)}"
        return Block("VMBuiltinFunctionsArray", title, Addr(addr), size * len(names), (part,))

    # -- fields ----------------------------------------------------------------------------------

    def entry(self, block: Block, number: int, row: int) -> Entry:
        """The field in row `row` of a part. Raises MemoryFault."""
        part = block.parts[number]
        element, which = divmod(row, len(part.leaves))
        leaf = part.leaves[which]
        offset = part.offset + element * part.stride + leaf.offset
        index = "" if part.count is None else f"[{element}]"
        named = f" {part.names[element]}" if element < len(part.names) else ""
        path = f"{index}.{leaf.path}" if index and leaf.path else index + named or leaf.path or part.name
        full = f"{part.name}{index}" + (f".{leaf.path}" if leaf.path else named)
        addr = Addr(block.addr + offset)
        value = self.reader.read(addr, leaf.size)
        target, leads_to = self._target(block, part, element, which, value)
        name = f"{leaf.owner}.{leaf.name}" if leaf.name else leaf.owner
        return Entry(path, full, addr, offset, leaf.type, leaf.doc or part.doc, name, value, target, leads_to)

    def _target(self, block: Block, part: Part, element: int, which: int, value: bytes) -> tuple[str, int]:
        number = int.from_bytes(value, "little")
        if block.owner is not None and block.table is not None:
            return self.names.element(block.owner, block.table, element, number)
        note = ""
        if block.owner is not None and which == 0 and part.is_group:
            note = self.names.note(block.owner, part.name, element)
        if not part.leaves[which].type.startswith("ptr<"):
            return note, 0
        return "  ".join(text for text in (self.names.address(number), note) if text), number
