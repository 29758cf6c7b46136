"""Panes that list records: tables and funcrefs, the region map, breakpoints, watches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ui.render import runtime, stops
from ui.render.line import Line, Part, Role, columns, heading
from ui.tui.context import Screen
from ui.tui.line_view import LineView
from vm.memory import Region

_MOST_ELEMENTS = 4096  # of a table


class ListPane(LineView):
    """Lines made at each stop."""

    def __init__(self, screen: Screen, id: str) -> None:
        super().__init__(id=id)
        self.shared = screen
        self._lines: list[Line] = []

    def lines(self) -> Iterator[Line]:
        """What to show now."""
        yield from ()

    def follow(self) -> None:
        """Reads anew."""
        if not self.shared.running:
            self._lines = list(self.lines())
            self.show()

    def row_count(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Line:
        return self._lines[index]


class TablesPane(ListPane):
    """Tables of the selected frame's instance, and its funcrefs."""

    empty_text = "this module has no table and takes no function reference"

    def lines(self) -> Iterator[Line]:
        session = self.shared.session
        instance = session.instance()
        for i, table in enumerate(instance.tables):
            name = session.inspect.symbols(instance).table(i)
            yield heading(f"table {name}  {table.type.elem}, {table.size:,} elements")
            yield from runtime.table_elements(session.inspect.table_elements(instance, i, 0, _MOST_ELEMENTS))
        refs = session.inspect.func_refs(instance)
        if refs:
            yield heading(f"funcrefs  {len(refs)}")
            yield from runtime.func_refs(refs)


class MapPane(ListPane):
    """Every region of the address space; Enter opens one in the memory pane."""

    class Opened(Message):
        def __init__(self, region: Region) -> None:
            super().__init__()
            self.region = region

    def lines(self) -> Iterator[Line]:
        machine = self.shared.session.machine
        owners = {int(i.addr): i.name for i in machine.instances}
        self._regions = list(machine.space.regions())
        yield from runtime.regions(self._regions, owners)

    def action_choose(self) -> None:
        headings = len(self._lines) - len(self._regions)
        at = self.cursor - headings
        if 0 <= at < len(self._regions):
            self.post_message(self.Opened(self._regions[at]))


class BreakpointsPane(ListPane):
    """Breakpoints with their condition, hits and places."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "delete", "Delete", id="list.delete"),
        Binding("space", "toggle", "On/off", id="list.toggle"),
    ]
    empty_text = "no breakpoint: b in the code pane, or break LOCATION in the console"

    class Changed(Message):
        """One was switched or deleted."""

    def lines(self) -> Iterator[Line]:
        self._ids = [b.id for b in self.shared.session.breakpoints]
        yield from stops.breakpoints(self.shared.session.breakpoints)

    def _chosen(self) -> int | None:
        headings = len(self._lines) - len(self._ids)
        at = self.cursor - headings
        return self._ids[at] if 0 <= at < len(self._ids) else None

    def action_delete(self) -> None:
        if (id_ := self._chosen()) is not None:
            self.shared.session.breakpoints.delete(id_)
            self.post_message(self.Changed())

    def action_toggle(self) -> None:
        if (id_ := self._chosen()) is not None:
            found = self.shared.session.breakpoints.get(id_)
            found.enabled = not found.enabled
            self.post_message(self.Changed())


class WatchesPane(ListPane):
    """Watch expressions with their values, and what changed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d,delete", "delete", "Delete", id="watch.delete")]
    empty_text = "no watch expression: w adds one"

    class Deleted(Message):
        """One was deleted."""

    def lines(self) -> Iterator[Line]:
        self._ids = [w.id for w in self.shared.session.watches]
        rows: list[list[Part]] = []
        for value in self.shared.views.watch_values():
            role = Role.ERROR if value.is_error else Role.CHANGED if value.changed else Role.PLAIN
            change: Part = (f"Δ was {value.previous}", Role.CHANGED) if value.changed else ""
            rows.append([f"{value.id}", (value.text, Role.NAME), (value.value, role), change])
        yield from columns(rows)

    def action_delete(self) -> None:
        if self.cursor < len(self._ids):
            self.shared.session.watches.delete(self._ids[self.cursor])
            self.post_message(self.Deleted())
