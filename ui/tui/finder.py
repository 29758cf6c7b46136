"""The palette: a line to type in above a list that follows it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from ui.render.line import Line, Role, line
from ui.tui.entries import Entries, Entry
from ui.tui.line_view import LineView
from ui.tui.popup import Popup

_KIND_CELLS, _TEXT_CELLS = 9, 46


class FoundView(LineView):
    """What was found; the line above keeps the keys."""

    can_focus = False
    empty_text = " nothing is called that"
    cursor_stays = True

    def __init__(self) -> None:
        super().__init__(id="found")
        self.found: list[Entry] = []

    def row_count(self) -> int:
        return len(self.found)

    def row(self, index: int) -> Line:
        entry = self.found[index]
        return line(
            (f" {entry.kind:<{_KIND_CELLS}}", Role.DIM), (f"{entry.text:<{_TEXT_CELLS}} ", Role.NAME),
            (f"{entry.key:<10} " if entry.key else "", Role.HEADING), (entry.about, Role.COMMENT),
        )  # fmt: skip

    def marked(self) -> int | None:
        return self.cursor if self.found else None

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        """One click is enough: nothing but choosing can be done with a row."""
        self.move_to(row)
        self.action_choose()


class FinderScreen(Popup[Entry | None]):
    """Enter chooses, Escape does nothing."""

    DEFAULT_CSS = """
    FinderScreen { align: center top; }
    #finder { width: 90%; max-width: 110; height: 70%; margin-top: 2; border: round $primary; background: $surface; }
    #finder Input { height: 1; border: none; background: $panel; }
    #finder FoundView { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "close", show=False),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
    ]

    def __init__(self, entries: Entries, title: str) -> None:
        super().__init__()
        self._entries, self._title = entries, title

    def compose(self) -> ComposeResult:
        with Vertical(id="finder") as box:
            box.border_title = self._title
            box.border_subtitle = "Enter runs it, Esc closes"
            yield Input(placeholder="type some letters of it", compact=True)
            yield FoundView()

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._find("")

    def _find(self, typed: str) -> None:
        view = self.query_one(FoundView)
        view.found = self._entries.find(typed)
        view.show(0)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._find(event.value)

    def action_move(self, by: int) -> None:
        view = self.query_one(FoundView)
        before = view.cursor
        view.move_to(view.cursor + by)
        view.redraw(before, view.cursor)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._choose()

    def on_line_view_chosen(self, message: LineView.Chosen) -> None:
        self._choose()

    def _choose(self) -> None:
        view = self.query_one(FoundView)
        if view.found:
            self.leave(view.found[view.cursor])

    def on_click(self, event: events.Click) -> None:
        if not self.query_one("#finder").region.contains(event.screen_x, event.screen_y):
            self.leave(None)

    def action_close(self) -> None:
        self.leave(None)
