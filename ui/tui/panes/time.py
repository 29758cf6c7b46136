"""The time pane: the recording as an axis with what happened on it, to go along, click and scrub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from debugger.axis import Axis, Happened, Lane
from ui.render import axis as rendered
from ui.render.line import EMPTY, Line, Role, line, note
from ui.tui.context import Screen
from ui.tui.line_view import Cells
from ui.tui.pane import Hints, Pane
from vm.types import Tick

_LANES = tuple(Lane)
_FIRST_LANE = 2  # below what is said of the cursor's column, and the ruler
_FIRST_ITEM = _FIRST_LANE + len(_LANES)
_MOST_ITEMS = 100


class TimePane(Pane):
    """Columns are stretches of time. Enter goes to the cursor's; below the lanes is what happened there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "along(-1)", "a column back", show=False, id="time.left"),
        Binding("right,l", "along(1)", "a column on", show=False, id="time.right"),
        Binding("shift+left", "scrub(-1)", "go a column back", id="time.scrub_left"),
        Binding("shift+right", "scrub(1)", "go a column on", id="time.scrub_right"),
        Binding("comma", "next_thing(-1)", "to what happened before, of the cursor's lane", id="time.before"),
        Binding("full_stop", "next_thing(1)", "to what happened next, of the cursor's lane", id="time.after"),
        Binding("right_square_bracket", "zoom(4)", "fewer ticks a column, around the cursor", id="time.in"),
        Binding("left_square_bracket", "zoom(-4)", "more ticks a column", id="time.out"),
        Binding("m", "mark", "give this moment a name", id="time.mark"),
    ]
    hints: ClassVar[Hints] = (
        ("Enter", "go there"), ("←→", "along"), ("⇧←→", "scrub"), (", .", "before/next"), ("] [", "zoom"),
        ("m", "name it"),
    )  # fmt: skip
    empty_text = "nothing is recorded yet"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "time")
        self.axis = Axis(screen.session)
        self._window: tuple[int, int] | None = None  # ticks in sight; None: all
        self._column = 0
        self._counts: dict[Lane, list[int]] = {}
        self._items: list[Happened] = []
        self._now, self._span = Tick(0), (0, 1)
        self._end = Tick(0)

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        axis = self.axis = Axis(self.shared.session)
        self._now, self._end = axis.now, axis.end
        start, end = self._window or (axis.first, axis.end)
        if not start <= axis.now <= end:
            self._window, start, end = None, axis.first, axis.end
        self._span = (start, max(end, start + 1))
        self._column = self._column_of(axis.now)
        self._read_lanes()

    def _read_lanes(self) -> None:
        edges = [self._edge(column) for column in range(self._columns + 1)]
        edges[-1] += 1  # the last tick belongs to the last column
        self._counts = {kind: self.axis.counts(kind, edges) for kind in _LANES}
        self._read_items()

    def _read_items(self) -> None:
        start, end = self._edge(self._column), self._edge(self._column + 1)
        end += self._column + 1 == self._columns
        found = [h for kind in _LANES for h in self._named(kind, start, end)]
        self._items = sorted(found, key=lambda happened: happened.tick)[:_MOST_ITEMS]
        self.show()

    def _named(self, kind: Lane, start: int, end: int) -> Iterator[Happened]:
        for happened in self.axis.between(kind, start, end, _MOST_ITEMS):
            name = {Lane.BOOKMARKS: "bookmark ", Lane.CHECKPOINTS: "checkpoint of "}.get(kind, "")
            if kind is not Lane.OUTPUT:  # a host call, too
                yield Happened(happened.tick, name + happened.text)

    # -- columns and ticks -----------------------------------------------------------------------

    @property
    def _columns(self) -> int:
        return max(8, self.text_width - rendered.LABEL_CELLS)

    def _edge(self, column: int) -> int:
        """The first tick of a column."""
        start, end = self._span
        return start + (end - start) * column // self._columns

    def _column_of(self, tick: int) -> int:
        start, end = self._span
        at = (tick - start) * self._columns // (end - start)
        while at + 1 < self._columns and self._edge(at + 1) <= tick:
            at += 1
        return max(0, min(self._columns - 1, at))

    # -- rows ------------------------------------------------------------------------------------

    def row_count(self) -> int:
        return _FIRST_ITEM + len(self._items) if self._counts else 0

    def row(self, index: int) -> Line:
        if index == 0:
            return self._head()
        if index == 1:
            inside = self._span[0] <= self._now <= self._span[1]
            reached = self._column_of(min(self._end, self._span[1]))
            return rendered.ruler(self._columns, self._column_of(self._now) if inside else None, reached)
        if index < _FIRST_ITEM:
            kind = _LANES[index - _FIRST_LANE]
            return rendered.lane(kind, self._counts.get(kind, ()))
        if index - _FIRST_ITEM >= len(self._items):
            return EMPTY
        happened = self._items[index - _FIRST_ITEM]
        return line((f"{happened.tick:>14,} ", Role.NUMBER), happened.text)

    def _head(self) -> Line:
        start, end = self._edge(self._column), self._edge(self._column + 1)
        where = f"{start:,}" if end - start <= 1 else f"{start:,}–{end - 1:,}"
        whole = "" if self._window is None else f"  {self._span[0]:,}–{self._span[1]:,} in sight"
        return note(f"at {self._now:,} of {self._end:,}  cursor {where}{whole}")

    def pointed_cells(self, index: int) -> Cells:
        cell = rendered.LABEL_CELLS + self._column
        return ((cell, cell + 1),) if 0 < index < _FIRST_ITEM else ()

    # -- moving ----------------------------------------------------------------------------------

    def action_along(self, by: int) -> None:
        self._to_column(self._column + by)

    def action_edge(self, end: int) -> None:
        self._to_column(self._columns - 1 if end else 0)

    def _to_column(self, column: int) -> None:
        self._column = max(0, min(self._columns - 1, column))
        if not self.shared.running:
            self._read_items()

    def action_scrub(self, by: int) -> None:
        self._to_column(self._column + by)
        self._go(self._edge(self._column))

    def action_next_thing(self, by: int) -> None:
        """To the next thing of the cursor's lane; of the first one without."""
        if self.shared.running:
            return
        kind = _LANES[max(0, min(len(_LANES) - 1, self.cursor - _FIRST_LANE))]
        found = self.axis.nearest(kind, self._now, by > 0)
        if found is not None:
            self._go(found)

    def action_choose(self) -> None:
        """Enter: to the thing under the cursor, or to the cursor's column: to the first thing of the lane there."""
        if self.shared.running or not self._counts:
            return
        if self.cursor >= _FIRST_ITEM:
            self._go(self._items[self.cursor - _FIRST_ITEM].tick)
            return
        start, end = self._edge(self._column), self._edge(self._column + 1) + 1
        found = []
        if self.cursor >= _FIRST_LANE:
            found = self.axis.between(_LANES[self.cursor - _FIRST_LANE], start, end, 1)
        self._go(found[0].tick if found else start)

    def _go(self, tick: int) -> None:
        if not self.shared.running and tick != self._now:
            self.shared.placing.go_to_tick(min(tick, self._end))

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        """A click on the axis goes there; on something that happened, to it."""
        self.move_to(row)
        if _FIRST_ITEM > row > 0 and cell >= rendered.LABEL_CELLS:
            self._to_column(cell - rendered.LABEL_CELLS)
            self.action_choose()
        elif row >= _FIRST_ITEM:
            self.action_choose()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """With the button held: the axis is scrubbed."""
        at = event.get_content_offset(self)
        if event.button != 1 or at is None or self.shared.running:
            return
        column = at.x - rendered.LABEL_CELLS
        if 0 < at.y + self.scroll_offset.y < _FIRST_ITEM and column >= 0 and column != self._column:
            self._to_column(column)
            self._go(self._edge(self._column))

    def action_zoom(self, by: int) -> None:
        """Around the cursor; out of all there is no way."""
        if self.shared.running:
            return
        start, end = self._span
        middle, width = self._edge(self._column), end - start
        width = max(self._columns, width // by) if by > 0 else width * -by
        first = max(self.axis.first, min(middle - width // 2, self._end - width))
        last = min(self._end, first + width)
        self._window = None if (first, last) == (self.axis.first, self._end) else (first, last)
        self._span = (first, max(last, first + 1))
        self._column = self._column_of(middle)
        self._read_lanes()

    def action_mark(self) -> None:
        self.ask("this moment's name", self._mark)

    def _mark(self, name: str) -> None:
        self.shared.session.moments[name] = self.shared.session.tick
        self.read()

    def on_resize(self) -> None:
        super().on_resize()
        self._stale = True
        self.catch_up()
