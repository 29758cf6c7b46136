"""A scrolling view of rendered lines that are made when they come into sight."""

from __future__ import annotations

from enum import Enum, auto
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ui.render.line import Line, Role
from ui.tui.palette import styles_of, tint
from ui.tui.wrap import broken

_KEPT_STRIPS = 512
_NO_SIZE = Size(0, 0)
_SHIFT_CELLS = 8
_AROUND = 2  # rows that stay in sight above and below what is gone to
_CUT = "…"  # at the end of a row that goes on


class Shade(Enum):
    """What lies behind a row."""

    NONE = auto()
    MARKED = auto()
    CURSOR = auto()


Cells = tuple[tuple[int, int], ...]  # ranges of cells
Look = tuple[Line, Cells, Shade]


class LineView(ScrollView, can_focus=True):
    """Shows `row_count()` rows, each made by `row(i)`. A cursor marks one of them.

    Subclasses give the rows and say what Enter does; `marked()` names a row to be lit, such as the pc's.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "a row up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "a row down", show=False, id="list.down"),
        Binding("left,h", "aside(-1)", "long rows: to the left", show=False, id="list.left"),
        Binding("right,l", "aside(1)", "long rows: to the right", show=False, id="list.right"),
        Binding("pageup", "page(-1)", "a page up", show=False, id="list.page_up"),
        Binding("pagedown", "page(1)", "a page down", show=False, id="list.page_down"),
        Binding("ctrl+up", "half(-1)", "half a page up", show=False, id="list.half_up"),
        Binding("ctrl+down", "half(1)", "half a page down", show=False, id="list.half_down"),
        Binding("home", "edge(0)", "the first row", show=False, id="list.top"),
        Binding("end", "edge(1)", "the last row", show=False, id="list.bottom"),
        Binding("enter", "choose", "follow or change what the row shows", show=False, id="list.choose"),
        Binding("backspace", "back", "back to where Enter was pressed", show=False, id="go.back"),
    ]
    DEFAULT_CSS = """
    LineView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    class Chosen(Message):
        """Enter or a double click on a row."""

        def __init__(self, view: LineView, row: int) -> None:
            super().__init__()
            self.view, self.row = view, row

    empty_text = "nothing here yet"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self._shift = 0  # cells at the left that are out of sight
        self._roles: dict[Role, Style] = {}
        self._lit = self._under = Style()
        self._plain: Style | None = None
        self._grounded: dict[Shade, dict[Role, Style]] = {}  # roles on what a row stands on
        self._strips: dict[int, tuple[Look, Strip]] = {}
        self._looks: dict[int, Look] = {}  # made and not yet drawn
        self._foot_drawn: dict[int, Line] = {}
        self._edge_drawn: dict[int, Line] = {}
        self._edge_made: dict[int, Line] = {}  # and not yet drawn
        self._count_shown = -1
        self._inner = Size(0, 0)
        self._inner_for: Size | None = None

    # -- for subclasses --------------------------------------------------------------------------

    def row_count(self) -> int:
        """How many rows there are."""
        return 0

    def row(self, index: int) -> Line:
        """One row. Called for the rows in sight."""
        return ()

    def marked(self) -> int | None:
        """A row that is lit whatever the cursor does."""
        return None

    def pointed_cells(self, index: int) -> tuple[tuple[int, int], ...]:
        """Ranges of cells of a row that stand out in reverse, such as the byte under the cursor."""
        return ()

    def cursor_moved(self) -> None:
        """Called when the cursor is on another row."""

    def foot_height(self) -> int:
        """Rows at the bottom that do not scroll."""
        return 0

    def foot(self, index: int) -> Line:
        """One of these."""
        return ()

    def edge_width(self) -> int:
        """Cells at the right that belong to the view, not to a row."""
        return 0

    def edge(self, y: int) -> Line:
        """What is shown there, by screen row."""
        return ()

    # -- drawing ---------------------------------------------------------------------------------

    @property
    def inner(self) -> Size:
        """What the rows, the edge and the foot have, nothing while hidden; kept: it is asked for many times a row."""
        if not self.display:
            return _NO_SIZE
        if self.outer_size != self._inner_for:
            found = self.scrollable_content_region.size
            if not found:  # shown again, and not laid out yet
                return found
            self._inner_for, self._inner = self.outer_size, found
        return self._inner

    def watch_show_vertical_scrollbar(self) -> None:
        self._inner_for = None

    def watch_show_horizontal_scrollbar(self) -> None:
        self._inner_for = None

    @property
    def text_width(self) -> int:
        """Cells in a row."""
        return max(0, (self.inner.width or self.size.width) - self.edge_width())

    @property
    def body_height(self) -> int:
        """Rows in sight above the foot."""
        return self.inner.height - self.foot_height()

    def _fit_virtual_size(self) -> None:
        """Rows and the foot, so that the last row can be scrolled to where the foot does not hide it."""
        self.virtual_size = Size(self.text_width, self.row_count() + self.foot_height())

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._roles, self._plain, self._grounded, self._inner_for = {}, None, {}, None
        self.forget()

    def forget(self) -> None:
        """Nothing made before is of use: neither what was drawn nor what is about to be."""
        self._strips.clear()
        self._looks.clear()
        self._edge_made.clear()

    def _base(self) -> Style:
        """The pane's own look, kept: making it takes longer than a row does."""
        if self._plain is None:
            self._plain = self.rich_style
        return self._plain

    def _style_of(self, role: Role) -> Style:
        if not self._roles:
            variables = self.app.theme_variables
            self._roles = styles_of(variables)
            self._lit = tint(variables, "warning", 0.25)
            self._under = tint(variables, "primary", 0.35)
        return self._roles[role]

    def show(self, cursor: int | None = None) -> None:
        """Draws what has changed in the rows in sight, the foot and the edge; `cursor` is brought into sight."""
        count = self.row_count()
        self._fit_virtual_size()
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, count - 1))
        if cursor is not None:
            self._reveal(centre=True)
        if count != self._count_shown:
            self._count_shown = count
            self.forget()
            self.refresh()
        else:
            self._redraw_changed(count)
            self.redraw_foot()
            self.redraw_edge()

    def _redraw_changed(self, count: int) -> None:
        """Rows cost more to draw than to make: those that look as before are left as they are."""
        top, kept = self.scroll_offset.y, {}
        for index in range(top, min(count, top + self.body_height)):
            look, known = self._look(index), self._strips.get(index)
            self._looks.pop(index, None)
            if known is not None and known[0] == look:
                kept[index] = known
            else:
                self._looks[index] = look
                self.refresh(Region(0, index - top, self.size.width, 1))
        self._strips = kept

    def render_line(self, y: int) -> Strip:
        width, edge = self.inner.width, self.edge_width()
        body = self.body_height
        if y >= body + self.foot_height():  # drawn once more while it is being hidden
            return self._blank(y, width)
        if y >= body:
            self._foot_drawn[y - body] = foot = self.foot_now(y - body)
            return self._plain_strip(foot, width)
        strip = self._row_strip(y, width - edge)
        if not edge:
            return strip
        at_edge = self._edge_made.pop(y, None) or self.edge_now(y)
        self._edge_drawn[y] = at_edge
        return Strip.join([strip, self._plain_strip(at_edge, edge)])

    def _row_strip(self, y: int, width: int) -> Strip:
        index = y + self.scroll_offset.y
        if index >= self.row_count():
            return self._blank(y, width)
        known = self._strips.get(index)
        if known is not None and known[1].cell_length == width:
            return known[1]
        look = self._looks.pop(index, None) or self._look(index)
        strip = self._made(look, width)
        if len(self._strips) > _KEPT_STRIPS:
            self._strips.clear()
        self._strips[index] = look, strip
        return strip

    def _look(self, index: int) -> Look:
        """All that a row's strip is made from."""
        shade = Shade.MARKED if index == self.marked() else self._cursor_shade(index)
        return self.row(index), self.pointed_cells(index), shade

    def _cursor_shade(self, index: int) -> Shade:
        return Shade.CURSOR if index == self.cursor and self.has_focus else Shade.NONE

    def foot_now(self, index: int) -> Line:
        """What is drawn of the foot: its row, if there is nothing against making it."""
        return self.foot(index)

    @property
    def empty_now(self) -> str:
        """What stands where there is no row."""
        return self.empty_text

    def edge_now(self, y: int) -> Line:
        """The same of the edge."""
        return self.edge(y)

    def _made(self, look: Look, width: int) -> Strip:
        rendered, pointed, shade = look
        if not pointed and not self._shift:
            return self._cut(self._plain_strip(rendered, width, shade), rendered, width, shade)
        strip = Strip([Segment(text, self._style_of(role)) for text, role in rendered])
        for start, end in pointed:
            if end > strip.cell_length:  # of another width, or empty while the guest runs
                continue
            before, inside, after = strip.divide([start, end, strip.cell_length])
            strip = Strip.join([before, inside.apply_style(Style(reverse=True)), after])
        shown = strip.crop_extend(self._shift, self._shift + width, Style()).apply_style(self._ground(shade))
        return self._cut(shown, rendered, width + self._shift, shade)

    def _cut(self, strip: Strip, rendered: Line, width: int, shade: Shade) -> Strip:
        """Dots at the end of a row that has no room for all of itself."""
        length = sum(len(text) for text, _ in rendered)
        if length < width // 2 or width < 2 or sum(cell_len(text) for text, _ in rendered) <= width:
            return strip
        dots = Segment(_CUT, self._grounded_styles(shade)[Role.DIM])
        return Strip([*strip.crop(0, strip.cell_length - 1), dots], strip.cell_length)

    def _ground(self, shade: Shade) -> Style:
        """What a row stands on."""
        base = self._base()
        if shade is not Shade.NONE:
            self._style_of(Role.PLAIN)
            base += self._lit if shade is Shade.MARKED else self._under
        return base

    def _plain_strip(self, rendered: Line, width: int, shade: Shade = Shade.NONE) -> Strip:
        """A strip made in one go: each further one costs more than all else."""
        styles = self._grounded_styles(shade)
        segments = [Segment(text, styles[role]) for text, role in rendered]
        return Strip(segments).adjust_cell_length(width, styles[Role.PLAIN])

    def _grounded_styles(self, shade: Shade) -> dict[Role, Style]:
        styles = self._grounded.get(shade)
        if styles is None:
            ground = self._ground(shade)
            styles = self._grounded[shade] = {role: ground + self._style_of(role) for role in Role}
        return styles

    def redraw_foot(self) -> None:
        """Draws what has changed in the foot."""
        body = self.body_height
        for i in range(self.foot_height()):
            if self.foot_now(i) != self._foot_drawn.get(i):
                self.refresh(Region(0, body + i, self.size.width, 1))

    def redraw_edge(self) -> None:
        """Draws what has changed in the edge."""
        if (width := self.edge_width()) > 0:
            left = self.text_width
            for y in range(self.body_height):
                made = self.edge_now(y)
                self._edge_made.pop(y, None)
                if made != self._edge_drawn.get(y):
                    self._edge_made[y] = made
                    self.refresh(Region(left, y, width, 1))

    def _blank(self, y: int, width: int) -> Strip:
        if self.row_count():
            return Strip.blank(width, self._base())
        text = list(broken(((self.empty_now, Role.DIM),), width, words=True))
        return self._plain_strip(text[y], width) if y < len(text) else Strip.blank(width, self._base())

    def redraw(self, *rows: int) -> None:
        """Draws some rows anew."""
        for row in set(rows):
            self._strips.pop(row, None)
            self._looks.pop(row, None)
            self.refresh(Region(0, row - self.scroll_offset.y, self.size.width, 1))

    # -- moving ----------------------------------------------------------------------------------

    def move_to(self, index: int) -> None:
        """Puts the cursor on a row."""
        before, self.cursor = self.cursor, max(0, min(index, self.row_count() - 1))
        self.redraw(before, self.cursor)
        self._reveal()
        self.cursor_moved()

    def _reveal(self, centre: bool = False) -> None:
        top, height = self.scroll_offset.y, self.body_height
        around = min(_AROUND, height // 4) if centre else 0  # rows
        if height <= 0 or (around if top else 0) <= self.cursor - top < height - around:
            return
        if centre:
            to = self.cursor - height // 3
        else:
            to = self.cursor if self.cursor < top else self.cursor - height + 1
        self.scroll_to(y=max(0, to), animate=False, immediate=True, force=True)

    def action_move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_aside(self, by: int) -> None:
        """Shifts long rows sideways."""
        self._shift = max(0, self._shift + by * _SHIFT_CELLS)
        self.forget()
        self.refresh()

    def action_page(self, by: int) -> None:
        self.move_to(self.cursor + by * max(1, self.body_height - 1))

    def action_half(self, by: int) -> None:
        self.move_to(self.cursor + by * max(1, self.body_height // 2))

    def action_edge(self, end: int) -> None:
        self.move_to(self.row_count() - 1 if end else 0)

    def action_choose(self) -> None:
        if self.row_count():
            self.post_message(self.Chosen(self, self.cursor))

    def action_back(self) -> None:
        """Backspace: subclasses that follow pointers come back."""

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        row = at.y + self.scroll_offset.y
        if at.y >= self.body_height:
            self.foot_clicked(at.x, at.y - self.body_height)
        elif at.x >= self.text_width and self.edge_width():
            self.edge_clicked(at.x - self.text_width, at.y)
        elif row < self.row_count():
            self.clicked(row, at.x + self._shift, twice=event.chain == 2)

    def foot_clicked(self, x: int, y: int) -> None:
        """A click on the foot, by its own rows."""

    def edge_clicked(self, x: int, y: int) -> None:
        """A click on the edge, by its own columns and by screen row."""

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        """A click on a cell of a row."""
        self.move_to(row)
        if twice:
            self.action_choose()

    def on_focus(self) -> None:
        self.redraw(self.cursor)

    def on_blur(self) -> None:
        self.redraw(self.cursor)

    def on_resize(self) -> None:
        self.forget()
        self._fit_virtual_size()
        self._reveal(centre=True)
