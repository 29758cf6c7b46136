"""The full screen: what is on it, and who hears what happens there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.actions import ActionParseResult
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import ModalScreen

from debugger.session import Session
from ui import exits
from ui.command import Settings, StopView
from ui.commands import console, table_with
from ui.kept_watches import KeptWatches
from ui.render.line import Line, Role, line
from ui.start import Start
from ui.tui.bars import Bar, hints, title
from ui.tui.bridge import UPDATES_PER_SECOND, Bridge, Broken, Done
from ui.tui.choosing import Choosing
from ui.tui.context import Screen
from ui.tui.desk import Desk, DeskScreen
from ui.tui.first_time import FirstTime
from ui.tui.help import HelpScreen, help_lines
from ui.tui.keys import EVERYWHERE
from ui.tui.marking import Marking
from ui.tui.messages import Ask, Back, Changed, Commanded, Explained, Goto, Target, Told
from ui.tui.navigation import Navigation
from ui.tui.panes.code import CodePane
from ui.tui.panes.console import CommandInput, ConsolePane, FeedInput, HistoryInput, OutputPane
from ui.tui.panes.source import SourcePane
from ui.tui.preferences import CONFIG_NAME, Folders, Kept, read_configuration
from ui.tui.prompt import Prompt
from ui.tui.running import Runner
from ui.tui.screen_commands import screen_commands
from ui.tui.searching import Later, Searching
from ui.tui.sides import Sides
from ui.tui.talking import Talking
from ui.tui.validating import Validated, Validating
from ui.tui.work import Work
from vm.errors import WasmscopeError
from vm.stop import Site


class WasmscopeApp(App[int]):
    """The debugger on the whole terminal."""

    TITLE = "wasmscope"
    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { layers: base above; overflow: hidden; } #title { dock: top; } #hints { dock: bottom; }"
    BINDINGS: ClassVar[list[BindingType]] = list(EVERYWHERE)

    def __init__(self, start: Start, folders: Folders | None = None, keys: str = "") -> None:
        super().__init__()
        folders = folders or Folders.of_user()
        configuration = read_configuration(folders.config / CONFIG_NAME)
        if keys:
            configuration = replace(configuration, keys=keys)
        kept = Kept(folders.state)
        self.choosing = Choosing(self, configuration, kept)
        self.first_time = FirstTime(kept, lambda: self.choosing.keymap)
        self.bridge = Bridge(self)
        self.session: Session = start.open(self.bridge.output, wait_for_input=True, validate_later=True)
        self.bridge.attach(self.session)
        settings = Settings(stop_view=StopView.NOTHING)
        self.shared = Screen(self.session, console(self.session, self.bridge.write, settings), self)
        self.validating = Validating(self.session, self.post_message)
        self.work = Work(self, self.validating)
        self.shared.context.table = table_with(screen_commands(self.choosing, self.work.later))
        self.sides = Sides(self)
        self.runner = Runner(self, self.sides)
        self.searching = Searching(self)
        self.navigation = Navigation(self)
        self.marking = Marking(self)
        self.talking = Talking(self)
        self._about = start.about
        self._watches = KeptWatches(self.session, folders.state / "watches")
        self._title, self._hints = Bar(id="title"), Bar(id="hints")
        self._message: Line = ()
        self.failure = ""  # why the screen was left, if that is to be said

    def get_line_filters(self) -> list[LineFilter]:
        """No colour of ours is one of the terminal's sixteen: looking for such in every row is of no use."""
        return [each for each in super().get_line_filters() if not isinstance(each, ANSIToTruecolor)]

    # -- making ----------------------------------------------------------------------------------

    def get_default_screen(self) -> DeskScreen:
        return DeskScreen(id="_default")

    def compose(self) -> ComposeResult:
        yield self._title
        self.desk = Desk(self.shared)
        yield self.desk
        yield self.first_time
        yield self._hints
        yield Prompt()

    def on_mount(self) -> None:
        self.set_interval(1 / UPDATES_PER_SECOND, self._take)
        self.query_one(CodePane).focus()
        if self._about:
            self.work.later(lambda: self.note((self._about, Role.ERROR)))
        problems = self.choosing.begin()
        if self.session.kept is not None and (problem := self.choosing.use_session(self.session.kept.screen)):
            problems.append(problem)
        self.session.screen = self.choosing.for_session
        if problems:
            self.work.later(lambda: self._note_all(problems))
        self.trying(self._watches.load)
        self.call_after_refresh(self._validate)
        if (entry := self.session.first_function) is not None:
            self.sides.code.expect(*entry)
            self.bridge.do(self.session.start)
            self.work.begun()
        else:
            self.say((f"{self.session.path.name} has no _start: try  : invoke EXPORT ARGS", Role.WARNING))
            self.follow()
            self.work.catch_up()

    # -- drawing ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw_bars)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._draw_bars()

    def follow(self) -> None:
        """Every pane on the screen reads the session again."""
        self.sides.settle()
        for pane in self.desk.all_panes():
            pane.follow()
        self._draw_bars()

    def _draw_bars(self) -> None:
        if not self._title.is_attached:  # what was under way may end after the screen has gone
            return
        width, desk = self.size.width, self.desk
        self.first_time.draw()
        self._title.put(title(self.shared, width))
        keys = hints(self.shared, desk.hints, desk.pane(desk.active) is None, width, self.choosing.keymap)
        self._hints.put(self._message or keys)

    def say(self, *parts: tuple[str, Role]) -> None:
        """One line below the panes, until the next key."""
        self._message = line((" ", Role.PLAIN), *parts)
        self._draw_bars()

    def note(self, part: tuple[str, Role]) -> None:
        """The same, and in the console, where it stays."""
        self.say(part)
        self.query_one(ConsolePane).log_view.add([line(part)])

    def _note_all(self, problems: list[str]) -> None:
        for problem in problems:
            self.note((problem, Role.WARNING))
        if len(problems) > 1:
            self.say((f"{problems[0]} (and {len(problems) - 1} more, in the console)", Role.WARNING))

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape" and self.searching.busy:
            self.searching.cancel()
        elif self._message:
            self._message = ()
            self._draw_bars()

    def _take(self) -> None:
        """What came from the session's thread since last time."""
        lines, output = self.bridge.taken()
        if lines:
            self.query_one(ConsolePane).log_view.add(lines)
        if output:
            self.query_one(OutputPane).write(output)
        if self.shared.running or self.shared.validating is not None:
            self.shared.validating = None if self.shared.validating is None else self.validating.percent
            self._draw_bars()
        if self.bridge.progress and self.bridge.busy:
            self.say((self.bridge.progress, Role.WARNING), ("  F6 stops it", Role.DIM))
        self.work.updated()

    # -- working on the session ------------------------------------------------------------------

    def _validate(self) -> None:
        self.shared.validating = 0
        self.run_worker(self.validating.check, thread=True, group="validation")

    def on_validated(self, message: Validated) -> None:
        self.shared.validating = None
        if message.error is not None:
            self._leave(exits.FAILED, str(message.error))
        elif (work := self.validating.released()) is not None:
            self._message = ()
            self.do(work)
        self._draw_bars()

    def do(self, work: Callable[[], object]) -> None:
        """Runs what may take long on the session's thread."""
        self.work.do(work)

    def trying(self, work: Callable[[], object]) -> None:
        """Does something quick; what goes wrong is said in one line."""
        self.work.trying(work)

    def attempt(self, work: Callable[[], object]) -> None:
        """The same for what may be done while the program runs."""
        self.work.attempt(work)

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
            self.runner.tell(message.stopped)
        self._take()
        self.follow()
        if message.error is not None:
            self.note((str(message.error), Role.ERROR))
        self.trying(self._watches.keep)
        self.work.catch_up()

    def on_broken(self, message: Broken) -> None:
        raise message.error

    # -- what panes ask for ----------------------------------------------------------------------

    def on_goto(self, message: Goto) -> None:
        self.go(message.target)

    def on_back(self, message: Back) -> None:
        self.trying(self.navigation.back)

    def on_explained(self, message: Explained) -> None:
        self.say(*message.explanation)

    def on_told(self, message: Told) -> None:
        self.say(*message.told)

    def on_commanded(self, message: Commanded) -> None:
        self.talking.command(message.text)

    def on_changed(self, message: Changed) -> None:
        self.changed()

    def changed(self) -> None:
        """The session was changed by hand."""
        self.follow()
        self.trying(self._watches.keep)

    def on_ask(self, message: Ask) -> None:
        self.ask(message.question, message.answer, message.text, message.may_be_empty)

    def ask(self, question: str, answer: Callable[[str], None], text: str = "", may_be_empty: bool = False) -> None:
        """Asks for a line of text."""
        self.trying(lambda: self.query_one(Prompt).ask(question, answer, text, may_be_empty))

    def on_prompt_answered(self, message: Prompt.Answered) -> None:
        self.trying(lambda: message.answer(message.text))

    def on_prompt_closed(self) -> None:
        self.desk.focus_active()

    async def run_action(
        self, action: str | ActionParseResult, default_namespace: DOMNode | None = None, namespaces: Any = None
    ) -> bool:
        """What a key's action refuses is said in one line."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except WasmscopeError as error:
            self.say((str(error), Role.ERROR))
            return True

    # -- keys ------------------------------------------------------------------------------------

    def action_run(self, how: str) -> None:
        self.first_time.used("run")
        self.runner.run(how)

    def action_pause(self) -> None:
        self.runner.pause()

    def action_frame(self, by: int) -> None:
        self.trying(lambda: self.navigation.select_by(by))

    def action_break_here(self) -> None:
        self.sides.front.action_toggle_breakpoint()

    def action_to_cursor(self) -> None:
        self.sides.front.action_run_to_cursor()

    def toggle(self, where: Site | str) -> None:
        """A breakpoint at a place of the code or source pane."""
        self.first_time.used("mark")
        self.trying(lambda: self.marking.toggle(where))

    def watch_changes(self, expression: str) -> None:
        """A watchpoint on what a pane's cursor is on."""
        self.trying(lambda: self.marking.watch_changes(expression))

    def last_write(self, expression: str) -> None:
        """Back to what last wrote what a pane's cursor is on."""
        self.runner.last_write(expression)

    def go_to_tick(self, tick: int) -> None:
        """To a moment of the recording."""
        self.runner.go_to_tick(tick)

    def run_to(self, where: Site | str) -> None:
        """Until a place is reached."""
        self.runner.run_to(where)

    def action_add_watch(self) -> None:
        self.ask("watch (expression)", self.marking.watch)

    def action_goto(self) -> None:
        self.ask("show (function, function+0x10, @0x19c or file.c:12)", self._go_to_location)

    def action_go_to(self, id_: str) -> None:
        self.desk.go_to(self.sides.wanted if id_ == "code" else id_)

    def action_toggle(self, id_: str) -> None:
        self.desk.toggle(id_)

    def action_next_pane(self, by: int) -> None:
        self.desk.next_pane(by)

    def action_zoom(self) -> None:
        self.desk.zoom()

    def action_find(self, kind: str = "") -> None:
        self.first_time.used("find")
        self.attempt(lambda: self.choosing.open(kind))

    def popup(self, screen: ModalScreen[Any], chosen: Callable[[Any], None]) -> None:
        """Opens a screen above this one; what it is left with goes to `chosen`."""
        self.push_screen(screen, chosen)

    def action_jump(self) -> None:
        self.choosing.jump()

    def action_resize(self, by: int) -> None:
        self.desk.resize(by)

    def simulate(self, action: str, everywhere: bool) -> None:
        """Does what a key does: one that works everywhere, or one of the pane that has the keys."""
        self.call_later(self.run_action, action, None if everywhere else self.focused)

    def type_command(self, text: str) -> None:
        """A command in the console, to be gone on with or run by Enter."""
        self.desk.go_to("console")
        self.query_one(CommandInput).put(text + " ")

    def action_heat(self) -> None:
        self.talking.command("heat --quiet" if self.session.heat is None else "heat off")

    def action_switch(self) -> None:
        self.trying(self.sides.switch)

    # -- code ------------------------------------------------------------------------------------

    def on_code_pane_moved(self, message: CodePane.Moved) -> None:
        self.sides.code_moved(message)

    def on_source_pane_moved(self, message: SourcePane.Moved) -> None:
        self.sides.source_moved(message)

    def on_code_pane_search(self, message: CodePane.Search) -> None:
        self.searching.text(self.sides.code, message)

    def on_code_pane_uses(self, message: CodePane.Uses) -> None:
        self.trying(lambda: self.searching.uses(message))

    def on_later(self, message: Later) -> None:
        message.work()

    def go(self, target: Target | None) -> None:
        """To where a popup leads."""
        if target is not None:
            self.trying(lambda: self._go(target))

    def _go(self, target: Target) -> None:
        self.navigation.go(target)
        self.sides.arrived()

    def _go_to_location(self, text: str) -> None:
        self._go(self.navigation.location(text))

    # -- console and output ----------------------------------------------------------------------

    def on_history_input_left(self, message: HistoryInput.Left) -> None:
        self.action_go_to("code")

    def on_command_input_complete(self, message: CommandInput.Complete) -> None:
        self.trying(lambda: self.talking.complete(message.command))

    def on_console_pane_entered(self, message: ConsolePane.Entered) -> None:
        self.talking.command(message.text)

    def on_output_pane_fed(self, message: OutputPane.Fed) -> None:
        self.talking.feed(message.text)

    def on_feed_input_ended(self, message: FeedInput.Ended) -> None:
        self.talking.end_input()

    # -- the rest --------------------------------------------------------------------------------

    def action_help(self) -> None:
        self.first_time.used("find")
        self.push_screen(HelpScreen(help_lines(self.shared.context.table.commands, self.choosing.keymap)))

    async def action_quit(self) -> None:
        self._leave()

    def _leave(self, code: int = 0, why: str = "") -> None:
        self.workers.cancel_all()
        self.bridge.close()
        self.session.close()
        self.exit(code, return_code=code)
        self.failure = why
