"""The trace pane: what ran, from the recording: the tree of calls, accesses to memories, calls of host functions.

A listing is made when it is asked for, and says up to where it goes: what runs later is in it once it is asked again.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.traces.calls import CallTree
from debugger.traces.listings import Names
from debugger.traces.observe import Accessed, HostCalled, Listed
from debugger.traces.trace import Texts
from ui.render.line import Line, Role, line, note
from ui.render.traces import access_line, call_line, host_line
from ui.tracing import line_of, names_of
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, Commanded, Goto, Told
from ui.tui.pane import Hints, Pane
from ui.tui.row_tree import RowTree
from vm.types import Tick

_VIEWS = ("calls", "memory", "host")
_TITLES = {"calls": "calls", "memory": "memory", "host": "host calls"}
_COLUMNS = {"calls": "began at, took, who", "memory": "tick, what, address, bytes", "host": "tick, call"}
_MOST_OPENED = 200  # calls that are shown to begin with


class TracePane(Pane):
    """Enter goes to the moment of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask", "list it, up to now", id="trace.list"),
        Binding("left_square_bracket", "view(-1)", "the listing before: calls, memory, host calls", id="trace.before"),
        Binding("right_square_bracket", "view(1)", "the next listing", id="trace.next"),
        Binding("space", "fold", "fold a call, or open it", id="trace.fold"),
        Binding("left,h", "close", "fold", show=False),
        Binding("right,l", "open", "open", show=False),
        Binding("m", "bytes", "the bytes that were accessed", id="trace.bytes"),
    ]
    hints: ClassVar[Hints] = (
        ("a", "list up to now"), ("[ ]", "calls/memory/host"), ("Enter", "go there"), ("← →", "fold"), ("m", "bytes"),
    )  # fmt: skip

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "trace")
        self._view = "calls"
        self._wants = ""  # a listing that was asked for and has not been shown
        self._tree = RowTree()
        self._shown: CallTree | None = None
        self._names = Names(screen.session.machine, screen.session.inspect, _texts(screen))

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        session = self.shared.session
        if self._names.machine is not session.machine:
            self._names = Names(session.machine, session.inspect, _texts(self.shared))
        tree = session.listings.calls
        if tree is not self._shown:
            self._shown, self._tree = tree, RowTree(tree, _MOST_OPENED)
        self.empty_text = f"a lists the {_TITLES[self._view]} of the recording up to now"
        self.border_subtitle = self._span()
        self.show(self._first_row())

    def _first_row(self) -> int | None:
        """Where the cursor goes in a listing that is new: to what was last, as the program stands behind it."""
        if self._wants != self._view:
            return None
        self._wants = ""
        return 0 if self._view == "calls" else max(0, self.row_count() - 1)

    def _span(self) -> str:
        found: CallTree | Listed[Accessed] | Listed[HostCalled] | None = self._listing
        return "" if found is None else f"ticks {found.start:,} to {found.end:,}"

    @property
    def _listing(self) -> CallTree | Listed[Accessed] | Listed[HostCalled] | None:
        listings = self.shared.session.listings
        return {"calls": listings.calls, "memory": listings.accesses, "host": listings.hosts}[self._view]

    # -- rows ------------------------------------------------------------------------------------

    def foot_height(self) -> int:
        return 1

    def foot(self, index: int) -> Line:
        """Which listing is shown, and the others."""
        parts = [(f" {_TITLES[v]} ", Role.HEADING if v == self._view else Role.DIM) for v in _VIEWS]
        left_off = 0 if self._view != "calls" or self._shown is None else self._shown.left_off
        more = f"  {left_off:,} later calls are left off" if left_off else ""
        columns = _COLUMNS[self._view]
        return line(("[", Role.DIM), *parts, ("]", Role.DIM), (f"  {columns}", Role.DIM), (more, Role.WARNING))

    def row_count(self) -> int:
        match self._listing:
            case None:
                return 0
            case CallTree():
                return len(self._tree)
            case listed:
                return max(1, len(listed.rows))

    def row(self, index: int) -> Line:
        if self.shared.running:
            return ()
        match self._listing:
            case CallTree() as tree:
                number = self._tree.number(index)
                call = tree[number]
                return call_line(call, names_of(self.shared.session)(call.place), self._tree.is_open(number))
            case Listed(rows=rows) if not rows:
                return note("none")
            case Listed(rows=rows):
                return self._listed(rows[index])
            case _:
                return ()

    def _listed(self, row: Accessed | HostCalled) -> Line:
        if isinstance(row, HostCalled):
            return host_line(row)
        return access_line(row, self._names.accessed(row), len(self.shared.session.main.memories) > 1)

    def marked(self) -> int | None:
        """The innermost call that is under way now, if it is in sight; the row that comes next."""
        if self.shared.running:
            return None
        now = self.shared.session.tick
        match self._listing:
            case CallTree() as tree:
                rows = [self._tree.row_of(n) for n in tree.at(now, self.shared.session.machine.current.number)]
                return next((r for r in reversed(rows) if r is not None), None)
            case Listed(rows=rows):
                at = bisect_left(rows, now, key=lambda row: row.tick)
                return at if at < len(rows) else None
            case _:
                return None

    # -- keys ------------------------------------------------------------------------------------

    def action_ask(self) -> None:
        self._wants = self._view
        self.post_message(Commanded(f"trace {self._view} --quiet"))

    def action_view(self, by: int) -> None:
        self._view = _VIEWS[(_VIEWS.index(self._view) + by) % len(_VIEWS)]
        self.cursor = 0
        self.read()

    def _tick(self) -> Tick | None:
        if self.shared.running or not self.row_count():
            return None
        match self._listing:
            case CallTree() as tree:
                return tree[self._tree.number(self.cursor)].start
            case Listed(rows=rows) if rows:
                return rows[self.cursor].tick
            case _:
                return None

    def action_choose(self) -> None:
        """Enter: to the moment of the row."""
        tick = self._tick()
        if tick is None:
            self.action_ask()
        else:
            self.shared.placing.go_to_tick(tick)

    def action_fold(self) -> None:
        self._fold(None)

    def action_close(self) -> None:
        """Folds a call; of one that is folded, the one that led to it has the cursor."""
        if self._view != "calls":
            self.action_aside(-1)
        else:
            self._fold(False)

    def action_open(self) -> None:
        if self._view != "calls":
            self.action_aside(1)
        else:
            self._fold(True)

    def _fold(self, opened: bool | None) -> None:
        if self.shared.running or self._shown is None or self._view != "calls" or not len(self._tree):
            return
        number = self._tree.number(self.cursor)
        is_open = self._tree.is_open(number)
        if opened is False and not is_open:
            above = self._tree.above(self.cursor)
            self.move_to(self.cursor if above is None else above)
        elif opened is not is_open:
            self._tree.toggle(self.cursor)
            self.show()

    def action_bytes(self) -> None:
        found = self._listing
        if self.shared.running or not isinstance(found, Listed) or not found.rows:
            return
        row = found.rows[self.cursor]
        instance = None if isinstance(row, HostCalled) else self.shared.session.machine.instance_at(row.vmctx)
        if instance is None or isinstance(row, HostCalled):
            self.post_message(Told("a host call has no bytes of its own", Role.DIM))
        else:
            self.post_message(Goto(AsBytes(instance.memories[row.memory].region.base + row.offset)))


def _texts(screen: Screen) -> Texts:
    session = screen.session
    return Texts(session.machine, session.inspect, line_of(session))
