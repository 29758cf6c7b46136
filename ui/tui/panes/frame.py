"""The frame pane: locals, operand stack, labels and globals of the selected frame."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.inspect import Frame, Variable
from ui.render import frame as rendered
from ui.render.line import Line, Part, Role, columns, heading, note
from ui.tui.context import Screen
from ui.tui.pane import Pane
from vm.types import SLOT_BYTES, NumType

_WIDTHS = {NumType.I32: 4, NumType.F32: 4}  # bytes of a value that matter, where they are not a slot's


class FramePane(Pane):
    """What the selected frame holds, with what changed since the stop before."""

    empty_text = "no frame: nothing is being run (r runs it)"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "frame")
        self._lines: list[Line] = []

    def read(self) -> None:
        frame = self.shared.session.frame() if self.shared.readable else None
        self._lines = list(self._globals() if frame is None else self._sections(frame))
        self.border_subtitle = "" if frame is None else f"#{frame.number}"
        self.show()

    def _sections(self, frame: Frame) -> Iterator[Line]:
        inspect = self.shared.session.inspect
        known = self.shared.before.same_frame(frame.number)
        yield from self._section("locals", inspect.locals(frame), known)
        operands = inspect.operands(frame)
        yield heading(f"operand stack  {len(operands)}")
        yield from rendered.operands(operands) or [note("  empty")]
        labels = inspect.labels(frame)
        yield heading(f"labels  {len(labels)}")
        yield from rendered.labels(labels)
        yield from self._globals()

    def _globals(self) -> Iterator[Line]:
        session = self.shared.session
        yield from self._section("globals", session.inspect.globals(session.instance()), known=True)

    def _section(self, title: str, items: tuple[Variable, ...], known: bool) -> Iterator[Line]:
        yield heading(f"{title}  {len(items)}")
        yield from columns([self._cells(item, known) for item in items], indent="  ") or [note("  none")]

    def _cells(self, item: Variable, known: bool) -> list[Part]:
        was = self._previous(item) if known else None
        role = rendered.value_role(item) if was is None else Role.CHANGED
        change: Part = "" if was is None else (f"Δ was {was}", Role.CHANGED)
        return [(rendered.name_of(item), Role.NAME), (str(item.type), Role.TYPE), (item.text, role), change]

    def _previous(self, item: Variable) -> str | None:
        width = _WIDTHS.get(item.type, SLOT_BYTES) if isinstance(item.type, NumType) else SLOT_BYTES
        was = self.shared.before.previous(item.addr, width)
        return None if was is None else self.shared.session.inspect.format(int.from_bytes(was, "little"), item.type)

    def row_count(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Line:
        return self._lines[index]
