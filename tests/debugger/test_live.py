"""A real Wasmtime in this process: found, read, called, captured, and compared with our machine byte by byte."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from debugger.capture import read_capture
from debugger.capture_report import Report
from debugger.live import Live, start
from debugger.live_compare import Difference, calls_of, compare, run_ours
from debugger.process_memory import ProcessMemory
from tests.vm.test_eras import MODULES_BY_NEED
from ui.cli import main
from vm.errors import MemoryFault, UserError
from vm.types import Addr

_SAMPLES = sorted(p.parent for p in (Path(__file__).parents[2] / "sample-modules").glob("*/expect.toml"))
_WAT = """(module (memory (export "m") 1 4) (table (export "t") 3 funcref)
  (global $g (export "g") (mut i64) (i64.const 7)) (global (mut funcref) (ref.null func))
  (global (mut f32) (f32.const 1.5)) (data $d "abc") (elem (i32.const 1) func $two)
  (func $two (result i32) (i32.const 2))
  (func (export "go") (param i32 f64) (result f64) (memory.init $d (i32.const 1) (i32.const 0) (i32.const 3))
    (drop (memory.grow (i32.const 1))) (global.set $g (i64.extend_i32_u (local.get 0))) (global.set 1 (ref.func $two))
    (f64.add (local.get 1) (f64.convert_i32_u (call_indirect (result i32) (i32.const 1)))))
  (func (export "trap") unreachable))"""


def _differences(
    path: Path, preloads: tuple[tuple[str, Path], ...] = (), invokes: tuple[tuple[str, ...], ...] = ()
) -> tuple[Live, list[Difference]]:
    live = start(path, preloads, quiet=True)
    ours = run_ours(live, path, preloads, (), invokes)
    for name, args in calls_of(live, invokes):
        live.call(name, args)
    return live, list(compare(live, ours))


@pytest.mark.parametrize("folder", _SAMPLES, ids=lambda p: p.name)
def test_samples_are_the_same_byte_by_byte(folder: Path) -> None:
    expected: dict[str, Any] = tomllib.loads((folder / "expect.toml").read_text())
    preloads = tuple((name, folder / file) for name, file in expected.get("preload", {}).items())
    invokes = (tuple(expected["invoke"]),) if "invoke" in expected else ()
    live, found = _differences(folder / expected["module"], preloads, invokes)
    assert len(live.instances) == 1 + len(preloads)
    assert [d for d in found if not d.reason] == []
    assert found  # pointers at least: the bytes were read


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.wat"
    path.write_text(_WAT)
    return path


def test_calls_change_what_is_read(module: Path) -> None:
    live, found = _differences(module, invokes=(("go", "5", "1.5"), ("trap",)))
    assert [d for d in found if not d.reason] == []
    assert live.calls[0].results == ("3.5",) and "unreachable" in live.calls[1].trap
    decoded = live.decode(live.main)
    assert decoded.memories[0].size_bytes == 2 << 16
    assert [e.state for e in decoded.tables[0].elements] == ["lazy", "func", "lazy"]
    assert decoded.globals[0].value(8) == 5 and decoded.globals[1].value(8) == decoded.tables[0].elements[1].target


def test_a_difference_is_found(module: Path) -> None:
    live = start(module, quiet=True)
    ours = run_ours(live, module, (), (), (("go", "5", "1.5"),))
    live.call("go", ["6", "1.5"])
    (real,) = [d for d in compare(live, ours) if not d.reason]
    assert (real.field, real.ours[:1], real.theirs[:1]) == ("globals[0].storage", b"\5", b"\6")


@pytest.mark.parametrize("need", MODULES_BY_NEED)
def test_other_kinds_of_modules(need: str, tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text(MODULES_BY_NEED[need])
    _, found = _differences(path, invokes=(("f",),))
    assert [d for d in found if not d.reason] == []


def test_an_instance_without_functions_is_found(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text('(module (memory 2) (global (export "g") i32 (i32.const 0x4d4d)) (table 5 externref))')
    for _ in range(2):
        live = start(path, quiet=True)
        decoded = live.decode(live.main)
        assert decoded.globals[0].value(4) == 0x4D4D and decoded.tables[0].size == 5


def test_imports_that_nobody_provides(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text("""(module (import "a" "f" (func (param i32) (result i32 f64))) (import "a" "m" (memory 1))
      (import "a" "g" (global (mut i32))) (import "a" "t" (table 2 funcref))
      (func (export "run") (result i32) (drop (call 0 (i32.const 1))) (global.get 0) (i32.add)))""")
    live, found = _differences(path, invokes=(("run",),))
    assert [d for d in found if not d.reason] == [] and live.calls[0].results == ("0",)


def test_saved_and_opened_again(module: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "live.json"
    assert main(["live", str(module), "--invoke", "go", "5", "1.5", "--save", str(saved)]) == 0
    printed = capsys.readouterr().out
    assert "→ 3.5" in printed and "memories[0].current_length" in printed and "0x20000" in printed
    report = Report(read_capture(saved)).as_json()
    assert report["memories"][0]["current_length"] == 2 << 16
    func = next(e["raw"] for e in json.loads(saved.read_text())["exports"] if e["name"] == "go")
    assert func in [r["address"] for r in report["func_refs"] if r["used"]]
    assert main(["capture", str(saved)]) == 0


def test_compare_command(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", "--compare", str(module), "--invoke", "go", "5", "1.5"]) == 0
    assert "0 differences without a reason" in capsys.readouterr().out
    assert main(["live", "--compare", "--json", str(module), "--invoke", "trap"]) == 0
    rows = json.loads(capsys.readouterr().out)["differences"]
    assert rows and all(row["reason"] for row in rows)


def test_what_cannot_be_called(module: Path) -> None:
    live = start(module, quiet=True)
    for name, args in (("nowhere", ()), ("go", ("1",)), ("go", ("x", "1"))):
        with pytest.raises(UserError):
            live.call(name, args)


@pytest.mark.parametrize("addr", [0, 1 << 63, (1 << 64) - 8, 1 << 70])
def test_a_bad_pointer_is_an_error(addr: int) -> None:
    memory = ProcessMemory()
    with pytest.raises(MemoryFault):
        memory.read(Addr(addr), 8)
    memory.close()
