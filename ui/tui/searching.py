"""Looking through all code of a module, off the screen's thread: text searches and cross references.

A module never changes, so it can be read while the session runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import Worker, get_current_worker

from debugger.symbols import Symbols
from debugger.xrefs import Xrefs
from ui.render.line import Role
from ui.tui.messages import Target
from ui.tui.module_listing import Position
from ui.tui.panes.code import CodePane
from ui.tui.shell import Shell
from ui.tui.uses import Subject, UsesScreen, UsesView, related, subject
from vm.disasm import disassemble
from vm.instance import Instance
from vm.module import Module

_REPORT_EVERY = 64  # functions


class Later(Message):
    """Something a background worker wants done on the screen's thread."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self.work = work


class Application(Shell, Protocol):
    """The application, as far as background work needs it."""

    def post_message(self, message: Message) -> bool: ...
    def run_worker(self, work: Callable[[], None], *, thread: bool, exclusive: bool, group: str) -> Worker[None]: ...
    def popup(self, screen: ModalScreen[Any], chosen: Callable[[Any], None]) -> None: ...
    def go(self, target: Target | None) -> None: ...


class Searching:
    """One search at a time; a new one, or Escape, ends the one before."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._worker: Worker[None] | None = None
        self._xrefs: dict[int, Xrefs] = {}  # by instance number

    @property
    def busy(self) -> bool:
        return self._worker is not None and self._worker.is_running

    def cancel(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
        self._app.say(("search ended", Role.DIM))

    def _start(self, work: Callable[[], None]) -> None:
        self._worker = self._app.run_worker(work, thread=True, exclusive=True, group="search")

    def _later(self, work: Callable[[], None]) -> None:
        if not get_current_worker().is_cancelled:
            self._app.post_message(Later(work))

    def _progress(self, what: str, done: int, of: int) -> None:
        text = f"{what}: {100 * done // max(1, of)}%  Esc ends it"
        self._later(lambda: self._app.say((text, Role.DIM)))

    # -- text --------------------------------------------------------------------------------------

    def text(self, pane: CodePane, message: CodePane.Search) -> None:
        """The next line of code with a text, around the end of the module."""
        listing = message.listing
        names = self._app.shared.session.inspect.symbols(listing.instance)

        def work() -> None:
            found = next(self._matches(listing.instance.module, names, message), None)
            if found is None:
                self._later(lambda: self._app.say((f"nothing matches {message.text!r}", Role.WARNING)))
            else:
                self._later(lambda: pane.found(listing, found))

        self._start(work)

    def _matches(self, module: Module, names: Symbols, message: CodePane.Search) -> Iterator[Position]:
        wanted, start, by = message.text.casefold(), message.start, message.by
        first, count = module.num_imported_funcs, len(module.bodies)
        worker = get_current_worker()
        for i in range(count + 1):
            if worker.is_cancelled:
                return
            if i % _REPORT_EVERY == _REPORT_EVERY - 1:
                self._progress(f"searching {message.text!r}", i, count)
            func = first + (start.func - first + by * i) % count
            lines = disassemble(module, func, names)
            order = range(len(lines)) if by > 0 else range(len(lines) - 1, -1, -1)
            for at in order:
                passed = func == start.func and i in (0, count) and ((at - start.line) * by > 0) is not (i == 0)
                if not passed and wanted in lines[at].text.casefold():
                    yield Position(func, at)

    # -- cross references ----------------------------------------------------------------------------

    def uses(self, message: CodePane.Uses) -> None:
        """Opens the list of users of what the cursor is on."""
        inspect, instance = self._app.shared.session.inspect, message.instance
        about = subject(inspect, instance, message.func, message.row)
        xrefs = self._xrefs_of(instance)

        def work() -> None:
            rows = related(xrefs, about)
            self._later(lambda: self._open(about, UsesView(inspect, instance, rows)))

        self._start(work)

    def _xrefs_of(self, instance: Instance) -> Xrefs:
        if instance.number not in self._xrefs:
            self._xrefs[instance.number] = Xrefs(instance.module, self._looking)
        return self._xrefs[instance.number]

    def _looking(self, done: int, of: int) -> None:
        self._progress("looking through the code", done, of)

    def _open(self, about: Subject, view: UsesView) -> None:
        self._app.say()
        self._app.popup(UsesScreen(about, view), self._app.go)
