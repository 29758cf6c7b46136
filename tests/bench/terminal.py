"""A program on a real pseudo-terminal: what it writes, and the processor time it takes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_QUIET_S = 0.08  # without output for so long: it is drawn
_DEADLINE_S = 60.0
COLUMNS, ROWS = 120, 40


class Terminal:
    """A Python program of this project under a pty of 120x40."""

    def __init__(self, words: Sequence[str], state: Path) -> None:
        self.begun = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(_ROOT)
            environment = {
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "XDG_STATE_HOME": str(state),
            }
            environment |= {"PYTHONPATH": str(_ROOT), "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve(sys.executable, [sys.executable, *words], environment)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.output = b""
        self.last_output = self.begun

    def read(self, timeout: float) -> bool:
        """Takes what has been written; False when nothing came in that time."""
        ready, _, _ = select.select([self._fd], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:  # it has ended
            data = b""
        if not data:
            raise AssertionError("the program has ended:\n" + self.output[-2000:].decode(errors="replace"))
        self.output += data
        self.last_output = time.perf_counter()
        return True

    def until(self, *texts: str) -> None:
        """Waits for all texts to have been written since the last `send`."""
        end = time.perf_counter() + _DEADLINE_S
        wanted = [text.encode() for text in texts]
        while not all(text in self.output for text in wanted):
            if time.perf_counter() > end:
                raise AssertionError(f"{texts} did not come:\n{self.output[-3000:].decode(errors='replace')}")
            self.read(0.05)

    def settle(self, quiet_s: float = _QUIET_S) -> None:
        """Waits until nothing more is written."""
        while self.read(quiet_s):
            pass

    def send(self, keys: str) -> None:
        self.output = b""
        os.write(self._fd, keys.encode())

    def cpu_s(self) -> float:
        """Processor time of the threads that live."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def peak_mb(self) -> float:
        """Greatest resident size so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self) -> None:
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self._fd)
