"""The decoder against the memory of real runtimes: what it reads must be what the runtime's own API said.

Needs a folder of captures, named by WASMSCOPE_CAPTURES.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from debugger.structures import Owner, Runtime
from vm.decode_vmctx import DecodedInstance, decode_instance
from vm.eras import ERAS
from vm.errors import MemoryFault
from vm.layout import Layouts, StructView
from vm.types import PAGE_LOG2, Addr

_FOLDER = os.environ.get("WASMSCOPE_CAPTURES", "")
_ERAS = {era.id: era for era in ERAS}
_VERSION = "50.0.1"
_SHOWN_ELEMENTS = 64
Capture = dict[str, Any]


class CaptureMemory:
    """A sparse memory: the regions of a capture."""

    def __init__(self, capture: Capture) -> None:
        regions = sorted((r["addr"], bytes.fromhex(r["hex"])) for r in capture["regions"])
        self._bases = [base for base, _ in regions]
        self._data = [data for _, data in regions]

    def regions(self) -> Iterator[Any]:
        return iter(())

    def read(self, addr: Addr, size: int) -> bytes:
        i = bisect_right(self._bases, addr)
        while i > 0:
            i -= 1
            start = addr - self._bases[i]
            if start + size <= len(self._data[i]):
                return self._data[i][start : start + size]
        raise MemoryFault(addr, size, "not captured")


def _captures() -> list[Any]:
    if not _FOLDER:
        return [pytest.param(None, marks=pytest.mark.skip(reason="WASMSCOPE_CAPTURES names no folder"))]
    found = sorted(Path(_FOLDER).glob(f"{_VERSION}__*.json"))
    return [pytest.param(path, id=path.stem) for path in found]


class World:
    """A capture and what the decoder makes of it."""

    def __init__(self, path: Path) -> None:
        self.capture: Capture = json.loads(path.read_text())
        self.layouts = Layouts(_ERAS[self.capture["layout"]], self.capture["pointer_size"])
        self.memory = CaptureMemory(self.capture)
        entities = self.capture["entities"]
        kinds = [*entities["imported_tables"], *(t["type"] for t in entities["tables"])]
        self.is_func = [kind == "funcref" for kind in kinds]
        self.decoded: DecodedInstance = decode_instance(
            self.memory, self.layouts, self.capture["shape"], Addr(self.capture["vmctx"]), self.is_func
        )

    def api(self, kind: str) -> Iterator[Capture]:
        """What the runtime's API said of exports and imports of a kind, with their index."""
        yield from (e for e in self.capture["exports"] if e["kind"] == kind and "error" not in e)
        for i, fact in enumerate(e for e in self.capture["imports"] if e["kind"] == kind):
            yield {**fact, "index": i}

    def func_ref_at(self, func: int) -> Addr:
        if func < self.capture["shape"]["num_imported_functions"] and self.layouts.era.imports_use_import_record:
            return self.decoded.imported_functions[func].addr
        return self.decoded.func_refs[self.capture["func_ref_slots"][str(func)]].addr

    def magic(self, context: Addr) -> bytes:
        return self.memory.read(context, self.layouts.struct("VMContext").field("magic").size)

    def is_code(self, addr: int) -> bool:
        return any(low <= addr < high and "x" in perms for low, high, perms, _ in self.capture["maps"])


@pytest.fixture(params=_captures())
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_header(world: World) -> None:
    assert world.decoded.size == world.capture["vmctx_size"]
    magics = world.layouts.era.magics
    assert world.decoded.field("magic").bytes == magics["vmctx"].encode()
    for path in ("store_context", "builtin_functions", "epoch_ptr"):
        assert world.decoded.field(path).value
    store = StructView(
        world.memory, world.layouts, world.layouts.struct("VMStoreContext"),
        Addr(world.decoded.field("store_context").value),
    )  # fmt: skip
    assert store.get("stack_limit") == (1 << world.layouts.pointer_bytes * 8) - 1


def test_memories(world: World) -> None:
    for fact in world.api("memory"):
        found = world.decoded.memories[fact["index"]]
        if "base" in fact:
            assert (found.base, found.size_bytes) == (fact["base"], fact["byte_length"])
    defined = [m for m in world.decoded.memories if not m.imported]
    for memory, declared in zip(defined, world.capture["entities"]["memories"], strict=True):
        assert memory.size_bytes >= declared["min"] * (1 << PAGE_LOG2)
        inside = world.decoded.addr <= memory.definition < world.decoded.addr + world.decoded.size
        assert inside != declared["shared"]


def test_tables(world: World) -> None:
    for fact in world.api("table"):
        if fact.get("size") is not None:
            assert world.decoded.tables[fact["index"]].size == fact["size"]
    own = {record.addr for record in (*world.decoded.func_refs, *world.decoded.imported_functions)}
    for table, is_func in zip(world.decoded.tables, world.is_func, strict=True):
        assert len(table.elements) == min(table.size, _SHOWN_ELEMENTS)
        for element in table.elements:
            assert not is_func or element.word == 0 or element.word & 1
            if element.state == "func" and element.target in own:
                assert world.magic(_vmctx_of(world, element.target)) in _context_magics(world)


def _vmctx_of(world: World, func_ref: int) -> Addr:
    layout = world.layouts.struct("VMFuncRef")
    return Addr(StructView(world.memory, world.layouts, layout, Addr(func_ref)).get("vmctx"))


def _context_magics(world: World) -> list[bytes]:
    return [magic.encode() for magic in world.layouts.era.magics.values()]


def test_elements_are_the_declared_functions(world: World) -> None:
    if world.capture["calls"]:
        return
    for segment in world.capture["entities"]["elems"]:
        if segment["mode"] != "active" or segment["offset"][0][0] != "i32" or not world.is_func[segment["table"]]:
            continue
        for i, func in enumerate(segment["funcs"], segment["offset"][0][1]):
            element = world.decoded.tables[segment["table"]].elements[i]
            assert element.state == "lazy" or element.target == world.func_ref_at(func)


def test_globals(world: World) -> None:
    for fact in world.api("global"):
        found = world.decoded.globals[fact["index"]]
        if "bytes" in fact:
            expected = bytes.fromhex(fact["bytes"])
            assert found.bytes[: len(expected)] == expected
        elif fact.get("raw"):
            assert found.value(world.layouts.pointer_bytes) == fact["raw"]
        elif "is_null" in fact:
            width = world.layouts.pointer_bytes if fact["type"] == "funcref" else world.layouts.size_of("u32")
            assert (found.value(width) == 0) == fact["is_null"]


def test_func_refs(world: World) -> None:
    """Only slots that something points at are written."""
    imported = world.capture["shape"]["num_imported_functions"]
    for fact in world.api("func"):
        if "handle" not in fact or not fact.get("raw"):
            continue
        assert fact["raw"] == world.func_ref_at(fact["index"])
        if fact["index"] >= imported:
            record = next(r for r in world.decoded.func_refs if r.addr == fact["raw"])
            assert record.vmctx == world.decoded.addr
            assert world.is_code(record.array_call) and world.is_code(record.wasm_call)


def test_imported_functions_lead_into_their_provider(world: World) -> None:
    magics = world.layouts.era.magics
    facts = [e for e in world.capture["imports"] if e["kind"] == "func"]
    for record, fact in zip(world.decoded.imported_functions, facts, strict=True):
        host = fact["provider"] == "host"
        assert world.magic(record.vmctx) == magics["array_call_host_func" if host else "vmctx"].encode()
        assert world.is_code(record.array_call) and world.is_code(record.wasm_call)
        if not host and world.capture.get("provider_vmctx"):
            assert record.vmctx == world.capture["provider_vmctx"]


def test_imports_name_their_owner(world: World) -> None:
    provider = world.capture.get("provider_vmctx")
    for kind, plural in (("table", "tables"), ("memory", "memories")):
        facts = [e for e in world.capture["imports"] if e["kind"] == kind]
        for i, fact in enumerate(facts):
            if fact["provider"] == "instance" and provider:
                assert world.decoded.field(f"imported_{plural}[{i}].vmctx").value == provider
                assert world.decoded.field(f"imported_{plural}[{i}].index").value == fact["provider_index"]


class _NoNames:
    def address(self, addr: int) -> str:
        return hex(addr)

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        return "", word

    def note(self, owner: Owner, section: str, index: int) -> str:
        return ""


@pytest.mark.parametrize("path", _captures())
def test_the_outline_of_the_screen(path: Path) -> None:
    """The rows of the vmctx pane are the decoder's fields, and lead on to tables and the store."""
    world = World(path)
    owner = Owner("captured", world.decoded.addr, world.capture["shape"], tuple(world.is_func))
    runtime = Runtime(world.memory, world.layouts, (owner,), _NoNames())
    blocks = list(runtime.blocks(owner.addr))
    rows = [runtime.entry(blocks[0], n, row) for n, part in enumerate(blocks[0].parts) for row in range(part.rows)]
    assert [(r.full, r.offset, r.value) for r in rows] == [(f.path, f.offset, f.bytes) for f in world.decoded.fields]
    tables = [block for block in blocks if block.table is not None]
    assert [block.addr for block in tables] == [table.base for table in world.decoded.tables]
    assert any(block.kind == "VMStoreContext" for block in blocks)
