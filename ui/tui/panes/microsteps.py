"""The micro-steps pane: what compiled code does for the instruction at pc, load by load."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.explain import instruction_text
from debugger.microsteps import microsteps
from ui.render import microsteps as rendered
from ui.render.line import Line, heading, note
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, Target
from ui.tui.panes.lists import AddressPane


class MicrostepsPane(AddressPane):
    """One row a micro-step; Enter shows the bytes it touches."""

    empty_text = "no call is under way"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "micro")

    def target(self, addr: int) -> Target:
        return AsBytes(addr)

    def lines(self) -> Iterator[Line]:
        session = self.shared.session
        frame = session.frame()
        self._addresses = {}
        if frame is None:
            return
        if frame.instance is None:
            yield note(f"{frame.name} is a host function")
            return
        steps = microsteps(session.machine, session.inspect, frame)
        self._addresses = {row: step.addr for row, step in enumerate(steps, 1) if step.size}
        yield heading(instruction_text(session.inspect, frame))
        yield from rendered.rows(steps) or [note("it touches none of the runtime's structures")]
