"""Small worlds for tests: a module from its text."""

from __future__ import annotations

from vm.decode import decode
from vm.module import Module
from vm.text import assemble


def module(wat: str) -> Module:
    """A decoded module; `wat` may be bare module fields."""
    return decode(assemble(wat, "test.wat"))
