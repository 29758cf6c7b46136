"""The breakpoints pane: each with its condition, hit rule, log text and hits, changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.breakpoints import Breakpoint, check_hit_rule
from debugger.watchpoints import Watchpoint
from ui.render import stops
from ui.render.line import Line
from ui.tui.context import Screen
from ui.tui.messages import AtAddress, AtCode, Changed, Goto, Told
from ui.tui.pane import Hints
from ui.tui.panes.lists import ListPane


class BreakpointsPane(ListPane):
    """One row a breakpoint; Enter shows its code."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add a breakpoint by its location", id="breakpoints.add"),
        Binding("e", "condition", "its condition", id="breakpoints.condition"),
        Binding("h", "hits", "its hit rule: 3, >=3, %10", id="breakpoints.hits"),
        Binding("l", "log", "its log text: printed instead of stopping", id="breakpoints.log"),
        Binding("x,delete", "delete", "delete the breakpoint", id="breakpoints.delete"),
        Binding("space", "switch", "switch it on or off", id="breakpoints.toggle"),
    ]
    hints: ClassVar[Hints] = (
        ("Enter", "go there"), ("a", "add"), ("e", "condition"), ("h", "hit rule"), ("l", "log text"), ("x", "delete"),
        ("Space", "on/off"),
    )  # fmt: skip
    empty_text = "no breakpoint: b in the code pane (in others: a watchpoint), a here, or break LOCATION in the console"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "breakpoints")
        self._ids: list[int] = []

    def lines(self) -> Iterator[Line]:
        self._ids = [b.id for b in self.shared.session.breakpoints]
        yield from stops.breakpoints(self.shared.session.breakpoints)

    def _chosen(self) -> Breakpoint | None:
        usable = self.cursor < len(self._ids) and not self.shared.running
        return self.shared.session.breakpoints.get(self._ids[self.cursor]) if usable else None

    def action_choose(self) -> None:
        """Enter: the code it stands at."""
        if (found := self._chosen()) is None:
            return
        if isinstance(found, Watchpoint) and found.target is not None:
            self.post_message(Goto(AtAddress(found.target.start)))
        elif found.pending:
            self.post_message(Told(f"nothing is called {found.location} yet"))
        elif not found.resolved:
            self.post_message(Told("it stops wherever that happens"))
        else:
            self.post_message(Goto(AtCode(found.resolved[0].site)))

    def action_add(self) -> None:
        self.ask("breakpoint at (function, function+0x10, @0x19c or file.c:12)", self._add)

    def _add(self, location: str) -> None:
        self.shared.session.add_breakpoint(location)
        self.post_message(Changed())

    def action_delete(self) -> None:
        if (found := self._chosen()) is not None:
            self.shared.session.breakpoints.delete(found.id)
            self.read()  # at once: the next key may come before the message is heard
            self.post_message(Changed())

    def action_switch(self) -> None:
        if (found := self._chosen()) is not None:
            found.enabled = not found.enabled
            self.post_message(Changed())

    # -- changing --------------------------------------------------------------------------------

    def action_condition(self) -> None:
        check = self.shared.session.evaluator().check
        self._change("condition (empty: none)", "condition", lambda text: check(text) if text else None)

    def action_hits(self) -> None:
        self._change("hit rule, such as 3, >=3, %10 (empty: none)", "hit_rule", check_hit_rule)

    def action_log(self) -> None:
        self._change("log text, {expression} is filled in (empty: stop)", "log", lambda text: None)

    def _change(self, question: str, name: str, check: Callable[[str], None]) -> None:
        """Asks for another value of one of a breakpoint's fields; `check` raises UserError for nonsense."""
        if (found := self._chosen()) is None:
            return

        def answer(text: str) -> None:
            check(text)
            setattr(found, name, text)
            self.post_message(Changed())

        self.ask(f"breakpoint {found.id}: {question}", answer, getattr(found, name), may_be_empty=True)
