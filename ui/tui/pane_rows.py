"""What a pane shows, as lines: for files, whether it is on the screen or not."""

from __future__ import annotations

from textual.widget import Widget

from ui.render.line import EMPTY, Line, note
from ui.tui.pane import Pane
from ui.tui.panes.log import Log
from vm.errors import UserError

_MOST_ROWS = 20_000


def rows_of(widget: Widget) -> list[Line]:
    """All rows of a pane, or of one with very many from the first in sight on; then what stands below them.

    Raises UserError while nothing can be read.
    """
    if not isinstance(widget, Pane):  # lines that came, one after the other
        log = widget.query_one(Log)
        return list(log.lines) or [note(log.empty_text)]
    if widget.shared.running:
        raise UserError("the program runs: what panes show comes when it stops", "F6 pauses it")
    widget.read_if_due()
    count = widget.row_count()
    first = widget.scroll_offset.y if count > _MOST_ROWS else 0
    rows = [widget.row(index) for index in range(first, min(count, first + _MOST_ROWS))]
    below = [widget.foot(index) for index in range(widget.foot_height())]
    return [*rows, EMPTY, *below] if rows and below else rows or [note(widget.empty_text)]
