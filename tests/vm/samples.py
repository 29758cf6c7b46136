"""The compiled modules of `tests/data`."""

from __future__ import annotations

from pathlib import Path

from vm.decode import decode
from vm.module import Module

FOLDER = Path(__file__).parents[1] / "data"
NAMES = ("sort", "matrix", "calculator", "hash", "words", "sizes")


def sample(name: str) -> Module:
    """One of `NAMES`, decoded."""
    return decode((FOLDER / f"{name}.wasm").read_bytes())
