"""Watches that are there again when the same module is debugged the next time."""

from __future__ import annotations

from pathlib import Path

from debugger.session import Session


class KeptWatches:
    """Loads the watches of a session's module and keeps them when they change."""

    def __init__(self, session: Session, folder: Path) -> None:
        self._session, self._folder = session, folder
        self._kept: list[str] = []
        self._works = True

    def load(self) -> None:
        """Adds the ones kept earlier. Raises UserError when there are some that cannot be read."""
        self._session.watches.load(self._folder, self._session.loaded.module.bytes)
        self._kept = self._texts()

    def keep(self) -> None:
        """Writes them if they changed. Raises UserError the first time that fails, and then tries no more."""
        texts = self._texts()
        if texts != self._kept and self._works:
            self._kept, self._works = texts, False
            self._session.watches.save(self._folder, self._session.loaded.module.bytes)
            self._works = True

    def _texts(self) -> list[str]:
        return [watch.text for watch in self._session.watches]
