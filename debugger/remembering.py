"""What a session can be asked about its recording."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from debugger.backwards import Backwards
from debugger.causes import Cause, Causes
from debugger.dwarf.lines import LineTable
from debugger.events import Detail, Event, Message, Reason, Stopped
from debugger.expression.evaluate import Evaluator
from debugger.history import BrokenOff, History
from debugger.inspect import Inspector
from debugger.launch import Options
from debugger.over_time import OverTime
from debugger.places import written
from debugger.recording import save
from debugger.running import Ended
from vm.errors import Trap, UserError
from vm.machine import Machine
from vm.types import Tick
from vm.wasi.descriptors import DescriptorTable, Kind

Answer = TypeVar("Answer")


class Remembering(ABC):
    """Questions about the past, and ways into it."""

    options: Options
    machine: Machine
    inspect: Inspector
    history: History
    selected: int
    moments: dict[str, Tick]
    causes: list[Cause]
    descriptors: DescriptorTable
    _said_files: bool
    _pause: threading.Event

    @abstractmethod
    def reverse(self, plan: Callable[[Backwards], Ended]) -> Stopped:
        """Goes back."""

    @abstractmethod
    def evaluator(self, frame: int | None = None) -> Evaluator:
        """Evaluates expressions in a frame."""

    @abstractmethod
    def lines_at(self, vmctx: int) -> LineTable | None:
        """Source lines of an instance."""

    @abstractmethod
    def emit(self, event: Event) -> None:
        """Tells listeners."""

    @abstractmethod
    def check_recordable(self) -> None:
        """Raises UserError when the run cannot be recorded."""

    @abstractmethod
    def _stopped(self, ended: Ended) -> Stopped:
        """Tells of a stop."""

    def write(self, expression: str, nth: int = -1) -> Stopped:
        """Goes back to the instruction that last wrote what an expression reads: to the n-th from the beginning, or
        with -1, -2 … from now back. Raises UserError."""
        places = written(self.inspect, self.evaluator(), self.selected, expression)
        return self.reverse(lambda back: back.write(places, expression, nth))

    def moment(self, text: str) -> Tick:
        """A moment by its tick, its bookmark, or `start` or `end`. Raises UserError."""
        present = self.history.present
        known = {"start": self.history.first_tick, "end": present.checkpoint.tick if present else self.machine.tick}
        found = {**known, **self.moments}.get(text.strip())
        if found is not None:
            return found
        try:
            return Tick(int(text.replace(",", ""), 0))
        except ValueError:
            names = ", ".join(["start", "end", *self.moments])
            raise UserError(f"no moment is called {text.strip()!r}", f"a tick, or one of: {names}") from None

    def over_time(self, question: Callable[[OverTime], Answer]) -> Answer:
        """Answers a question about the recording; the program stands where it stood afterwards. Raises UserError."""
        try:
            with self.looking_back():
                return question(OverTime(self.machine, self.inspect, self.history))
        except BrokenOff:
            raise UserError("paused before the answer was found") from None

    @contextmanager
    def looking_back(self) -> Iterator[None]:
        """Looking around in the recording; the program stands where it stood afterwards. A pause ends the looking."""
        self._pause.clear()
        try:
            with self.history.excursion():
                yield
        finally:
            self._pause.clear()

    def return_to_branch(self, number: int) -> Stopped:
        """Goes to where a branch was left; this one can be returned to as well. Raises UserError."""
        self._pause.clear()
        kept = self.history.return_to(number)
        return self._stopped(Ended(Reason.TICK, Detail(notes=(f"branch {kept} goes back to where this was left",))))

    def record(self, path: Path) -> int:
        """Writes the run so far to a file; how many inputs it had. Raises UserError."""
        self.check_recordable()
        return save(path, self.options, self.machine)

    def causes_of(self, trap: Trap) -> list[Cause]:
        """Where a trap's operand came from, the last step first, as far as the recording and a second of time go."""
        if not self.machine.journal.complete or not self.history.checkpoints:
            return []
        try:
            with self.history.excursion():
                return Causes(self.machine, self.inspect, self.history, self.lines_at).of(trap)
        except (UserError, BrokenOff):
            return []

    def to_cause(self) -> Stopped:
        """Goes back to where a trap's operand began to be bad, as far as that is known. Raises UserError."""
        if not self.causes:
            raise UserError("there is no trap whose operand's way is known", "wrote EXPR goes back to the last write")
        tick = self.causes[-1].tick
        return self.reverse(lambda back: back.to(tick))

    def _say_files(self) -> None:
        """Once, where a file is open: its contents are not of the past."""
        if not self._said_files and any(found.kind is Kind.FILE for _, found in self.descriptors.open()):
            self._said_files = True
            self.emit(Message("files are as they are now: going back does not change them"))
