"""The pane of the runtime's structures on a real Wasmtime: calls of exports, and what they changed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from debugger.live import Live
from debugger.live_runtime import LiveRuntime, runtime_of
from ui.text import safe
from ui.tui.context import Screen
from ui.tui.messages import AtAddress, Goto, Told
from ui.tui.panes.vmctx import VmctxPane
from ui.tui.themes import DARK, THEMES
from vm.errors import MemoryFault, WasmscopeError
from vm.types import Addr

_ONLY_READ = "a real runtime's memory is only read here"


@dataclass
class _Before:
    """Blocks as they were before the last call."""

    runtime: LiveRuntime
    now: list[tuple[int, bytes]] = field(default_factory=list)
    before: list[tuple[int, bytes]] = field(default_factory=list)

    def turn(self, first: Addr) -> None:
        """A call is over: what was now is before."""
        self.before, self.now = self.now, []
        for block in self.runtime.blocks(first):
            self.now.append((block.addr, self.runtime.reader.read(block.addr, block.size)))

    def previous(self, addr: int, size: int) -> bytes | None:
        """What lay there before the last call; None when nothing changed or that is not known."""
        for start, data in self.before:
            if start <= addr and addr + size <= start + len(data):
                was = data[addr - start : addr - start + size]
                try:
                    return was if was != self.runtime.reader.read(Addr(addr), size) else None
                except MemoryFault:
                    return None
        return None


@dataclass
class _Shared:
    """What the pane takes from the debugger's screen: here nothing runs and nothing can be set."""

    before: _Before
    running: bool = False


class LivePane(VmctxPane):
    """The structures of a live store."""

    def __init__(self, live: Live, shared: _Shared) -> None:
        super().__init__(cast(Screen, shared))
        self.live = live

    def read(self) -> None:
        """Looks again: tables and memories may have grown."""
        at = self._entry()
        self.show_runtime(runtime_of(self.live), self.live.main.vmctx)
        if at is not None and (place := self._outline.find(at.addr)) is not None:
            self.cursor = self._outline.index(place) or 0
        self.show()
        self._point()

    def action_telescope(self) -> None:
        self.post_message(Told(_ONLY_READ))

    def action_edit(self) -> None:
        self.post_message(Told(_ONLY_READ))

    def action_watch_changes(self) -> None:
        self.post_message(Told(_ONLY_READ))


class LiveApp(App[int]):
    """One pane, and a line in which exports are called."""

    TITLE = "wasmscope live"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #title, #said { height: 1; width: 100%; background: $panel; padding: 0 1; }
    LivePane { height: 1fr; border: round $primary; }
    #call { height: 1; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "leave"),
        Binding("colon,c", "call", "call an export"),
        Binding("escape", "look", "back to the structures"),
    ]

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        runtime = runtime_of(live)
        self.before = _Before(runtime)
        self.before.turn(live.main.vmctx)
        self.pane = LivePane(live, _Shared(self.before))

    def compose(self) -> ComposeResult:
        layout = f"layout of {self.live.layouts.era.title}"
        yield Static(Content(safe(f"{self.live.main.name} in wasmtime {self.live.version}, {layout}")), id="title")
        yield self.pane
        yield Static(Content("c calls an export, Enter opens, q leaves"), id="said")
        yield Input(id="call", compact=True, placeholder="EXPORT ARGS")

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK
        self.pane.focus()
        self.pane.read()

    def say(self, text: str) -> None:
        """One line above the input."""
        self.query_one("#said", Static).update(Content(safe(text)))

    def action_call(self) -> None:
        """The keys go to the line of calls."""
        self.screen.set_focus(self.query_one(Input))  # at once, so that the next key goes there

    def action_look(self) -> None:
        """And back to the pane."""
        self.pane.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Calls an export and shows what it changed."""
        try:
            name, *args = shlex.split(event.value) or [""]
            called = self.live.call(name, args)
        except (WasmscopeError, ValueError) as error:
            self.say(str(error))
            return
        event.input.value = ""
        self.before.turn(self.live.main.vmctx)
        outcome = f"stopped by {called.trap}" if called.trap else "→ " + (", ".join(called.results) or "no results")
        self.say(f"{called.label} {outcome}")
        self.pane.read()
        self.pane.forget()
        self.pane.refresh()
        self.pane.focus()

    def on_goto(self, event: Goto) -> None:
        """A pointer was followed."""
        if isinstance(event.target, AtAddress) and self.pane.shows(event.target):
            self.pane.open(event.target)
        else:
            self.say("what that leads to is not among these structures")

    def on_told(self, event: Told) -> None:
        """Something was refused."""
        self.say("".join(text for text, _ in event.told))


def run_live_screen(live: Live) -> int:
    """Opens the screen; the exit code."""
    app = LiveApp(live)
    found: Any = app.run()
    return int(found or 0)
