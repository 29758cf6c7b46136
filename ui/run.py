"""`wasmscope run`: the program without the debugger. Streams and exit code are the program's own."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from debugger.events import Event, Message, Reason, Stopped
from debugger.session import Session
from debugger.world import standard_terminals
from ui import exits
from ui.command_keep import core_dump, write_file
from ui.render.line import text_of
from ui.render.stops import stop_line
from ui.start import Start
from ui.text import safe
from ui.views import Views
from vm.errors import UserError
from vm.wasi.world import Stream

_STDIN = 0
_BACKTRACE_ROWS = 50


def run_program(start: Start, coredump: Path | None = None) -> int:
    """Runs to the end; the exit code. Raises WasmscopeError. `coredump`: a file for a core dump after a trap."""
    stdin = _STDIN if start.world.stdin is None else start.world.stdin
    start = replace(start, world=replace(start.world, stdin=stdin, terminals=standard_terminals()))
    session = start.open(_write, wait_for_input=True)
    session.listen(_tell)
    try:
        return _run(session, coredump)
    finally:
        session.close()


def _tell(event: Event) -> None:
    if isinstance(event, Message):
        sys.stderr.write(f"wasmscope: {safe(event.text)}\n")


def _write(stream: Stream, data: bytes) -> None:
    """Hands output on at once."""
    left = memoryview(data)
    while left:
        left = left[os.write(int(stream), left) :]


def _run(session: Session, coredump: Path | None) -> int:
    interrupted = False

    def interrupt(signum: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        session.request_pause()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        stopped = _to_the_end(session)
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted and stopped.reason is Reason.PAUSE:
        return exits.INTERRUPTED
    if coredump is not None and stopped.reason is Reason.TRAP:
        _dump(session, coredump)
    return _ended(session, stopped)


def _to_the_end(session: Session) -> Stopped:
    if not session.can_start:
        raise UserError(f"{session.path.name} has no _start: nothing to run", "use --invoke NAME ARGS")
    stopped = session.start()
    return session.resume() if stopped.reason is Reason.ENTRY else stopped


def _dump(session: Session, path: Path) -> None:
    data, _ = core_dump(session)
    write_file(path, data)
    sys.stderr.write(f"wasmscope: core dump: {safe(str(path))}, {len(data):,} bytes\n")


def _ended(session: Session, stopped: Stopped) -> int:
    if stopped.reason is Reason.TRAP:
        views = Views(session)
        lines = [stop_line(stopped, views.where(stopped.at)), *views.why(stopped), *views.backtrace(_BACKTRACE_ROWS)]
        sys.stderr.write("".join(f"wasmscope: {text_of(line)}\n" for line in lines))
    elif stopped.reason is Reason.FINISHED and stopped.detail.results:
        sys.stdout.write(" ".join(stopped.detail.results) + "\n")
    return exits.of_program(stopped)
