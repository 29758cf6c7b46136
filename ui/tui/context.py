"""What panes share: the session, its views, and whether the guest runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from debugger.session import Session
from ui.command import Context
from ui.views import Views


@dataclass
class Screen:
    """The session as panes see it. They read it only while `running` is false."""

    session: Session
    context: Context
    running: bool = False
    changes: Changes = field(default_factory=lambda: Changes())

    @property
    def views(self) -> Views:
        return self.context.views

    @property
    def readable(self) -> bool:
        """Whether the machine stands still with a call under way."""
        return not self.running and self.session.machine.control.depth > 0


class Changes:
    """Values of the present stop beside those of the one before, by a key of the pane's choice."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}
        self._now: dict[str, str] = {}

    def turn(self) -> None:
        """A new stop: what was now is before."""
        self._before, self._now = self._now, {}

    def note(self, key: str, value: str) -> str | None:
        """The value of the stop before when it was another one."""
        self._now[key] = value
        before = self._before.get(key)
        return before if before is not None and before != value else None

    def values(self) -> Mapping[str, str]:
        return self._now


Ask = Callable[[str, Callable[[str], None]], None]
