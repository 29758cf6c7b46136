"""Screens as they are meant to look, kept as text and as SVG; `WASMSCOPE_UPDATE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import unified_diff
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from unittest import mock

import pytest

from tests.ui.screens import Shown

FOLDER = Path(__file__).parent / "snapshots"
_UPDATE = bool(os.environ.get("WASMSCOPE_UPDATE_SNAPSHOTS"))
_ARENAS, _BETWEEN = 0x3000_0000_0000, 0x100_0000_0000
_NATIVE = re.compile(r"0x[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}|0x3[0-9a-f]{3}_[0-9a-f]{4}_[0-9a-f]{4}|\b3[0-9a-f]{11}\b")
_SPEED = re.compile(r"[\d.]+ [kMG]?/s, [\d:.]+( s)?")
_MOST_TOLD = 60  # lines of a difference
_DRAWN_BY = ("textual", "rich")  # what an SVG's text depends on


@contextmanager
def known_addresses(number: int) -> Iterator[None]:
    """Machines made inside lie where they lie in every run, so that bytes of pointers are the same.

    Each test has a number of its own: another one's address space may not be given back yet.
    """
    gc.collect()
    with mock.patch("vm.memory._ARENA_HINT", _ARENAS + number * _BETWEEN):
        yield


def _without_addresses(shown: str) -> str:
    return _NATIVE.sub(lambda found: "#" * len(found[0]), shown)


def masked(shown: str) -> str:
    """Without native addresses and elapsed times; rows without what stands behind them."""
    return "\n".join(row.rstrip() for row in _SPEED.sub("# /s, # s", _without_addresses(shown)).split("\n")) + "\n"


class Snapshots:
    """Compares screens with what is kept; differences are told all at once, by `finish`."""

    def __init__(self) -> None:
        self._different: list[str] = []

    def text(self, screen: Shown, name: str) -> None:
        """The characters on the screen."""
        self._compare(FOLDER / f"{name}.txt", masked(screen.text()))

    def svg(self, screen: Shown, name: str) -> None:
        """With colours and styles; the same versions of what draws it give the same text."""
        self._compare(FOLDER / f"{name}.svg", _without_addresses(screen.app.export_screenshot(title=name)) + "\n")

    def _compare(self, path: Path, found: str) -> None:
        if _UPDATE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(found, encoding="utf-8")
            return
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        if found != known:
            lines = unified_diff(known.splitlines(), found.splitlines(), path.name, "now", lineterm="", n=1)
            self._different.append("\n".join(line[:240] for line in islice(lines, _MOST_TOLD)))

    def finish(self) -> None:
        assert not self._different, "\n\n".join(self._different)


def needs_same_drawing() -> None:
    """Skips where SVGs were made with other versions of what draws them."""
    path, now = FOLDER / "versions.txt", "".join(f"{name} {version(name)}\n" for name in _DRAWN_BY)
    if _UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    elif now != path.read_text(encoding="utf-8"):
        pytest.skip(f"the SVGs were made with {path.read_text(encoding='utf-8').split()}, this is {now.split()}")
