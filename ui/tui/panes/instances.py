"""The instances pane: every module instance of the store."""

from __future__ import annotations

from typing import ClassVar

from ui.render.line import Line, Role, line
from ui.render.runtime import address
from ui.tui.context import Screen
from ui.tui.messages import AtAddress, Goto
from ui.tui.pane import Hints, Pane
from vm.instance import Instance


class InstancesPane(Pane):
    """One row an instance; Enter shows its VMContext."""

    empty_text = "no instance"
    hints: ClassVar[Hints] = (("Enter", "VMContext"),)

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "instances")
        self._instances: list[Instance] = []

    def read(self) -> None:
        self._instances = list(self.shared.session.machine.instances)
        self.border_subtitle = f"{len(self._instances):,}"
        self.show()

    def row_count(self) -> int:
        return len(self._instances)

    def row(self, index: int) -> Line:
        found = self._instances[index]
        module = found.module
        return line(
            ("▶ " if index == self.marked() else "  ", Role.PC), (f"#{found.number}  ", Role.LABEL),
            (found.name, Role.NAME), ("  " + address(found.addr), Role.ADDRESS), f"  {len(module.bodies):,} functions",
            (f"  {len(module.imports):,} imports", Role.DIM),
        )  # fmt: skip

    def marked(self) -> int | None:
        """The selected frame's."""
        if self.shared.running or not self._instances:
            return None
        here = self.shared.session.instance()
        return next((i for i, found in enumerate(self._instances) if found is here), None)

    def action_choose(self) -> None:
        if self._instances:
            self.post_message(Goto(AtAddress(self._instances[self.cursor].addr)))
