"""A screen above the panes, which is left once."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

Result = TypeVar("Result")


class Popup(ModalScreen[Result]):
    """Keys that come faster than the screen goes find it left already."""

    _left = False

    def leave(self, result: Result) -> None:
        """Goes away with a result; the first one counts."""
        if not self._left:
            self._left = True
            self.dismiss(result)
