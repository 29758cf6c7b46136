"""The screen for memory that is only read: a live Wasmtime's, whose exports can be called, or a capture's."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from debugger.foreign import Foreign
from debugger.live import Called
from debugger.structures import Reader
from ui.text import safe
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, AtAddress, Goto, Told
from ui.tui.panes.foreign_bytes import ForeignBytes
from ui.tui.panes.vmctx import VmctxPane
from ui.tui.themes import DARK, THEMES
from vm.errors import MemoryFault, WasmscopeError
from vm.types import Addr

_ONLY_READ = "this memory is only read here"
_MOST_KEPT_BYTES = 64 << 20  # of the memories before a call

Call = Callable[[str, tuple[str, ...]], Called]


@dataclass
class _Before:
    """Bytes as they were before the last call."""

    reader: Reader
    now: list[tuple[int, bytes]] = field(default_factory=list)
    before: list[tuple[int, bytes]] = field(default_factory=list)

    def turn(self, foreign: Foreign) -> None:
        """A call is over, or none was made yet: what was now is before."""
        self.before, self.now, room = self.now, [], _MOST_KEPT_BYTES
        for extent in foreign.extents():
            count = min(extent.size, room)
            try:
                self.now.append((extent.addr, self.reader.read(extent.addr, count)))
            except MemoryFault:
                continue
            room -= count

    def previous(self, addr: int, size: int) -> bytes | None:
        """What lay there before the last call; None when nothing changed or that is not known."""
        for start, data in self.before:
            if start <= addr and addr + size <= start + len(data):
                was = data[addr - start : addr - start + size]
                try:
                    return was if was != self.reader.read(Addr(addr), size) else None
                except MemoryFault:
                    return None
        return None


@dataclass
class _Shared:
    """What the pane takes from the debugger's screen: here nothing runs and nothing can be set."""

    before: _Before
    running: bool = False


class ForeignFields(VmctxPane):
    """The structures."""

    def __init__(self, foreign: Foreign, shared: _Shared) -> None:
        super().__init__(cast(Screen, shared))
        self.foreign = foreign

    def read(self) -> None:
        """Looks again: tables and memories may have grown."""
        at = self._entry()
        self.show_runtime(self.foreign.runtime(), self.foreign.first)
        if at is not None and (place := self._outline.find(at.addr)) is not None:
            self.cursor = self._outline.index(place) or 0
        self.forget()
        self.show()
        self._point()

    def action_telescope(self) -> None:
        self.post_message(Told(_ONLY_READ))

    def action_edit(self) -> None:
        self.post_message(Told(_ONLY_READ))

    def action_watch_changes(self) -> None:
        self.post_message(Told(_ONLY_READ))

    def action_last_write(self) -> None:
        self.post_message(Told(_ONLY_READ))


class ForeignApp(App[int]):
    """Structures above, bytes below, and a line in which exports are called, where there are any to call."""

    TITLE = "wasmscope"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #title, #said { height: 1; width: 100%; background: $panel; padding: 0 1; }
    ForeignFields, ForeignBytes { border: round $foreground 30%; }
    ForeignFields { height: 2fr; }
    ForeignBytes { height: 1fr; }
    ForeignFields:focus, ForeignBytes:focus { border: round $primary; }
    #call { height: 1; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "leave"),
        Binding("colon,c", "call", "call an export"),
        Binding("escape", "look", "back to the structures"),
        Binding("tab", "other", "the other pane"),
    ]

    def __init__(self, foreign: Foreign, call: Call | None = None) -> None:
        super().__init__()
        self.foreign, self._call = foreign, call
        reader = foreign.runtime().reader
        self.before = _Before(reader)
        self.before.turn(foreign)
        self.fields, self.bytes = ForeignFields(foreign, _Shared(self.before)), ForeignBytes(reader, self.before)

    def compose(self) -> ComposeResult:
        calls = self._call is not None
        keys = f"{'c calls an export, ' if calls else ''}Enter follows, Tab: bytes, [ ] other bytes, q leaves"
        yield Static(Content(safe(self.foreign.title)), id="title")
        yield self.fields
        yield self.bytes
        yield Static(Content(keys), id="said")
        if calls:
            yield Input(id="call", compact=True, placeholder="EXPORT ARGS")

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK
        self.fields.focus()
        self.look_again()

    def look_again(self) -> None:
        """Reads everything."""
        self.fields.read()
        self.bytes.read(list(self.foreign.extents()))

    def say(self, text: str) -> None:
        """One line above the input."""
        self.query_one("#said", Static).update(Content(safe(text)))

    def action_call(self) -> None:
        """The keys go to the line of calls."""
        if self._call is not None:
            self.screen.set_focus(self.query_one(Input))  # at once, so that the next key goes there

    def action_look(self) -> None:
        """And back to the structures."""
        self.screen.set_focus(self.fields)

    def action_other(self) -> None:
        """From the structures to the bytes, or back."""
        self.screen.set_focus(self.bytes if self.fields.has_focus else self.fields)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Calls an export and shows what it changed."""
        assert self._call is not None
        try:
            name, *args = shlex.split(event.value) or [""]
            called = self._call(name, tuple(args))
        except (WasmscopeError, ValueError) as error:
            self.say(str(error))
            return
        event.input.value = ""
        self.before.turn(self.foreign)
        outcome = f"stopped by {called.trap}" if called.trap else "→ " + (", ".join(called.results) or "no results")
        self.say(f"{called.label} {outcome}")
        self.look_again()
        self.action_look()

    def on_goto(self, event: Goto) -> None:
        """A pointer was followed: to a structure, else to bytes."""
        target = event.target
        if isinstance(target, AtAddress) and self.fields.shows(target):
            self.fields.open(target)
        elif not isinstance(target, AtAddress | AsBytes) or not self.bytes.go_to(target.addr):
            self.say("what that leads to cannot be read here")

    def on_told(self, event: Told) -> None:
        """Something was refused."""
        self.say("".join(text for text, _ in event.told))


def run_foreign_screen(foreign: Foreign, call: Call | None = None) -> int:
    """Opens the screen; the exit code."""
    found: Any = ForeignApp(foreign, call).run()
    return int(found or 0)
