"""What a capture says: one object of plain values, as `wasmscope capture --json` prints it.

Indexes are those of the module's index spaces, imports first; addresses and words are numbers, bytes are hexadecimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from debugger.capture import Capture, Import, Shown
from vm.contexts import context_kind
from vm.decode_vmctx import DecodedFuncRef, DecodedInstance, DecodedTable, decode_func_ref, decode_instance
from vm.errors import MemoryFault
from vm.layout import StructView
from vm.types import Addr, ExternKind

_MOST_ELEMENTS = 1 << 20
_SECTIONS = {
    ExternKind.FUNC: "imported_functions",
    ExternKind.TABLE: "imported_tables",
    ExternKind.MEMORY: "imported_memories",
    ExternKind.GLOBAL: "imported_globals",
    ExternKind.TAG: "imported_tags",
}
Json = dict[str, Any]


def is_func_type(type_: str) -> bool:
    """Whether a reference type's name is that of funcrefs: from a module or as a capture writes it."""
    return "func" in type_


def func_tables(shown: Shown) -> tuple[bool, ...]:
    """Of each table whether it holds funcrefs: as the module says, else as the capture calls its type."""
    if shown.module is not None:
        return tuple(table.elem.is_func for table in shown.module.tables)
    return tuple(map(is_func_type, shown.tables))


@dataclass(frozen=True)
class Report:
    """A capture, decoded."""

    capture: Capture

    @cached_property
    def decoded(self) -> DecodedInstance:
        """The VMContext and what it leads to."""
        of = self.capture
        tables = func_tables(of.shown)
        return decode_instance(of.memory, of.layouts, of.shown.counts, of.vmctx, tables, _MOST_ELEMENTS)

    def as_json(self) -> Json:
        """Everything, as one object."""
        of = self.capture
        return {
            "runtime": of.runtime,
            "version": of.version,
            "era": of.layouts.era.id,
            "vmctx": of.vmctx,
            "vmctx_size": of.size,
            "fields": list(self.fields()),
            "memories": list(self.memories()),
            "tables": list(self.tables()),
            "globals": list(self.globals()),
            "func_refs": list(self.func_refs()),
            "imports": list(self.imports()),
        }

    def fields(self) -> Iterator[Json]:
        """Every field of the VMContext; `target` says where a pointer leads, when that is known."""
        for field in self.decoded.fields:
            row: Json = {
                "path": field.path, "offset": field.offset, "size": field.size, "type": field.type,
                "bytes": field.bytes.hex(), "value": field.value,
            }  # fmt: skip
            if field.type.startswith("ptr<"):
                row["target"] = self.place(field.value)
            yield row

    def place(self, addr: int) -> str | None:
        """What lies at an address, as far as the capture shows it: `owned_memories[0]`, or a region's label."""
        if not addr:
            return None
        if self.capture.vmctx < addr < self.capture.vmctx + self.capture.size:
            return self._starts.get(addr - self.capture.vmctx) or f"vmctx+{addr - self.capture.vmctx:#x}"
        return self.capture.memory.describe(addr) or self._code(addr)

    def _code(self, addr: int) -> str | None:
        """Whose code an address lies in, where the capture says what was mapped there."""
        maps = self.capture.facts.get("maps")
        for map_ in maps if isinstance(maps, list) else ():
            match map_:
                case [int(low), int(high), str(allowed), str(kind)] if low <= addr < high and "x" in allowed:
                    return "library code" if kind == "library" else "compiled code"
        return None

    @cached_property
    def _starts(self) -> dict[int, str]:
        """What begins at each offset of the VMContext."""
        layout = self.capture.layouts.struct("VMContext", self.capture.shown.counts)
        starts = {}
        for placed in layout.fields.values():
            for i in range(1 if placed.count is None else placed.count):
                starts[placed.offset + i * placed.stride] = placed.name + ("" if placed.count is None else f"[{i}]")
        return starts

    def memories(self) -> Iterator[Json]:
        for i, memory in enumerate(self.decoded.memories):
            yield {
                "index": i, "imported": memory.imported, "address": memory.definition,
                "base": memory.base, "current_length": memory.size_bytes,
            }  # fmt: skip

    def tables(self) -> Iterator[Json]:
        types = self.capture.shown.tables
        for i, table in enumerate(self.decoded.tables):
            yield {
                "index": i, "imported": table.imported, "address": table.definition,
                "type": types[i] if i < len(types) else None, "base": table.base, "current_elements": table.size,
                "elements": list(self._elements(table)),
            }  # fmt: skip

    def _elements(self, table: DecodedTable) -> Iterator[Json]:
        for i, element in enumerate(table.elements):
            func_ref = element.target if element.state == "func" else None
            yield {
                "index": i, "word": element.word, "raw": element.word, "state": element.state, "func_ref": func_ref
            }  # fmt: skip

    def globals(self) -> Iterator[Json]:
        types = self.capture.shown.globals
        for i, global_ in enumerate(self.decoded.globals):
            yield {
                "index": i, "imported": global_.imported, "type": types[i] if i < len(types) else None,
                "address": global_.storage, "bytes": global_.bytes.hex(),
            }  # fmt: skip

    # -- functions -------------------------------------------------------------------------------

    def func_refs(self) -> Iterator[Json]:
        """Functions that have a record, by index. `used`: something that was read points at it, so it was written."""
        for func, record in sorted(self._records().items()):
            row: Json = {"func": func, "address": record.addr, "used": record.addr in self._used}
            yield {**row, **record.fields}

    def _records(self) -> dict[int, DecodedFuncRef]:
        records = {func: self.decoded.func_refs[slot] for func, slot in self.capture.shown.slots.items()}
        if self.capture.layouts.era.imports_use_import_record:
            records |= dict(enumerate(self.decoded.imported_functions))
        return records

    @cached_property
    def _used(self) -> frozenset[int]:
        """VMFuncRefs that tables, globals and the runtime's interface name."""
        elements = {e.target for t in self.decoded.tables for e in t.elements if e.state == "func"}
        width, types = self.capture.layouts.pointer_bytes, self.capture.shown.globals
        stored = {g.value(width) for g, t in zip(self.decoded.globals, types, strict=False) if is_func_type(t)}
        exports = self.capture.facts.get("exports")
        exported = exports if isinstance(exports, list) else []
        named = [e.get("raw") for e in exported if isinstance(e, dict) and e.get("kind") == "func"]
        imports = {record.addr for record in self.decoded.imported_functions}
        return frozenset(a for a in (*elements, *stored, *named, *imports) if isinstance(a, int) and a)

    # -- imports ---------------------------------------------------------------------------------

    def imports(self) -> Iterator[Json]:
        """Every import's record, and whose it is: another instance's, by its magic, or the host's."""
        view = self._view("VMContext", self.capture.vmctx)
        for import_ in self.capture.shown.imports:
            section = _SECTIONS[import_.kind]
            if not view.has(section):
                continue
            record = view.inner(section, import_.index)
            yield {**_named(import_), "address": record.addr, **self._import(import_, record)}

    def _import(self, import_: Import, record: StructView) -> Json:
        row: Json = {r.path: int.from_bytes(self._read(r.addr, r.size), "little") for r in record.rows()}
        if "index" in row:  # not the import's own
            row["provider_index"] = row.pop("index")
        if record.has("vmctx"):
            owner = record.get("vmctx")
            known = "instance" if record.layout.field("vmctx").type == "ptr<VMContext>" else None
            row["owner"] = (self._context(owner) or known) if owner else "host"
        return row

    def _context(self, addr: int) -> str | None:
        """What kind of context lies at an address: instance, host or component; None: it was not captured."""
        try:
            kind = context_kind(self.capture.memory, self.capture.layouts.era, Addr(addr))
        except MemoryFault:
            return None
        return {"vmctx": "instance", "component_vmctx": "component", None: None}.get(kind, "host")

    def _view(self, struct: str, addr: Addr) -> StructView:
        of = self.capture
        shape = of.shown.counts if struct == "VMContext" else {}
        return StructView(of.memory, of.layouts, of.layouts.struct(struct, shape), addr)

    def _read(self, addr: Addr, size: int) -> bytes:
        return self.capture.memory.read(addr, size)

    def record_at(self, addr: Addr) -> DecodedFuncRef:
        """A VMFuncRef anywhere in the capture. Raises MemoryFault."""
        return decode_func_ref(self._view("VMFuncRef", addr))


def _named(import_: Import) -> Json:
    return {
        "kind": str(import_.kind), "index": import_.index, "module": import_.module, "name": import_.name
    }  # fmt: skip
