"""The history file. Without it the session goes on; what was wrong is said once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import FileHistory


class KeptHistory(FileHistory):
    """A history file that may not be readable or writable; `trouble` is what to tell the user, once."""

    def __init__(self, path: Path) -> None:
        self.trouble = ""
        self._told = False
        super().__init__(str(path))

    def load_history_strings(self) -> Iterable[str]:
        try:
            return list(super().load_history_strings())
        except OSError as error:
            self._note(f"the history cannot be read: {error.strerror}")
            return []

    def store_string(self, string: str) -> None:
        try:
            Path(str(self.filename)).parent.mkdir(parents=True, exist_ok=True)
            super().store_string(string)
        except OSError as error:
            self._note(f"the history is not kept: {error.strerror}")

    def _note(self, text: str) -> None:
        if not self._told:
            self.trouble, self._told = text, True

    def take_trouble(self) -> str:
        """What is still to be told."""
        text, self.trouble = self.trouble, ""
        return text
