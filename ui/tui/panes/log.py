"""Lines that came one after the other, broken where the pane ends, the newest at the bottom."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from ui.render.line import Line
from ui.tui.line_view import LineView
from ui.tui.wrap import broken

_KEPT_LINES = 10_000


class Log(LineView):
    """Keeps the latest lines; follows new ones unless the user has scrolled up."""

    DEFAULT_CSS = "Log { scrollbar-gutter: stable; }"  # else lines are broken for a width that a scrollbar then takes

    def __init__(self, id: str, empty_text: str, words: bool = False) -> None:
        """`words`: rows end between words where they can."""
        super().__init__(id=id)
        self.empty_text, self._words = empty_text, words
        self._kept: deque[Line] = deque(maxlen=_KEPT_LINES)
        self._rows: list[Line] = []
        self._width = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines as they came."""
        return tuple(self._kept)

    def add(self, lines: Iterable[Line]) -> None:
        """More lines at the end."""
        at_end = self.scroll_offset.y >= self.max_scroll_y
        added = list(lines)
        self._kept.extend(added)
        self._rows += (row for rendered in added for row in self._broken(rendered))
        if len(self._rows) > 2 * _KEPT_LINES:
            self._break_all()
        self._shown(at_end)

    def take_last(self) -> None:
        """Forgets the last line: a longer one is to stand in its place."""
        if self._kept:
            gone = len(list(self._broken(self._kept.pop())))
            del self._rows[-gone:]

    def on_resize(self) -> None:
        if self.text_width != self._width:
            self._width = self.text_width
            self._break_all()
            self._shown(at_end=True)
        super().on_resize()

    def _break_all(self) -> None:
        self._rows = [row for rendered in self._kept for row in self._broken(rendered)]

    def _broken(self, rendered: Line) -> Iterator[Line]:
        return broken(rendered, self._width, self._words)

    def _shown(self, at_end: bool) -> None:
        self.show()
        if at_end:
            self.cursor = max(0, len(self._rows) - 1)
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
            self.call_after_refresh(self.scroll_end, animate=False, immediate=True)

    def row_count(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Line:
        return self._rows[index]
