"""Panes that list records: tables and funcrefs, the region map, breakpoints, watches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ui.render import runtime
from ui.render.line import Line
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, AtAddress, Goto, Target
from ui.tui.pane import Hints, Pane
from vm.memory import Region


class ListPane(Pane):
    """Lines made at each stop."""

    def __init__(self, screen: Screen, id: str) -> None:
        super().__init__(screen, id)
        self._lines: list[Line] = []

    def lines(self) -> Iterator[Line]:
        """What to show now."""
        yield from ()

    def read(self) -> None:
        self._lines = list(self.lines())
        self.show()

    def row_count(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Line:
        return self._lines[index]


class AddressPane(ListPane):
    """Lines of which some have an address; Enter goes there."""

    hints: ClassVar[Hints] = (("Enter", "open"),)

    def __init__(self, screen: Screen, id: str) -> None:
        super().__init__(screen, id)
        self._addresses: dict[int, int] = {}  # by row

    def action_choose(self) -> None:
        if (addr := self._addresses.get(self.cursor)) is not None:
            self.post_message(Goto(self.target(addr)))

    def target(self, addr: int) -> Target:
        """What Enter leads to."""
        return AtAddress(addr)


class MapPane(AddressPane):
    """Every region of the address space; Enter opens one in the memory pane."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "map")

    def target(self, addr: int) -> Target:
        return AsBytes(addr)

    def lines(self) -> Iterator[Line]:
        machine = self.shared.session.machine
        owners = {i.addr: i.name for i in machine.instances}
        found: list[Region] = list(machine.space.regions())
        self._addresses = {row: region.base for row, region in enumerate(found, 1)}
        yield from runtime.regions(found, owners)
