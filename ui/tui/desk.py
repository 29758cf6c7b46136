"""The desk: all panes, put where `arrange` wants them, with their names as tabs in the borders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ui.tui.arrange import LEAST_COLUMNS, LEAST_ROWS, Slot, arrange
from ui.tui.context import Screen
from ui.tui.pane import Hints, Pane
from ui.tui.registry import BY_ID, PANES, default_layout
from ui.tui.tabs import Tab, joined, tabs

_BARS = 2  # rows of the screen above and below the desk
_LEAST_BORDERED = 5  # rows; a lower pane has no border


class Desk(Container):
    """Shows some of the panes; which ones depends on its size and on what was chosen last."""

    DEFAULT_CSS = """
    Desk { width: 100%; height: 1fr; }
    .pane { position: absolute; border: round $surface-lighten-2; background: $surface;
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
        self._tabs: dict[Slot, tuple[Tab, ...]] = {}

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
        self._slots = arrange(width, height, self._layout, self._zoomed, self._divide)
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
        self._active = id_
        if self._zoomed is not None:
            self._zoomed = id_
        self.show(id_)
        self.focus_active()

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

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        node: Widget | None = event.widget
        while node is not None and not node.has_class("pane"):
            node = node.parent if isinstance(node.parent, Widget) else None
        if node is not None and node.id:
            self._active = node.id
            self._had_keys = [*(i for i in self._had_keys if i != node.id), node.id]

    def on_click(self, event: events.Click) -> None:
        """A click on a tab in a border."""
        x, y = event.screen_x - self.region.x, event.screen_y - self.region.y
        for slot in self._slots:
            if y == slot.rect.y and slot.rect.x <= x < slot.rect.x + slot.rect.width:
                within = x - slot.rect.x
                hit = [t.id for t in self._tabs.get(slot, ()) if t.x <= within < t.x + len(t.text)]
                if hit:
                    self.go_to(hit[0])
