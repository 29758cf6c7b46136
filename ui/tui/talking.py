"""The console's commands, and the guest's standard input."""

from __future__ import annotations

from collections.abc import Callable

from ui.commands import execute
from ui.completion import complete
from ui.render.line import Role
from ui.tui.panes.console import CommandInput
from ui.tui.shell import Shell
from vm.errors import UserError


class Talking:
    """What lines typed in the console and output panes do."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def command(self, text: str) -> None:
        """Runs a command on the session's thread."""
        self._shell.do(lambda: execute(self._shell.shared.context, text))

    def complete(self, command: CommandInput) -> None:
        """Goes on with what may come next; names it when there is a choice."""
        if choices := command.offer(complete(self._shell.shared.context, command.value)):
            self._shell.say((choices, Role.DIM))

    def feed(self, text: str) -> None:
        """A line for the guest, also while it runs."""
        self._guarded(lambda: self._shell.shared.session.world.feed_stdin(text.encode() + b"\n"))

    def end_input(self) -> None:
        """Nothing more will come."""
        self._guarded(self._shell.shared.session.world.close_stdin)
        self._shell.say(("standard input ends here", Role.DIM))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except UserError as error:
            self._shell.say((str(error), Role.WARNING))
