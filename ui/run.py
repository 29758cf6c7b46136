"""`wasmscope run`: the program without the debugger. Streams and exit code are the program's own."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from debugger.events import Event, Message, Reason, Stopped
from debugger.session import Session
from debugger.world import standard_terminals
from ui import exits
from ui.command_keep import core_dump, write_file
from ui.commands import console, execute
from ui.render.line import Line, text_of
from ui.render.stops import stop_line
from ui.start import Start
from ui.text import safe
from ui.views import Views
from vm.errors import UserError
from vm.wasi.world import Stream

_STDIN = 0
_BACKTRACE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """Files that a run leaves: `coredump` after a trap; `commands` are run at the end, and write what they are for."""

    coredump: Path | None = None
    commands: tuple[str, ...] = ()


def run_program(start: Start, kept: Kept) -> int:
    """Runs to the end; the exit code. Raises WasmscopeError."""
    stdin = _STDIN if start.world.stdin is None else start.world.stdin
    start = replace(start, world=replace(start.world, stdin=stdin, terminals=standard_terminals()))
    session = start.open(_write, wait_for_input=True)
    session.listen(_tell)
    try:
        return _run(session, kept)
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


def _run(session: Session, kept: Kept) -> int:
    interrupted = False

    def interrupt(signum: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        session.request_pause()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        stopped = _to_the_end(session)
        if interrupted and stopped.reason is Reason.PAUSE:
            return exits.INTERRUPTED
        if kept.coredump is not None and stopped.reason is Reason.TRAP:
            _dump(session, kept.coredump)
        code = _ended(session, stopped)
        sys.stdout.flush()
        for command in kept.commands:
            execute(console(session, _say), command)
        return exits.INTERRUPTED if interrupted else code
    finally:
        signal.signal(signal.SIGINT, before)


def _say(rendered: Line) -> None:
    sys.stderr.write(f"wasmscope: {text_of(rendered)}\n")


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
