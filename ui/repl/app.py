"""The REPL: reads a line, runs it on the session's own thread, shows what it says."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.output import Output

from debugger.events import Event, Message
from debugger.session import Session
from ui import exits
from ui.command import Again, Settings, StopView
from ui.command_table import show_stop
from ui.commands import TABLE, console
from ui.render.line import Line, Role, line, note
from ui.repl.history import KeptHistory
from ui.repl.keys import CommandCompleter, bindings, toolbar
from ui.repl.look import STYLE, formatted
from ui.start import Start
from ui.state_folder import state_folder, watches_folder
from ui.text import OutputText
from vm.errors import UserError, WasmscopeError
from vm.wasi.world import Stream

_PROMPT = FormattedText([("class:ws-heading", "(ws) ")])


class Screen:
    """What is printed above the prompt; used while a command runs, so never together with the prompt."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._texts = {stream: OutputText() for stream in Stream}
        self._at_start = True

    def write(self, rendered: Line) -> None:
        """A line of ours."""
        if not self._at_start:
            self._output.write("\n")
        self._at_start = True
        print_formatted_text(formatted([rendered]), style=STYLE, output=self._output)

    def guest(self, stream: Stream, data: bytes) -> None:
        """A piece of the program's output."""
        text = self._texts[stream].feed(data)
        if text:
            self._output.write(text)
            self._output.flush()
            self._at_start = text.endswith("\n")


class Repl:
    """One REPL. `output` is where it prints, when not where the prompt is."""

    def __init__(self, start: Start, output: Output | None = None) -> None:
        self._history = KeptHistory(state_folder() / "history")
        self.prompt: PromptSession[str] = PromptSession(
            history=self._history, auto_suggest=AutoSuggestFromHistory(), style=STYLE, complete_while_typing=False,
            key_bindings=bindings(TABLE.commands),
        )  # fmt: skip
        self._screen = Screen(output or self.prompt.output)
        self.session: Session = start.open(self._screen.guest)
        self._context = console(self.session, self._screen.write, Settings(stop_view=StopView.CONTEXT))
        self.session.listen(self._event)
        self._again = ""  # what an empty line runs
        self._worker = ThreadPoolExecutor(1, "session")

    def run(self) -> int:
        """Until the user leaves; the exit code."""
        try:
            asyncio.run(self._loop())
        finally:
            self._worker.shutdown()
            self.session.close()
        return exits.OK

    async def _loop(self) -> None:
        await self._on_worker(self._begin)
        completer = CommandCompleter(self._context)
        while not self._context.ended:
            self._tell_trouble()
            try:
                text = await self.prompt.prompt_async(
                    _PROMPT, completer=completer, bottom_toolbar=lambda: formatted([toolbar(self.session)])
                )
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
            await self._on_worker(self._enter, text)
        await self._on_worker(self._keep_watches)

    async def _on_worker(self, work: Callable[..., None], *args: str) -> None:
        """Runs on the session's thread; Ctrl-C pauses the program meanwhile."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.session.request_pause)
        try:
            await loop.run_in_executor(self._worker, work, *args)
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    # -- on the session's thread -----------------------------------------------------------------

    def _begin(self) -> None:
        session = self.session
        self._guarded(lambda: session.watches.load(watches_folder(), session.loaded.module.bytes))
        if session.can_start:
            self._guarded(lambda: show_stop(self._context, session.start()))
        else:
            self._write([note(f"{session.path.name} has no _start: invoke EXPORT ARGS calls a function")])

    def _enter(self, text: str) -> None:
        text = text.strip() or self._again
        self._again = _repeated(text)
        self._guarded(lambda: TABLE.execute(self._context, text))

    def _keep_watches(self) -> None:
        session = self.session
        if len(session.watches):
            self._guarded(lambda: session.watches.save(watches_folder(), session.loaded.module.bytes))

    def _guarded(self, work: Callable[[], None]) -> None:
        """The one place where errors of the REPL end up."""
        try:
            work()
        except WasmscopeError as error:
            self._write([line((f"error: {error}", Role.ERROR))])

    def _event(self, event: Event) -> None:
        if isinstance(event, Message):
            self._write([line(event.text)])

    def _write(self, lines: Iterable[Line]) -> None:
        for rendered in lines:
            self._screen.write(rendered)

    def _tell_trouble(self) -> None:
        if trouble := self._history.take_trouble():
            self._write([line((trouble, Role.WARNING))])


def _repeated(text: str) -> str:
    """What an empty line after this one runs."""
    try:
        command = TABLE.find(text)[0] if text else None
    except UserError:
        return ""
    if command is None or command.again is Again.NOTHING:
        return ""
    return text if command.again is Again.SAME else command.name


def run_repl(start: Start) -> int:
    """The REPL of the command line; the exit code. Raises WasmscopeError when the session cannot be made."""
    return Repl(start).run()
