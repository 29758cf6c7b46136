"""The full screen: panes, keys, and what happens when."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Input, Static

from debugger.events import Reason, Stopped
from debugger.session import Session
from ui.commands import console, execute
from ui.examine import place_of
from ui.render.line import Line, Role, line
from ui.start import Start
from ui.tui.arrange import BY_ID, PANES, Slot, arrange
from ui.tui.bars import hints, title
from ui.tui.bridge import UPDATES_PER_SECOND, Bridge, Done
from ui.tui.context import Screen
from ui.tui.help import HelpScreen
from ui.tui.line_view import LineView
from ui.tui.palette import styles_of
from ui.tui.panes.code import CodePane
from ui.tui.panes.console import ConsolePane, HistoryInput, OutputPane
from ui.tui.panes.frame import FramePane
from ui.tui.panes.lists import BreakpointsPane, ListPane, MapPane, TablesPane, WatchesPane
from ui.tui.panes.memory import MemoryPane
from ui.tui.panes.stack import StackPane
from ui.tui.panes.vmctx import VmctxPane
from vm.errors import UserError, WasmscopeError

_OVER = (Reason.FINISHED, Reason.EXITED, Reason.TRAP)


class Bar(Static):
    """One row of rendered text."""

    def put(self, rendered: Line) -> None:
        styles = styles_of(self.app.theme_variables)
        self.update(Text.assemble(*((text, styles[role]) for text, role in rendered), no_wrap=True, end=""))


class WasmscopeApp(App[int]):
    """The debugger on the whole terminal."""

    TITLE = "wasmscope"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layers: base; overflow: hidden; }
    #title, #hints { height: 1; width: 100%; background: $panel; }
    #title { dock: top; }
    #hints { dock: bottom; }
    #prompt { dock: bottom; height: 1; width: 100%; border: none; padding: 0 1; display: none; }
    #panes { width: 100%; height: 1fr; }
    .pane { position: absolute; border: round $surface-lighten-2; background: $surface;
            border-title-color: $text-muted; border-subtitle-color: $text-muted; }
    .pane:focus, .pane:focus-within { border: round $primary; border-title-color: $text; }
    .borderless { border: none; }
    ConsolePane LineView, OutputPane LineView { height: 1fr; background: $surface; }
    HistoryInput { height: 1; border: none; background: $surface; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,f10", "over", "over", id="run.over"),
        Binding("s,f11", "into", "into", id="run.into"),
        Binding("i", "instruction", "one instruction", id="run.instruction"),
        Binding("f,shift+f11", "out", "out", id="run.out"),
        Binding("c,f5", "go", "continue", id="run.continue"),
        Binding("f4", "to_cursor", "to cursor", id="run.to_cursor"),
        Binding("r", "restart", "restart", id="run.restart"),
        Binding("f6", "pause", "pause", id="run.pause", priority=True),
        Binding("ctrl+c", "pause", "pause", show=False, priority=True),
        Binding("f9", "break_here", "breakpoint", id="break.here"),
        Binding("u", "frame(1)", "outer frame", id="frame.up"),
        Binding("d", "frame(-1)", "inner frame", id="frame.down"),
        Binding("w", "add_watch", "add a watch", id="watch.add"),
        Binding("g", "goto", "go to", id="go.to"),
        Binding("colon", "focus_pane('console')", "console", id="go.console"),
        Binding("z,f12", "zoom", "zoom", id="view.zoom"),
        Binding("question_mark,f1", "help", "help", id="view.help"),
        Binding("q", "quit", "quit", id="app.quit"),
        Binding("tab", "next_pane(1)", "next pane", id="go.next", priority=False),
        Binding("shift+tab", "next_pane(-1)", "pane before", id="go.previous"),
        *(Binding(p.key, f"focus_pane('{p.id}')", p.title, show=False) for p in PANES),
    ]

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.bridge = Bridge(self)
        session = start.open(self.bridge.output, wait_for_input=True)
        self.bridge.attach(session)
        self.shared = Screen(session, console(session, self.bridge.write))
        self.stopped: Stopped | None = None
        self._chosen: list[str] = []
        self._zoomed: str | None = None
        self._slots: tuple[Slot, ...] = ()
        self._answer: Callable[[str], None] | None = None
        self._message: Line = ()

    @property
    def session(self) -> Session:
        return self.shared.session

    # -- making ----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Bar(id="title")
        shared = self.shared
        panes: tuple[Widget, ...] = (
            CodePane(shared), FramePane(shared), StackPane(shared), VmctxPane(shared), MemoryPane(shared),
            TablesPane(shared, "tables"), MapPane(shared, "map"), ConsolePane(id="console"),
            BreakpointsPane(shared, "breakpoints"), WatchesPane(shared, "watches"), OutputPane(id="output"),
        )  # fmt: skip
        for pane in panes:
            pane.add_class("pane")
        yield Container(*panes, id="panes")
        yield Bar(id="hints")
        yield Input(id="prompt", compact=True)

    def on_mount(self) -> None:
        self.set_interval(1 / UPDATES_PER_SECOND, self._take)
        self._arrange()
        self.query_one(CodePane).focus()
        if self.session.can_start:
            self._do(self.session.start)
        else:
            self._say(line((f"{self.session.path.name} has no _start: invoke NAME ARGS in the console", Role.WARNING)))
            self._follow()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    # -- panes on the screen ---------------------------------------------------------------------

    def _arrange(self) -> None:
        width, height = self.size
        self._slots = arrange(width, height, self._zoomed)
        for slot in self._slots:
            shown = slot.shown(self._chosen)
            for id_ in slot.panes:
                self._place(self.query_one(f"#{id_}"), slot, id_ == shown)
        self._draw_bars()

    def _place(self, pane: Widget, slot: Slot, shown: bool) -> None:
        pane.display = shown
        if not shown:
            return
        rect = slot.rect
        pane.styles.offset = (rect.x, rect.y - 1)
        pane.styles.width, pane.styles.height = rect.width, rect.height
        pane.set_class(rect.height < 5, "borderless")
        pane.border_title = self._tabs(slot, pane.id or "", rect.width)

    def _tabs(self, slot: Slot, shown: str, width: int) -> str:
        """The names of a slot's panes, the one shown marked, as far as there is room."""
        out, used = [], 4
        first = slot.panes.index(shown) if len(slot.panes) > 6 and width < 90 else 0
        for id_ in (*slot.panes[first:], *slot.panes[:first]):
            pane = BY_ID[id_]
            text = f"{pane.key} {pane.title}"
            used += len(text) + 3
            if used > width:
                break
            out.append(f"[b]{text}[/b]" if id_ == shown else f"[dim]{text}[/dim]")
        return " │ ".join(out)

    def on_click(self, event: events.Click) -> None:
        """A click on a tab in a border."""
        for slot in self._slots:
            rect = slot.rect
            if event.screen_y == rect.y and rect.x <= event.screen_x < rect.x + rect.width:
                self._click_tab(slot, event.screen_x - rect.x - 2)

    def _click_tab(self, slot: Slot, at: int) -> None:
        for id_ in slot.panes:
            size = len(BY_ID[id_].key) + 1 + len(BY_ID[id_].title)
            if 0 <= at < size:
                self.action_focus_pane(id_)
                return
            at -= size + 3

    def action_focus_pane(self, id_: str) -> None:
        """Shows a pane and gives it the keys."""
        self._chosen = [*(c for c in self._chosen if c != id_), id_]
        if self._zoomed is not None:
            self._zoomed = id_
        self._arrange()
        pane = self.query_one(f"#{id_}")
        inner = pane.query(HistoryInput).first() if id_ in ("console", "output") else pane
        inner.focus()

    def action_next_pane(self, by: int) -> None:
        """To the next pane on the screen."""
        shown = [slot.shown(self._chosen) for slot in self._slots]
        focused = self._focused_pane()
        at = shown.index(focused) if focused in shown else 0
        self.action_focus_pane(shown[(at + by) % len(shown)])

    def _focused_pane(self) -> str:
        node: Widget | None = self.focused
        while node is not None and not node.has_class("pane"):
            node = node.parent if isinstance(node.parent, Widget) else None
        return node.id or "code" if node is not None else "code"

    def action_zoom(self) -> None:
        """One pane alone, or all again."""
        self._zoomed = None if self._zoomed else self._focused_pane()
        self._arrange()
        self.action_focus_pane(self._focused_pane())

    # -- drawing ---------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Every pane reads the session again."""
        for pane in self.query(LineView):
            if isinstance(pane, CodePane | FramePane | StackPane | VmctxPane | MemoryPane | ListPane):
                pane.follow()
        self._draw_bars()

    def _draw_bars(self) -> None:
        width = self.size.width
        self.query_one("#title", Bar).put(title(self.shared, self.stopped, width))
        over = self.stopped is None or self.stopped.reason in _OVER
        self.query_one("#hints", Bar).put(self._message or hints(self.shared.running, over, width))

    def _say(self, rendered: Line) -> None:
        """One line below the panes, until the next key."""
        self._message = rendered
        self._draw_bars()

    def on_key(self, event: events.Key) -> None:
        if self._message:
            self._message = ()
            self._draw_bars()

    def _take(self) -> None:
        """What came from the session's thread since last time."""
        lines, output = self.bridge.taken()
        if lines:
            self.query_one(ConsolePane).log_view.add(lines)
        if output:
            self.query_one(OutputPane).write(output)
        if self.shared.running:
            self.query_one("#title", Bar).put(title(self.shared, self.stopped, self.size.width))

    # -- working on the session ------------------------------------------------------------------

    def _do(self, work: Callable[[], object]) -> None:
        if not self.bridge.do(work):
            self._say(line(("the program is running: F6 pauses it", Role.WARNING)))
            return
        self.shared.running = True
        self._draw_bars()

    def on_done(self, message: Done) -> None:
        """The session's thread is idle again."""
        self.bridge.busy = False
        self.shared.running = False
        if message.stopped is not None:
            self.stopped = message.stopped
            self.shared.changes.turn()
        self._take()
        self._follow()
        if message.error is not None:
            self._say(line((str(message.error), Role.ERROR)))
            self.bridge.write(line((str(message.error), Role.ERROR)))
        elif message.stopped is not None and message.stopped.detail.trap is not None:
            self._say(line((f"trap: {message.stopped.detail.trap}", Role.ERROR)))
        if self.shared.context.ended:
            self.action_quit_now()

    def action_over(self) -> None:
        source = self.query_one(CodePane).in_source
        self._do(lambda: self.session.step_line(into=False) if source else self.session.step_over())

    def action_into(self) -> None:
        source = self.query_one(CodePane).in_source
        self._do(lambda: self.session.step_line(into=True) if source else self.session.step_instruction())

    def action_instruction(self) -> None:
        self._do(self.session.step_instruction)

    def action_out(self) -> None:
        self._do(self.session.step_out)

    def action_go(self) -> None:
        self._do(self.session.resume)

    def action_restart(self) -> None:
        self._do(self.session.restart)

    def action_pause(self) -> None:
        if self.bridge.busy:
            self.session.request_pause()
        else:
            self._say(line(("nothing is running; q quits", Role.DIM)))

    def action_frame(self, by: int) -> None:
        """Another frame, for every pane."""
        if self.shared.readable:
            self._select(self.session.selected + by)

    def _select(self, number: int) -> None:
        try:
            self.session.select_frame(number)
        except UserError as error:
            self._say(line((str(error), Role.WARNING)))
            return
        self._follow()

    # -- breakpoints -----------------------------------------------------------------------------

    def action_break_here(self) -> None:
        self.query_one(CodePane).action_toggle_breakpoint()

    def action_to_cursor(self) -> None:
        self.query_one(CodePane).action_run_to_cursor()

    def on_code_pane_toggle(self, message: CodePane.Toggle) -> None:
        if self.bridge.busy:
            self._say(line(("pause the program first (F6)", Role.WARNING)))
            return
        try:
            self._toggle(message)
        except WasmscopeError as error:
            self._say(line((str(error), Role.ERROR)))
        self.query_one(CodePane).refresh_marks()
        self.query_one(BreakpointsPane).follow()

    def _toggle(self, message: CodePane.Toggle) -> None:
        standing = [
            b for b in self.session.breakpoints
            if b.location == message.location or any(r.site == message.site for r in b.resolved)
        ]  # fmt: skip
        for found in standing:
            self.session.breakpoints.delete(found.id)
        if not standing:
            made = self.session.add_breakpoint(message.location)
            if made.pending:
                self.session.breakpoints.delete(made.id)
                self._say(line((f"no code at {message.location}", Role.WARNING)))

    def on_code_pane_run_to(self, message: CodePane.RunTo) -> None:
        self._do(lambda: self.session.run_to(message.location))

    def on_breakpoints_pane_changed(self, message: BreakpointsPane.Changed) -> None:
        self.query_one(CodePane).refresh_marks()
        self.query_one(BreakpointsPane).follow()

    # -- going places ----------------------------------------------------------------------------

    def on_line_view_chosen(self, message: LineView.Chosen) -> None:
        if isinstance(message.view, StackPane) and self.shared.readable:
            self._select(message.row)

    def on_vmctx_pane_pointed(self, message: VmctxPane.Pointed) -> None:
        self._say(message.explanation)

    def on_vmctx_pane_followed(self, message: VmctxPane.Followed) -> None:
        self._open_memory(message.addr)

    def on_map_pane_opened(self, message: MapPane.Opened) -> None:
        self._open_memory(message.region.base)

    def on_memory_pane_goto(self, message: MemoryPane.Goto) -> None:
        self._ask("memory at (expression): ", self._goto_memory)

    def _open_memory(self, addr: int) -> None:
        if self.query_one(MemoryPane).open(addr):
            self.action_focus_pane("memory")
        else:
            self._say(line((f"nothing is mapped at {addr:#x}", Role.WARNING)))

    def _goto_memory(self, text: str) -> None:
        place = place_of(self.session, text)
        base = place.memory.region.base if place.memory is not None else 0
        self._open_memory(base + place.at)

    def action_goto(self) -> None:
        self._ask("show (location): ", self._goto_code)

    def _goto_code(self, text: str) -> None:
        found = [r for r in self.session.resolver.resolve(text) if self.session.machine.instance_at(r.site.vmctx)]
        if not found:
            raise UserError(f"nothing is called {text!r}")
        instance = self.session.machine.instance_at(found[0].site.vmctx)
        assert instance is not None
        self.query_one(CodePane).open(instance, found[0].site.func, found[0].site.pc)
        self.action_focus_pane("code")

    def action_add_watch(self) -> None:
        self._ask("watch (expression): ", self._add_watch)

    def _add_watch(self, text: str) -> None:
        self.session.evaluator().check(text)
        self.session.watches.add(text)
        self.action_focus_pane("watches")
        self.query_one(WatchesPane).follow()

    def on_watches_pane_deleted(self, message: WatchesPane.Deleted) -> None:
        self.query_one(WatchesPane).follow()

    # -- the prompt ------------------------------------------------------------------------------

    def _ask(self, label: str, then: Callable[[str], None]) -> None:
        """A line to type in, at the bottom."""
        if self.bridge.busy:
            self._say(line(("pause the program first (F6)", Role.WARNING)))
            return
        self._answer, prompt = then, self.query_one("#prompt", Input)
        prompt.placeholder, prompt.value = label, ""
        prompt.display = True
        prompt.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != "prompt":
            return
        text, answer = event.value.strip(), self._answer
        self._close_prompt()
        if text and answer is not None:
            try:
                answer(text)
            except WasmscopeError as error:
                self._say(line((str(error), Role.ERROR)))

    def _close_prompt(self) -> None:
        self.query_one("#prompt", Input).display = False
        self._answer = None
        self.action_focus_pane(self._chosen[-1] if self._chosen else "code")

    def key_escape(self) -> None:
        if self._answer is not None:
            self._close_prompt()

    # -- console and output ----------------------------------------------------------------------

    def on_history_input_left(self, message: HistoryInput.Left) -> None:
        self.action_focus_pane("code")

    def on_history_input_complete(self, message: HistoryInput.Complete) -> None:
        found = self.shared.context.table.completions(message.input.value)
        if len(found) == 1:
            message.input.value = found[0] + " "
            message.input.cursor_position = len(message.input.value)
        elif found:
            self._say(line((" ".join(found[:40]), Role.DIM)))

    def on_console_pane_entered(self, message: ConsolePane.Entered) -> None:
        self._do(lambda: execute(self.shared.context, message.text))

    def on_output_pane_fed(self, message: OutputPane.Fed) -> None:
        try:
            self.session.world.feed_stdin(message.text.encode())
        except UserError as error:
            self._say(line((str(error), Role.WARNING)))

    # -- the rest --------------------------------------------------------------------------------

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.shared.context))

    async def action_quit(self) -> None:
        self.action_quit_now()

    def action_quit_now(self) -> None:
        self.bridge.close()
        self.session.close()
        self.exit(0)


def run_tui(start: Start) -> int:
    """Opens the debugger on the terminal; the exit code."""
    return WasmscopeApp(start).run() or 0
