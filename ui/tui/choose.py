"""A list to choose from, above the panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ui.render.line import Line
from ui.tui.line_view import LineView
from ui.tui.literal import literal
from ui.tui.popup import Popup

_MOST_ROWS = 20


class Choices(LineView):
    """The rows."""

    def __init__(self, rows: list[Line], empty: str) -> None:
        super().__init__(id="choices")
        self.rows, self.empty_text = rows, empty

    def row_count(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> Line:
        return self.rows[index]


class ChooseScreen(Popup[int | None]):
    """Gives the number of the row chosen with Enter, None for Escape. `x` deletes where that is possible."""

    DEFAULT_CSS = """
    ChooseScreen { align: center middle; }
    ChooseScreen Choices { width: 80%; max-width: 110; border: round $primary; background: $surface; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", show=False),
        Binding("x,delete", "delete", show=False),
    ]

    def __init__(
        self, title: str, rows: Sequence[Line], empty: str = "", delete: Callable[[int], None] | None = None
    ) -> None:
        super().__init__()
        self._title, self._choices, self._delete = title, Choices(list(rows), empty), delete

    def compose(self) -> ComposeResult:
        yield self._choices

    def on_mount(self) -> None:
        choices = self._choices
        choices.styles.height = max(1, min(len(choices.rows), _MOST_ROWS)) + 2
        choices.border_title = literal(self._title)
        keys = "Enter: go  x: delete  Esc: close" if self._delete else "Enter: go  Esc: close"
        choices.border_subtitle = literal(keys)
        choices.show()
        choices.focus()

    def on_line_view_chosen(self, message: LineView.Chosen) -> None:
        message.stop()
        self.leave(message.row)

    def action_close(self) -> None:
        self.leave(None)

    def action_delete(self) -> None:
        choices = self._choices
        if self._delete is not None and choices.cursor < len(choices.rows):
            self._delete(choices.cursor)
            del choices.rows[choices.cursor]
            choices.show()
