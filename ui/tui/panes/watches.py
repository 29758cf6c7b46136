"""The watches pane: expressions with their values, and what changed; changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from ui.render.line import Line, Part, Role, columns
from ui.tui.context import Screen
from ui.tui.messages import Changed
from ui.tui.pane import Hints
from ui.tui.panes.lists import ListPane


class WatchesPane(ListPane):
    """One row a watch; Enter changes its expression."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "change the expression", id="watches.edit"),
        Binding("x,delete", "delete", "delete the watch", id="watches.delete"),
    ]
    hints: ClassVar[Hints] = (("Enter", "change"), ("x", "delete"), ("w", "add"))
    empty_text = "no watch expression: w adds one"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "watches")
        self._watches: list[tuple[int, str]] = []  # number and expression

    def lines(self) -> Iterator[Line]:
        self._watches = [(w.id, w.text) for w in self.shared.session.watches]
        rows: list[list[Part]] = []
        for value in self.shared.views.watch_values():
            role = Role.ERROR if value.is_error else Role.CHANGED if value.changed else Role.NUMBER
            change: Part = (f"Δ was {value.previous}", Role.CHANGED) if value.changed else ""
            rows.append([(f"{value.id}", Role.LABEL), (value.text, Role.NAME), (value.value, role), change])
        yield from columns(rows)

    def _chosen(self) -> tuple[int, str] | None:
        usable = self.cursor < len(self._watches) and not self.shared.running
        return self._watches[self.cursor] if usable else None

    def action_choose(self) -> None:
        self.action_edit()

    def action_edit(self) -> None:
        if (found := self._chosen()) is not None:
            number, text = found
            self.ask("watch (expression)", lambda changed: self._change(number, changed), text)

    def _change(self, number: int, text: str) -> None:
        self.shared.session.evaluator().check(text)
        self.shared.session.watches.change(number, text)
        self.post_message(Changed())

    def action_delete(self) -> None:
        if (found := self._chosen()) is not None:
            self.shared.session.watches.delete(found[0])
            self.read()  # at once: the next key may come before the message is heard
            self.post_message(Changed())
