"""Running and stepping, and what a stop tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from debugger.backwards import Backwards
from debugger.events import Reason, Stopped
from ui.render.line import Role, text_of
from ui.tui.shell import Shell
from ui.tui.sides import Sides
from vm.stop import Site


class Runner:
    """Runs the session as keys ask for it."""

    def __init__(self, shell: Shell, sides: Sides) -> None:
        self._shell, self._sides = shell, sides
        self._session = shell.shared.session
        self._plans: Mapping[str, Callable[[], object]] = {
            "instruction": self._session.step_instruction,
            "over_instruction": self._session.step_over,
            "out": self._session.step_out,
            "continue": self._session.resume,
            "restart": self._session.restart,
            "back_instruction": lambda: self._session.reverse(Backwards.instructions),
            "back_out": lambda: self._session.reverse(Backwards.out),
            "back_cause": self._session.to_cause,
            "back_continue": lambda: self._session.reverse(Backwards.resume),
        }

    def run(self, how: str) -> None:
        """`over` and `into` go by source lines where those are what is shown."""
        by_line = self._sides.by_line
        match how:
            case "over":
                self._shell.do(lambda: self._session.step_line(into=False) if by_line else self._session.step_over())
            case "into":
                step = self._session.step_instruction
                self._shell.do(lambda: self._session.step_line(into=True) if by_line else step())
            case "back_over":
                self._shell.do(lambda: self._session.reverse(lambda b: b.line(into=False) if by_line else b.over()))
            case "back_into":
                self._shell.do(
                    lambda: self._session.reverse(lambda b: b.line(into=True) if by_line else b.instructions())
                )
            case _:
                self._shell.do(self._plans[how])

    def run_to(self, where: Site | str) -> None:
        """Until an instruction, or a location, is reached."""
        session = self._session
        self._shell.do(lambda: session.run_to_site(where) if isinstance(where, Site) else session.run_to(where))

    def last_write(self, expression: str) -> None:
        """Back to the instruction that last wrote something."""
        self._shell.do(lambda: self._session.write(expression))

    def go_to_tick(self, tick: int) -> None:
        """To a moment of the recording."""
        self._shell.do(lambda: self._session.until_tick(tick))

    def pause(self) -> None:
        if self._shell.bridge.busy:
            self._session.request_pause()
        else:
            self._shell.say(("nothing is running; q quits", Role.DIM))

    def tell(self, stopped: Stopped) -> None:
        """Writes a stop to the console, but for steps; a trap is explained in the line below the panes, too."""
        views = self._shell.shared.views
        if stopped.reason is not Reason.STEP:
            for rendered in views.stop(stopped, with_code=False):
                self._shell.bridge.write(rendered)
        if stopped.detail.notes:
            self._shell.say(("; ".join(stopped.detail.notes), Role.WARNING))
        why = [text_of(rendered).strip() for rendered in views.why(stopped)]
        if why:
            self._shell.desk.show("console")
            self._shell.say(("trap: ", Role.ERROR), ("; ".join((*why[2:], why[0])), Role.WARNING))
