"""The real program in a real terminal: tmux types, clicks and resizes, and shows what is on the screen."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

ROOT = Path(__file__).parents[2]
FIB = ROOT / "sample-modules" / "fib" / "fib.wasm"
_DEADLINE_S = 20.0
_POLL_S = 0.05


@dataclass
class Terminal:
    """A tmux server of its own with one window."""

    socket: str

    def tmux(self, *args: str) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *args], check=True, capture_output=True, text=True).stdout

    def open(self, command: str, width: int = 120, height: int = 40) -> None:
        """Runs a shell command; the window stays when it is over."""
        command = f"unset COLUMNS LINES; {command}"  # else they would stand for the window's size
        size = ("-x", str(width), "-y", str(height))
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", *size, f"{command}; echo left with $?; cat")

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "t", *keys)

    def click(self, x: int, y: int) -> None:
        """Presses and lets go of the left button; from (0, 0), as an SGR mouse report."""
        for end in "Mm":
            self.tmux("send-keys", "-t", "t", "-l", f"\x1b[<0;{x + 1};{y + 1}{end}")

    def resize(self, width: int, height: int) -> None:
        self.tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def text(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    def row(self, text: str) -> int:
        return next(y for y, row in enumerate(self.text().split("\n")) if text in row)

    def until(self, true: Callable[[str], bool], what: str) -> str:
        deadline = time.monotonic() + _DEADLINE_S
        while not true(shown := self.text()):
            assert time.monotonic() < deadline, f"never {what}:\n{shown}"
            time.sleep(_POLL_S)
        return shown

    def sees(self, *texts: str) -> str:
        return self.until(lambda shown: all(text in shown for text in texts), f"saw {texts}")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("TMUX", raising=False)
    made = Terminal(str(tmp_path / "tmux"))
    yield made
    subprocess.run(["tmux", "-S", made.socket, "kill-server"], check=False, capture_output=True)


def wasmscope(*args: str | Path) -> str:
    start = "import sys; from ui.cli import main; sys.exit(main(sys.argv[1:]))"
    return " ".join(f"'{part}'" for part in (sys.executable, "-c", start, *args))


def test_keys_mouse_resize_and_quit(terminal: Terminal) -> None:
    terminal.open(wasmscope(FIB, "--", "12"))
    terminal.sees("❚❚ entry", "1 Code", "4 vmctx", "VMContext of fib")
    terminal.keys("g")
    terminal.sees("show (function")
    terminal.keys("-l", "$fib")
    terminal.keys("Enter")
    terminal.sees("fib.c:9")
    terminal.click(1, terminal.row("asked++;"))
    terminal.sees("●")
    terminal.keys("F5")
    terminal.sees("breakpoint #1", "●▶")
    terminal.keys("F10")
    terminal.sees("❚❚ step")
    terminal.resize(80, 24)
    terminal.sees("2 Frame │ 3 Stack")
    terminal.resize(20, 10)
    terminal.sees("too")
    terminal.resize(200, 50)
    terminal.sees("5 Memory", "3 Call stack", "asked++;")
    terminal.keys("9", "x")
    terminal.sees("no breakpoint: b")
    terminal.keys("c")
    terminal.sees("■ finished")
    terminal.keys("q")
    terminal.sees("left with 0")


def test_quits_at_once_while_a_program_runs(terminal: Terminal, tmp_path: Path) -> None:
    module = tmp_path / "spin.wat"
    module.write_text('(module (func (export "_start") (loop $l (br $l))))')
    terminal.open(wasmscope(module), 80, 24)
    terminal.sees("❚❚ entry")
    terminal.keys("c")
    terminal.sees("▶ running")
    terminal.keys("C-c")
    terminal.sees("❚❚ pause")
    terminal.keys("c", "q")
    shown = terminal.sees("left with 0")
    assert "│" not in shown, "the screen was not given back"


def test_output_cannot_touch_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    module = tmp_path / "rude.wat"
    module.write_text(
        """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\0c\\00\\00\\00")
        (data (i32.const 16) "\\1b[2J\\1b]0;x\\07\\0a")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""
    )
    terminal.open(wasmscope(module))
    terminal.sees("❚❚ entry")
    terminal.keys("c")
    terminal.keys("o")
    terminal.sees("\\x1b[2J\\x1b]0;x\\x07", "1 Code")
