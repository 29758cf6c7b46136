"""The bytes of a structure, as the vmctx pane shows them beside its fields or below them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from debugger.changes import Changes
from debugger.structures import Block, Reader
from ui.render import fields
from ui.render.line import Line
from vm.errors import MemoryFault
from vm.types import Addr

_BESIDE_COLUMNS, _ROOMY_COLUMNS = 104, 150  # from there on bytes stand beside the fields: eight a row, then sixteen
ROWS_BELOW = 3


class Fit(NamedTuple):
    """How bytes fit into a pane: how many a row, and the cells they take beside the fields (0: they are below)."""

    per_row: int
    edge: int

    @property
    def text(self) -> bool:
        """Whether there is room for them as text too."""
        return self.edge > 0 and self.per_row == 16


@cache
def fit(width: int) -> Fit:
    """How bytes fit into a pane of so many cells."""
    if width >= _BESIDE_COLUMNS:
        per_row = 16 if width >= _ROOMY_COLUMNS else 8
        return Fit(per_row, fields.bytes_width(per_row, per_row == 16) + 2)
    return Fit(16 if fields.bytes_width(16, False) <= width else 8, 0)


@dataclass
class FieldBytes:
    """Bytes of one block; offsets are from its start."""

    top: int = 0  # the first offset in sight
    lit: range = range(0)

    def reveal(self, block: Block, lit: range, per_row: int, rows: int) -> None:
        """Lights bytes and brings them into sight."""
        self.lit = lit
        first, top = lit.start // per_row, self.top // per_row
        if not top <= first < top + rows:
            top = max(0, first - rows // 3)
        self.top = min(top, max(0, -(-block.size // per_row) - rows)) * per_row

    def row(self, y: int, block: Block, reader: Reader, before: Changes, at: Fit) -> Line:
        """A row that is in sight; empty where there is none, or none that can be read."""
        offset = self.top + y * at.per_row
        count = min(at.per_row, block.size - offset)
        if count <= 0:
            return ()
        addr = Addr(block.addr + offset)
        try:
            data = reader.read(addr, count)
        except MemoryFault:
            return ()
        return fields.bytes_line(block, offset, data, self.lit, before.previous(addr, count), at.text)

    def clicked(self, x: int, y: int, at: Fit) -> int:
        """The offset of the byte in a cell."""
        group, within = divmod(max(0, x - 8), 25)
        return self.top + y * at.per_row + min(at.per_row - 1, group * 8 + min(7, within // 3))
