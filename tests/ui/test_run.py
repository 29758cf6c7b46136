"""`wasmscope run` and `wasmscope inspect` as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.programs import FIB, HELLO

_ROOT = Path(__file__).parents[2]
_SAMPLES = _ROOT / "sample-modules"
_ENV = {**os.environ, "PYTHONPATH": str(_ROOT)}


def _command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "wasmscope", *map(str, words)]


def _run(*words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(_command(*words), capture_output=True, input=stdin, env=_ENV, timeout=120, check=False)


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    path = tmp_path / "hello.wat"
    path.write_text(HELLO)
    return path


def test_streams_and_exit_code_are_the_programs(hello: Path) -> None:
    done = _run("run", hello)
    assert (done.stdout, done.stderr, done.returncode) == (b"a\x1b[1m\n", b"", 7)


def test_arguments_come_after_two_dashes() -> None:
    done = _run("run", _SAMPLES / "fib" / "fib.wasm", "--", "12")
    assert done.stdout == b"fib(12) = 144, found with 465 calls\n"


def test_standard_input_is_passed_through(hello: Path) -> None:
    done = _run("run", hello, "--invoke", "echo", stdin=b"typed!")
    assert (done.stdout, done.returncode) == (b"typed!", 0)


def test_a_trap_is_explained_on_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "fib.wat"
    path.write_text(FIB)
    done = _run("run", path, "--invoke", "divide", "1", "0")
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("wasmscope: trap: integer divide by zero at $divide")
    assert any("#0  $divide" in text for text in lines)
    assert done.returncode == 134


def test_ctrl_c_ends_a_program_that_does_not(hello: Path) -> None:
    command = _command("run", hello, "--invoke", "spin")
    with subprocess.Popen(command, env=_ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it runs
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in text


def test_inspect(hello: Path) -> None:
    text = _run("inspect", hello).stdout.decode()
    assert "wasi_snapshot_preview1.fd_write   func  [i32 i32 i32 i32] -> [i32]" in text
    assert "data segments" in text
    found = json.loads(_run("inspect", hello, "--json").stdout)
    assert [e["name"] for e in found["exports"]] == ["memory", "_start", "echo", "spin"]
    assert "i32.load" in _run("inspect", hello, "--disassemble", "echo").stdout.decode()


def test_commands_from_standard_input(hello: Path) -> None:
    done = _run("--batch", "-", hello, stdin=b"b _start\nc\nwhen\n")
    assert b"exited with code 7" in done.stdout


def test_the_program_starts_without_the_heavy_libraries() -> None:
    script = "import sys, ui.cli, ui.batch, ui.run, ui.contents; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=_ENV, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.decode().split()}
    assert not loaded & {"textual", "prompt_toolkit", "rich", "wasmtime", "llvmlite"}
