"""The console and output panes: lines that came, and a line to type in."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from ui.render.line import Line, Role, line
from ui.tui.bridge import OutputPiece
from ui.tui.line_view import LineView

_KEPT_LINES = 10_000
_KEPT_COMMANDS = 500


class Log(LineView):
    """Lines, the newest at the bottom and in sight."""

    def __init__(self, id: str, empty_text: str) -> None:
        super().__init__(id=id)
        self.empty_text = empty_text
        self.kept: deque[Line] = deque(maxlen=_KEPT_LINES)

    def add(self, lines: list[Line]) -> None:
        """More lines at the end."""
        self.kept.extend(lines)
        self.show()
        self.cursor = len(self.kept) - 1
        self.call_after_refresh(self.scroll_end, animate=False, immediate=True)

    def row_count(self) -> int:
        return len(self.kept)

    def row(self, index: int) -> Line:
        return self.kept[index]


class HistoryInput(Input):
    """A line with the lines typed before, on the up and down keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "older(-1)", show=False),
        Binding("down", "older(1)", show=False),
        Binding("escape", "leave", show=False),
        Binding("tab", "complete", show=False),
    ]

    class Left(Message):
        """Escape: the user wants to be elsewhere."""

    class Complete(Message):
        """Tab: what could come next?"""

        def __init__(self, input_: HistoryInput) -> None:
            super().__init__()
            self.input = input_

    def __init__(self, placeholder: str, id: str) -> None:
        super().__init__(placeholder=placeholder, compact=True, id=id)
        self._past: list[str] = []
        self._at = 0

    def remember(self, text: str) -> None:
        if text and (not self._past or self._past[-1] != text):
            self._past = [*self._past, text][-_KEPT_COMMANDS:]
        self._at = len(self._past)

    @property
    def last(self) -> str:
        """The line typed last."""
        return self._past[-1] if self._past else ""

    def action_older(self, by: int) -> None:
        self._at = max(0, min(self._at + by, len(self._past)))
        self.value = self._past[self._at] if self._at < len(self._past) else ""
        self.cursor_position = len(self.value)

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_complete(self) -> None:
        self.post_message(self.Complete(self))


class ConsolePane(Vertical):
    """The REPL's commands."""

    class Entered(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def compose(self) -> ComposeResult:
        yield Log("console-log", "type help, or any command of the REPL")
        yield HistoryInput("command", "console-input")

    @property
    def log_view(self) -> Log:
        return self.query_one(Log)

    @property
    def input(self) -> HistoryInput:
        return self.query_one(HistoryInput)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip() or self.input.last
        self.input.remember(event.value.strip())
        self.input.value = ""
        if text:
            self.log_view.add([line(("» ", Role.DIM), text)])
            self.post_message(self.Entered(text))


class OutputPane(Vertical):
    """What the guest wrote, and a line for its standard input."""

    class Fed(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._partial = ""
        self._partial_error = False

    def compose(self) -> ComposeResult:
        yield Log("output-log", "the program has written nothing yet")
        yield HistoryInput("standard input of the program (Enter sends a line)", "output-input")

    @property
    def log_view(self) -> Log:
        return self.query_one(Log)

    def write(self, pieces: list[OutputPiece]) -> None:
        """Adds text; a line without its end stays the last one."""
        log = self.log_view
        lines: list[Line] = []
        if self._partial and log.kept:
            log.kept.pop()
        for piece in pieces:
            *whole, self._partial = (self._partial + piece.text).split("\n")
            lines += [_line(text, piece.is_error) for text in whole]
            self._partial_error = piece.is_error
        if self._partial:
            lines.append(_line(self._partial, self._partial_error))
        log.add(lines)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(HistoryInput).remember(event.value)
        self.post_message(self.Fed(event.value + "\n"))
        event.input.value = ""


def _line(text: str, is_error: bool) -> Line:
    return line((text.expandtabs(), Role.WARNING if is_error else Role.PLAIN))
