"""The full screen: keys, and what happens when."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from debugger.events import Reason, Stopped
from debugger.session import Session
from ui.command import Settings, StopView
from ui.commands import console, execute
from ui.completion import complete
from ui.examine import place_of
from ui.kept_watches import KeptWatches
from ui.render.line import Line, Role, line, text_of
from ui.start import Start
from ui.state_folder import watches_folder
from ui.tui.arrange import PANES
from ui.tui.bars import Bar, hints, title
from ui.tui.bridge import UPDATES_PER_SECOND, Bridge, Broken, Done
from ui.tui.context import Screen
from ui.tui.desk import Desk
from ui.tui.help import HelpScreen
from ui.tui.line_view import LineView
from ui.tui.pane import Pane
from ui.tui.panes.code import CodePane
from ui.tui.panes.console import CommandInput, ConsolePane, FeedInput, HistoryInput, OutputPane
from ui.tui.panes.frame import FramePane
from ui.tui.panes.lists import AddressPane, BreakpointsPane, MapPane, TablesPane, WatchesPane
from ui.tui.panes.memory import MemoryPane
from ui.tui.panes.stack import StackPane
from ui.tui.panes.vmctx import VmctxPane
from ui.tui.prompt import Prompt
from vm.errors import UserError, WasmscopeError
from vm.machine import CodeKind
from vm.stop import Site

_PAUSE_FIRST = "the program is running: F6 pauses it"


class WasmscopeApp(App[int]):
    """The debugger on the whole terminal."""

    TITLE = "wasmscope"
    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { layers: base above; overflow: hidden; } #title { dock: top; } #hints { dock: bottom; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,f10", "over", "step over: a source line, or an instruction", id="run.over"),
        Binding("s,f11", "into", "step into: a source line, or an instruction", id="run.into"),
        Binding("i", "instruction", "one instruction", id="run.instruction"),
        Binding("f,shift+f11", "out", "until the selected frame returns", id="run.out"),
        Binding("c,f5", "go", "continue", id="run.continue"),
        Binding("f4", "to_cursor", "run to the cursor of the code pane", id="run.to_cursor"),
        Binding("r", "restart", "restart", id="run.restart"),
        Binding("f6,ctrl+c", "pause", "pause", id="run.pause", priority=True),
        Binding("f9", "break_here", "breakpoint at the cursor of the code pane", id="break.here"),
        Binding("u", "frame(1)", "the frame outside", id="frame.up"),
        Binding("d", "frame(-1)", "the frame inside", id="frame.down"),
        Binding("v", "switch", "source or disassembly", id="code.switch"),
        Binding("w,f7", "add_watch", "add a watch expression", id="watch.add"),
        Binding("g", "goto", "show a location", id="go.to"),
        Binding("colon", "go_to('console')", "console", id="go.console"),
        Binding("tab", "next_pane(1)", "next pane", id="go.next"),
        Binding("shift+tab", "next_pane(-1)", "pane before", id="go.previous"),
        Binding("z,f12", "zoom", "one pane alone, or all", id="view.zoom"),
        Binding("question_mark,f1", "help", "help", id="view.help"),
        Binding("q", "quit", "quit", id="app.quit"),
        *(Binding(p.key, f"go_to('{p.id}')", p.title, show=False) for p in PANES),
    ]

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.bridge = Bridge(self)
        self.session: Session = start.open(self.bridge.output, wait_for_input=True)
        self.bridge.attach(self.session)
        settings = Settings(stop_view=StopView.NOTHING)
        self.shared = Screen(self.session, console(self.session, self.bridge.write, settings))
        self._watches = KeptWatches(self.session, watches_folder())
        self._message: Line = ()

    # -- making ----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        shared = self.shared
        yield Bar(id="title")
        yield Desk((
            CodePane(shared), FramePane(shared), StackPane(shared), VmctxPane(shared), MemoryPane(shared),
            TablesPane(shared, "tables"), MapPane(shared, "map"), ConsolePane(id="console"),
            BreakpointsPane(shared), WatchesPane(shared), OutputPane(id="output"),
        ))  # fmt: skip
        yield Bar(id="hints")
        yield Prompt()

    def on_mount(self) -> None:
        self.set_interval(1 / UPDATES_PER_SECOND, self._take)
        self.query_one(CodePane).focus()
        self._trying(self._watches.load)
        if self.session.can_start:
            self._do(self.session.start)
        else:
            self._say((f"{self.session.path.name} has no _start: try  : invoke EXPORT ARGS", Role.WARNING))
            self._follow()

    @property
    def desk(self) -> Desk:
        return self.query_one(Desk)

    # -- drawing ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw_bars)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._draw_bars()

    def _follow(self) -> None:
        """Every pane on the screen reads the session again."""
        for pane in self.query(Pane):
            pane.follow()
        self._draw_bars()

    def _draw_bars(self) -> None:
        width = self.size.width
        self.query_one("#title", Bar).put(title(self.shared, width))
        self.query_one("#hints", Bar).put(self._message or hints(self.shared, self.desk.active, width))

    def _say(self, *parts: tuple[str, Role]) -> None:
        """One line below the panes, until the next key."""
        self._message = line((" ", Role.PLAIN), *parts)
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
            self.query_one("#title", Bar).put(title(self.shared, self.size.width))

    # -- working on the session ------------------------------------------------------------------

    def _do(self, work: Callable[[], object]) -> None:
        """Runs what may take long on the session's thread."""
        if not self.bridge.do(work):
            self._say((_PAUSE_FIRST, Role.WARNING))
            return
        self.shared.running = True
        self._draw_bars()

    def _trying(self, work: Callable[[], object]) -> None:
        """Does something quick; what goes wrong is said in one line."""
        if self.bridge.busy:
            self._say((_PAUSE_FIRST, Role.WARNING))
            return
        try:
            work()
        except WasmscopeError as error:
            self._say((str(error), Role.ERROR))

    def on_done(self, message: Done) -> None:
        """The session's thread is idle again."""
        self.bridge.busy = self.shared.running = False
        self._message = ()
        if self.shared.context.ended:
            self._leave()
            return
        if message.stopped is not None:
            self.shared.before.turn()
            self.shared.views.watch_values()
            self._tell(message.stopped)
        self._take()
        self._follow()
        if message.error is not None:
            self._say((str(message.error), Role.ERROR))
            self.query_one(ConsolePane).log_view.add([line((str(message.error), Role.ERROR))])
        self._trying(self._watches.keep)

    def on_broken(self, message: Broken) -> None:
        raise message.error

    def _tell(self, stopped: Stopped) -> None:
        """Writes a stop to the console, but for steps; a trap is explained in the line below, too."""
        if stopped.reason is not Reason.STEP:
            for rendered in self.shared.views.stop(stopped, with_code=False):
                self.bridge.write(rendered)
        why = [text_of(rendered).strip() for rendered in self.shared.views.why(stopped)]
        if why:
            self.desk.show("console")
            self._say(("trap: ", Role.ERROR), ("; ".join((*why[2:], why[0])), Role.WARNING))

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
            self._say(("nothing is running; q quits", Role.DIM))

    def action_frame(self, by: int) -> None:
        """Another frame, for every pane."""
        self._trying(lambda: self._select(self.session.selected + by))

    def _select(self, number: int) -> None:
        self.session.select_frame(number)
        self._follow()

    # -- breakpoints and watches -----------------------------------------------------------------

    def action_break_here(self) -> None:
        self.query_one(CodePane).action_toggle_breakpoint()

    def action_to_cursor(self) -> None:
        self.query_one(CodePane).action_run_to_cursor()

    def on_code_pane_toggle(self, message: CodePane.Toggle) -> None:
        self._trying(lambda: self._toggle(message.where))

    def _toggle(self, where: Site | str) -> None:
        breakpoints, resolver = self.session.breakpoints, self.session.resolver
        sites = {where} if isinstance(where, Site) else {r.site for r in resolver.resolve(where)}
        if not sites:
            raise UserError(f"no code was made from {where}")
        standing = [b for b in breakpoints if sites & {r.site for r in b.resolved}]
        for found in standing:
            breakpoints.delete(found.id)
        if not standing:
            self.session.add_breakpoint(self._location(where) if isinstance(where, Site) else where)
        self._breakpoints_changed()

    def _location(self, site: Site) -> str:
        """The location text that stands for an instruction, and for no other where there is such a text."""
        instance = self.session.machine.instance_at(site.vmctx)
        assert instance is not None
        offset = instance.facts(site.func).instrs[site.pc].offset
        within = offset - instance.module.body(site.func).span.start
        named = f"{self.session.inspect.func_name(instance, site.func)}+{within:#x}"
        for text in (named, f"func[{site.func}]+{within:#x}"):
            if " " not in text and [r.site for r in self.session.resolver.resolve(text)] == [site]:
                return text
        return f"@{offset:#x}"

    def on_code_pane_run_to(self, message: CodePane.RunTo) -> None:
        where = message.where
        self._do(lambda: self.session.run_to_site(where) if isinstance(where, Site) else self.session.run_to(where))

    def on_breakpoints_pane_changed(self) -> None:
        self._breakpoints_changed()

    def _breakpoints_changed(self) -> None:
        self.query_one(CodePane).refresh_marks()
        self.query_one(BreakpointsPane).follow()

    def action_add_watch(self) -> None:
        self._ask("watch (expression)", self._add_watch)

    def _add_watch(self, text: str) -> None:
        self.session.evaluator().check(text)
        self.session.watches.add(text)
        self.desk.show("watches")
        self.on_watches_pane_changed()

    def on_watches_pane_changed(self) -> None:
        self.query_one(WatchesPane).follow()
        self._trying(self._watches.keep)

    # -- going places ----------------------------------------------------------------------------

    def action_go_to(self, id_: str) -> None:
        self.desk.go_to(id_)

    def action_next_pane(self, by: int) -> None:
        self.desk.next_pane(by)

    def action_zoom(self) -> None:
        self.desk.zoom()

    def action_switch(self) -> None:
        pane = self.query_one(CodePane)
        if pane.lacks_source:
            self._say((pane.lacks_source, Role.WARNING))
        else:
            pane.switch()

    def on_line_view_chosen(self, message: LineView.Chosen) -> None:
        if isinstance(message.view, StackPane):
            self._trying(lambda: self._select(message.row))

    def on_vmctx_pane_pointed(self, message: VmctxPane.Pointed) -> None:
        self._say(*message.explanation)

    def on_memory_pane_pointed(self, message: MemoryPane.Pointed) -> None:
        self._say(*message.explanation)

    def on_vmctx_pane_followed(self, message: VmctxPane.Followed) -> None:
        self._trying(lambda: self._open_address(message.addr))

    def on_address_pane_opened(self, message: AddressPane.Opened) -> None:
        if isinstance(self.focused, MapPane):
            self._trying(lambda: self._open_memory(message.addr))
        else:
            self._trying(lambda: self._open_field(message.addr))

    def _open_field(self, addr: int) -> None:
        """A field of the runtime's structures in the vmctx pane."""
        self.desk.go_to("vmctx")
        pane = self.query_one(VmctxPane)
        if (row := pane.row_of(addr)) is not None:
            pane.move_to(row)

    def _open_address(self, addr: int) -> None:
        """What lies at an address: a function's code as code, all else as bytes."""
        code = self.session.machine.code_at(addr)
        instance = self.session.machine.instance_at(code.vmctx) if code is not None else None
        if code is not None and instance is not None and code.kind not in (CodeKind.HOST, CodeKind.BUILTIN):
            self._open_code(Site(code.vmctx, code.func, 0))
        else:
            self._open_memory(addr)

    def _open_memory(self, addr: int) -> None:
        if not self.query_one(MemoryPane).open(addr):
            raise UserError(f"nothing is mapped at {addr:#x}")
        self.desk.go_to("memory")

    def on_memory_pane_goto(self, message: MemoryPane.Goto) -> None:
        self._ask("memory at (expression)", self._goto_memory)

    def _goto_memory(self, text: str) -> None:
        place = place_of(self.session, text)
        base = place.memory.region.base if place.memory is not None else 0
        self._open_memory(base + place.at)

    def action_goto(self) -> None:
        self._ask("show (function, function+0x10, @0x19c or file.c:12)", self._goto_code)

    def _goto_code(self, text: str) -> None:
        found = self.session.resolver.resolve(text)
        if not found:
            raise UserError(f"nothing is called {text!r}")
        self._open_code(found[0].site)

    def _open_code(self, site: Site) -> None:
        instance = self.session.machine.instance_at(site.vmctx)
        if instance is None or instance.is_imported(site.func):
            raise UserError("that is a host function: it has no code to show")
        self.query_one(CodePane).open(instance, site.func, site.pc)
        self.desk.go_to("code")

    # -- the prompt ------------------------------------------------------------------------------

    def _ask(self, question: str, answer: Callable[[str], None]) -> None:
        self._trying(lambda: self.query_one(Prompt).ask(question, answer))

    def on_prompt_answered(self, message: Prompt.Answered) -> None:
        self._trying(lambda: message.answer(message.text))

    def on_prompt_closed(self) -> None:
        self.desk.focus_active()

    # -- console and output ----------------------------------------------------------------------

    def on_history_input_left(self, message: HistoryInput.Left) -> None:
        self.desk.go_to("code")

    def on_command_input_complete(self, message: CommandInput.Complete) -> None:
        self._trying(lambda: self._complete(message.command))

    def _complete(self, command: CommandInput) -> None:
        if choices := command.offer(complete(self.shared.context, command.value)):
            self._say((choices, Role.DIM))

    def on_console_pane_entered(self, message: ConsolePane.Entered) -> None:
        self._do(lambda: execute(self.shared.context, message.text))

    def on_output_pane_fed(self, message: OutputPane.Fed) -> None:
        self._feed(lambda: self.session.world.feed_stdin(message.text.encode() + b"\n"))

    def on_feed_input_ended(self, message: FeedInput.Ended) -> None:
        self._feed(self.session.world.close_stdin)
        self._say(("standard input ends here", Role.DIM))

    def _feed(self, work: Callable[[], None]) -> None:
        """Input may come while the guest runs."""
        try:
            work()
        except UserError as error:
            self._say((str(error), Role.WARNING))

    # -- the rest --------------------------------------------------------------------------------

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.shared.context))

    async def action_quit(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self.bridge.close()
        self.session.close()
        self.exit(0)


def run_tui(start: Start) -> int:
    """Opens the debugger on the terminal; the exit code."""
    return WasmscopeApp(start).run() or 0
