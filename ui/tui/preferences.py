"""What the user chose: a configuration file that is only read, and a folder where this program keeps things.

keys = "vim"            # default, vim or gdb
theme = "nord"
layout = "mine"         # one that was saved

[bind]
"run.over" = "n,f10"    # a binding's id and its keys
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ui.tui.key_sets import SETS, is_reserved, known_ids
from vm.errors import UserError

CONFIG_NAME = "config.toml"
_STATE_NAME = "screen.json"
_KNOWN = ("keys", "theme", "layout", "bind")
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Configuration:
    """The file's contents; `problems` are its bad entries, one line each, which are passed over."""

    keys: str = "default"
    theme: str = ""
    layout: str = ""
    bind: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[str, ...] = ()


def read_configuration(path: Path) -> Configuration:
    """The configuration; the usual one when there is no file."""
    try:
        if not path.exists():
            return Configuration()
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too long")
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # TOML's own error is a ValueError
        return Configuration(problems=(f"{path.name}: {error}",))
    problems = [f"{path.name}: {name!r} is not known" for name in found if name not in _KNOWN]
    texts = {name: _text(path, found, name, problems) for name in ("keys", "theme", "layout")}
    if texts["keys"] and texts["keys"] not in SETS:
        problems.append(f"{path.name}: keys: {texts['keys']!r} is none of {', '.join(SETS)}")
        texts["keys"] = ""
    bind = _bindings(path, found.get("bind", {}), problems)
    return Configuration(texts["keys"] or "default", texts["theme"], texts["layout"], bind, tuple(problems))


def _text(path: Path, found: Mapping[str, object], name: str, problems: list[str]) -> str:
    value = found.get(name, "")
    if isinstance(value, str):
        return value
    problems.append(f"{path.name}: {name} is to be a text")
    return ""


def _bindings(path: Path, found: object, problems: list[str]) -> Mapping[str, str]:
    if not isinstance(found, dict):
        problems.append(f"{path.name}: bind is to be a table")
        return {}
    out: dict[str, str] = {}
    ids = known_ids()
    for id_, keys in found.items():
        if id_ not in ids:
            problems.append(f"{path.name}: bind: nothing is called {id_!r}: help lists what there is")
        elif not isinstance(keys, str) or not keys:
            problems.append(f'{path.name}: bind: {id_}: keys are a text such as "n,f10"')
        elif any(is_reserved(key.strip()) for key in keys.split(",")):
            problems.append(f"{path.name}: bind: {id_}: shifted letters are reserved")
        else:
            out[id_] = keys
    return out


class Kept:
    """Things kept from run to run, in one file: hints that were of use, layouts. A damaged file counts as none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _STATE_NAME
        self._values: dict[str, object] = {}
        try:
            if self._path.stat().st_size <= _MOST_BYTES:
                found = json.loads(self._path.read_text(encoding="utf-8"))
                self._values = found if isinstance(found, dict) else {}
        except (OSError, ValueError, RecursionError):
            return

    def get(self, name: str) -> object:
        return self._values.get(name)

    def put(self, name: str, value: object) -> None:
        """Keeps a value. Raises UserError when the file cannot be written."""
        self._values[name] = value
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=_STATE_NAME)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._values, file, indent=1)
            Path(temporary).replace(self._path)
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Folders:
    """Where preferences are."""

    config: Path
    state: Path

    @classmethod
    def of_user(cls) -> Folders:
        """The user's own."""
        from platformdirs import user_config_path, user_state_path

        return cls(user_config_path("wasmscope", appauthor=False), user_state_path("wasmscope", appauthor=False))
