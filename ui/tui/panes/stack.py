"""The call stack pane: choosing a frame moves every other pane."""

from __future__ import annotations

from typing import ClassVar

from ui.render import frame
from ui.render.line import Line
from ui.tui.context import Screen
from ui.tui.messages import AtFrame, Goto
from ui.tui.pane import Hints, Pane


class StackPane(Pane):
    """One row a frame, innermost first; rows are made when they come into sight."""

    empty_text = "no call is under way: r runs the program, : invoke calls an export"
    hints: ClassVar[Hints] = (("Enter", "select"),)

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "stack")
        self._depth = 0

    def read(self) -> None:
        self._depth = self.shared.session.machine.control.depth
        self.border_subtitle = f"{self._depth:,}" if self._depth else ""
        self.show(self.shared.session.selected)

    def row_count(self) -> int:
        return self._depth

    def row(self, index: int) -> Line:
        found = None if self.shared.running else self.shared.session.inspect.frame(index)
        if found is None:
            return ()
        row = self.shared.views.stack_row(found)
        return frame.stack_line(row, index == self.shared.session.selected)

    def marked(self) -> int | None:
        return self.shared.session.selected

    def action_choose(self) -> None:
        """Enter: the frame under the cursor, for every pane."""
        if self._depth:
            self.post_message(Goto(AtFrame(self.cursor)))
