"""The vmctx pane: the runtime's own structures, field by field, beside their bytes.

First the VMContext of the selected frame's instance, then the tables and the VMStoreContext it points to, then the
other instances. The field under the cursor is explained below the panes; Enter follows a pointer.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar

from ui.render.line import Line, Part, Role, heading, line
from ui.render.runtime import address, type_text, value_text
from ui.tui.context import Screen
from ui.tui.literal import literal
from ui.tui.messages import AtAddress, Explained, Goto, Target
from ui.tui.pane import Hints, Pane
from ui.tui.structures import Block, Entry, blocks

_BYTES_COLUMNS = 92  # from this width on, bytes stand beside each field
_SHOWN_BYTES = 8
_MOST_NAME_CELLS = 40
_SECTION_ROLES = (Role.KEYWORD, Role.NAME, Role.TYPE, Role.LABEL, Role.STRING)


class VmctxPane(Pane):
    """All fields of the structures, with what changed since the stop before."""

    empty_text = "no instance"

    hints: ClassVar[Hints] = (("Enter", "follow"), ("⌫", "back"))

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "vmctx")
        self._blocks: list[Block] = []
        self._starts: list[int] = []  # rows of the headings
        self._count = 0

    def read(self) -> None:
        """The structures of the selected frame's instance; fields are read when they come into sight."""
        session = self.shared.session
        instance = session.instance()
        self._blocks = list(blocks(session.machine, session.inspect, instance))
        self._starts, self._count = [], 0
        for block in self._blocks:
            self._starts.append(self._count)
            self._count += 1 + len(block)
        era = session.machine.layouts.era
        self.border_subtitle = literal(f"{instance.name} at {address(instance.addr)}, layout of {era.title}")
        self.show()

    def _at(self, index: int) -> tuple[Block, int]:
        """The block of a row, and the row's number in it; -1 for the heading."""
        number = bisect_right(self._starts, index) - 1
        return self._blocks[number], index - self._starts[number] - 1

    def _entry(self, index: int) -> Entry | None:
        if not 0 <= index < self._count:
            return None
        block, within = self._at(index)
        return None if within < 0 else block.entry(within)

    def row_count(self) -> int:
        return self._count

    def row(self, index: int) -> Line:
        if self.shared.running:
            return ()
        block, within = self._at(index)
        return heading(block.title) if within < 0 else self._field_line(block, block.entry(within))

    def _field_line(self, block: Block, entry: Entry) -> Line:
        """`+0x0058  60 10 ..  memories[0]  → 0x2000_0000_1060  what it hits`."""
        field = entry.field
        row, section = field.row, _SECTION_ROLES[entry.section % len(_SECTION_ROLES)]
        parts: list[Part] = [(f"+{row.offset:#06x}  ", Role.ADDRESS)]
        if self.text_width >= _BYTES_COLUMNS:
            parts.append((f"{_bytes_text(field.value):<25} ", section))
        width = min(block.name_width, _MOST_NAME_CELLS)
        parts.append((f"{row.path:<{width}}  ", Role.NAME))
        was = self.shared.before.previous(row.addr, row.size)
        number = int.from_bytes(field.value, "little")
        if number == 0:
            role = Role.ZERO
        else:
            role = Role.POINTER if entry.leads_to else Role.NUMBER
        parts.append((_value(entry, field.value), role if was is None else Role.CHANGED))
        if was is not None:
            parts.append((f"  Δ was {_value(entry, was)}", Role.CHANGED))
        return line(*parts, (f"  {field.target}" if field.target else "", Role.STRING))

    # -- the cursor ------------------------------------------------------------------------------

    def cursor_moved(self) -> None:
        if not self.shared.running:
            self.post_message(Explained(self.explanation()))

    def explanation(self) -> Line:
        """The field under the cursor: the runtime's type, what it means, its bytes, what it hits."""
        entry = self._entry(self.cursor)
        if entry is None:
            return ()
        row = entry.field.row
        return line(
            (row.path, Role.NAME), " ", (type_text(row.type), Role.TYPE), "  ", row.doc,
            "  " if row.doc else "", (entry.field.value.hex(" "), Role.NUMBER),
            (f"  → {entry.field.target}" if entry.field.target else "", Role.STRING), "  at ",
            (address(row.addr), Role.ADDRESS),
        )  # fmt: skip

    def action_choose(self) -> None:
        """Enter: to what a pointer leads to, here or elsewhere."""
        if self.shared.running:
            return
        entry = self._entry(self.cursor)
        if entry is not None and entry.leads_to:
            self.post_message(Goto(AtAddress(entry.leads_to)))

    def shows(self, target: Target) -> bool:
        self.read_if_due()
        return isinstance(target, AtAddress) and self.row_of(target.addr) is not None

    def open(self, target: Target) -> None:
        if isinstance(target, AtAddress) and (row := self.row_of(target.addr)) is not None:
            self.move_to(row)

    def row_of(self, addr: int) -> int | None:
        """The row of the field at an address."""
        for start, block in zip(self._starts, self._blocks, strict=True):
            found = block.index_of(addr)
            if found is not None:
                return start + 1 + found
        return None


def _value(entry: Entry, value: bytes) -> str:
    """A field's value as text; `value` is what it is now, or what it was."""
    field = entry.field
    number = int.from_bytes(value, "little")
    if field.row.type.startswith("ptr<"):
        return f"→ {address(number)}" if number else "null"
    return value_text(type(field)(field.row, value, ""))


def _bytes_text(value: bytes) -> str:
    return value[:_SHOWN_BYTES].hex(" ") + ("…" if len(value) > _SHOWN_BYTES else "")
