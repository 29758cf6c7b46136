"""The real program in a real terminal: tmux types, clicks and resizes, and shows what is on the screen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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

    def column(self, text: str) -> int:
        return next(row.index(text) for row in self.text().split("\n") if text in row)

    def until(self, true: Callable[[str], bool], what: str) -> str:
        deadline = time.monotonic() + _DEADLINE_S
        while not true(shown := self.text()):
            assert time.monotonic() < deadline, f"never {what}:\n{shown}"
            time.sleep(_POLL_S)
        return shown

    def sees(self, *texts: str) -> str:
        return self.until(lambda shown: all(text in shown for text in texts), f"saw {texts}")


def wasmscope(*args: str | Path) -> str:
    start = "import sys; from ui.cli import main; sys.exit(main(sys.argv[1:]))"
    return " ".join(f"'{part}'" for part in (sys.executable, "-c", start, *args))
