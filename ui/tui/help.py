"""Help, made from the key bindings, the panes and the command table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ui.command import Command
from ui.render.line import Line, Part, Role, columns, heading
from ui.tui.key_sets import pane_bindings
from ui.tui.keys import shown_key
from ui.tui.line_view import LineView
from ui.tui.popup import Popup
from ui.tui.registry import BY_ID, PANES


def help_lines(commands: Sequence[Command], keymap: Mapping[str, str]) -> Iterator[Line]:
    """All keys by where they work, the panes and the commands. `keymap` has the keys that are not the usual ones."""
    rows: dict[str, list[list[Part]]] = {}
    for where, binding in pane_bindings():
        if binding.description and not (binding.id or "").startswith("pane."):
            keys = shown_key(keymap.get(binding.id or "", binding.key))
            cells: list[Part] = ["  ", (keys, Role.HEADING), binding.description, (binding.id or "", Role.DIM)]
            rows.setdefault(where, []).append(cells)
    titles = {"": "keys that work everywhere", "list": "keys in every list"}
    for where, found in rows.items():
        yield heading(titles.get(where) or f"keys in {BY_ID[where].title}")
        yield from columns(found)
    yield heading("panes")
    yield from columns([
        ["  ", (shown_key(keymap.get(f"pane.{p.id}", p.key)) if p.key else "", Role.HEADING), p.title, (p.id, Role.DIM)]
        for p in PANES
    ])  # fmt: skip
    yield heading("commands, in the console")
    yield from columns([["  ", (c.name, Role.KEYWORD), ", ".join(c.aliases), c.help] for c in commands])


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


class HelpScreen(Popup[None]):
    """All keys, panes and commands; any of Escape, q and ? closes it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    #help { width: 90%; height: 90%; border: round $primary; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "close", "close")]

    def __init__(self, lines: Iterator[Line]) -> None:
        super().__init__()
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        yield HelpView(self._lines)

    def on_mount(self) -> None:
        self.query_one(HelpView).border_title = "help: Escape closes"

    def action_close(self) -> None:
        self.leave(None)
