"""Lines that came one after the other, broken where the pane ends, the newest at the bottom."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells

from ui.render.line import EMPTY, Line, Span
from ui.tui.line_view import LineView

_KEPT_LINES = 10_000


class Log(LineView):
    """Keeps the latest lines; follows new ones unless the user has scrolled up."""

    def __init__(self, id: str, empty_text: str) -> None:
        super().__init__(id=id)
        self.empty_text = empty_text
        self._kept: deque[Line] = deque(maxlen=_KEPT_LINES)
        self._rows: list[Line] = []
        self._width = 0

    def add(self, lines: Iterable[Line]) -> None:
        """More lines at the end."""
        at_end = self.scroll_offset.y >= self.max_scroll_y
        added = list(lines)
        self._kept.extend(added)
        self._rows += (row for rendered in added for row in broken(rendered, self._width))
        if len(self._rows) > 2 * _KEPT_LINES:
            self._break_all()
        self._shown(at_end)

    def take_last(self) -> None:
        """Forgets the last line: a longer one is to stand in its place."""
        if self._kept:
            gone = len(list(broken(self._kept.pop(), self._width)))
            del self._rows[-gone:]

    def on_resize(self) -> None:
        if self.text_width != self._width:
            self._width = self.text_width
            self._break_all()
            self._shown(at_end=True)
        super().on_resize()

    def _break_all(self) -> None:
        self._rows = [row for rendered in self._kept for row in broken(rendered, self._width)]

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


def broken(rendered: Line, width: int) -> Iterator[Line]:
    """A line in rows of at most `width` cells; 0: not known yet, so one row."""
    if width <= 0 or sum(cell_len(text) for text, _ in rendered) <= width:
        yield rendered or EMPTY
        return
    row: list[Span] = []
    left = width
    for text, role in rendered:
        while cell_len(text) > left:
            head = chop_cells(text, left)[0] if left > 1 else ""
            if head:
                row.append((head, role))
            yield tuple(row)
            row, left, text = [], width, text[len(head) :]
        row.append((text, role))
        left -= cell_len(text)
    yield tuple(row)
