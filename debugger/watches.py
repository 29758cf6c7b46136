"""Watch expressions: shown at every stop, with what changed since the last one; kept from run to run."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vm.errors import UserError

_MOST_FILE_BYTES = 1 << 20


class Evaluates(Protocol):
    """The part of an evaluator that watches need."""

    def check(self, text: str) -> None: ...
    def show(self, text: str, fmt: str = "") -> str: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """One expression. Numbers are never given twice."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class WatchValue:
    """An expression at a stop: `value` is what it is, or why it has none. `previous` is None at its first stop."""

    id: int
    text: str
    value: str
    is_error: bool
    changed: bool
    previous: str | None


class Watches:
    """The list of watch expressions."""

    def __init__(self) -> None:
        self._all: dict[int, Watch] = {}
        self._seen: dict[int, str] = {}
        self._next = 1

    def __iter__(self) -> Iterator[Watch]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def add(self, text: str) -> Watch:
        """A new watch; the text was checked."""
        watch = Watch(self._next, text.strip())
        self._all[watch.id] = watch
        self._next += 1
        return watch

    def change(self, id_: int, text: str) -> None:
        """Another expression in the place of one; the text was checked. Raises UserError when there is none."""
        if id_ not in self._all:
            raise UserError(f"there is no watch {id_}")
        self._all[id_] = Watch(id_, text.strip())
        self._seen.pop(id_, None)

    def delete(self, id_: int) -> None:
        """Raises UserError when there is none of that number."""
        if id_ not in self._all:
            known = ", ".join(map(str, self._all)) or "there are none"
            raise UserError(f"there is no watch {id_}", f"known: {known}")
        del self._all[id_]
        self._seen.pop(id_, None)

    def clear(self) -> None:
        self._all.clear()
        self._seen.clear()

    def update(self, evaluator: Evaluates) -> tuple[WatchValue, ...]:
        """All values at a stop, compared with the stop before. Call it once a stop."""
        return tuple(self._update(watch, evaluator) for watch in self)

    def _update(self, watch: Watch, evaluator: Evaluates) -> WatchValue:
        previous = self._seen.get(watch.id)
        try:
            value, is_error = evaluator.show(watch.text), False
        except UserError as error:
            value, is_error = str(error), True
        self._seen[watch.id] = value
        changed = previous is not None and previous != value
        return WatchValue(watch.id, watch.text, value, is_error, changed, previous)

    # -- files -----------------------------------------------------------------------------------

    def load(self, folder: Path, module_bytes: bytes) -> None:
        """Adds the watches kept for a module. Raises UserError when the file cannot be read or is damaged."""
        path = _path(folder, module_bytes)
        try:
            if not path.exists():
                return
            if path.stat().st_size > _MOST_FILE_BYTES:
                raise ValueError
            kept = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(kept, list) or not all(isinstance(text, str) for text in kept):
                raise ValueError
        except OSError as error:
            raise UserError(f"cannot read the watches in {path}: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise UserError(f"{path} holds no watches", "delete it to start anew") from None
        for text in kept:
            self.add(text)

    def save(self, folder: Path, module_bytes: bytes) -> None:
        """Keeps the watches for a module; the file is whole or as it was. Raises UserError."""
        path = _path(folder, module_bytes)
        data = json.dumps([watch.text for watch in self], indent=1)
        try:
            _replace(path, data)
        except OSError as error:
            raise UserError(f"cannot keep the watches in {path}: {error.strerror}") from None


def _path(folder: Path, module_bytes: bytes) -> Path:
    return folder / f"{hashlib.sha256(module_bytes).hexdigest()}.json"


def _replace(path: Path, text: str) -> None:
    """Writes a file in one step: a reader sees the old one or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
