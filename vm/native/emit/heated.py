"""Handlers of accesses to memories that count where they touch them: they stand in the place of the others."""

from __future__ import annotations

from collections.abc import Mapping

from vm.native.emit import atomic, memory, vector_memory
from vm.native.ir import Body, Code, symbol

_SCALARS = {n: b for n, b in memory.HANDLERS.items() if ".load" in n or ".store" in n}
_LEFT = ("memory.fill", "memory.copy", *vector_memory.LANES)  # done by the runtime meanwhile


def heating(name: str) -> str:
    """The handler that counts."""
    return name + ".heated"


def _heating(body: Body) -> Body:
    def write(c: Code) -> None:
        c.heated = True
        body(c)

    return write


def _leaving(c: Code) -> None:
    c.jump(symbol("leave.watch"))


def _family(bodies: Mapping[str, Body]) -> Mapping[str, Body]:
    return {heating(name): _heating(body) for name, body in bodies.items()}


FAMILIES: Mapping[str, Mapping[str, Body]] = {
    "heated scalar": {**_family(_SCALARS), **dict.fromkeys(map(heating, _LEFT), _leaving)},
    "heated vector": _family(vector_memory.ACCESSES),
    "heated atomic": _family(atomic.HANDLERS),
}
HEATED = (*_SCALARS, *_LEFT, *vector_memory.ACCESSES, *atomic.HANDLERS)
