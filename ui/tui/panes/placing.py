"""What the code and the source pane have in common: rows that are places to stop at."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from ui.tui.messages import Told
from ui.tui.pane import Pane
from vm.stop import Site

_GUTTER_CELLS = 3  # a click here toggles a breakpoint


class PlacingPane(Pane):
    """Rows with a gutter. A row may stand for an instruction, or for a source line (`fib.c:4`)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "toggle_breakpoint", "set or delete a breakpoint", id="code.break"),
        Binding("t", "run_to_cursor", "run to the cursor", id="code.run_to"),
        Binding("slash", "search", "search", id="code.search"),
        Binding("full_stop", "again(1)", "next match", id="code.next_match"),
        Binding("comma", "again(-1)", "match before", id="code.previous_match"),
    ]

    def hold(self) -> None:
        """Code does not change while it runs: it is still made as it comes into sight."""

    def fade(self) -> None:
        """Where the program stood is of the past."""
        if self.display:
            self.refresh_marks()

    def refresh_marks(self) -> None:
        """Breakpoints changed, or the pc is another one."""

    def where(self, row: int) -> Site | str | None:
        """What a row is, as a place to stop at."""
        return None

    def action_toggle_breakpoint(self) -> None:
        if (where := self.where(self.cursor)) is not None:
            self.shared.placing.toggle(where)

    def action_run_to_cursor(self) -> None:
        if (where := self.where(self.cursor)) is not None:
            self.shared.placing.run_to(where)

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        in_gutter = cell < _GUTTER_CELLS
        super().clicked(row, cell, twice and not in_gutter)
        if in_gutter:
            self.action_toggle_breakpoint()

    def _nothing_matches(self, text: str) -> None:
        self.post_message(Told(f"nothing matches {text!r}"))
