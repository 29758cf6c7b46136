"""Code and source: which of them is in front, and keeping both in step."""

from __future__ import annotations

from typing import Literal

from ui.render.line import Role
from ui.tui.panes.code import CodePane
from ui.tui.panes.placing import PlacingPane
from ui.tui.panes.source import SourcePane
from ui.tui.shell import Shell
from vm.errors import UserError
from vm.instance import Instance

Preference = Literal["source", "split", "code"]
_NEXT: dict[Preference, Preference] = {"source": "split", "split": "code", "code": "source"}


class Sides:
    """`source` shows the source where there is some, else the code; `split` shows both."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._followed: tuple[object, int, int] | None = None
        self.preference: Preference = "source"
        self._preferred = False  # by the user, in an earlier session

    def prefer(self, preference: object) -> None:
        """As it was when a session was saved; what is not understood counts as nothing."""
        for known in _NEXT:
            if preference == known:
                self.preference, self._preferred = known, True

    @property
    def code(self) -> CodePane:
        pane = self._shell.desk.pane("code")
        assert isinstance(pane, CodePane)
        return pane

    @property
    def source(self) -> SourcePane:
        pane = self._shell.desk.pane("source")
        assert isinstance(pane, SourcePane)
        return pane

    @property
    def front(self) -> PlacingPane:
        """The one that keys are about: what is shown, of both the one that had the keys last."""
        return self.source if self._shell.desk.latest(("code", "source")) == "source" else self.code

    @property
    def wanted(self) -> str:
        """What their key goes to: the one in front; where both are in sight and it has the keys, the other."""
        desk, front = self._shell.desk, self.front
        if desk.divided and desk.active == front.id:
            return "source" if front is self.code else "code"
        return "source" if front is self.source else "code"

    @property
    def by_line(self) -> bool:
        """Whether a step is a source line."""
        return isinstance(self.front, SourcePane) and self.source.row_count() > 0

    def settle(self) -> None:
        """After a stop or another frame: brings to the front what the preference says."""
        session = self._shell.shared.session
        key = (session.machine, session.stop_id, session.selected)
        if key != self._followed and self._shell.shared.readable:
            if self._followed is None and session.loaded.text is not None and not self._preferred:
                self.preference = "code"  # a module that was written as text: the disassembly says as much, and more
            self._followed = key
            self._arrange()

    def _arrange(self) -> None:
        desk = self._shell.desk
        desk.divide(self.preference == "split")
        if self.preference == "split":
            return
        wanted = "source" if self.preference == "source" and not self.lacks_source else "code"
        if desk.active in ("code", "source"):
            desk.go_to(wanted)
        else:
            desk.show(wanted)

    @property
    def lacks_source(self) -> str:
        """Why there is no source to show; empty when there is."""
        shared = self._shell.shared
        frame = shared.session.frame() if shared.readable else None
        place = shared.views.listings.place(frame) if frame is not None else None
        if place is None:
            return "this function has no source lines: its module carries no DWARF and no source map for it"
        return "" if place.text is not None else f"{place.file} was not found"

    def switch(self) -> None:
        """Source, both, code, and around again."""
        if self.lacks_source:
            self._shell.say((self.lacks_source, Role.WARNING))
            return
        self.preference = _NEXT[self.preference]
        self._arrange()
        if self.preference == "split" and not self._shell.desk.divided:
            self.switch()

    def arrived(self) -> None:
        """After going to code: its source is shown where that is preferred and there."""
        code = self.code
        if self._shell.desk.active != "code" or self.preference != "source" or (at := code.here) is None:
            return
        place = self._shell.shared.views.listings.place_at(*at)
        if place is not None and place.text is not None:
            self._shell.desk.go_to("source")
            self.source.point_at(*at)

    def show_file(self, instance: Instance, file: str) -> None:
        """A source file, from its start. Raises UserError when it is not there to be read."""
        place = self._shell.shared.views.listings.first_line(instance, file)
        if place is None or place.text is None:
            raise UserError(f"{file} was not found")
        self._shell.desk.go_to("source")
        self.source.show_place(instance, place)

    # -- in step ---------------------------------------------------------------------------------

    def code_moved(self, message: CodePane.Moved) -> None:
        """The source follows the code pane's cursor."""
        if self.source.display and self._shell.desk.active == "code":
            self.source.point_at(message.instance, message.offset)

    def source_moved(self, message: SourcePane.Moved) -> None:
        """The code follows the source pane's cursor."""
        if not self.code.display or self._shell.desk.active != "source":
            return
        table = self._shell.shared.session.lines_of(message.instance)
        offsets = table.offsets_of(message.file, message.line) if table is not None else ()
        exact = [offset for offset, line in offsets if line == message.line]
        if exact:
            self.code.point_at(message.instance, exact[0])
