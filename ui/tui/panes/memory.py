"""The memory pane: any region in hex."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ui.render.hexdump import hex_line
from ui.render.line import Line
from ui.tui.context import Screen
from ui.tui.line_view import LineView
from ui.tui.literal import literal
from vm.memory import Region, RegionKind
from vm.types import Addr

_ROW_CELLS = {8: 10 + 25 + 10, 16: 10 + 51 + 18, 32: 10 + 103 + 34}
_WATCHED_BYTES = 4096  # around the cursor: what is compared from stop to stop


class MemoryPane(LineView):
    """A region; linear memories count from 0, all else by address."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "goto", "Go to", id="memory.goto"),
        Binding("left_square_bracket", "region(-1)", show=False),
        Binding("right_square_bracket", "region(1)", show=False),
    ]
    empty_text = "this module has no memory (7 lists all regions)"

    class Goto(Message):
        """The user wants to go somewhere: ask where."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(id="memory")
        self.shared = screen
        self._region: Region | None = None
        self._per_row = 16
        self._before: tuple[int, bytes] = (0, b"")
        self._changed: frozenset[int] = frozenset()
        self._trail: list[tuple[Region, int]] = []

    def follow(self) -> None:
        """Reads anew, and notes which bytes in sight changed."""
        if self.shared.running:
            return
        regions = list(self.shared.session.machine.space.regions())
        if self._region not in regions:
            self._region = next((r for r in regions if r.kind is RegionKind.MEMORY), None)
        self._compare()
        self._title()
        self.show()

    def _compare(self) -> None:
        if self._region is None:
            return
        start = max(0, self.scroll_offset.y * self._per_row)
        data = self._bytes(start, _WATCHED_BYTES)
        old_start, old = self._before
        base = self._first_address
        self._changed = frozenset(
            base + old_start + i
            for i, byte in enumerate(old)
            if 0 <= old_start + i - start < len(data) and data[old_start + i - start] != byte
        )
        self._before = (start, data)

    @property
    def _first_address(self) -> int:
        """What the region's first byte is called."""
        if self._region is None or self._region.kind is RegionKind.MEMORY:
            return 0
        return self._region.base

    def _bytes(self, start: int, size: int) -> bytes:
        if self._region is None:
            return b""
        size = max(0, min(size, self._region.size - start))
        return self.shared.session.machine.space.read(Addr(self._region.base + start), size)

    def _title(self) -> None:
        self._per_row = self._fitting()
        if self._region is not None:
            self.border_subtitle = literal(f"{self._region.name}  {self._region.size:,} bytes")

    def _fitting(self) -> int:
        width = self.scrollable_content_region.width or self.size.width
        extra = 4 if self._first_address else 0
        return next((n for n in (32, 16) if _ROW_CELLS[n] + extra <= width), 8)

    def on_resize(self) -> None:
        self._title()
        super().on_resize()

    def row_count(self) -> int:
        return 0 if self._region is None else -(-self._region.size // self._per_row)

    def row(self, index: int) -> Line:
        start = index * self._per_row
        digits = 12 if self._first_address else 8
        data = self._bytes(start, self._per_row)
        return hex_line(self._first_address + start, data, self._per_row, self._changed, digits)

    # -- going places ----------------------------------------------------------------------------

    def open(self, addr: int) -> bool:
        """Shows a native address; False when nothing is there."""
        region = self.shared.session.machine.space.region_at(addr)
        if region is None:
            return False
        if self._region is not None:
            self._trail.append((self._region, self.cursor * self._per_row))
        self._show(region, addr - region.base)
        return True

    def _show(self, region: Region, offset: int) -> None:
        self._region = region
        self._changed = frozenset()
        self._before = (0, b"")
        self._title()
        self.show(offset // self._per_row)
        self._compare()

    def action_back(self) -> None:
        if self._trail:
            self._show(*self._trail.pop())

    def action_region(self, by: int) -> None:
        """The next region, or the one before."""
        regions = list(self.shared.session.machine.space.regions())
        at = regions.index(self._region) if self._region in regions else 0
        self._show(regions[(at + by) % len(regions)], 0)

    def action_goto(self) -> None:
        self.post_message(self.Goto())
