"""Commands about micro-steps, builtins, single funcrefs, images and layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.cli import main

_WAT = """(module (type $t (func (result i32))) (memory 1) (data (i32.const 0) "some text") (table 3 funcref)
  (elem (i32.const 1) func $two) (func $two (type $t) (i32.const 2)) (func $lone)
  (func (export "go") (result i32)
    (i32.store (i32.const 70) (i32.load (i32.const 4))) (call_indirect (type $t) (i32.const 1))))"""


def _said(tmp_path: Path, capsys: pytest.CaptureFixture[str], *commands: str, runtime: str = "wasmtime") -> str:
    path = tmp_path / "module.wat"
    path.write_text(_WAT)
    words = [word for command in ("start", *commands) for word in ("-ex", command)]
    main([str(path), "--runtime", runtime, *words, "--invoke", "go"])
    said = capsys.readouterr()
    return said.out + said.err


def test_a_step_in_micro_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(tmp_path, capsys, "stepi 2", *["ustep"] * 6)
    for number, text in enumerate(("memories[0]", "base", "current_length", "compare 0x4 + 4", "load 4 bytes"), 1):
        assert f"▸  {number}" in said and text in said
    assert said.count("stopped: step") == 2  # stepi, and the last ustep


def test_an_instruction_without_micro_steps_is_stepped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "tick 1" in _said(tmp_path, capsys, "ustep")


def test_all_micro_steps_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(tmp_path, capsys, "info microsteps", "stepi 2", "info microsteps", runtime="wasmtime@0.38")
    assert "touches none" in said and "load VMMemoryDefinition.base" in said and "memories[0]" not in said


def test_funcrefs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(tmp_path, capsys, "info funcref $two", "info funcref lone", "info funcref nobody", "finish",
                 "restart", "stepi 6", "info funcref 0", runtime="wasmtime@9")  # fmt: skip
    assert "not written yet" in said and "never takes a reference" in said and "has no function 'nobody'" in said
    assert "native_call" in said


def test_builtins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "passive_elem_segment_len" in _said(tmp_path, capsys, "info builtins")
    assert "imported_memory32_grow" in _said(tmp_path, capsys, "info builtins", runtime="wasmer@4")


def test_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(tmp_path, capsys, "info image", "stepi 5", "info image")
    before, after = said.split("stopped: step")
    assert "1 page    image" in before and "dirtied" not in before and "1 page    dirtied" in after


def test_layouts_of_other_releases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(tmp_path, capsys, "info layout", "info layout wasmtime@9 wasmer", "info layout v8")
    assert "from wasmtime 48.0.0 to 50.0.1 to wasmtime 9.0.0" in said and "rest on source alone" in said
    assert "no layouts of 'v8'" in said


def test_a_layout_from_source_alone_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "from source alone" in _said(tmp_path, capsys, "info store", runtime="wasmer@6")
    assert "from source alone" not in _said(tmp_path, capsys, "info store")
