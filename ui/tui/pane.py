"""A pane that shows the session: it reads when something has happened and it is on the screen."""

from __future__ import annotations

from typing import ClassVar

from ui.render.line import Line, note
from ui.tui.context import Screen
from ui.tui.held import Held
from ui.tui.line_view import LineView, Look, Shade
from ui.tui.messages import Answer, Ask, Back, Target

Hints = tuple[tuple[str, str], ...]  # keys and what they do


class Pane(LineView):
    """Subclasses say in `read` what they take from the session; hidden panes take nothing."""

    hints: ClassVar[Hints] = ()  # the pane's own keys, for the line below the panes
    running_text = "the program runs: what is here comes when it stops"

    def __init__(self, screen: Screen, id: str) -> None:
        super().__init__(id=id)
        self.shared = screen
        self._stale = True
        self._held: Held | None = None  # while the program runs: how things were before

    def follow(self) -> None:
        """Something has happened: reads now, or once shown."""
        self._stale, self._held = True, None
        self.catch_up()

    # -- while the program runs nothing is read ----------------------------------------------------

    def hold(self) -> None:
        """A run begins: what is drawn stays."""
        rows = {index: look[0] for index, (look, _) in self._strips.items()}
        self._held = Held(rows, dict(self._foot_drawn), dict(self._edge_drawn))

    def fade(self) -> None:
        """It goes on: what is drawn is of the past, and looks like that."""
        if self._held is not None and self.display:
            self._held.fade()
            self.forget()
            self.refresh()

    @property
    def held(self) -> Held | None:
        """What is drawn instead of what the session says; None while that can be read."""
        return self._held if self.shared.running else None

    def _look(self, index: int) -> Look:
        if (held := self.held) is None:
            return super()._look(index)
        if not held.rows and index == self.scroll_offset.y:
            return note(self.running_text), (), Shade.NONE
        return held.rows.get(index, ()), (), self._cursor_shade(index)

    def foot_now(self, index: int) -> Line:
        held = self.held
        return self.foot(index) if held is None else held.foot.get(index, ())

    def edge_now(self, y: int) -> Line:
        held = self.held
        return self.edge(y) if held is None else held.edge.get(y, ())

    @property
    def empty_now(self) -> str:
        held = self.held
        return self.empty_text if held is None or not self._stale else self.running_text

    # -- reading -----------------------------------------------------------------------------------

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
