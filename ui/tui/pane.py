"""A pane that shows the session: it reads when something has happened and it is on the screen."""

from __future__ import annotations

from ui.tui.context import Screen
from ui.tui.line_view import LineView


class Pane(LineView):
    """Subclasses say in `read` what they take from the session; hidden panes take nothing."""

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
        if self._stale and self.display and not self.shared.running:
            self._stale = False
            self.read()

    def read(self) -> None:
        """Takes what is shown from the session, and shows it."""
