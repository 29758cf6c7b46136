"""The source pane: the file that the selected frame's code was compiled from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import ClassVar

from textual.message import Message

from ui.listings import SourcePlace
from ui.render import code
from ui.render.line import Line, line
from ui.render.stops import glyph_of
from ui.tui.context import Screen
from ui.tui.literal import literal
from ui.tui.pane import Hints
from ui.tui.panes.placing import PlacingPane
from vm.instance import Instance
from vm.stop import Site


class SourcePane(PlacingPane):
    """Follows the selected frame; a step here is a source line."""

    hints: ClassVar[Hints] = (("code.switch", "code"), ("code.search", "search"))
    empty_text = "no source: this code carries no line information, or its file was not found; v shows the code"

    class Moved(Message):
        """The cursor is on another line."""

        def __init__(self, instance: Instance, file: str, line: int) -> None:
            super().__init__()
            self.instance, self.file, self.line = instance, file, line

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "source")
        self._instance: Instance | None = None
        self._place: SourcePlace | None = None
        self._followed: tuple[object, int, int] | None = None
        self._glyphs: dict[int, str] = {}
        self._here: int | None = None  # the selected frame's line in this file
        self._found = ""

    def read(self) -> None:
        """Goes to the selected frame's line once that is another; else only marks are drawn anew."""
        session = self.shared.session
        key = (session.machine, session.stop_id, session.selected)
        frame = session.frame() if self.shared.readable else None
        place = self.shared.views.listings.place(frame) if frame is not None else None
        if key != self._followed and frame is not None:
            self._followed, self._instance = key, frame.instance
            self._place = place
        same = place is not None and self._place is not None and place.file == self._place.file
        self._here = place.line if place is not None and same else None
        self._show(self._here if key == self._followed and same else None)

    def _show(self, line_: int | None) -> None:
        place = self._place
        self._glyphs = self._glyphs_by_line() if place is not None else {}
        self.border_subtitle = "" if place is None else literal(place.short)
        self.show(None if line_ is None else line_ - 1)

    def refresh_marks(self) -> None:
        self._here = None if self.shared.running else self._here
        self._show(None)

    def _glyphs_by_line(self) -> dict[int, str]:
        assert self._place is not None
        out: dict[int, str] = {}
        for breakpoint_ in self.shared.session.breakpoints:
            for resolved in breakpoint_.resolved:
                instance = self.shared.session.machine.instance_at(resolved.site.vmctx)
                if instance is None or instance is not self._instance:
                    continue
                offset = instance.facts(resolved.site.func).instrs[resolved.site.pc].offset
                found = self.shared.views.listings.place_at(instance, offset)
                if found is not None and found.file == self._place.file:
                    out[found.line] = glyph_of(breakpoint_)
        return out

    def point_at(self, instance: Instance, offset: int) -> None:
        """The cursor on the line of an instruction: the code pane's."""
        place = self.shared.views.listings.place_at(instance, offset)
        if place is not None:
            self.show_place(instance, place)

    def show_place(self, instance: Instance, place: SourcePlace) -> None:
        """The cursor on a line of any file."""
        if self._place is None or place.file != self._place.file or instance is not self._instance:
            self._instance, self._place = instance, place
            frame = self.shared.session.frame() if self.shared.readable else None
            here = self.shared.views.listings.place(frame) if frame is not None else None
            self._here = here.line if here is not None and here.file == place.file else None
        self._place = place
        self._show(place.line)

    def spot(self) -> object:
        return self._instance, self._place, self.cursor

    def go_back(self, spot: object) -> None:
        match spot:
            case (Instance() as instance, SourcePlace() as place, int(cursor)):
                self._instance, self._place = instance, place
                self._show(cursor + 1)

    @property
    def _text(self) -> tuple[object, ...]:
        return () if self._place is None or self._place.text is None else self._place.text

    def row_count(self) -> int:
        return len(self._text)

    def row(self, index: int) -> Line:
        if self._place is None or self._place.text is None:
            return ()
        is_caller = self.shared.session.selected > 0
        found = code.source_window(self._place.text, self._here, index + 1, index + 1, self._glyphs, is_caller)
        return found[0] if found else line()

    def marked(self) -> int | None:
        return None if self._here is None else self._here - 1

    def where(self, row: int) -> Site | str | None:
        return None if self._place is None else f"{PurePosixPath(self._place.file).name}:{row + 1}"

    def cursor_moved(self) -> None:
        if self._place is not None and self._instance is not None:
            self._place = replace(self._place, line=self.cursor + 1)
            self.border_subtitle = literal(self._place.short)
            self.post_message(self.Moved(self._instance, self._place.file, self.cursor + 1))

    # -- searching -------------------------------------------------------------------------------

    def action_search(self) -> None:
        self.ask("search source for", self._search, self._found)

    def _search(self, text: str) -> None:
        self._found = text
        self.action_again(1)

    def action_again(self, by: int) -> None:
        """The next line with the text, around the end."""
        if not self._found or self._place is None or self._place.text is None:
            return
        wanted, count = self._found.casefold(), self.row_count()
        for i in range(1, count + 1):
            at = (self.cursor + by * i) % count
            if wanted in "".join(p if isinstance(p, str) else p[0] for p in self._place.text[at]).casefold():
                self.show(at)
                self.cursor_moved()
                return
        self._nothing_matches(self._found)
