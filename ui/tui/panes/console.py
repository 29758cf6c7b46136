"""The console and output panes: lines that came, and a line to type in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from ui.completion import Completion
from ui.render.line import Line, Role, line
from ui.tui.bridge import OutputPiece
from ui.tui.context import Screen
from ui.tui.pane import Hints
from ui.tui.panes.log import Log

_KEPT_COMMANDS = 500
_MOST_COMPLETIONS = 40
_MOST_PARTIAL = 4096  # characters of a line of output whose end has not come


class HistoryInput(Input):
    """A line with the lines typed before, on the up and down keys."""

    DEFAULT_CSS = """
    HistoryInput, HistoryInput:focus { height: 1; border: none; background: $surface; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "older(-1)", show=False),
        Binding("down", "older(1)", show=False),
        Binding("escape", "leave", show=False),
    ]

    class Left(Message):
        """Escape: the user wants to be elsewhere."""

    def __init__(self, placeholder: str, id: str) -> None:
        super().__init__(placeholder=placeholder, compact=True, id=id)
        self._past: list[str] = []
        self._at = 0

    def remember(self, text: str) -> None:
        """A line that was typed."""
        if text and (not self._past or self._past[-1] != text):
            self._past = [*self._past, text][-_KEPT_COMMANDS:]
        self._at = len(self._past)

    def put(self, text: str) -> None:
        """Another text, the cursor behind it."""
        self.value = text
        self.cursor_position = len(text)

    def action_older(self, by: int) -> None:
        self._at = max(0, min(self._at + by, len(self._past)))
        self.put(self._past[self._at] if self._at < len(self._past) else "")

    def action_leave(self) -> None:
        self.post_message(self.Left())


class CommandInput(HistoryInput):
    """A line for a command: Tab asks what may come next."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False)]

    class Complete(Message):
        """Tab: what could come next?"""

        def __init__(self, command: CommandInput) -> None:
            super().__init__()
            self.command = command

    def action_complete(self) -> None:
        self.post_message(self.Complete(self))

    def offer(self, found: Sequence[Completion]) -> str:
        """Goes on with what all completions have in common; names them when there are several."""
        text = self.value
        whole = sorted({text[: len(text) - c.length] + c.text for c in found})
        if not whole:
            return ""
        if len(whole) == 1:
            self.put(whole[0] if whole[0].endswith("/") else whole[0] + " ")
            return ""
        first, last = whole[0], whole[-1]
        same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        self.put(max(text, first[:same], key=len))
        return "  ".join(c.text for c in found[:_MOST_COMPLETIONS])


class ConsolePane(Vertical):
    """The REPL's commands."""

    DEFAULT_CSS = "ConsolePane Log { height: 1fr; background: $surface; }"
    hints: ClassVar[Hints] = (("Enter", "run"), ("Tab", "complete"), ("↑↓", "history"), ("Esc", "leave"))

    class Entered(Message):
        """A command was typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, _screen: Screen) -> None:
        super().__init__(id="console")

    def compose(self) -> ComposeResult:
        yield Log("console-log", "help lists the commands", words=True)
        yield CommandInput("type a command, such as help", "console-input")

    @property
    def log_view(self) -> Log:
        return self.query_one(Log)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        command, text = self.query_one(CommandInput), event.value.strip()
        command.remember(text)
        command.value = ""
        if text:
            self.log_view.add([line(("» ", Role.DIM), text)])
            self.post_message(self.Entered(text))


class FeedInput(HistoryInput):
    """A line for the guest: Ctrl-D ends its standard input."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+d", "no_more", show=False)]

    class Ended(Message):
        """Nothing more will come."""

    def action_no_more(self) -> None:
        self.post_message(self.Ended())


class OutputPane(Vertical):
    """What the guest wrote, and a line for its standard input."""

    DEFAULT_CSS = "OutputPane Log { height: 1fr; background: $surface; }"
    hints: ClassVar[Hints] = (("Enter", "send"), ("^D", "end of input"), ("Esc", "leave"))

    class Fed(Message):
        """A line for the guest."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, _screen: Screen) -> None:
        super().__init__(id="output")
        self._partial: tuple[str, bool] = ("", False)  # the last line, whose end has not come; whether it is an error

    def compose(self) -> ComposeResult:
        yield Log("output-log", "the program has written nothing yet")
        yield FeedInput("standard input of the program: Enter sends a line", "output-input")

    def write(self, pieces: list[OutputPiece]) -> None:
        """Adds text; a line without its end stays the last one."""
        log = self.query_one(Log)
        text, was_error = self._partial
        if text:
            log.take_last()
        lines: list[Line] = []
        for piece in pieces:
            if text and piece.is_error is not was_error:
                lines.append(_line(text, was_error))
                text = ""
            *whole, text = (text + piece.text).split("\n")
            was_error = piece.is_error
            lines += [_line(one, was_error) for one in whole]
            if len(text) > _MOST_PARTIAL:
                lines.append(_line(text, was_error))
                text = ""
        self._partial = (text, was_error)
        log.add([*lines, _line(text, was_error)] if text else lines)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(FeedInput).remember(event.value)
        self.post_message(self.Fed(event.value))
        event.input.value = ""


def _line(text: str, is_error: bool) -> Line:
    return line((text.expandtabs(), Role.WARNING if is_error else Role.PLAIN))
