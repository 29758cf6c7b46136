"""A pane that shows the session: it reads when something has happened and it is on the screen."""

from __future__ import annotations

from typing import ClassVar

from ui.tui.context import Screen
from ui.tui.line_view import LineView
from ui.tui.messages import Answer, Ask, Back, Target

Hints = tuple[tuple[str, str], ...]  # keys and what they do


class Pane(LineView):
    """Subclasses say in `read` what they take from the session; hidden panes take nothing."""

    hints: ClassVar[Hints] = ()  # the pane's own keys, for the line below the panes

    def __init__(self, screen: Screen, id: str) -> None:
        super().__init__(id=id)
        self.shared = screen
        self._stale = True

    def follow(self) -> None:
        """Something has happened: reads now, or once shown."""
        self._stale = True
        self.catch_up()

    def catch_up(self) -> None:
        """Reads if that is due and can be seen."""
        if self.display:
            self.read_if_due()

    def read_if_due(self) -> None:
        """Reads what was not read since something happened."""
        if self._stale and not self.shared.running:
            self._stale = False
            self.read()

    def read(self) -> None:
        """Takes what is shown from the session, and shows it."""

    def ask(self, question: str, answer: Answer, text: str = "", may_be_empty: bool = False) -> None:
        """Asks the user; see `Ask`."""
        self.post_message(Ask(question, answer, text, may_be_empty))

    # -- going places ----------------------------------------------------------------------------

    def shows(self, target: Target) -> bool:
        """Whether `open` can show this."""
        return False

    def open(self, target: Target) -> None:
        """Shows a target that `shows` said yes to, the cursor on it."""

    def spot(self) -> object:
        """Where the pane is, for `go_back`."""
        return self.cursor

    def go_back(self, spot: object) -> None:
        """To an earlier `spot`."""
        if isinstance(spot, int):
            self.move_to(spot)

    def action_back(self) -> None:
        self.post_message(Back())
