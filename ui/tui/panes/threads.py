"""The threads pane: every guest thread; one is selected, and may be made the only one that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from ui.guest_rows import thread_row
from ui.render.line import Line, Role, columns
from ui.tui.context import Screen
from ui.tui.messages import Changed
from ui.tui.pane import Hints
from ui.tui.panes.lists import ListPane


class ThreadsPane(ListPane):
    """One row a thread; Enter selects it for every pane."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "only", "only this thread runs, or all again", id="threads.only"),
    ]
    hints: ClassVar[Hints] = (("Enter", "select"), ("o", "only this one runs / all"))
    empty_text = "no thread: run or restart the program"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "threads")

    def lines(self) -> Iterator[Line]:
        session = self.shared.session
        only = session.scheduler.policy.only
        count = len(session.machine.threads)
        self.border_subtitle = f"{count:,}" if count > 1 else ""
        rows = [thread_row(session, thread) for thread in session.machine.threads]
        for number, row in enumerate(rows):
            row.append(("runs alone" if number == only else "" if only is None else "held", Role.WARNING))
        yield from columns(rows, right=(3,))

    def marked(self) -> int | None:
        """The current one."""
        return None if self.shared.running else self.shared.session.machine.current.number

    def action_choose(self) -> None:
        """Enter: this thread, for every pane."""
        if not self.shared.running and self.row_count():
            self.shared.session.select_thread(self.cursor)
            self.post_message(Changed())

    def action_only(self) -> None:
        """Only the thread under the cursor runs; again: all."""
        if self.shared.running or not self.row_count():
            return
        session = self.shared.session
        policy = session.scheduler.policy
        policy.only = None if policy.only == self.cursor else self.cursor
        if policy.only is not None:
            session.select_thread(self.cursor)
        self.read()
        self.post_message(Changed())
