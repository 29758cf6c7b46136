"""Jump mode: a letter on the tab of every pane; pressing one goes there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.widgets import Static

from ui.tui.popup import Popup

_LETTERS = "asdfghjklqwertyuiopzxcvbnm1234567890"


class JumpScreen(Popup[str | None]):
    """Gives a pane's id, None for any other key."""

    DEFAULT_CSS = """
    JumpScreen { background: $background 30%; }
    JumpScreen Static { position: absolute; width: 3; height: 1; background: $warning; color: $background;
                        text-style: bold reverse; }
    """

    def __init__(self, tabs: Sequence[tuple[str, int, int]]) -> None:
        super().__init__()
        self._tabs = dict(zip(_LETTERS, tabs, strict=False))

    def compose(self) -> ComposeResult:
        for letter, (_, x, y) in self._tabs.items():
            mark = Static(f"[{letter}]", markup=False)
            mark.styles.offset = (max(0, x - 1), y)
            yield mark

    def on_key(self, event: events.Key) -> None:
        event.stop()
        found = self._tabs.get(event.key)
        self.leave(None if found is None else found[0])

    def on_click(self) -> None:
        self.leave(None)
