"""The call stack pane: choosing a frame moves every other pane."""

from __future__ import annotations

from ui.render import frame
from ui.render.line import Line
from ui.tui.context import Screen
from ui.tui.line_view import LineView


class StackPane(LineView):
    """One row a frame, innermost first; rows are made when they come into sight."""

    empty_text = "no call is under way"

    def __init__(self, screen: Screen) -> None:
        super().__init__(id="stack")
        self.shared = screen
        self._depth = 0

    def follow(self) -> None:
        """Reads the depth of the call stack."""
        self._depth = self.shared.session.machine.control.depth if not self.shared.running else 0
        self.border_subtitle = str(self._depth) if self._depth else ""
        self.show(self.shared.session.selected)

    def row_count(self) -> int:
        return self._depth

    def row(self, index: int) -> Line:
        found = self.shared.session.inspect.frame(index)
        if found is None:
            return ()
        return frame.backtrace([self.shared.views.stack_row(found)], self.shared.session.selected)[0]

    def marked(self) -> int | None:
        return self.shared.session.selected
