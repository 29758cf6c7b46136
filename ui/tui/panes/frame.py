"""The frame pane: locals, operand stack, labels and globals of the selected frame."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.inspect import Frame, Variable
from ui.render.frame import value_role
from ui.render.line import Line, Part, Role, columns, heading, line, note
from ui.tui.context import Screen
from ui.tui.line_view import LineView


class FramePane(LineView):
    """What the selected frame holds, with what changed since the stop before."""

    empty_text = "no frame: nothing is being run"

    def __init__(self, screen: Screen) -> None:
        super().__init__(id="frame")
        self.shared = screen
        self._lines: list[Line] = []

    def follow(self) -> None:
        """Reads the selected frame."""
        frame = self.shared.session.frame() if self.shared.readable else None
        self._lines = [] if frame is None else list(self._sections(frame))
        self.border_subtitle = "" if frame is None else f"#{frame.number}"
        self.show()

    def _sections(self, frame: Frame) -> Iterator[Line]:
        inspect = self.shared.session.inspect
        key = f"{frame.name}#{self.shared.session.machine.control.depth - frame.number}"
        yield from self._section("locals", inspect.locals(frame), key)
        operands = inspect.operands(frame)
        yield heading(f"operand stack  {len(operands)}")
        rows: list[list[Part]] = [
            [f"  [{i}]", (str(o.type), Role.TYPE), (o.text, value_role(o)), ("← top", Role.DIM) if i == 0 else ""]
            for i, o in enumerate(reversed(operands))
        ]
        yield from columns(rows)
        labels = inspect.labels(frame)
        yield heading(f"labels  {len(labels)}")
        for label in labels:
            yield line(f"  {label.depth} ", (label.kind, Role.KEYWORD), f" @{label.offset:#x} arity {label.arity}")
        if frame.instance is not None:
            yield from self._section("globals", inspect.globals(frame.instance), frame.instance.name)

    def _section(self, title: str, items: tuple[Variable, ...], key: str) -> Iterator[Line]:
        yield heading(f"{title}  {len(items)}")
        if not items:
            yield note("  none")
        rows: list[list[Part]] = []
        for item in items:
            before = self.shared.changes.note(f"{title}/{key}/{item.index}", item.text)
            role = value_role(item) if before is None else Role.CHANGED
            change: Part = "" if before is None else (f"Δ was {before}", Role.CHANGED)
            name = item.name if item.name.startswith("$") else f"{item.index}"
            rows.append([("  " + name, Role.NAME), (str(item.type), Role.TYPE), (item.text, role), change])
        yield from columns(rows)

    def row_count(self) -> int:
        return len(self._lines)

    def row(self, index: int) -> Line:
        return self._lines[index]
