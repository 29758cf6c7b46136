"""Handlers that write down which block they go to, or count it: they stand in the place of the others for a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vm.native.emit import control
from vm.native.ir import Body, Code

_GOING = ("br", "if", "call", "return")
FOLLOWED = tuple(name for name in control.HANDLERS if name.startswith(_GOING))


def tracing(name: str) -> str:
    """The handler that writes down where it goes."""
    return name + ".traced"


def counting(name: str) -> str:
    """The handler that counts where it goes."""
    return name + ".counted"


def _tracing(body: Body) -> Body:
    def write(c: Code) -> None:
        c.traced = True
        body(c)

    return write


def _counting(body: Body) -> Body:
    def write(c: Code) -> None:
        c.counted = True
        body(c)

    return write


def _family(name_of: Callable[[str], str], made: Callable[[Body], Body]) -> Mapping[str, Body]:
    return {name_of(name): made(control.HANDLERS[name]) for name in FOLLOWED}


FAMILIES: Mapping[str, Mapping[str, Body]] = {
    "traced": _family(tracing, _tracing),
    "counted": _family(counting, _counting),
}
