"""Batch mode: commands from a file and from -ex, plain text or JSON out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from debugger.events import Event, Message, Stopped
from debugger.session import Session
from ui import exits
from ui.command import Settings, StopView
from ui.command_shell import read_commands
from ui.commands import console, execute
from ui.json_events import JsonEvents
from ui.render.line import Line, line, text_of
from ui.start import Start
from ui.text import OutputText
from vm.errors import WasmscopeError
from vm.wasi.world import Stream


class Report(Protocol):
    """Where a batch tells what happens."""

    def attach(self, session: Session) -> None: ...
    def line(self, rendered: Line) -> None: ...
    def output(self, stream: Stream, data: bytes) -> None: ...
    def stopped(self, stopped: Stopped) -> None: ...
    def message(self, text: str) -> None: ...
    def error(self, error: WasmscopeError) -> None: ...


class PlainReport:
    """Lines of text. Output of the program is made safe and stands where it came."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err
        self._texts = {stream: OutputText() for stream in Stream}
        self._column = 0  # not 0: the program's last line is not ended

    def attach(self, session: Session) -> None:
        """Plain text needs nothing of the session."""

    def line(self, rendered: Line) -> None:
        self._fresh_line()
        self._out.write(text_of(rendered) + "\n")

    def output(self, stream: Stream, data: bytes) -> None:
        text = self._texts[stream].feed(data)
        self._out.write(text)
        if text:
            self._column = 0 if text.endswith("\n") else 1

    def stopped(self, stopped: Stopped) -> None:
        """The command's own lines say it."""

    def message(self, text: str) -> None:
        self.line(line(text))

    def error(self, error: WasmscopeError) -> None:
        self._fresh_line()
        self._out.flush()
        self._err.write(text_of(line(f"error: {error}")) + "\n")
        self._err.flush()

    def _fresh_line(self) -> None:
        if self._column:
            self._out.write("\n")
            self._column = 0


@dataclass
class Batch:
    """Runs commands one after another; one that fails does not end it."""

    start: Start
    report: Report
    stop_view: StopView = StopView.SHORT
    failed: bool = False

    def run(self, commands: Iterable[str]) -> int:
        """The exit code."""
        session = self.start.open(self.report.output)
        try:
            return self._run(session, commands)
        finally:
            session.close()

    def _run(self, session: Session, commands: Iterable[str]) -> int:
        self.report.attach(session)
        session.listen(self._event)
        context = console(session, self.report.line, Settings(stop_view=self.stop_view))
        if session.can_start:
            session.start()
        for text in commands:
            try:
                execute(context, text)
            except WasmscopeError as error:
                self.failed = True
                self.report.error(error)
            if context.ended:
                break
        return exits.FAILED if self.failed else exits.of_program(session.last)

    def _event(self, event: Event) -> None:
        match event:
            case Stopped():
                self.report.stopped(event)
            case Message(text):
                self.report.message(text)
            case _:
                pass


def commands_of(file: str | None, given: list[str]) -> Iterator[str]:
    """The commands of a file (`-`: standard input), then those of -ex. Raises UserError."""
    if file == "-":
        yield from (data.decode(errors="replace").rstrip("\n") for data in sys.stdin.buffer)
    elif file is not None:
        yield from read_commands(Path(file))
    yield from given


def run_batch(start: Start, file: str | None, given: list[str], as_json: bool) -> int:
    """Batch mode of the command line; the exit code."""
    commands = commands_of(file, given)
    if as_json:
        return Batch(start, JsonEvents(sys.stdout), StopView.NOTHING).run(commands)
    return Batch(start, PlainReport(sys.stdout, sys.stderr)).run(commands)
