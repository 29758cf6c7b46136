"""The decoder against the memory of real runtimes: what it reads must be what the runtime's own API said.

Needs a folder of captures, named by WASMSCOPE_CAPTURES.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from debugger.capture import Capture, read_capture
from debugger.capture_report import Report
from debugger.structures import Owner, Runtime
from vm.layout import StructView
from vm.types import PAGE_LOG2, Addr, ExternKind

_FOLDER = os.environ.get("WASMSCOPE_CAPTURES", "")
_MOST_ELEMENTS = 64  # of a table, in a capture
Facts = dict[str, Any]


def _captures() -> list[Any]:
    if not _FOLDER:
        return [pytest.param(None, marks=pytest.mark.skip(reason="WASMSCOPE_CAPTURES names no folder"))]
    return [pytest.param(path, id=path.stem) for path in sorted(Path(_FOLDER).glob("*.json"))]


class World:
    """A capture, what is decoded of it, and what the runtime's own interface said."""

    def __init__(self, path: Path) -> None:
        self.capture: Capture = read_capture(path)
        self.facts: Facts = json.loads(path.read_text())
        self.report = Report(self.capture)
        self.json: Facts = json.loads(json.dumps(self.report.as_json()))
        self.layouts = self.capture.layouts

    def api(self, kind: str) -> Iterator[Facts]:
        """What the interface said of exports and imports of a kind, with their index."""
        yield from (e for e in self.facts["exports"] if e["kind"] == kind and "error" not in e)
        for i, fact in enumerate(e for e in self.facts["imports"] if e["kind"] == kind):
            yield {**fact, "index": i}

    def imports(self, kind: str) -> Iterator[tuple[Facts, Facts]]:
        """Each import's record, and what is known of it."""
        records = [i for i in self.json["imports"] if i["kind"] == kind]
        return zip(records, (e for e in self.facts["imports"] if e["kind"] == kind), strict=True)

    def field(self, path: str) -> Facts:
        return next(f for f in self.json["fields"] if f["path"] == path)

    def func_ref(self, func: int) -> Facts:
        return next(r for r in self.json["func_refs"] if r["func"] == func)

    def is_code(self, addr: int) -> bool:
        return any(low <= addr < high and "x" in perms for low, high, perms, _ in self.facts["maps"])


@pytest.mark.parametrize("path", _captures())
def test_capture(path: Path) -> None:
    world = World(path)
    for check in (_header, _memories, _tables, _elements, _globals, _func_refs, _imports, _store, _outline):
        check(world)


def _header(world: World) -> None:
    facts, found = world.facts, world.json
    assert (found["runtime"], found["version"], found["era"]) == (facts["runtime"], facts["version"], facts["layout"])
    assert (found["vmctx"], found["vmctx_size"]) == (facts["vmctx"], facts["vmctx_size"])
    counts = {key: world.capture.shown.counts.get(key, 0) for key in facts["shape"]}
    assert counts == facts["shape"]  # from the module alone
    assert {str(func): slot for func, slot in world.capture.shown.slots.items()} == facts["func_ref_slots"]
    assert bytes.fromhex(world.field("magic")["bytes"]) == world.layouts.era.magics["vmctx"].encode()
    assert world.field("builtin_functions")["value"] and world.field("epoch_ptr")["target"] == "epoch counter"


def _memories(world: World) -> None:
    for fact in world.api("memory"):
        found = world.json["memories"][fact["index"]]
        if "base" in fact:
            assert (found["base"], found["current_length"]) == (fact["base"], fact["byte_length"])
    defined = [m for m in world.json["memories"] if not m["imported"]]
    start, end = world.json["vmctx"], world.json["vmctx"] + world.json["vmctx_size"]
    for memory, declared in zip(defined, world.facts["entities"]["memories"], strict=True):
        assert memory["current_length"] >= declared["min"] * (1 << PAGE_LOG2)
        assert (start <= memory["address"] < end) != declared["shared"]


def _tables(world: World) -> None:
    for fact in world.api("table"):
        if fact.get("size") is not None:
            assert world.json["tables"][fact["index"]]["current_elements"] == fact["size"]
    own = {record["address"]: record for record in world.json["func_refs"]}
    for table in world.json["tables"]:
        assert len(table["elements"]) >= min(table["current_elements"], _MOST_ELEMENTS)
        for element in table["elements"]:
            tagged = bool(element["word"] & 1)
            if table["type"] == "funcref" and not table["imported"]:
                assert element["state"] == (
                    "lazy" if not element["word"] else "func" if element["word"] > 1 else "null"
                )
                assert tagged or not element["word"] or world.layouts.era.id == "wasmtime-0.38"
            if element["func_ref"] in own:
                assert own[element["func_ref"]]["used"]


def _elements(world: World) -> None:
    """What lies in a table nobody wrote to is what the module put there."""
    if world.facts["calls"]:
        return
    for segment in world.facts["entities"]["elems"]:
        table = world.json["tables"][segment.get("table") or 0] if world.json["tables"] else {"type": ""}
        if segment["mode"] != "active" or segment["offset"][0][0] != "i32" or table["type"] != "funcref":
            continue
        for i, func in enumerate(segment["funcs"], segment["offset"][0][1]):
            element = table["elements"][i]
            assert element["state"] == "lazy" or element["func_ref"] == world.func_ref(func)["address"]


def _globals(world: World) -> None:
    for fact in world.api("global"):
        found = world.json["globals"][fact["index"]]
        value = bytes.fromhex(found["bytes"])
        if "bytes" in fact:
            expected = bytes.fromhex(fact["bytes"])
            assert value[: len(expected)] == expected and found["type"] == fact["type"]
        elif "is_null" in fact:
            width = world.layouts.pointer_bytes if fact["type"] == "funcref" else world.layouts.reference_bytes
            number = int.from_bytes(value[:width], "little")
            assert (number == 0) == fact["is_null"] and fact.get("raw", number) in (number, None)


def _func_refs(world: World) -> None:
    imported = world.facts["shape"]["num_imported_functions"]
    for fact in world.api("func"):
        if "handle" not in fact or not fact.get("raw"):
            continue
        record = world.func_ref(fact["index"])
        assert record["address"] == fact["raw"] and record["used"]
        if fact["index"] >= imported:
            assert record["vmctx"] == world.json["vmctx"]
            calls = [value for name, value in record.items() if name.endswith("_call") or name == "func_ptr"]
            assert calls and all(map(world.is_code, calls))


def _imports(world: World) -> None:
    provider = world.facts.get("provider_vmctx")
    for kind in map(str, ExternKind):
        for record, fact in world.imports(kind):
            assert record["name"] == fact["name"]
            if record.get("owner") and (world.layouts.era.magics["array_call_host_func"] != "core" or kind != "func"):
                assert record["owner"] == fact["provider"]
            if fact["provider"] == "instance" and provider and "vmctx" in record:
                assert record["vmctx"] == provider
            if "provider_index" in record and "provider_index" in fact:
                assert record["provider_index"] == fact["provider_index"]


def _store(world: World) -> None:
    decoded = world.report.decoded
    name = world.layouts.struct("VMContext", world.capture.shown.counts).field("store_context").name
    layout = world.layouts.struct("VMStoreContext")
    view = StructView(world.capture.memory, world.layouts, layout, Addr(decoded.field(name).value))
    assert view.get("stack_limit") == (1 << world.layouts.pointer_bytes * 8) - 1


class _NoNames:
    def address(self, addr: int) -> str:
        return hex(addr)

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        return "", word

    def note(self, owner: Owner, section: str, index: int) -> str:
        return ""


def _outline(world: World) -> None:
    """The rows of the vmctx pane are the decoder's fields, and lead on to tables and the store."""
    decoded, shown = world.report.decoded, world.capture.shown
    owner = Owner("captured", decoded.addr, shown.counts, tuple("func" in t for t in shown.tables))
    runtime = Runtime(world.capture.memory, world.layouts, (owner,), _NoNames())
    blocks = list(runtime.blocks(owner.addr))
    rows = [runtime.entry(blocks[0], n, row) for n, part in enumerate(blocks[0].parts) for row in range(part.rows)]
    assert [(r.full, r.offset, r.value) for r in rows] == [(f.path, f.offset, f.bytes) for f in decoded.fields]
    tables = [block for block in blocks if block.table is not None]
    assert [block.addr for block in tables] == [table.base for table in decoded.tables]
    assert any(block.kind == "VMStoreContext" for block in blocks)
