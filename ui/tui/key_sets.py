"""Key sets, and keys of the user's own: which keys each binding has, by the binding's id.

A pane's own key goes before one that works everywhere. Shifted letters stay free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from textual.binding import Binding

from ui.tui.keys import EVERYWHERE
from ui.tui.line_view import LineView
from ui.tui.registry import PANES

_VIM = {
    "code.next_match": "n,full_stop",
    "memory.next_match": "n,full_stop",
    "run.over": "o,f10",
    "pane.output": "y",
    "list.half_up": "ctrl+u",
    "list.half_down": "ctrl+d",
    "list.page_up": "pageup,ctrl+b",
    "list.page_down": "pagedown,ctrl+f",
    "list.top": "home,0,g",  # so that gg goes there
    "go.to": "ctrl+g",
    "memory.goto": "ctrl+g",
    "list.bottom": "end,dollar_sign",
    "pane.watches": "w",
    "watch.add": "f7",
    "go.back": "backspace,ctrl+t",
}
_GDB = {  # the single keys of gdb's own screen
    "run.over_instruction": "o",
    "pane.output": "y",
    "go.locals": "v",
    "go.frames": "w",
    "watch.add": "f7",
    "code.switch": "backslash",
}
SETS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"default": MappingProxyType({}), "vim": MappingProxyType(_VIM), "gdb": MappingProxyType(_GDB)}
)


def pane_bindings() -> Iterator[tuple[str, Binding]]:
    """Every binding with an id, with the pane that has it; "" for those that work everywhere."""
    yield from (("", binding) for binding in EVERYWHERE)
    yield from (("list", b) for b in LineView.BINDINGS if isinstance(b, Binding))
    seen: set[str] = set()
    for kind in PANES:
        for owner in _classes(kind.make):
            for binding in owner.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id and binding.id not in seen:
                    seen.add(binding.id)
                    yield kind.id, binding


def _classes(made: object) -> Iterator[type]:
    if isinstance(made, type):
        yield from (c for c in made.__mro__ if c is not LineView and c.__module__.startswith("ui."))


def known_ids() -> frozenset[str]:
    return frozenset(binding.id for _, binding in pane_bindings() if binding.id)


def is_reserved(key: str) -> bool:
    """Whether a key is a shifted letter."""
    return len(key) == 1 and key.isupper()
