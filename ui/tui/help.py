"""Help, made from the key bindings and the command table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from ui.command import Context
from ui.commands import TABLE
from ui.render.line import Line, Part, Role, columns, heading, line
from ui.tui.line_view import LineView
from ui.tui.registry import PANES


class HelpView(LineView):
    """The lines of the help."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__(id="help")
        self._lines = lines

    def on_mount(self) -> None:
        self.show()
        self.focus()

    def row_count(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Line:
        return self._lines[index]


class HelpScreen(ModalScreen[None]):
    """All keys, panes and commands; any of Escape, q and ? closes it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    #help { width: 90%; height: 90%; border: round $primary; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss", "close")]

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._commands = context

    def compose(self) -> ComposeResult:
        yield HelpView(list(self._help()))

    def on_mount(self) -> None:
        self.query_one(HelpView).border_title = "help: Escape closes"

    def _help(self) -> Iterator[Line]:
        yield heading("keys")
        rows: list[list[Part]] = []
        for _, binding, enabled, _ in self.app.screen_stack[0].active_bindings.values():
            if binding.description and enabled:
                rows.append(["  ", (binding.key.replace("question_mark", "?").replace("colon", ":"), Role.HEADING),
                             binding.description])  # fmt: skip
        yield from columns(rows)
        yield heading("panes")
        yield line("  ", *(f"{p.key} {p.title}   " for p in PANES))
        yield heading("commands (in the console)")
        yield from columns([["  ", (c.name, Role.KEYWORD), ", ".join(c.aliases), c.help] for c in TABLE.commands])
