"""A VMContext read from any memory: our own machine's, a live runtime's, a capture's.

Needs the era and the module's counts, nothing else: what the instance owns and imports is found along the era's access
paths. Every function raises MemoryFault where the memory does not hold what a pointer names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """A linear memory: its VMMemoryDefinition and what that says."""

    definition: Addr
    base: Addr
    size_bytes: int
    imported: bool


@dataclass(frozen=True, slots=True)
class DecodedElement:
    """A table's element: `state` is lazy, null, func or ref; `target` the VMFuncRef or the GC reference, else 0."""

    word: int
    state: str
    target: int


@dataclass(frozen=True, slots=True)
class DecodedTable:
    """A table: its VMTableDefinition, what that says, and the first elements."""

    definition: Addr
    base: Addr
    size: int
    elements: tuple[DecodedElement, ...]
    imported: bool


@dataclass(frozen=True, slots=True)
class DecodedGlobal:
    """A global's storage: the low bytes are the value, the rest means nothing."""

    storage: Addr
    bytes: bytes
    imported: bool

    def value(self, width_bytes: int) -> int:
        """The value's bits, its width being known from the module."""
        return int.from_bytes(self.bytes[:width_bytes], "little")


@dataclass(frozen=True, slots=True)
class DecodedFuncRef:
    """A VMFuncRef or VMFunctionImport as it lies there; nothing says whether it was ever written."""

    addr: Addr
    array_call: int
    wasm_call: int
    type_index: int
    vmctx: Addr


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
    """Reads the VMContext at `vmctx`. `func_tables` says by table index which hold funcrefs (default: all)."""
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

    def memory(self, index: int) -> DecodedMemory:
        at, imported = self._place("memory", index)
        view = self._struct("VMMemoryDefinition", at)
        return DecodedMemory(at, Addr(view.get("base")), view.get("current_length"), imported)

    def table(self, index: int, is_func: bool, most: int) -> DecodedTable:
        at, imported = self._place("table", index)
        view = self._struct("VMTableDefinition", at)
        base, size = Addr(view.get("base")), view.get("current_elements")
        elements = tuple(self._element(base, i, is_func) for i in range(min(size, most)))
        return DecodedTable(at, base, size, elements, imported)

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
        return DecodedGlobal(at, self.reader.read(at, size), imported)

    def records(self, name: str) -> tuple[DecodedFuncRef, ...]:
        view = self._view()
        placed = view.layout.field(name)
        return tuple(self._record(view.inner(name, i)) for i in range(placed.count or 0))

    def _record(self, view: StructView) -> DecodedFuncRef:
        array, wasm, type_index = (
            view.get(name) if view.has(name) else 0 for name in ("array_call", "wasm_call", "type_index")
        )
        return DecodedFuncRef(view.addr, array, wasm, type_index, Addr(view.get("vmctx")))
