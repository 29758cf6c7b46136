"""The full screen under a real pty of 120x40: first frame, pages, steps, memory.

Processor time of the process, medians. A key's cost is what the process takes from the key to the last byte it writes,
without what it takes while idle.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.modules import PRINTS, large, one_function, wide
from tests.bench.terminal import Terminal
from ui.tui.entries import Entries, Entry
from vm.text import assemble

ROUNDS, KEYS = 3, 15
_UPDATES_SPAN_S = 3.0
_MEGABYTE = 1 << 20
_VALUES = "store_context"  # of the VMContext
_FIRST_FRAME = (_VALUES, "i32.const")  # with the entry's code
_DOWN, _UP = "\x1b[6~", "\x1b[5~"
_GLOBALS_ROW = 7  # of the vmctx pane, where a module has neither memories nor tables
_SPARSE = '(module (memory 65536) (data (i32.const 0x7ffffff0) "middle") (func (export "_start")))'


class Report:
    """Prints figures with their targets; `met` says whether all were met."""

    def __init__(self) -> None:
        self.met = True
        print(f"\n{'screen, 120x40':44} {'measured':>10} {'target':>10}")

    def row(self, name: str, value: float, unit: str, target: float | None = None) -> None:
        missed = target is not None and value > target
        self.met = self.met and not missed
        wanted = "" if target is None else f"{target:,.4g} {unit}"
        print(f"{name:44} {value:>7,.4g} {unit:2} {wanted:>10}{'  MISSED' if missed else ''}", flush=True)


@contextmanager
def _running(words: list[str], state: Path) -> Iterator[Terminal]:
    terminal = Terminal(words, state)
    try:
        yield terminal
    finally:
        terminal.close()


def _first_frame(words: list[str], state: Path, texts: tuple[str, ...]) -> tuple[float, float]:
    """(processor seconds, seconds) until the first screen is drawn."""
    with _running(words, state) as terminal:
        terminal.until(*texts)
        return terminal.cpu_s(), terminal.last_output - terminal.begun


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def _idle_rate(terminal: Terminal) -> float:
    """Processor seconds a second while nothing happens."""
    terminal.settle(0.3)
    before, begun = terminal.cpu_s(), time.perf_counter()
    terminal.settle(1.0)
    return (terminal.cpu_s() - before) / (time.perf_counter() - begun)


def _key_ms(terminal: Terminal, key: str, rate: float) -> float:
    """What one key costs."""
    before, begun = terminal.cpu_s(), time.perf_counter()
    terminal.send(key)
    terminal.settle()
    return (terminal.cpu_s() - before - rate * (time.perf_counter() - begun)) * 1e3


def _keys_ms(terminal: Terminal, key: str | Callable[[int], str]) -> float:
    """The median of some presses, after two that warm up."""
    rate = _idle_rate(terminal)
    found = [_key_ms(terminal, key if isinstance(key, str) else key(i), rate) for i in range(KEYS + 2)]
    return statistics.median(found[2:])


def _opened(terminal: Terminal, *keys: str) -> None:
    """Waits for the first screen and for what is done behind it, then presses keys."""
    terminal.until(_VALUES)
    terminal.settle(1.0)
    for key in keys:
        terminal.send(key)
        terminal.settle(0.3)


def _starts(report: Report, folder: Path, state: Path) -> None:
    bare = _medians([_first_frame(["-m", "tests.bench.bare"], state, ("bare and ready",)) for _ in range(ROUNDS)])
    report.row("first frame of a bare Textual app, cpu", bare[0], "s")
    for megabytes, target in ((1, 1.2), (5, 3.0)):
        words = ["-m", "wasmscope", str(folder / f"{megabytes}.wasm")]
        cpu, wall = _medians([_first_frame(words, state, _FIRST_FRAME) for _ in range(ROUNDS)])
        report.row(f"first frame, module of {megabytes} MB, cpu", cpu, "s", target)
        report.row(f"first frame, module of {megabytes} MB, wall", wall, "s", target)
        report.row(f"first frame, module of {megabytes} MB, to bare", cpu / bare[0], "x")


def _pages(report: Report, folder: Path, state: Path) -> None:
    with _running(["-m", "wasmscope", str(folder / "1.wasm")], state) as terminal:
        _opened(terminal, "1", "z")
        report.row("page of disassembly, over 200,000 lines", _keys_ms(terminal, _DOWN), "ms", 15)
    with _running(["-m", "wasmscope", "--max-memory", "4G", str(folder / "sparse.wasm")], state) as terminal:
        _opened(terminal, "5", "z")
        report.row("page of hex, 4 GiB", _keys_ms(terminal, _DOWN), "ms", 15)
        ends = ("\x1b[F", "\x1b[H")
        report.row("jump over 4 GiB of hex", _keys_ms(terminal, lambda i: ends[i % 2]), "ms", 15)
    with _running(["-m", "wasmscope", str(folder / "wide.wasm")], state) as terminal:
        _opened(terminal, "4", "z", *["\x1b[B"] * _GLOBALS_ROW, "\r")
        terminal.send(_DOWN)
        terminal.until(".storage")
        report.row("page of a vmctx of 500,000 fields", _keys_ms(terminal, _DOWN), "ms", 15)


def _steps(report: Report, folder: Path, state: Path) -> None:
    with _running(["-m", "wasmscope", str(folder / "1.wasm")], state) as terminal:
        _opened(terminal, "7", "1")
        without = _keys_ms(terminal, "n")
        for key in ("4", "1"):
            terminal.send(key)
            terminal.settle(0.3)
        with_vmctx = _keys_ms(terminal, "n")
    report.row("a step, key to screen, the map pane open", without, "ms", 40)
    report.row("a step, key to screen, the vmctx pane open", with_vmctx, "ms", 40)
    report.row("what the vmctx pane adds to a step", max(0.0, with_vmctx - without), "ms", 10)


def _huge(report: Report, folder: Path, state: Path) -> None:
    words = ["-m", "wasmscope", str(folder / "one.wasm")]
    cpu, _ = _medians([_first_frame(words, state, ("local.get",)) for _ in range(ROUNDS)])
    report.row("first page of a function of 200,000 lines, cpu", cpu, "s")


def _updates(report: Report, folder: Path, state: Path) -> None:
    """How often the title, which has the tick, is drawn while a program prints without end."""
    with _running(["-m", "wasmscope", str(folder / "prints.wasm")], state) as terminal:
        _opened(terminal, "o")
        terminal.send("\x1b[15~")
        terminal.until("running")  # from now on it is never quiet
        terminal.output = b""
        begun = time.perf_counter()
        while time.perf_counter() - begun < _UPDATES_SPAN_S:
            terminal.read(0.05)
        drawn = terminal.output.count(b"tick ") / (time.perf_counter() - begun)
    report.row("updates a second while a program prints", drawn, "", 30)


def _memory(report: Report, folder: Path, state: Path) -> None:
    with _running(["-m", "wasmscope", str(folder / "5.wasm")], state) as terminal:
        _opened(terminal)
        terminal.settle(4.0)
        report.row("peak memory after opening 5 MB", terminal.peak_mb(), "MB", 250)


def _symbols(found: Report, folder: Path, state: Path) -> None:
    """What a letter typed into the palette costs with 20,000 symbols, the slowest of some."""
    entries = Entries(Entry("function", f"$module_{i % 97}::method_{i:05}") for i in range(20_000))
    entries.find("warm")
    costs = []
    for typed in ("m", "method", "97::", "mtd19", "nothing like it"):
        begun = time.process_time()
        entries.find(typed)
        costs.append((time.process_time() - begun) * 1e3)
    found.row("a search among 20,000 symbols", max(costs), "ms", 50)


def report() -> bool:
    """Prints a row a figure; whether all targets were met."""
    found = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for megabytes in (1, 5):
            (folder / f"{megabytes}.wasm").write_bytes(large(megabytes * _MEGABYTE))
        (folder / "sparse.wasm").write_bytes(assemble(_SPARSE, "sparse"))
        (folder / "one.wasm").write_bytes(one_function(200_000))
        (folder / "prints.wasm").write_bytes(assemble(PRINTS, "prints"))
        (folder / "wide.wasm").write_bytes(wide(100_000))
        for part in (_starts, _pages, _huge, _steps, _updates, _symbols, _memory):
            part(found, folder, folder / "state")
    return found.met


if __name__ == "__main__":
    report()
