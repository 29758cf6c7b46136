"""Work on the session: what may take long goes to its thread, one thing at a time; what is quick is done at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ui.render.line import Role
from ui.tui.shell import Shell
from ui.tui.validating import Validating
from vm.errors import WasmscopeError

_FADED_AFTER = 4  # updates of a run: from then on values on the screen are of the past
_PAUSE_FIRST = "the program is running: F6 pauses it"


class Work:
    """Does it, and says in a line why it cannot be done."""

    def __init__(self, shell: Shell, validating: Validating) -> None:
        self._shell, self._validating = shell, validating
        self._afterwards: deque[Callable[[], None]] = deque()
        self._updates_running = 0  # since the run began

    def do(self, work: Callable[[], object]) -> None:
        """On the session's thread."""
        if self._validating.under_way:
            self._validating.hold(work)
            self._shell.say(("this runs once the module is validated", Role.DIM))
        elif not self._shell.bridge.do(work):
            self._shell.say((_PAUSE_FIRST, Role.WARNING))
        else:
            self.begun()

    def begun(self) -> None:
        """Panes and bars say so at later updates: a step is over before."""
        shared = self._shell.shared
        shared.running, self._updates_running = True, 0
        shared.speed.begin(shared.session.tick)
        for pane in self._shell.desk.all_panes():
            pane.hold()

    def updated(self) -> None:
        """A while passed; panes fade when it was long."""
        if self._shell.shared.running:
            self._updates_running += 1
            if self._updates_running == _FADED_AFTER:
                for pane in self._shell.desk.all_panes():
                    pane.fade()

    def trying(self, work: Callable[[], object]) -> None:
        """At once, while the session stands still; what goes wrong is said in one line."""
        if self._shell.bridge.busy:
            self._shell.say((_PAUSE_FIRST, Role.WARNING))
        else:
            self.attempt(work)

    def attempt(self, work: Callable[[], object]) -> None:
        """The same for what may be done while the program runs."""
        try:
            work()
        except WasmscopeError as error:
            self._shell.say((str(error), Role.ERROR))

    def later(self, work: Callable[[], None]) -> None:
        """Once the session's thread is idle."""
        self._afterwards.append(work)

    def catch_up(self) -> None:
        """Does what was left for later."""
        while self._afterwards:
            self.trying(self._afterwards.popleft())
