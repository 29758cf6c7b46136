"""What panes share: the session, its views, whether the guest runs, and how things were at the stop before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from debugger.session import Session
from ui.command import Context
from ui.tui.snapshot import Snapshot
from ui.tui.speed import Speed
from ui.views import Views
from vm.stop import Site


class Placing(Protocol):
    """Who sets breakpoints: asked directly, as a message would come after the key that is typed next."""

    def toggle(self, where: Site | str) -> None:
        """A breakpoint is to be set, or taken away."""
        ...

    def watch_changes(self, expression: str) -> None:
        """A watchpoint is to be set, or taken away."""
        ...

    def last_write(self, expression: str) -> None:
        """Go back to the instruction that last wrote something."""
        ...

    def go_to_tick(self, tick: int) -> None:
        """Go to a moment of the recording."""
        ...

    def run_to(self, where: Site | str) -> None:
        """Run until a place is reached."""
        ...


@dataclass
class Screen:
    """The session as panes see it. They read it only while `running` is false."""

    session: Session
    context: Context
    placing: Placing
    running: bool = False
    validating: int | None = None  # percent done of the validation under way

    def __post_init__(self) -> None:
        self.speed = Speed()
        self.before = Snapshot(self.session)

    @property
    def views(self) -> Views:
        return self.context.views

    @property
    def readable(self) -> bool:
        """Whether the machine stands still with a call under way."""
        return not self.running and self.session.machine.control.depth > 0
