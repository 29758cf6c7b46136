"""Panes that list records: tables and funcrefs, the region map, breakpoints, watches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from ui.render import runtime, stops
from ui.render.line import Line, Part, Role, columns
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, AtAddress, Changed, Goto, Target
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


class BreakpointsPane(ListPane):
    """Breakpoints with their condition, hits and places."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "delete", "delete the breakpoint", id="breakpoints.delete"),
        Binding("space", "switch", "switch it on or off", id="breakpoints.toggle"),
    ]
    hints: ClassVar[Hints] = (("x", "delete"), ("Space", "on/off"))
    empty_text = "no breakpoint: b in the code pane, or break LOCATION in the console"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "breakpoints")
        self._ids: list[int] = []

    def lines(self) -> Iterator[Line]:
        self._ids = [b.id for b in self.shared.session.breakpoints]
        yield from stops.breakpoints(self.shared.session.breakpoints)

    def _chosen(self) -> int | None:
        usable = self.cursor < len(self._ids) and not self.shared.running
        return self._ids[self.cursor] if usable else None

    def action_delete(self) -> None:
        if (id_ := self._chosen()) is not None:
            self.shared.session.breakpoints.delete(id_)
            self.post_message(Changed())

    def action_switch(self) -> None:
        if (id_ := self._chosen()) is not None:
            found = self.shared.session.breakpoints.get(id_)
            found.enabled = not found.enabled
            self.post_message(Changed())


class WatchesPane(ListPane):
    """Watch expressions with their values, and what changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "delete", "delete the watch", id="watches.delete"),
    ]
    hints: ClassVar[Hints] = (("x", "delete"), ("w", "add"))
    empty_text = "no watch expression: w adds one"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "watches")
        self._ids: list[int] = []

    def lines(self) -> Iterator[Line]:
        self._ids = [w.id for w in self.shared.session.watches]
        rows: list[list[Part]] = []
        for value in self.shared.views.watch_values():
            role = Role.ERROR if value.is_error else Role.CHANGED if value.changed else Role.NUMBER
            change: Part = (f"Δ was {value.previous}", Role.CHANGED) if value.changed else ""
            rows.append([(f"{value.id}", Role.LABEL), (value.text, Role.NAME), (value.value, role), change])
        yield from columns(rows)

    def action_delete(self) -> None:
        if self.cursor < len(self._ids) and not self.shared.running:
            self.shared.session.watches.delete(self._ids[self.cursor])
            self.post_message(Changed())
