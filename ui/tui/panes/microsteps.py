"""The micro-steps pane: what compiled code does for the instruction at pc, load by load, and the bytes it touches."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.explain import instruction_text
from debugger.microsteps import MicroStep, microsteps
from ui.render import microsteps as rendered
from ui.render.line import Line, Role, heading, line, note
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, Target
from ui.tui.panes.lists import AddressPane
from vm.errors import MemoryFault
from vm.types import Addr

_HIGH = 6  # rows: from there on the bytes are shown below


class MicrostepsPane(AddressPane):
    """One row a micro-step; below, the bytes that the one under the cursor touches. Enter shows them in place."""

    empty_text = "no call is under way"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "micro")
        self._steps: tuple[MicroStep, ...] = ()

    def target(self, addr: int) -> Target:
        return AsBytes(addr)

    def lines(self) -> Iterator[Line]:
        session = self.shared.session
        frame = session.frame()
        self._addresses, self._steps = {}, ()
        if frame is None:
            return
        if frame.instance is None:
            yield note(f"{frame.name} is a host function")
            return
        self._steps = microsteps(session.machine, session.inspect, frame)
        self._addresses = {row: step.addr for row, step in enumerate(self._steps, 1) if step.size}
        yield heading(instruction_text(session.inspect, frame))
        yield from rendered.rows(self._steps) or [note("it touches none of the runtime's structures")]

    def foot_height(self) -> int:
        return 2 if self.inner.height >= _HIGH else 0

    def foot(self, index: int) -> Line:
        """Where the bytes are, and they themselves."""
        step = self._steps[self.cursor - 1] if 0 < self.cursor <= len(self._steps) else None
        if step is None or not step.size or self.shared.running:
            return ()
        if index == 0:
            where = self.shared.session.inspect.describe_address(step.addr)
            return line((where, Role.STRING), f"  = {step.value:#x}  ", (step.meaning.strip(), Role.COMMENT))
        return self._bytes(step)

    def _bytes(self, step: MicroStep) -> Line:
        space = self.shared.session.machine.space
        start = step.addr - step.addr % rendered.BYTES_A_ROW
        region = space.region_at(step.addr)
        if region is None:
            return ()
        start = max(start, region.base)
        try:
            data = space.read(Addr(start), min(rendered.BYTES_A_ROW, region.end - start))
        except MemoryFault:
            return ()
        return rendered.touched(start, data, range(step.addr - start, step.addr - start + step.size))

    def cursor_moved(self) -> None:
        self.redraw_foot()
