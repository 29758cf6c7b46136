"""The layouts pane: how another release would lay this module out, and why a field lies elsewhere there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.lab import Change, lay_out
from ui.render import lab
from ui.render.line import Line, Role, line, note
from ui.tui.context import Screen
from ui.tui.pane import Hints
from ui.tui.panes.lists import ListPane
from vm.eras import ERAS
from vm.layout import Era

_HIGH = 6  # rows: from there on the reason stands below


class LabPane(ListPane):
    """Every field of the structures in two releases: the other one's place, then this machine's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "other(1)", "an older release", id="lab.older"),
        Binding("right_square_bracket", "other(-1)", "a newer release", id="lab.newer"),
        Binding("space", "only", "only what differs, or all fields", id="lab.only"),
    ]
    hints: ClassVar[Hints] = (("[ ]", "other release"), ("Space", "all fields"))
    empty_text = "no other release has this runtime's structures"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "lab")
        self._other: Era | None = None
        self._all = False
        self._changes: dict[int, Change] = {}  # by row

    def _eras(self) -> list[Era]:
        """Releases of the same runtime but the machine's own, the newest first."""
        mine = self.shared.session.machine.layouts.era
        return [era for era in ERAS if era.runtime == mine.runtime and era is not mine]

    def lines(self) -> Iterator[Line]:
        session, eras = self.shared.session, self._eras()
        self._changes = {}
        if not eras:
            return
        if self._other not in eras:
            self._other = eras[0]
        module = session.instance().module
        old, new = lay_out(module, self._other), lay_out(module, session.machine.layouts.era)
        them = (f"{old.title}: VMContext {old.context.size:,} bytes", Role.NAME)
        yield line(them, "  →  ", (f"here {new.title}: {new.context.size:,} bytes", Role.HEADING))
        sources = [lab.FROM_SOURCE] if old.from_source_alone or new.from_source_alone else []
        yield from map(note, sources)
        for row, (shown, change) in enumerate(lab.changes(old, new, self._all), 1 + len(sources)):
            if change is not None:
                self._changes[row] = change
            yield shown

    def foot_height(self) -> int:
        return 1 if self.inner.height >= _HIGH else 0

    def foot(self, index: int) -> Line:
        """Why the field under the cursor lies elsewhere."""
        change = self._changes.get(self.cursor)
        return () if change is None else line((f"{change.struct}.{change.field}", Role.NAME), f"  {change.reason}")

    def cursor_moved(self) -> None:
        self.redraw_foot()

    def action_other(self, by: int) -> None:
        """The next release in that direction."""
        eras = self._eras()
        if eras and not self.shared.running:
            at = eras.index(self._other) if self._other in eras else 0
            self._other = eras[max(0, min(at + by, len(eras) - 1))]
            self.cursor = 0
            self.read()

    def action_only(self) -> None:
        """All fields, or those that differ."""
        if not self.shared.running:
            self._all = not self._all
            self.read()
