"""Three hints for whoever is here for the first time; each is gone once it was of use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from rich.text import Text
from textual.widgets import Static

from ui.render.line import Line, Part, Role, line
from ui.tui.key_sets import pane_bindings
from ui.tui.keys import shown_key
from ui.tui.palette import styles_of
from ui.tui.preferences import Kept
from vm.errors import UserError

_ONE_ROW, _ALL_ROWS = 22, 30  # of the screen: from there on there is room for one hint, for all of them
_HINTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "run": (("run.over", "steps over"), ("run.into", "steps into"), ("run.continue", "continues")),
    "mark": (("code.break", "sets a breakpoint at the cursor, and so does a click left of the code"),),
    "find": (("view.find", "finds every command and symbol"), ("view.help", "shows all keys"), ("go.next", "goes on")),
}
_KEYS = {binding.id or "": binding.key for _, binding in pane_bindings()}


class FirstTime(Static):
    """A row for each hint that was not of use yet."""

    DEFAULT_CSS = "FirstTime { width: 100%; height: auto; background: $panel; display: none; text-wrap: nowrap; }"

    def __init__(self, kept: Kept, keymap: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(id="first-time")
        self._kept, self._keymap = kept, keymap
        used = kept.get("hints")
        self._left = [name for name in _HINTS if not isinstance(used, list) or name not in used]

    def used(self, name: str) -> None:
        """What a hint tells was done: it is not shown again."""
        if name not in self._left:
            return
        self._left.remove(name)
        with suppress(UserError):  # then it is shown again the next time
            self._kept.put("hints", [hint for hint in _HINTS if hint not in self._left])
        self.draw()

    def forget(self) -> None:
        """Shows none, this time."""
        self._left = []

    def draw(self) -> None:
        """Shows what is left, where there is room."""
        height = self.app.size.height
        shown = self._left if height >= _ALL_ROWS else self._left[:1] if height >= _ONE_ROW else []
        self.display = bool(shown)
        styles = styles_of(self.app.theme_variables)
        rows = [Text.assemble(*((t, styles[r]) for t, r in self._line(name)), no_wrap=True) for name in shown]
        self.update(Text("\n").join(rows))

    def _line(self, name: str) -> Line:
        keymap = self._keymap()
        parts: list[Part] = [(" first time here: " if name == self._left[0] else " " * 18, Role.DIM)]
        for id_, text in _HINTS[name]:
            key = shown_key(keymap.get(id_, _KEYS[id_])).split()[0]
            parts += [(key + " ", Role.HEADING), (text + "   ", Role.PLAIN)]
        return line(*parts)
