"""A VMContext read from any memory: our own machine's, a live runtime's, a capture's.

Needs the era and the module's counts, nothing else: what the instance owns and imports is found along the era's access
paths. The VMContext itself must be readable; of what it leads to, what is not there is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vm.errors import MemoryFault
from vm.layout import Layouts, Memory, Shape, StructView
from vm.types import Addr

DEFAULT_ELEMENTS = 64
_PLURALS = {"memory": "memories", "table": "tables", "global": "globals"}


@dataclass(frozen=True, slots=True)
class DecodedField:
    """One scalar field of a VMContext; `offset` counts from its start."""

    path: str
    offset: int
    size: int
    type: str
    bytes: bytes

    @property
    def value(self) -> int:
        """The bytes as an unsigned number."""
        return int.from_bytes(self.bytes, "little")


@dataclass(frozen=True, slots=True)
class DecodedMemory:
    """A linear memory: its VMMemoryDefinition and what that says; None where it cannot be read."""

    definition: Addr
    base: Addr | None
    size_bytes: int | None
    imported: bool


@dataclass(frozen=True, slots=True)
class DecodedElement:
    """A table's element: `state` is lazy, null, func or ref; `target` the VMFuncRef or the GC reference, else 0."""

    word: int
    state: str
    target: int


@dataclass(frozen=True, slots=True)
class DecodedTable:
    """A table: its VMTableDefinition, what that says (None where it cannot be read), and the elements that can."""

    definition: Addr
    base: Addr | None
    size: int | None
    elements: tuple[DecodedElement, ...]
    imported: bool


@dataclass(frozen=True, slots=True)
class DecodedGlobal:
    """A global's storage: the low bytes are the value, the rest means nothing. Empty where it cannot be read."""

    storage: Addr
    bytes: bytes
    imported: bool

    def value(self, width_bytes: int) -> int:
        """The value's bits, its width being known from the module."""
        return int.from_bytes(self.bytes[:width_bytes], "little")


@dataclass(frozen=True, slots=True)
class DecodedFuncRef:
    """A VMFuncRef or VMFunctionImport as it lies there; nothing says whether it was ever written.

    `fields` are the era's; the properties are what the newest era calls them, 0 where this one has no such field.
    """

    addr: Addr
    fields: Mapping[str, int]
    roles: Mapping[str, int]

    @property
    def array_call(self) -> int:
        return self.roles.get("array_call", 0)

    @property
    def wasm_call(self) -> int:
        return self.roles.get("wasm_call", 0)

    @property
    def type_index(self) -> int:
        return self.roles.get("type_index", 0)

    @property
    def vmctx(self) -> Addr:
        return Addr(self.roles.get("vmctx", 0))


@dataclass(frozen=True)
class DecodedInstance:
    """A whole VMContext and what it leads to; memories, tables and globals count imports first."""

    addr: Addr
    size: int
    fields: tuple[DecodedField, ...]
    memories: tuple[DecodedMemory, ...]
    tables: tuple[DecodedTable, ...]
    globals: tuple[DecodedGlobal, ...]
    func_refs: tuple[DecodedFuncRef, ...]
    imported_functions: tuple[DecodedFuncRef, ...]

    def field(self, path: str) -> DecodedField:
        """The field called `memories[0]` or the like; a KeyError when there is none."""
        for field in self.fields:
            if field.path == path:
                return field
        raise KeyError(path)


def decode_instance(
    reader: Memory,
    layouts: Layouts,
    counts: Shape,
    vmctx: Addr,
    func_tables: Sequence[bool] = (),
    most_elements: int = DEFAULT_ELEMENTS,
) -> DecodedInstance:
    """Reads the VMContext at `vmctx`. `func_tables` says by table index which hold funcrefs (default: all).

    Raises MemoryFault where the VMContext itself cannot be read.
    """
    decoder = _Decoder(reader, layouts, counts, vmctx)
    layout = layouts.struct("VMContext", counts)
    return DecodedInstance(
        vmctx,
        layout.size,
        decoder.fields(),
        tuple(decoder.memory(i) for i in range(decoder.count("memories"))),
        tuple(
            decoder.table(i, i >= len(func_tables) or func_tables[i], most_elements)
            for i in range(decoder.count("tables"))
        ),
        tuple(decoder.global_(i) for i in range(decoder.count("globals"))),
        decoder.records("func_refs"),
        decoder.records("imported_functions"),
    )


@dataclass(frozen=True)
class _Decoder:
    """Follows one VMContext's access paths."""

    reader: Memory
    layouts: Layouts
    counts: Shape
    vmctx: Addr

    def count(self, kind: str) -> int:
        """How many of a kind there are, imports among them."""
        return self.counts.get(f"num_imported_{kind}", 0) + self.counts.get(f"num_defined_{kind}", 0)

    def fields(self) -> tuple[DecodedField, ...]:
        rows = self._view().rows()
        return tuple(DecodedField(r.path, r.offset, r.size, r.type, self.reader.read(r.addr, r.size)) for r in rows)

    def _view(self) -> StructView:
        return self._struct("VMContext", self.vmctx, self.counts)

    def _struct(self, name: str, addr: Addr, shape: Shape | None = None) -> StructView:
        return StructView(self.reader, self.layouts, self.layouts.struct(name, shape or {}), addr)

    def _place(self, kind: str, index: int) -> tuple[Addr, bool]:
        """Where the access path of a memory, table or global leads, and whether it is imported."""
        imported = self.counts.get(f"num_imported_{_PLURALS[kind]}", 0)
        how, number = ("imported", index) if index < imported else ("defined", index - imported)
        path = self.layouts.era.paths[f"{kind}.{how}"]
        at = self.layouts.follow(self.reader, path, self.vmctx, number, self.counts)
        return at, index < imported

    def _pair(self, struct: str, at: Addr, length: str) -> tuple[Addr | None, int | None]:
        view = self._struct(struct, at)
        try:
            return Addr(view.get("base")), view.get(length)
        except MemoryFault:
            return None, None

    def memory(self, index: int) -> DecodedMemory:
        at, imported = self._place("memory", index)
        return DecodedMemory(at, *self._pair("VMMemoryDefinition", at, "current_length"), imported)

    def table(self, index: int, is_func: bool, most: int) -> DecodedTable:
        at, imported = self._place("table", index)
        base, size = self._pair("VMTableDefinition", at, "current_elements")
        elements: list[DecodedElement] = []
        if base is not None and size is not None:
            with suppress(MemoryFault):
                for i in range(min(size, most)):
                    elements.append(self._element(base, i, is_func))
        return DecodedTable(at, base, size, tuple(elements), imported)

    def _element(self, base: Addr, index: int, is_func: bool) -> DecodedElement:
        width = self.layouts.pointer_bytes if is_func else self.layouts.reference_bytes
        word = int.from_bytes(self.reader.read(Addr(base + index * width), width), "little")
        if not is_func:
            return DecodedElement(word, "ref" if word else "null", word)
        encoding = self.layouts.era.funcref
        if encoding.is_lazy(word):
            return DecodedElement(word, "lazy", 0)
        target = encoding.decode(word)
        return DecodedElement(word, "func" if target else "null", target)

    def global_(self, index: int) -> DecodedGlobal:
        at, imported = self._place("global", index)
        size = self.layouts.struct("VMGlobalDefinition").size
        try:
            return DecodedGlobal(at, self.reader.read(at, size), imported)
        except MemoryFault:
            return DecodedGlobal(at, b"", imported)

    def records(self, name: str) -> tuple[DecodedFuncRef, ...]:
        view = self._view()
        if not view.has(name):
            return ()
        placed = view.layout.field(name)
        return tuple(decode_func_ref(view.inner(name, i)) for i in range(placed.count or 0))


def decode_func_ref(view: StructView) -> DecodedFuncRef:
    """A record of a function. Raises MemoryFault."""
    fields = {name: view.get(name) for name in view.layout.fields}
    roles = {role: view.get(role) for role in (*view.layout.aliases, *view.layout.fields)}
    return DecodedFuncRef(view.addr, fields, roles)
