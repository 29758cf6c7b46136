"""The layout lab: layouts, differences and drawings."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from debugger.lab import Change, Laid, compare, lay_out
from tests.worlds import World, module
from ui.cli import main
from ui.lab_svg import drawing
from vm.eras import ERAS
from vm.eras.table import chosen
from vm.layout import Era
from vm.machine import Machine

_WAT = """(module (import "p" "f" (func $f (param i32) (result i32))) (import "p" "m" (memory 1))
  (memory 1) (table 3 funcref) (table 2 externref) (global (mut i32) (i32.const 7)) (global i64 (i64.const 1))
  (elem (i32.const 1) func $g) (func $g (export "g") (result i32) (i32.const 42)))"""


def _laid(runtime: str, width: int = 8) -> Laid:
    return lay_out(module(_WAT), chosen(runtime), width)


def _changes(old: str, new: str) -> dict[str, Change]:
    return {f"{c.struct}.{c.field}": c for c in compare(_laid(old), _laid(new))}


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.id)
def test_it_is_what_the_machine_does(era: Era) -> None:
    wat = _WAT.replace('(import "p" "f" (func $f (param i32) (result i32))) (import "p" "m" (memory 1))', "")
    instance = World(wat, machine=Machine(era)).instance
    laid = lay_out(instance.module, era)
    rows = [(row.path, row.offset, row.size) for row in instance.vmctx.rows()]
    assert [(path, offset, size) for path, offset, size, _, _ in laid.fields()] == rows
    assert laid.context.size == instance.vmctx.size


def test_narrow_pointers() -> None:
    wide, narrow = _laid("wasmtime@50"), _laid("wasmtime@50", 4)
    assert (wide.context.by_name["type_ids"].offset, narrow.context.by_name["type_ids"].offset) == (40, 20)
    assert narrow.title.endswith("32-bit") and narrow.context.size < wide.context.size


def test_why_an_offset_moved() -> None:
    changes = _changes("wasmtime@34", "wasmtime@35")
    assert changes["VMContext.callee"].kind == "gone"
    assert changes["VMContext.builtin_functions"].kind == "same"
    epoch = changes["VMContext.epoch_ptr"]
    assert (epoch.kind, epoch.was, epoch.is_, epoch.reason) == ("moved", (32, 8), (24, 8), "-8 callee gone")
    assert changes["VMStoreContext.stack_chain"].kind == "new"


def test_a_field_called_otherwise_is_the_same_field() -> None:
    changes = _changes("wasmtime@8", "wasmtime@9")
    assert "called anyfuncs before" in changes["VMContext.func_refs"].reason
    assert changes["VMFuncRef.array_call"].was == (0, 8) and changes["VMFuncRef.array_call"].is_ == (8, 8)
    assert "VMCallerCheckedFuncRef.func_ptr" not in changes


@pytest.mark.parametrize("old", ERAS, ids=lambda era: era.id)
def test_reasons_add_up(old: Era) -> None:
    for change in compare(lay_out(module(_WAT), old), _laid("wasmtime")):
        if change.kind == "moved" and change.was and change.is_:
            terms = [part.split(" ")[0] for part in change.reason.split("; ") if part[0] in "+-"]
            assert sum(map(int, terms)) == change.is_[0] - change.was[0], change


def test_a_drawing_has_every_field() -> None:
    laid = _laid("wasmtime@50")
    svg = ElementTree.fromstring(drawing([laid], full=True))
    titles = [e.text or "" for e in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert sum("padding" not in title for title in titles) == len(list(laid.fields()))


def test_long_arrays_are_folded() -> None:
    globals_ = "(global i32 (i32.const 0))" * 5000
    laid = lay_out(module(f"(module {globals_})"), ERAS[0])
    folded, full = drawing([laid]), drawing([laid], full=True)
    assert "4,994 more" in folded and len(folded) < len(full) / 50
    ElementTree.fromstring(full)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.wat"
    path.write_text(_WAT)
    assert main(["layout", "--eras"]) == 0
    listed = capsys.readouterr().out
    assert all(era.id in listed for era in ERAS)
    both = ["--runtime", "wasmtime@28", "--runtime", "wasmer@4"]
    assert main(["layout", str(path), *both]) == 0
    text = capsys.readouterr().out
    assert "from source alone" not in text and "rest on source alone" in text and "moved" in text
    assert main(["layout", str(path), *both, "--pointer-width", "32", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["pointer_width"] for one in found["layouts"]] == [32, 32]
    assert found["differences"][0]["fields"]
    for form in ("--svg", "--html"):
        assert main(["layout", str(path), *both, form]) == 0
        assert "<svg" in capsys.readouterr().out
    assert main(["layout"]) == 2 and main(["layout", str(path), "--runtime", "v8"]) == 2
