"""VMOpaqueContext: what a context pointer leads to, by the magic word it begins with; and the checked cast from it.

Source: VMContext::from_opaque and its siblings, which assert the magic. An era without magics knows no such check.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.errors import MemoryFault, WasmscopeError
from vm.layout import Era, Layouts, Memory
from vm.types import Addr

_MAGIC_BYTES = 4
KINDS: Mapping[str, str] = MappingProxyType({
    "vmctx": "a core instance's VMContext",
    "array_call_host_func": "a host function's context (array call)",
    "native_call_host_func": "a host function's context (native call)",
    "component_vmctx": "a component's VMComponentContext",
})  # fmt: skip


class WrongContext(WasmscopeError):
    """A context pointer that leads to something else than it was taken for."""

    def __init__(self, addr: int, wanted: str, found: str) -> None:
        super().__init__(addr, wanted, found)
        self.addr, self.wanted, self.found = addr, wanted, found

    def __str__(self) -> str:
        return f"{self.wanted} is expected at {self.addr:#x}, but there is {self.found}"


def context_kind(memory: Memory, era: Era, addr: Addr) -> str | None:
    """Which of the era's magics a context begins with; None: none of them. Raises MemoryFault."""
    found = memory.read(addr, _MAGIC_BYTES)
    # where a host function's context is an instance's, that is what it is
    kinds = sorted(era.magics, key=lambda kind: kind != "vmctx")
    return next((kind for kind in kinds if era.magics[kind].encode() == found), None)


def from_opaque(memory: Memory, layouts: Layouts, addr: Addr, wanted: str = "vmctx") -> Addr:
    """The address, once its magic says that it is what it is taken for. Raises WrongContext."""
    era = layouts.era
    if wanted not in era.magics:
        return addr
    try:
        kind = context_kind(memory, era, addr)
    except MemoryFault:
        raise WrongContext(addr, KINDS[wanted], "no memory") from None
    if kind == wanted:
        return addr
    if kind is not None:
        raise WrongContext(addr, KINDS[wanted], f'{KINDS[kind]} ("{era.magics[kind]}")')
    word = memory.read(addr, _MAGIC_BYTES)
    raise WrongContext(addr, KINDS[wanted], f"no context: it begins with {word.hex(' ')}")
