"""The desk: all panes, put where `arrange` wants them, with their names as tabs in the borders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen as TextualScreen
from textual.widget import Widget
from textual.widgets import Static

from ui.tui.arrange import LEAST_COLUMNS, LEAST_ROWS, Edge, Layout, Place, Rect, Slot, arrange
from ui.tui.arrangement import Arrangement
from ui.tui.context import Screen
from ui.tui.pane import Hints, Pane
from ui.tui.registry import BY_ID, PANES, default_layout
from ui.tui.tabs import Tab, joined, tabs
from vm.errors import UserError

_BARS = 2  # rows of the screen above and below the desk
_STEP_COLUMNS, _STEP_ROWS = 4, 2  # by which a key makes a pane larger
_LEAST_BORDERED = 5  # rows; a lower pane has no border


class DeskScreen(TextualScreen[None], inherit_bindings=False):
    """The screen below the desk: Tab is the desk's own, which knows the next pane before the next key comes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("super+c", "screen.copy_text", show=False)]


class Desk(Container):
    """Shows some of the panes; which ones depends on its size and on what was chosen last."""

    DEFAULT_CSS = """
    Desk { width: 100%; height: 1fr; }
    .pane { position: absolute; border: round $foreground 30%; background: $surface;
            border-title-color: $text-muted; border-subtitle-color: $text-muted; }
    .pane:focus, .pane:focus-within { border: round $primary; border-title-color: $text; }
    .borderless, .borderless:focus, .borderless:focus-within { border: none; }
    #too-small { width: 100%; height: 100%; color: $text-warning; }
    """

    def __init__(self, shared: Screen) -> None:
        super().__init__(id="desk")
        self._panes = {kind.id: kind.make(shared) for kind in PANES}
        self._layout = default_layout()
        self._chosen: list[str] = []  # ids, the last one most recently
        self._active = "code"  # what has the keys
        self._zoomed: str | None = None
        self._divide = False  # code and source are both wanted
        self._had_keys: list[str] = []  # panes, the one that had them last at the end
        self._slots: tuple[Slot, ...] = ()
        self._edges: tuple[Edge, ...] = ()
        self._shares: dict[str, float] = {}  # of the cuts that were dragged
        self._dragged: Edge | None = None
        self._grabbed = 0  # cells from the mouse to the cut
        self._tabs: dict[Slot, tuple[Tab, ...]] = {}
        self._under: dict[str, str] = {}  # what a pane that was toggled stands in front of

    def compose(self) -> ComposeResult:
        yield Static(id="too-small")
        for pane in self._panes.values():
            pane.add_class("pane")
            pane.display = False
            yield pane

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    # -- placing ---------------------------------------------------------------------------------

    def _arrange(self, width: int, height: int) -> None:
        plan = arrange(width, height, self._layout, self._zoomed, self._divide, self._shares)
        self._slots, self._edges = plan.slots, plan.edges
        self._say_size(width, height)
        shown = [slot.shown(self._chosen) for slot in self._slots]
        for id_, pane in self._panes.items():
            pane.display = id_ in shown
        for slot, id_ in zip(self._slots, shown, strict=True):
            self._place(self._panes[id_], slot)
        if shown and self._active not in shown:
            self._active = shown[0]
        if shown and (self.app.focused is None or not self.app.focused.display):
            self.focus_active()

    def _say_size(self, width: int, height: int) -> None:
        small = self.query_one("#too-small", Static)
        small.display = not self._slots
        need = f"{LEAST_COLUMNS} columns and {LEAST_ROWS + _BARS} rows"
        small.update(Content(f"The screen is too small: {need} are needed, it has {width} and {height + _BARS}."))

    def _place(self, pane: Widget, slot: Slot) -> None:
        rect = slot.rect
        pane.styles.offset = (rect.x, rect.y)
        pane.styles.width, pane.styles.height = rect.width, rect.height
        pane.set_class(rect.height < _LEAST_BORDERED, "borderless")
        shown = pane.id or ""
        self._tabs[slot] = tabs(slot, shown, BY_ID)
        names = joined(self._tabs[slot])
        pane.border_title = Content("").join(
            Content.styled(text, "bold" if id_ == shown else "dim") for id_, text in names
        )
        if isinstance(pane, Pane):
            pane.catch_up()

    def divide(self, on: bool) -> None:
        """Code and source beside each other, where there is room."""
        if on != self._divide:
            self._divide = on
            self._arrange(self.size.width, self.size.height)

    @property
    def divided(self) -> bool:
        """Whether code and source are both on the screen."""
        return all(self._panes[id_].display for id_ in ("code", "source"))

    # -- choosing --------------------------------------------------------------------------------

    @property
    def active(self) -> str:
        """The pane that has the keys, by id."""
        return self._active

    @property
    def hints(self) -> Hints:
        """Keys of the pane that has them."""
        found: Hints = getattr(self._panes[self._active], "hints", ())
        return found

    def all_panes(self) -> Iterator[Pane]:
        """The panes that show the session, in the order of the registry."""
        return (pane for pane in self._panes.values() if isinstance(pane, Pane))

    def pane(self, id_: str) -> Pane | None:
        """A pane by id, if it shows the session."""
        found = self._panes[id_]
        return found if isinstance(found, Pane) else None

    def widget(self, id_: str) -> Widget:
        """A pane by id, whatever it shows."""
        return self._panes[id_]

    def latest(self, ids: Sequence[str]) -> str:
        """Of some panes the one on the screen; when several are, the one that had the keys last."""
        shown = [id_ for id_ in ids if self._panes[id_].display] or list(ids)
        return next((id_ for id_ in reversed(self._had_keys) if id_ in shown), shown[0])

    def show(self, id_: str) -> None:
        """Brings a pane to the front of its slot; the keys stay where they are."""
        if self._zoomed is None or id_ == self._active:
            self._chosen = [*(c for c in self._chosen if c != id_), id_]
        self._arrange(self.size.width, self.size.height)

    def go_to(self, id_: str) -> None:
        """Brings a pane to the front and gives it the keys."""
        if all(id_ != other for other, _ in self._layout):
            self._layout = (*self._layout, (id_, BY_ID[id_].place))
        self._active = id_
        if self._zoomed is not None:
            self._zoomed = id_
        self.show(id_)
        self.focus_active()

    def toggle(self, id_: str) -> None:
        """Brings a pane to the front, or what it was brought in front of."""
        if self._panes[id_].display:
            under = self._under.pop(id_, None)
            if under is not None:
                self.show(under)
            return
        before = [other for other, pane in self._panes.items() if pane.display]
        self.show(id_)
        hidden = [other for other in before if not self._panes[other].display]
        if hidden:
            self._under[id_] = hidden[-1]

    def focus_active(self) -> None:
        """Gives the keys back to the pane that had them; at once, so that the next key goes there."""
        pane = self._panes[self._active]
        self.screen.set_focus(pane if pane.can_focus else pane.query("Input").first())  # else a line to type in

    def next_pane(self, by: int) -> None:
        """To the next pane on the screen."""
        shown = [slot.shown(self._chosen) for slot in self._slots]
        if shown:
            at = shown.index(self._active) if self._active in shown else 0
            self.go_to(shown[(at + by) % len(shown)])

    def zoom(self) -> None:
        """One pane alone, or all again."""
        if not self._slots:
            return
        self._zoomed = None if self._zoomed else self._active
        self.go_to(self._active)

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        node: Widget | None = self.app.focused  # the event may be older
        while node is not None and not node.has_class("pane"):
            node = node.parent if isinstance(node.parent, Widget) else None
        if node is not None and node.id:
            self._active = node.id
            self._had_keys = [*(i for i in self._had_keys if i != node.id), node.id]

    # -- sizes -----------------------------------------------------------------------------------

    def _at(self, event: events.MouseEvent) -> tuple[int, int]:
        return event.screen_x - self.region.x, event.screen_y - self.region.y

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """On the border between two slots: drags it."""
        x, y = self._at(event)
        if self._tab_at(x, y) is None and (found := self._edge_at(x, y)) is not None:
            self._dragged, self._grabbed = found, found.at - (x if found.upright else y)
            self.capture_mouse()
            event.stop()

    def _edge_at(self, x: int, y: int) -> Edge | None:
        if not any(_on_border(slot.rect, x, y) for slot in self._slots):
            return None
        return next((edge for edge in reversed(self._edges) if edge.runs_by(x, y)), None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged is not None:
            x, y = self._at(event)
            self._shares[self._dragged.name] = self._dragged.share(self._grabbed + (x if self._dragged.upright else y))
            self._arrange(self.size.width, self.size.height)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()

    def resize(self, by: int) -> None:
        """The active pane larger or smaller, in both directions."""
        slot = next((s for s in self._slots if self._active in s.panes), None)
        for upright in (True, False):
            edge = None if slot is None else self._innermost(slot.rect, upright)
            if edge is not None and slot is not None:
                first = (slot.rect.x if upright else slot.rect.y) < edge.at
                step = (_STEP_COLUMNS if upright else _STEP_ROWS) * by * (1 if first else -1)
                self._shares[edge.name] = edge.share(edge.at + step)
        self._arrange(self.size.width, self.size.height)

    def _innermost(self, rect: Rect, upright: bool) -> Edge | None:
        """The last cut around a slot in one direction."""
        around = (e for e in reversed(self._edges) if e.upright is upright and _holds(e.rect, rect))
        return next(around, None)

    # -- layouts ---------------------------------------------------------------------------------

    @property
    def arrangement(self) -> Arrangement:
        """How the desk is now."""
        return Arrangement(self._layout, dict(self._shares), tuple(self._chosen), self._active, self._zoomed)

    def use_layout(self, layout: Layout, shares: dict[str, float]) -> None:
        """Puts panes elsewhere. A pane that is in no place is not shown."""
        there = [id_ for id_, _ in layout]
        active = self._active if self._active in there else there[0]
        self.use(Arrangement(layout, shares, tuple(self._chosen), active))

    def use(self, wanted: Arrangement) -> None:
        """Puts the desk as it is wanted."""
        self._layout, self._shares = wanted.layout, dict(wanted.shares)
        self._chosen, self._active, self._zoomed = list(wanted.chosen), wanted.active, wanted.zoomed
        self._arrange(self.size.width, self.size.height)
        self.focus_active()

    def move_pane(self, id_: str, place: Place | None) -> None:
        """Puts a pane in another place, at the end of its tabs; None takes it off the desk. Raises UserError."""
        rest = tuple((other, where) for other, where in self._layout if other != id_)
        if place is None and not rest:
            raise UserError("one pane has to stay")
        self.use_layout(rest if place is None else (*rest, (id_, place)), self._shares)
        if place is not None:
            self.go_to(id_)

    # -- the mouse on tabs -----------------------------------------------------------------------

    def tab_places(self) -> Iterator[tuple[str, int, int]]:
        """Every tab on the screen: the pane's id, column and row."""
        for slot in self._slots:
            for tab in self._tabs.get(slot, ()):
                yield tab.id, self.region.x + slot.rect.x + tab.x, self.region.y + slot.rect.y

    def _tab_at(self, x: int, y: int) -> str | None:
        for slot in self._slots:
            if y == slot.rect.y and slot.rect.x <= x < slot.rect.x + slot.rect.width:
                within = x - slot.rect.x
                return next((t.id for t in self._tabs.get(slot, ()) if t.x <= within < t.x + len(t.text)), None)
        return None

    def on_click(self, event: events.Click) -> None:
        """A click on a tab in a border."""
        if (found := self._tab_at(*self._at(event))) is not None:
            self.go_to(found)


def _on_border(rect: Rect, x: int, y: int) -> bool:
    inside = rect.x <= x < rect.x + rect.width and rect.y <= y < rect.y + rect.height
    return inside and (x in (rect.x, rect.x + rect.width - 1) or y in (rect.y, rect.y + rect.height - 1))


def _holds(outer: Rect, inner: Rect) -> bool:
    across = outer.x <= inner.x and inner.x + inner.width <= outer.x + outer.width
    return across and outer.y <= inner.y and inner.y + inner.height <= outer.y + outer.height
