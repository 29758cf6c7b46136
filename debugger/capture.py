"""A capture: the memory of one instance of a real runtime, written to a file as JSON.

`runtime`, `version`, `pointer_size` choose the layout, the module gives the counts, `vmctx` is where to begin and
`regions` is the memory: addresses, and bytes in hexadecimal. All of it comes from a file and is checked.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from debugger.launch import read_file
from vm.decode import decode
from vm.eras.table import era_of
from vm.errors import MemoryFault, UserError, WasmscopeError
from vm.layout import Layouts, Shape
from vm.module import Module
from vm.shape import shape_of
from vm.types import Addr, ExternKind

FORMAT = "wasmscope-vmctx-capture/1"
_MOST_COUNT = 1 << 24
_U64 = 1 << 64
_COUNTS = {
    ExternKind.FUNC: "num_imported_functions",
    ExternKind.TABLE: "num_imported_tables",
    ExternKind.MEMORY: "num_imported_memories",
    ExternKind.GLOBAL: "num_imported_globals",
    ExternKind.TAG: "num_imported_tags",
}


class BadCapture(WasmscopeError):
    """A file that is no capture. `what` says where and what was expected."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(path, what)
        self.path, self.what = path, what

    def __str__(self) -> str:
        return f"{self.path} is no capture: {self.what}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that were captured."""

    addr: Addr
    data: bytes
    label: str

    @property
    def end(self) -> int:
        return self.addr + len(self.data)


class CapturedMemory:
    """The regions of a capture as one sparse memory; those that touch are one."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = sorted(pieces, key=lambda piece: (piece.addr, -len(piece.data)))
        self._runs: list[tuple[int, bytes]] = []
        for piece in self.pieces:
            self._add(piece)
        self._bases = [base for base, _ in self._runs]

    def _add(self, piece: Piece) -> None:
        if self._runs and piece.addr <= self._runs[-1][0] + len(self._runs[-1][1]):
            base, data = self._runs[-1]
            self._runs[-1] = base, data + piece.data[max(0, base + len(data) - piece.addr) :]
        else:
            self._runs.append((piece.addr, piece.data))

    def read(self, addr: Addr, size: int) -> bytes:
        """Bytes that were captured. Raises MemoryFault."""
        found = bisect_right(self._bases, addr) - 1
        if found >= 0:
            base, data = self._runs[found]
            if addr + size <= base + len(data):
                return data[addr - base : addr - base + size]
        raise MemoryFault(addr, size, "not captured")

    def readable(self, addr: int) -> int:
        """How many bytes from an address on were captured."""
        found = bisect_right(self._bases, addr) - 1
        return 0 if found < 0 else max(0, self._bases[found] + len(self._runs[found][1]) - addr)

    def regions(self) -> Iterator[Any]:
        """Nothing: a capture does not say what was mapped."""
        return iter(())

    def describe(self, addr: int) -> str:
        """Which region an address lies in, by its label; empty: in none."""
        for piece in reversed(self.pieces):  # one that lies in another begins later
            if piece.addr <= addr < max(piece.end, piece.addr + 1):
                offset = addr - piece.addr
                return piece.label + (f"+{offset:#x}" if offset else "")
        return ""


@dataclass(frozen=True, slots=True)
class Import:
    """An import as the capture names it; `index` counts within its kind."""

    kind: ExternKind
    index: int
    module: str
    name: str


@dataclass(frozen=True)
class Shown:
    """What of a module decides how its VMContext is read: counts, slots of funcrefs, types in index order."""

    counts: Shape
    slots: Mapping[int, int]  # function index → index in func_refs
    tables: tuple[str, ...]  # element types, imports first
    globals: tuple[str, ...]
    imports: tuple[Import, ...]
    module: Module | None  # None: the capture has no module that can be read


@dataclass(frozen=True)
class Capture:
    """A capture that was read."""

    path: Path
    runtime: str
    version: str
    layouts: Layouts
    vmctx: Addr
    shown: Shown
    memory: CapturedMemory
    facts: Mapping[str, Any]  # the whole object: what else the capture says

    @property
    def size(self) -> int:
        """Bytes of the VMContext."""
        return self.layouts.struct("VMContext", self.shown.counts).size


def read_capture(path: Path) -> Capture:
    """Reads a capture. Raises UserError and BadCapture."""
    return _Reader(path).capture()


class _Reader:
    """One file under way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            facts = json.loads(read_file(path, "name a capture"))
        except (ValueError, RecursionError):
            raise BadCapture(path, "it is not JSON text") from None
        if not isinstance(facts, dict):
            raise BadCapture(path, "a JSON object is expected")
        self.facts: dict[str, Any] = facts

    def bad(self, what: str) -> BadCapture:
        return BadCapture(self.path, what)

    # -- the file's values -----------------------------------------------------------------------

    def text(self, of: Mapping[str, Any], key: str, default: str | None = None) -> str:
        value = of.get(key, default)
        if not isinstance(value, str):
            raise self.bad(f"{key!r} is missing or no text")
        return value

    def number(self, of: Mapping[str, Any], key: str, below: int = _U64) -> int:
        value = of.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
            raise self.bad(f"{key!r} is missing or no number from 0 to {below - 1:#x}")
        return value

    def list_(self, of: Mapping[str, Any], key: str) -> list[Any]:
        value = of.get(key, [])
        if not isinstance(value, list):
            raise self.bad(f"{key!r} is no list")
        return value

    def objects(self, of: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        values = self.list_(of, key)
        if not all(isinstance(value, dict) for value in values):
            raise self.bad(f"{key!r} holds something that is no object")
        return values

    def hex_(self, of: Mapping[str, Any], key: str) -> bytes:
        try:
            return bytes.fromhex(self.text(of, key))
        except ValueError:
            raise self.bad(f"{key!r} is not hexadecimal") from None

    # -- the capture -----------------------------------------------------------------------------

    def capture(self) -> Capture:
        facts = self.facts
        if facts.get("format") != FORMAT:
            raise self.bad(f"its format is {str(facts.get('format'))[:40]!r}, {FORMAT!r} is expected")
        width = self.number(facts, "pointer_size")
        if width not in (4, 8):
            raise self.bad(f"pointers of {width} bytes; 4 and 8 are known")
        runtime, version = self.text(facts, "runtime"), self.text(facts, "version")
        try:
            layouts = Layouts(era_of(runtime, version), width)
        except UserError as error:
            raise self.bad(str(error)) from None
        capture = Capture(
            self.path, runtime, version, layouts, Addr(self.number(facts, "vmctx")), self._shown(layouts),
            CapturedMemory(self._pieces()), facts,
        )  # fmt: skip
        self._check(capture)
        return capture

    def _pieces(self) -> list[Piece]:
        pieces = []
        for region in self.objects(self.facts, "regions"):
            addr = Addr(self.number(region, "addr"))
            pieces.append(Piece(addr, self.hex_(region, "hex"), self.text(region, "label", "")))
        return pieces

    def _check(self, capture: Capture) -> None:
        if capture.memory.readable(capture.vmctx) < capture.size:
            raise self.bad(
                f"the VMContext at {capture.vmctx:#x} has {capture.size} bytes in the layout of "
                f"{capture.layouts.era.title}, {capture.memory.readable(capture.vmctx)} of them are there"
            )
        magic = capture.layouts.era.magics.get("vmctx")
        if magic is not None:
            found = capture.memory.read(capture.vmctx, len(magic))
            if found != magic.encode():
                raise self.bad(f"the VMContext at {capture.vmctx:#x} begins with {found!r}, {magic!r} is expected")

    # -- the module ------------------------------------------------------------------------------

    def _shown(self, layouts: Layouts) -> Shown:
        module = self._module()
        if module is not None:
            return self._of_module(module, layouts)
        shape = self.facts.get("shape")
        if not isinstance(shape, dict):
            raise self.bad("it has neither a module ('wasm') nor counts ('shape')")
        counts = {key: self.number(shape, key, _MOST_COUNT) for key in shape}
        tables, globals_ = self._entity_types()
        names = self._names(self.objects(self.facts, "imports"))
        for kind in ExternKind:
            if sum(1 for i in names if i.kind is kind) > counts.get(_COUNTS[kind], 0):
                raise self.bad(f"more imports of a {kind} than {_COUNTS[kind]!r} says")
        return Shown(counts, self._slots(counts.get("num_escaped_funcs", 0)), tables, globals_, names, None)

    def _entity_types(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Element types of tables and types of globals, imports first, as the capture calls them."""
        entities = self.facts.get("entities")
        entities = entities if isinstance(entities, dict) else {}
        tables, globals_ = (
            (*map(str, self.list_(entities, f"imported_{kind}")),
             *(str(e.get("type")) for e in self.objects(entities, kind)))
            for kind in ("tables", "globals")
        )  # fmt: skip
        return tables, globals_

    def _module(self) -> Module | None:
        if not self.facts.get("wasm"):
            return None
        try:
            return decode(self.hex_(self.facts, "wasm"))
        except WasmscopeError as error:
            if isinstance(self.facts.get("shape"), dict):
                return None  # a proposal that is not read here: the counts are enough
            raise self.bad(str(error)) from None

    def _of_module(self, module: Module, layouts: Layouts) -> Shown:
        shape = shape_of(module, layouts.era)
        counts = dict(shape.counts)
        given = self.facts.get("shape")
        if isinstance(given, dict) and "num_call_indirect_caches" in given:  # an option of the runtime, not the module
            counts["num_call_indirect_caches"] = self.number(given, "num_call_indirect_caches", _MOST_COUNT)
        imports = [{"kind": str(i.kind), "module": i.module, "name": i.name} for i in module.imports]
        globals_ = tuple(str(g.value) for g in module.globals)
        given_names = self._entity_types()[1]
        if len(given_names) == len(globals_):  # where the capture calls a type otherwise, that is what it is read as
            globals_ = given_names
        tables = tuple(str(t.elem) for t in module.tables)
        return Shown(counts, shape.func_ref_slots, tables, globals_, self._names(imports), module)

    def _names(self, imports: Sequence[Mapping[str, Any]]) -> tuple[Import, ...]:
        seen: dict[str, int] = {}
        found = []
        for import_ in imports:
            kind = self.text(import_, "kind")
            if kind not in list(map(str, ExternKind)):
                raise self.bad(f"{kind[:20]!r} is no kind of import")
            known = next(k for k in ExternKind if str(k) == kind)
            index = seen[kind] = seen.get(kind, -1) + 1
            found.append(Import(known, index, self.text(import_, "module", ""), self.text(import_, "name", "")))
        return tuple(found)

    def _slots(self, count: int) -> dict[int, int]:
        given = self.facts.get("func_ref_slots", {})
        if not isinstance(given, dict) or not all(str(key).isdecimal() for key in given):
            raise self.bad("'func_ref_slots' does not map functions to slots")
        return {int(key): self.number(given, key, count) for key in given}
