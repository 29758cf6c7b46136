"""Going places: which pane shows what lies there, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from ui.tui.messages import AsBytes, AtAddress, AtCode, AtFrame, Target
from ui.tui.pane import Pane
from ui.tui.shell import Shell
from vm.errors import UserError

_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class _Step:
    """Where the keys were, and where the pane that then showed the target stood."""

    active: str
    active_spot: object
    shown: str
    shown_spot: object


class Navigation:
    """One history for all panes."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._past: list[_Step] = []

    def go(self, target: Target) -> None:
        """Shows a target in the first pane that can. Raises UserError when none does."""
        if isinstance(target, AtFrame):
            self.select(target.number)
            return
        pane = next((p for p in self._shell.desk.all_panes() if p.shows(target)), None)
        if pane is None:
            raise UserError(_nothing_there(target))
        step = self._step(pane)
        self._shell.desk.go_to(pane.id or "")
        pane.open(target)
        self._past = [*self._past, step][-_MOST_STEPS:]

    def back(self) -> None:
        """To where the last step began. Raises UserError when there was none."""
        if not self._past:
            raise UserError("nothing to come back to: Enter follows pointers and calls")
        step = self._past.pop()
        desk = self._shell.desk
        if (shown := desk.pane(step.shown)) is not None:
            shown.go_back(step.shown_spot)
        desk.go_to(step.active)
        if step.active != step.shown and (active := desk.pane(step.active)) is not None:
            active.go_back(step.active_spot)

    def location(self, text: str) -> Target:
        """Code by its location text. Raises UserError."""
        found = self._shell.shared.session.resolver.resolve(text)
        if not found:
            raise UserError(f"nothing is called {text!r}")
        return AtCode(found[0].site)

    def select(self, number: int) -> None:
        """Another frame, for every pane. Raises UserError when there is none."""
        self._shell.shared.session.select_frame(number)
        self._shell.follow()

    def select_by(self, by: int) -> None:
        """The frame outside, or inside."""
        self.select(self._shell.shared.session.selected + by)

    def forget(self) -> None:
        """The machine is another one: nothing leads back."""
        self._past.clear()

    def _step(self, shown: Pane) -> _Step:
        active = self._shell.desk.active
        pane = self._shell.desk.pane(active)
        return _Step(active, pane.spot() if pane is not None else None, shown.id or "", shown.spot())


def _nothing_there(target: Target) -> str:
    match target:
        case AtAddress(addr) | AsBytes(addr):
            return f"nothing is mapped at {addr:#x}"
        case _:
            return "no pane shows that"
