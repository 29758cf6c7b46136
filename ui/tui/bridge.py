"""Between the session's thread and the screen's.

One worker thread owns the session; the screen reads it only while it is paused. What the worker has to say is put in a
queue and taken from there at most thirty times a second.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from textual.app import App
from textual.message import Message

from debugger.events import Event, Stopped
from debugger.events import Message as Note
from debugger.session import Session
from ui.render.line import Line, Role, line
from ui.text import OutputText
from vm.errors import WasmscopeError
from vm.wasi.world import Stream

UPDATES_PER_SECOND = 30
_QUEUE_LINES = 5_000  # of console text waiting for the screen; more is dropped, the oldest first
_CLOSE_CHECK_S = 0.05


class Done(Message):
    """The worker is idle again. `error` is what went wrong, for the user."""

    def __init__(self, stopped: Stopped | None, error: WasmscopeError | None) -> None:
        super().__init__()
        self.stopped, self.error = stopped, error


class Broken(Message):
    """The worker met a mistake of the program's own; whoever gets this is to raise it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


@dataclass(frozen=True, slots=True)
class OutputPiece:
    """Safe text that the guest wrote."""

    text: str
    is_error: bool


class Bridge:
    """Runs what works on the session, one after the other, off the screen's thread."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="session")
        self._lines: deque[Line] = deque(maxlen=_QUEUE_LINES)
        self._output: deque[OutputPiece] = deque(maxlen=_QUEUE_LINES)
        self._decoders = {Stream.STDOUT: OutputText(), Stream.STDERR: OutputText()}
        self._lock = threading.Lock()
        self._last: Stopped | None = None
        self._under_way: Future[None] | None = None
        self.session: Session | None = None
        self.busy = False
        self.progress = ""  # how far long work has come

    def attach(self, session: Session) -> None:
        """The session this bridge works on."""
        self.session = session
        session.listen(self._heard)

    def do(self, work: Callable[[], object]) -> bool:
        """Runs `work` on the worker, `Done` follows; False when something is still being run."""
        if self.busy:
            return False
        self.busy, self.progress = True, ""
        self._last = None
        self._under_way = self._worker.submit(self._work, work)
        self._under_way.add_done_callback(self._ended)
        return True

    def _work(self, work: Callable[[], object]) -> None:
        error = None
        try:
            work()
        except WasmscopeError as found:
            error = found
        self._app.post_message(Done(self._last, error))

    def _ended(self, future: Future[None]) -> None:
        if (error := future.exception()) is not None:
            self._app.post_message(Broken(error))

    def _heard(self, event: Event) -> None:
        match event:
            case Stopped():
                self._last = event
            case Note(text, passing=True):
                self.progress = text
            case Note(text):
                self.write(line((text, Role.WARNING)))
            case _:
                return

    def write(self, rendered: Line) -> None:
        """A line for the console; from any thread."""
        with self._lock:
            self._lines.append(rendered)

    def output(self, stream: Stream, data: bytes) -> None:
        """Output of the guest; from the worker."""
        text = self._decoders[stream].feed(data)
        with self._lock:
            self._output.append(OutputPiece(text, stream is Stream.STDERR))

    def taken(self) -> tuple[list[Line], list[OutputPiece]]:
        """What has come since last time, for the screen's timer."""
        with self._lock:
            lines, output = list(self._lines), list(self._output)
            self._lines.clear()
            self._output.clear()
        return lines, output

    def close(self) -> None:
        """Ends the worker. A run under way is paused; asked again and again, as it may only just be beginning."""
        while self._under_way is not None and not self._under_way.done():
            if self.session is not None:
                self.session.request_pause()
            wait([self._under_way], _CLOSE_CHECK_S)
        self._worker.shutdown(wait=True)
