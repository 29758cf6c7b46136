from __future__ import annotations

import re
from pathlib import Path

import pytest

import wasmscope
from debugger.events import Reason
from tests.ui.programs import FIB, HELLO
from vm.errors import UserError

_DOCS = Path(__file__).parents[2] / "docs" / "python-api.md"
_ADDER = """(module
  (import "env" "add" (func $add (param i32 f64) (result f64)))
  (func (export "run") (param i32) (result f64) (call $add (local.get 0) (f64.const 0.5))))
"""
_DOCS_ADDER = """(module
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (func (export "run") (param i32) (result i32) (call $add (local.get 0) (i32.const 2))))
"""


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_documented_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path, "fib.wat", FIB)
    _file(tmp_path, "adder.wat", _DOCS_ADDER)
    monkeypatch.chdir(tmp_path)
    for example in re.findall(r"```python\n(.*?)```", _DOCS.read_text(), re.DOTALL):
        exec(example, {"wasmscope": wasmscope})


def test_documented_methods_are_there() -> None:
    rows = re.findall(r"^\| (`.*?) \|", _DOCS.read_text(), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    assert {n for n in names if not hasattr(wasmscope.Debugger, n)} == {"messages", "session"}


def test_python_functions_as_imports(tmp_path: Path) -> None:
    seen = []

    def add(a: int, b: float) -> float:
        seen.append((a, b))
        return a + b

    path = _file(tmp_path, "adder.wat", _ADDER)
    with wasmscope.open(path, invoke=["run", -3], imports={"env": {"add": add}}) as debugger:
        assert debugger.cont().detail.results == ("-2.5",)
    assert seen == [(-3, 0.5)]


def test_an_import_nobody_declares_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"imports no function env\.sub"):
        wasmscope.open(_file(tmp_path, "adder.wat", _ADDER), imports={"env": {"sub": lambda: 0}})


def test_memory_globals_and_calls(tmp_path: Path) -> None:
    with wasmscope.open(_file(tmp_path, "fib.wat", FIB), invoke=["fib", 3]) as debugger:
        assert debugger.read(16, 5) == b"hello"
        debugger.write(17, b"EL")
        assert debugger.read(16, 5) == b"hELlo"
        assert debugger.call("twice", 21) == ("42",)
        assert debugger.globals() == {"$calls": 0}
        debugger.set("calls", 5)
        assert debugger.globals() == {"$calls": 5}
        assert debugger.finish().reason is Reason.FINISHED
        assert debugger.tick > 0


def test_streams(tmp_path: Path) -> None:
    with wasmscope.open(_file(tmp_path, "hello.wat", HELLO)) as debugger:
        assert debugger.cont().detail.exit_code == 7
        assert debugger.stdout == b"a\x1b[1m\n"
