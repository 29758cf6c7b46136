"""Validation of function bodies while the first screen is already there; what is to run waits for it."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message
from textual.worker import get_current_worker

from debugger.session import Session
from vm.errors import WasmscopeError

Work = Callable[[], object]


class Validated(Message):
    """It is over; `error` is what is wrong with the module."""

    def __init__(self, error: WasmscopeError | None) -> None:
        super().__init__()
        self.error = error


class Validating:
    """One validation, and the work that waits for its end."""

    def __init__(self, session: Session, post: Callable[[Message], object]) -> None:
        self._session, self._post = session, post
        self._waiting: Work | None = None
        self.percent = 0

    @property
    def under_way(self) -> bool:
        return not self._session.validated

    def check(self) -> None:
        """Does it; on a thread of its own."""
        try:
            self._session.validate(self._report)
        except WasmscopeError as error:
            self._post(Validated(error))
        else:
            if self._session.validated:
                self._post(Validated(None))

    def _report(self, done: int, of: int) -> bool:
        self.percent = 100 * done // max(1, of)
        return not get_current_worker().is_cancelled

    def hold(self, work: Work) -> None:
        """Keeps work until the end; the last one counts."""
        self._waiting = work

    def released(self) -> Work | None:
        """What was waiting."""
        work, self._waiting = self._waiting, None
        return work
