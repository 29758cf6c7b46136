"""Captures: read from a file, decoded, printed; what is wrong with a file is said in one line."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from debugger.capture import FORMAT, BadCapture, CapturedMemory, Piece, read_capture
from debugger.capture_report import Report
from tests.worlds import World, module
from ui.cli import main
from ui.render.capture import capture_lines
from vm.eras import ERAS
from vm.errors import MemoryFault
from vm.layout import Era
from vm.machine import Machine
from vm.memory import RegionKind
from vm.types import Addr

_WAT = """(module (type $t (func (result i32))) (memory 1 2) (table 3 funcref) (global (mut i32) (i32.const 7))
  (elem (i32.const 1) func $f) (func $f (export "f") (type $t) (i32.const 42))
  (func (export "g") (result i32) (call_indirect (type $t) (i32.const 1))))"""
_KINDS = (RegionKind.VMCTX, RegionKind.STORE, RegionKind.TABLE)


def _facts(era: Era = ERAS[0]) -> dict[str, Any]:
    """Our own machine's memory, as a capture."""
    world = World(_WAT, machine=Machine(era))
    assert world.call("g") == (42,)
    space = world.machine.space
    regions = [
        {"addr": r.base, "hex": space.read(r.base, r.size).hex(), "label": r.kind.value}
        for r in space.regions()
        if r.kind in _KINDS
    ]
    return {
        "format": FORMAT, "runtime": era.runtime, "version": era.last_version, "pointer_size": 8,
        "vmctx": world.instance.addr, "wasm": module(_WAT).bytes.hex(), "regions": regions,
    }  # fmt: skip


def _write(path: Path, facts: object) -> Path:
    path.write_text(facts if isinstance(facts, str) else json.dumps(facts))
    return path


WITH_MAGIC = [era for era in ERAS if "vmctx" in era.magics]  # the others' records of functions lie elsewhere


@pytest.mark.parametrize("era", WITH_MAGIC, ids=lambda era: era.id)
def test_our_own_memory(era: Era, tmp_path: Path) -> None:
    found = Report(read_capture(_write(tmp_path / "c.json", _facts(era)))).as_json()
    assert found["era"] == era.id
    assert [m["current_length"] for m in found["memories"]] == [1 << 16]
    table = found["tables"][0]
    record = found["func_refs"][0]
    assert [e["state"] for e in table["elements"]] == ["lazy", "func", "lazy"]
    assert table["elements"][1]["func_ref"] == record["address"] and record["used"] and record["func"] == 0
    assert found["globals"][0]["bytes"].startswith("07000000") and found["globals"][0]["type"] == "i32"
    assert record["vmctx"] == found["vmctx"]


def test_counts_are_enough(tmp_path: Path) -> None:
    facts = _facts()
    del facts["wasm"]
    shape = {"num_defined_tables": 1, "num_defined_memories": 1, "num_owned_memories": 1, "num_defined_globals": 1,
             "num_escaped_funcs": 2, "num_runtime_data": 0, "has_startup_func": 0}  # fmt: skip
    entities = {"tables": [{"type": "funcref"}], "globals": [{"type": "i32"}]}
    facts |= {"shape": shape, "func_ref_slots": {"0": 0, "1": 1}, "entities": entities}
    found = Report(read_capture(_write(tmp_path / "c.json", facts))).as_json()
    assert found["tables"][0]["elements"][1]["func_ref"] == found["func_refs"][0]["address"]


def test_what_was_not_captured_is_left_out(tmp_path: Path) -> None:
    facts = _facts()
    facts["regions"] = [r for r in facts["regions"] if r["addr"] == facts["vmctx"]]
    found = Report(read_capture(_write(tmp_path / "c.json", facts))).as_json()
    assert found["tables"][0]["current_elements"] == 3 and found["tables"][0]["elements"] == []


def _without(key: str) -> dict[str, Any]:
    facts = _facts()
    del facts[key]
    return facts


_BAD: dict[str, Any] = {
    "no JSON": "{", "no object": [1], "another format": {"format": "x"}, "deep": "[" * 200_000,
    "no version": lambda: _without("version"), "no module": lambda: _without("wasm"),
    "unknown release": lambda: {**_facts(), "version": "0.1.0"},
    "unknown runtime": lambda: {**_facts(), "runtime": "v8"},
    "no address": lambda: {**_facts(), "vmctx": "here"}, "elsewhere": lambda: {**_facts(), "vmctx": 16},
    "odd pointers": lambda: {**_facts(), "pointer_size": 3}, "no regions": lambda: {**_facts(), "regions": 7},
    "no hex": lambda: {**_facts(), "regions": [{"addr": 1, "hex": "zz"}]},
    "no wasm": lambda: {**_facts(), "wasm": "00"},
    "another layout": lambda: {**_facts(), "vmctx": _facts()["vmctx"] + 8},
    "counts too many": lambda: {**_without("wasm"), "shape": {"num_defined_globals": 1 << 23}},
    "counts odd": lambda: {**_without("wasm"), "shape": {"num_defined_globals": -1}},
    "slots past the end": lambda: {**_without("wasm"), "shape": {}, "func_ref_slots": {"0": 5}},
    "imports past the end": lambda: {**_without("wasm"), "shape": {}, "imports": [{"kind": "func"}]},
}  # fmt: skip


@pytest.mark.parametrize("name", _BAD)
def test_bad_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = _BAD[name]() if callable(_BAD[name]) else _BAD[name]
    path = _write(tmp_path / "c.json", facts)
    with pytest.raises(BadCapture):
        read_capture(path)
    assert main(["capture", str(path), "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and "is no capture" in printed.err


def test_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = _facts()
    facts["regions"][0]["label"] = "evil \x1b[31m"
    path = _write(tmp_path / "c.json", facts)
    assert main(["capture", str(path)]) == 0
    text = capsys.readouterr().out
    assert "owned_memories[0].base" in text and "lazy" in text and "\x1b" not in text
    assert main(["capture", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vmctx"] == facts["vmctx"]


def test_pieces_that_touch_are_one_memory() -> None:
    memory = CapturedMemory([Piece(Addr(12), b"efgh", "b"), Piece(Addr(8), b"abcd", "a"), Piece(Addr(10), b"cd", "in")])
    assert memory.read(Addr(9), 6) == b"bcdefg" and memory.readable(9) == 7
    assert (memory.describe(9), memory.describe(10), memory.describe(13)) == ("a+0x1", "in", "b+0x1")
    with pytest.raises(MemoryFault):
        memory.read(Addr(12), 5)


_JUNK: tuple[Any, ...] = (None, -1, 1, 1 << 63, 1 << 70, "", "zz", "5a" * 40, [], {}, [None], {"a": 1}, True, 1.5)


def _damage(facts: Any, chance: random.Random) -> None:
    """Takes away or replaces a value somewhere in an object."""
    keys = list(facts) if isinstance(facts, dict) else range(len(facts))
    if not keys:
        return
    key = chance.choice(keys)
    if isinstance(facts[key], dict | list) and chance.random() < 0.7:
        _damage(facts[key], chance)
    elif isinstance(facts, dict) and chance.random() < 0.2:
        del facts[key]
    else:
        facts[key] = deepcopy(chance.choice(_JUNK))


@pytest.mark.parametrize("seed", range(12))
def test_damaged_captures_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    chance, whole = random.Random(seed), _facts()
    whole |= {"exports": [{"kind": "func", "raw": 5}], "imports": [], "maps": [[1, 2, "r-xp", "anon"]],
              "shape": {"num_defined_tables": 1}, "entities": {"tables": [{"type": "funcref"}]}}  # fmt: skip
    for _ in range(30):
        facts = deepcopy(whole)
        for _ in range(chance.randint(1, 4)):
            _damage(facts, chance)
        with suppress(BadCapture):
            report = Report(read_capture(_write(tmp_path / "c.json", facts))).as_json()
            assert list(capture_lines(report, "damaged"))
