"""A question at the bottom of the screen, answered with a line."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label

from ui.tui.messages import Answer


class Prompt(Horizontal):
    """Hidden until `ask`. Escape answers nothing, nor does an empty line unless it may."""

    DEFAULT_CSS = """
    Prompt { dock: bottom; height: 1; width: 100%; display: none; background: $panel; layer: above; }
    Prompt Label { width: auto; padding: 0 1; text-style: bold; color: $text-primary; }
    Prompt Input { width: 1fr; height: 1; border: none; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False)]

    class Answered(Message):
        """A line was typed."""

        def __init__(self, text: str, answer: Answer) -> None:
            super().__init__()
            self.text, self.answer = text, answer

    class Closed(Message):
        """The prompt is gone: somebody else is to have the keys."""

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self._answer: Answer | None = None
        self._may_be_empty = False

    def compose(self) -> ComposeResult:
        yield Label("", id="question")
        yield Input(id="answer", compact=True)

    def ask(self, question: str, answer: Answer, text: str = "", may_be_empty: bool = False) -> None:
        """Shows a question, `text` to begin with; what is typed goes to `answer` with the `Answered` message."""
        self._answer, self._may_be_empty = answer, may_be_empty
        self.query_one("#question", Label).update(Content(question))
        self.query_one(Input).value = text
        self.query_one(Input).cursor_position = len(text)
        self.display = True
        self.screen.set_focus(self.query_one(Input))  # at once, so that the next key goes there

    def action_close(self) -> None:
        self.display = False
        self._answer = None
        self.post_message(self.Closed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text, answer = event.value.strip(), self._answer
        self.action_close()
        if (text or self._may_be_empty) and answer is not None:
            self.post_message(self.Answered(text, answer))
