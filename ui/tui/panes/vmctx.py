"""The vmctx pane: the runtime's own structures, field by field, beside their bytes.

Fields are listed from the VMContext of the selected frame's instance, then the VMStoreContext, then every region that
hangs on them. The row under the cursor is explained below, with its bytes; Enter follows a pointer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.message import Message

from debugger.inspect import VmctxRow
from ui.render.line import Line, Part, Role, columns, heading, line
from ui.render.runtime import vmctx_cells
from ui.tui.context import Screen
from ui.tui.line_view import LineView
from ui.tui.literal import literal
from vm.instance import Instance

_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row: a heading, or a field."""

    text: Line
    field: VmctxRow | None


class VmctxPane(LineView):
    """All fields of the structures, with what changed since the stop before."""

    empty_text = "no instance"

    class Followed(Message):
        """Enter on a pointer that leads outside these structures."""

        def __init__(self, addr: int) -> None:
            super().__init__()
            self.addr = addr

    class Pointed(Message):
        """The cursor is on a field: what it is, for the line that explains it."""

        def __init__(self, explanation: Line) -> None:
            super().__init__()
            self.explanation = explanation

    def __init__(self, screen: Screen) -> None:
        super().__init__(id="vmctx")
        self.shared = screen
        self._entries: list[_Entry] = []
        self._trail: list[int] = []

    def follow(self) -> None:
        """Reads the structures of the selected frame's instance."""
        if self.shared.running:
            return
        instance = self.shared.session.instance()
        self._entries = list(self._read(instance))[:_MOST_ROWS]
        self.border_subtitle = literal(f"{instance.name} at {instance.addr:#x}")
        self.show()

    def _read(self, instance: Instance) -> Iterator[_Entry]:
        inspect = self.shared.session.inspect
        era = self.shared.session.machine.layouts.era
        title = f"VMContext  {instance.vmctx.size} bytes, {era.title}"
        yield from self._structure(title, list(inspect.vmctx(instance)))
        yield from self._structure("VMStoreContext", list(inspect.store_context()))

    def _structure(self, title: str, rows: list[VmctxRow]) -> Iterator[_Entry]:
        yield _Entry(heading(title), None)
        cells: list[list[Part]] = []
        for row in rows:
            before = self.shared.changes.note(f"field/{row.row.addr}", row.value.hex())
            offset, name, type_, *value = vmctx_cells(row, explain=False, changed=before is not None)
            cells.append([offset, name, *value, type_])
        for row, text in zip(rows, columns(cells), strict=True):
            yield _Entry(text, row)

    def row_count(self) -> int:
        return len(self._entries)

    def row(self, index: int) -> Line:
        return self._entries[index].text

    def cursor_moved(self) -> None:
        if self._entries:
            self.post_message(self.Pointed(self.explanation()))

    def explanation(self) -> Line:
        """The field under the cursor: where, what it means, its bytes."""
        field = self._entries[self.cursor].field if self._entries else None
        if field is None:
            return ()
        return line(
            (f"{field.row.addr:#x} ", Role.ADDRESS), (field.row.path, Role.NAME), "  ", field.row.doc, "  ",
            (field.value.hex(" "), Role.NUMBER),
        )  # fmt: skip

    def action_choose(self) -> None:
        """Enter: to what a pointer leads to, here or in the memory pane."""
        field = self._entries[self.cursor].field if self._entries else None
        if field is None or not field.row.type.startswith("ptr<"):
            return
        addr = int.from_bytes(field.value, "little")
        here = next((i for i, e in enumerate(self._entries) if e.field and e.field.row.addr == addr), None)
        if here is not None:
            self._trail.append(self.cursor)
            self.move_to(here)
        elif addr:
            self.post_message(self.Followed(addr))

    def action_back(self) -> None:
        if self._trail:
            self.move_to(self._trail.pop())
