"""`wasmscope wast`: official test scripts, a process a core; each failure with its line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.wast.debug import first_failure, program_at, script_at
from debugger.wast.runner import MAX_TICKS, Failure, Runner, Tally
from ui.executor_option import make_executor
from ui.start import Start, WorldArgs
from ui.text import safe
from vm.errors import UserError, WasmscopeError
from vm.layout import Era


@dataclass(frozen=True)
class How:
    """How scripts are run: by which executor, in which profile, and how long an action may take."""

    executor: ExecutorKind = ExecutorKind.AUTO
    canonical_nan: bool = False
    max_ticks: int = MAX_TICKS
    era: Era | None = None  # None: the newest


@dataclass(frozen=True)
class Ran:
    """What became of one script; `error`: it could not be read."""

    path: Path
    tally: Tally
    error: str = ""


def scripts(paths: Sequence[Path]) -> list[Path]:
    """The scripts that paths name, folders with all below them. Raises UserError."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.wast")) if path.is_dir() else [path]
        if path.is_dir() and not inside:
            raise UserError(f"{path} has no .wast file in it")
        if not path.exists():
            raise UserError(f"{path} does not exist", "name .wast files or folders of them")
        found += inside
    return found


def run_scripts(paths: Sequence[Path], how: How, *, as_json: bool) -> int:
    """Runs scripts and prints what became of them; 1 when something failed."""
    files = scripts(paths)
    passed = failed = 0
    contradicting: list[str] = []
    for ran in _all(files, how):
        passed, failed = passed + ran.tally.passed, failed + len(ran.tally.failures) + bool(ran.error)
        contradicting += [f"{ran.path.name}:{f.line}" for f in ran.tally.contradicting]
        _print(ran, as_json)
    if as_json:
        print(json.dumps({"passed": passed, "failed": failed, "contradicting": contradicting}))
        return 1 if failed else 0
    if contradicting:
        print(f"not counted, they contradict WebAssembly 3.0: {', '.join(contradicting)}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _all(files: list[Path], how: How) -> Iterator[Ran]:
    """Runs every script, the largest first, and gives them in the order of the files."""
    if len(files) == 1:
        yield _run(files[0], how)
        return
    with ProcessPoolExecutor(min(len(files), os.cpu_count() or 1)) as pool:
        order = sorted(files, key=_size, reverse=True)
        under_way = {path: pool.submit(_run, path, how) for path in order}
        for path in files:
            yield under_way[path].result()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _run(path: Path, how: How) -> Ran:
    try:
        script, make = script_at(path), make_executor(how.executor)
        runner = Runner(script, how.max_ticks, canonical_nan=how.canonical_nan, make_executor=make, era=how.era)
        return Ran(path, runner.run())
    except WasmscopeError as error:
        return Ran(path, Tally(), str(error))


def _print(ran: Ran, as_json: bool) -> None:
    if as_json:
        failures = [asdict(f) for f in ran.tally.failures]
        row = {"file": str(ran.path), "passed": ran.tally.passed, "failures": failures}
        print(json.dumps({**row, "error": ran.error} if ran.error else row), flush=True)
        return
    if ran.error:
        print(safe(ran.error))
    for failure in ran.tally.failures:
        print(f"{safe(str(ran.path))}:{failure.line}: {_described(failure)}", flush=True)


def _described(failure: Failure) -> str:
    return safe(f"{failure.command}: expected {failure.expected}, got {failure.got}")


def debug_start(path: Path, line: int | None, how: How) -> Start:
    """The debugger's start: inside the first failing assertion's action, or at the entry of a line's. Raises
    WasmscopeError."""
    about = ""
    if line is None:
        failure = first_failure(path, how.canonical_nan, how.era)
        about = f"{safe(path.name)}:{failure.line}: {_described(failure)}"
        sys.stderr.write(about + "\n")
        program = program_at(path, failure.line, inside=True, canonical_nan=how.canonical_nan, era=how.era)
    else:
        program = program_at(path, line, inside=False, canonical_nan=how.canonical_nan, era=how.era)
    return Start(Options(path), WorldArgs(), program, how.executor, about=about)
