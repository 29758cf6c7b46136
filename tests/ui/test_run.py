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


def test_what_ran_is_written_at_the_end(hello: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("t.jsonl", "c.html", "p.svg")]
    done = _run("run", "--trace", files[0], "--coverage", files[1], "--profile", files[2], hello)
    assert (done.stdout, done.returncode) == (b"a\x1b[1m\n", 7), "the program's own"
    rows = [json.loads(text) for text in files[0].read_text().splitlines()]
    assert [r["tick"] for r in rows] == list(range(len(rows))) and len(rows) > 3
    assert "<html" in files[1].read_text() and files[2].read_text().startswith("<svg")
    assert done.stderr.decode().count("wasmscope: ") == 3


def test_what_cannot_be_written_is_said_before_the_run(hello: Path, tmp_path: Path) -> None:
    for words, why in (
        (("--trace-format", "binary"), b"there is no file to write the trace to"),
        (("--trace", tmp_path / "x", "--trace-what", "calls", "--trace-format", "binary"), b"only instructions"),
        (("--coverage", tmp_path / "x.y"), b"not written as .y"),
    ):
        done = _run("run", *words, hello)
        assert (done.stdout, done.returncode) == (b"", 2) and why in done.stderr
    assert _run("run", "--trace", tmp_path / "none" / "x", hello).returncode == 2


def test_a_long_trace_says_how_far_it_is_and_can_be_interrupted(tmp_path: Path) -> None:
    words = ("run", "--trace", tmp_path / "t.jsonl", _SAMPLES / "fib" / "fib.wasm", "--", "29")
    with subprocess.Popen(_command(*words), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=_ENV) as running:
        assert running.stderr is not None
        for said in running.stderr:
            if said.startswith(b"wasmscope: trace: ") and said.rstrip().endswith(b"%"):
                break
        else:
            raise AssertionError("it has not said how far it is")
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
        assert running.wait(60) == 130
    assert b"stopped before the end" in rest
