"""Handlers that write down which block they go to: they stand in the place of the others while there is a trace."""

from __future__ import annotations

from collections.abc import Mapping

from vm.native.emit import control
from vm.native.ir import Body, Code

_GOING = ("br", "if", "call", "return")
TRACED = tuple(name for name in control.HANDLERS if name.startswith(_GOING))


def tracing(name: str) -> str:
    """The handler that writes down where it goes."""
    return name + ".traced"


def _tracing(body: Body) -> Body:
    def write(c: Code) -> None:
        c.traced = True
        body(c)

    return write


FAMILIES: Mapping[str, Mapping[str, Body]] = {
    "traced": {tracing(name): _tracing(control.HANDLERS[name]) for name in TRACED}
}
