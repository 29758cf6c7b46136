"""What any pane may ask of the application: to be taken somewhere, to say something, to ask the user.

A pane posts `Goto`; whoever shows such a place is found by asking the panes in the order of their registry, and
Backspace comes back from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from ui.render.line import Line, Role, line
from vm.stop import Site


@dataclass(frozen=True, slots=True)
class AtAddress:
    """What lies at a native address: code as code, a field of the runtime as a field, all else as bytes."""

    addr: int


@dataclass(frozen=True, slots=True)
class AsBytes:
    """The bytes at a native address."""

    addr: int


@dataclass(frozen=True, slots=True)
class AtCode:
    """An instruction."""

    site: Site


@dataclass(frozen=True, slots=True)
class AtFrame:
    """A frame by number: every pane follows it."""

    number: int


Target = AtAddress | AsBytes | AtCode | AtFrame


class Goto(Message):
    """Somewhere else is to be shown."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target


class Back(Message):
    """Back to where the last `Goto` was posted."""


class Explained(Message):
    """What is under a pane's cursor, in a line for below the panes."""

    def __init__(self, explanation: Line) -> None:
        super().__init__()
        self.explanation = explanation


class Told(Message):
    """Something the user is to know, such as why an edit was refused; stays until the next key."""

    def __init__(self, text: str, role: Role = Role.WARNING) -> None:
        super().__init__()
        self.told = line((text, role))


Answer = Callable[[str], None]


class Ask(Message):
    """A question for the line below the panes; `text` is there to begin with.

    `answer` is called with what was typed, unless it is empty; a UserError it raises is said in one line. An answer
    that edits posts `Changed`.
    """

    def __init__(self, question: str, answer: Answer, text: str = "", may_be_empty: bool = False) -> None:
        super().__init__()
        self.question, self.answer, self.text, self.may_be_empty = question, answer, text, may_be_empty


class Commanded(Message):
    """A command is to be run, as if it was typed in the console."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Changed(Message):
    """The session was changed by hand: every pane reads it again."""
