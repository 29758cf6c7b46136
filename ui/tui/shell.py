"""What the parts of the application may ask of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ui.render.line import Role
from ui.tui.bridge import Bridge
from ui.tui.context import Screen
from ui.tui.desk import Desk


class Shell(Protocol):
    """The application, as its parts see it."""

    shared: Screen
    bridge: Bridge
    desk: Desk

    def do(self, work: Callable[[], object]) -> None:
        """Runs what may take long on the session's thread; every pane reads the session when it is done."""
        ...

    def trying(self, work: Callable[[], object]) -> None:
        """Does something quick; what goes wrong is said in one line."""
        ...

    def attempt(self, work: Callable[[], object]) -> None:
        """The same for what may be done while the program runs."""
        ...

    def say(self, *parts: tuple[str, Role]) -> None:
        """One line below the panes, until the next key."""
        ...

    def follow(self) -> None:
        """Every pane on the screen reads the session again."""
        ...

    def changed(self) -> None:
        """The session was changed by hand: every pane reads it again, and what is kept is kept."""
        ...

    def ask(self, question: str, answer: Callable[[str], None], text: str = "", may_be_empty: bool = False) -> None:
        """Asks for a line of text."""
        ...
