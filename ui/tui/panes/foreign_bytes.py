"""Bytes of a memory that is only read, in hex: one stretch at a time, what a call changed told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType

from debugger.foreign import Extent
from debugger.structures import Reader
from ui.render.hexrow import PLAIN, Marks, RowShape, hex_row
from ui.render.line import Line
from ui.render.runtime import address, size
from ui.tui.line_view import LineView
from ui.tui.literal import literal
from vm.errors import MemoryFault
from vm.types import Addr

_SHAPES = tuple(RowShape(12, per_row) for per_row in (32, 16, 8))


class Previous(Protocol):
    """What lay somewhere before the last call."""

    def previous(self, addr: int, size: int) -> bytes | None: ...


class ForeignBytes(LineView):
    """Rows of the chosen extent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "extent(-1)", "the bytes before", id="memory.previous"),
        Binding("right_square_bracket", "extent(1)", "the next bytes", id="memory.next"),
    ]
    empty_text = "nothing can be read"

    def __init__(self, reader: Reader, before: Previous) -> None:
        super().__init__("bytes")
        self._reader, self._before = reader, before
        self._extents: Sequence[Extent] = ()
        self._chosen = 0

    def read(self, extents: Sequence[Extent]) -> None:
        """What can be looked at now."""
        self._extents = extents
        self._chosen = min(self._chosen, max(0, len(extents) - 1))
        self._say()
        self.forget()
        self.show()

    def _say(self) -> None:
        if (extent := self.extent) is not None:
            place = f"{self._chosen + 1} of {len(self._extents)}"
            self.border_title = literal(f"{extent.title} at {address(extent.addr)}, {size(extent.size)}  {place}")

    @property
    def extent(self) -> Extent | None:
        """The one that is shown."""
        return self._extents[self._chosen] if self._extents else None

    @property
    def _shape(self) -> RowShape:
        return next((shape for shape in _SHAPES if shape.width <= self.text_width), _SHAPES[-1])

    def row_count(self) -> int:
        return 0 if self.extent is None else -(-self.extent.size // self._shape.per_row)

    def row(self, index: int) -> Line:
        extent, shape = self.extent, self._shape
        if extent is None:
            return ()
        at = Addr(extent.addr + index * shape.per_row)
        count = min(shape.per_row, extent.addr + extent.size - at)
        try:
            data = self._reader.read(at, count)
        except MemoryFault:
            return ()
        was = self._before.previous(at, count)
        changed = frozenset(i for i, old in enumerate(was or b"") if old != data[i])
        return hex_row(at, data, shape, Marks(changed=changed) if changed else PLAIN)

    def action_extent(self, by: int) -> None:
        """Other bytes."""
        if self._extents:
            self._open((self._chosen + by) % len(self._extents), 0)

    def go_to(self, addr: int) -> bool:
        """Shows an address; False when it is in none of the extents."""
        for number, extent in enumerate(self._extents):
            if extent.addr <= addr < extent.addr + extent.size:
                self._open(number, (addr - extent.addr) // self._shape.per_row)
                return True
        return False

    def _open(self, number: int, row: int) -> None:
        self._chosen = number
        self._say()
        self.forget()
        self.show(row)
        self.refresh()
