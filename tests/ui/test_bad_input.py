"""Whatever is wrong with the input: one clear line on standard error, exit code 2, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.programs import FIB, HELLO
from vm.text import assemble

_ROOT = Path(__file__).parents[2]


def _wasmscope(*words: str | Path, cwd: Path, stdin: bytes | None = b"") -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-m", "wasmscope", *map(str, words)]
    return subprocess.run(command, capture_output=True, cwd=cwd, input=stdin, env=env, timeout=120, check=False)


_NEEDY = """(module
  (import "env" "one" (func)) (import "env" "two" (global i32)) (import "env" "three" (memory 1)))"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of all bad kinds, and good ones."""
    good = assemble(FIB, "fib.wat")
    (tmp_path / "fib.wat").write_text(FIB)
    (tmp_path / "hello.wat").write_text(HELLO)
    (tmp_path / "fib.wasm").write_bytes(good)
    (tmp_path / "empty.wasm").write_bytes(b"")
    (tmp_path / "cut.wasm").write_bytes(good[:-20])
    (tmp_path / "component.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    (tmp_path / "wrong.wat").write_text("(module\n  (func (bogus)))")
    (tmp_path / "invalid.wat").write_text("(module (func (result i32) i64.const 1))")
    (tmp_path / "needy.wat").write_text(_NEEDY)
    (tmp_path / "noise.wasm").write_bytes(bytes(range(256)))
    (tmp_path / "image.wat").write_bytes(b"\xff\xfe(module")
    (tmp_path / "folder").mkdir()
    (tmp_path / "trapping.wat").write_text('(module (memory 1) (data (i32.const 65536) "x"))')
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("missing.wasm", "missing.wasm does not exist"),
        ("folder", "folder is not a file"),
        ("empty.wasm", "malformed module"),
        ("cut.wasm", "malformed module"),
        ("noise.wasm", "malformed module"),
        ("component.wasm", "component"),
        ("wrong.wat", "wrong.wat:2:10"),
        ("image.wat", "not UTF-8"),
        ("invalid.wat", "invalid module"),
        ("needy.wat", "env.one"),
        ("needy.wat", "env.two"),
        ("needy.wat", "env.three"),
        ("trapping.wat", "cannot be instantiated"),
        ("fib.wat --invoke nope", "no exported function is called 'nope'; exported: fib"),
        ("fib.wat --invoke fib", "fib takes 1 argument (i32), 0 given"),
        ("fib.wat --invoke fib 1 2", "2 given"),
        ("fib.wat --invoke fib x", "'x' is not a value of type i32"),
        ("fib.wat --invoke", "--invoke"),
        ("fib.wat --invoke memory", "no exported function is called 'memory'"),
        ("--dir nowhere fib.wat", "'nowhere' does not exist"),
        ("--dir fib.wat::/x fib.wat", "is not a directory"),
        ("--env NAME fib.wat", "'NAME' is not an environment variable"),
        ("--preload x fib.wat", "'x' is not a module to preload"),
        ("--preload x=missing.wasm fib.wat", "missing.wasm does not exist"),
        ("--stdin missing fib.wat", "cannot read missing"),
        ("--max-memory lots fib.wat", "'lots' is not a size"),
        ("--max-memory 64K fib.wat --invoke fib 1", ""),
        ("--max-memory 1K fib.wat --invoke fib 1", "cannot link"),
        ("--frobnicate fib.wat", "--frobnicate"),
        ("--batch missing fib.wat", "cannot read missing"),
    ],
)  # fmt: skip
def test_the_debugger(words: str, said: str, folder: Path) -> None:
    options = words if "--batch" in words else f"-ex when {words}"
    done = _wasmscope(*options.split(), cwd=folder)
    text = done.stderr.decode()
    assert "Traceback" not in text
    if not said:
        assert done.returncode == 0, text
        return
    assert said in text
    assert text.startswith("wasmscope: ")
    assert text.count("\n") == 1
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run missing.wasm", "does not exist"),
        ("run fib.wat", "has no _start"),
        ("run needy.wat", "env.one"),
        ("run", "MODULE"),
        ("inspect", "MODULE"),
        ("inspect cut.wasm", "malformed"),
        ("inspect fib.wat --disassemble nope", "no function is called 'nope'"),
        ("fib.wat", "no terminal; use --batch"),
        ("--repl fib.wat", "no terminal"),
        ("", "a module is missing"),
    ],
)
def test_other_modes(words: str, said: str, folder: Path) -> None:
    done = _wasmscope(*words.split(), cwd=folder)
    text = done.stderr.decode()
    assert said in text
    assert text.startswith("wasmscope: ")
    assert text.count("\n") == 1
    assert done.returncode == 2


def test_a_name_that_would_act_on_the_terminal_is_shown(folder: Path) -> None:
    done = _wasmscope("-ex", "c", "\x1b[31m.wasm", cwd=folder)
    assert b"\x1b" not in done.stderr
    assert b"\\x1b[31m.wasm does not exist" in done.stderr


def test_negative_numbers_are_arguments(folder: Path) -> None:
    done = _wasmscope("-ex", "c", "fib.wat", "--invoke", "divide", "-6", "2", cwd=folder)
    assert b"finished: -3" in done.stdout


def test_a_users_own_folders_do_not_shadow_ours(folder: Path) -> None:
    for name in ("vm", "ui", "debugger"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('the wrong package')")
    done = _wasmscope("-ex", "c", "fib.wat", "--invoke", "fib", "5", cwd=folder)
    assert b"finished: 5" in done.stdout, done.stderr


def test_a_broken_pipe_is_quiet(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-m", "wasmscope", "inspect", "fib.wasm", "--disassemble", "*"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=folder, env=env, timeout=120, check=False)
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 141


@pytest.mark.parametrize("words", [["inspect", "fib.wasm"], ["fib.wasm", "-ex", "help"], ["fib.wasm", "--json"]])
def test_a_full_disk_and_a_closed_output_are_no_traceback(words: list[str], folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-m", "wasmscope", *words, *(["-ex", "help"] if "--json" in words else [])]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, cwd=folder, env=env, timeout=120, check=False
        )
    said = b"wasmscope: output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(closed, stderr=subprocess.PIPE, cwd=folder, env=env, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
