"""The exceptions pane: what is about to be thrown, the handler that will be chosen, what frames keep, and the tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from debugger.exceptions import in_flight, kept
from ui.guest_rows import tag_rows
from ui.render.line import Line, Role, columns, heading, line
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, AtAddress, AtCode, Goto, Target
from ui.tui.pane import Hints
from ui.tui.panes.lists import ListPane


class ExceptionsPane(ListPane):
    """Enter goes to the handler's code, to an exception's bytes, to a tag."""

    hints: ClassVar[Hints] = (("Enter", "open"),)
    empty_text = "no exception is in flight, no frame keeps one, and this module has no tags"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "exceptions")
        self._targets: dict[int, Target] = {}  # by row

    def lines(self) -> Iterator[Line]:
        self._targets = {}
        for row, (shown, target) in enumerate((*self._flying(), *self._kept(), *self._tags())):
            if target is not None:
                self._targets[row] = target
            yield shown

    def _flying(self) -> Iterator[tuple[Line, Target | None]]:
        session = self.shared.session
        flying = in_flight(session.machine, session.inspect)
        if flying is None:
            return
        made = "" if flying.exception is None else f" at {flying.exception:#x}"
        yield line(("about to be thrown  ", Role.HEADING), (flying.tag, Role.NAME), made), self._at(flying.exception)
        if flying.site is None:
            yield line("  ", ("nothing catches it: a trap", Role.WARNING)), None
        else:
            yield line("  goes to ", (flying.handler, Role.POINTER)), AtCode(flying.site)

    def _kept(self) -> Iterator[tuple[Line, Target | None]]:
        session = self.shared.session
        found = list(kept(session.machine, session.inspect))
        rows = columns([[k.where, (f"{k.exception:#x}", Role.ADDRESS), k.text] for k in found], indent="  ")
        if found:
            yield heading("kept by frames"), None
        yield from ((row, self._at(k.exception)) for row, k in zip(rows, found, strict=True))

    def _tags(self) -> Iterator[tuple[Line, Target | None]]:
        if not self.shared.session.machine.instances:
            return
        found = list(tag_rows(self.shared.session))
        if found:
            yield heading(f"tags  {len(found):,}"), None
        rows = columns([row for row, _ in found], indent="  ")
        yield from ((row, AtAddress(addr)) for row, (_, addr) in zip(rows, found, strict=True))

    def _at(self, exception: int | None) -> Target | None:
        region = self.shared.session.machine.gc.region
        return AsBytes(region.base + exception) if exception and region is not None else None

    def action_choose(self) -> None:
        if (target := self._targets.get(self.cursor)) is not None and not self.shared.running:
            self.post_message(Goto(target))
