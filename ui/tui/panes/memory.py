"""The memory pane: any region in hex, with a cursor on one byte."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from ui.examine import place_of
from ui.render.hexdump import hex_line
from ui.render.line import Line, Role, line
from ui.render.runtime import address, size
from ui.tui.context import Screen
from ui.tui.literal import literal
from ui.tui.messages import AsBytes, Ask, AtAddress, Explained, Goto, Target
from ui.tui.pane import Hints, Pane
from vm.errors import UserError
from vm.memory import Region, RegionKind
from vm.types import Addr

_WATCHED_BYTES = 4096  # from the first row in sight: what is compared from stop to stop


@dataclass(frozen=True, slots=True)
class RowShape:
    """How a row of hex is laid out: address, two spaces, bytes in groups of eight, a space, characters."""

    digits: int
    per_row: int

    @property
    def _hex_end(self) -> int:
        return self.digits + 2 + 3 * self.per_row + (self.per_row // 8 - 1)

    @property
    def width(self) -> int:
        return self._hex_end + 1 + self.per_row

    def cells(self, byte: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where a byte of the row stands, as digits and as a character."""
        at = self.digits + 2 + 3 * byte + byte // 8
        character = self._hex_end + 1 + byte
        return (at, at + 2), (character, character + 1)

    def byte_at(self, cell: int) -> int:
        """The byte of the row nearest to a cell."""
        in_hex = cell < self._hex_end
        found = (cell - self.digits - 2) * 8 // 25 if in_hex else cell - self._hex_end - 1
        return max(0, min(found, self.per_row - 1))


class MemoryPane(Pane):
    """A region; linear memories count from 0, all else by address."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "goto", "go to an address", id="memory.goto"),
        Binding("left_square_bracket", "region(-1)", "region before", id="memory.previous"),
        Binding("right_square_bracket", "region(1)", "next region", id="memory.next"),
        Binding("left,h", "byte(-1)", show=False),
        Binding("right,l", "byte(1)", show=False),
    ]
    hints: ClassVar[Hints] = (("g", "go to"), ("[ ]", "region"), ("⌫", "back"))
    empty_text = "this module has no memory: 7 lists all regions, ] goes through them"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "memory")
        self._region: Region | None = None
        self._byte = 0  # of the cursor's row
        self._shape = RowShape(8, 16)

    def read(self) -> None:
        """The same region as before, found again after a restart; at first the first linear memory."""
        regions = list(self.shared.session.machine.space.regions())
        if self._region not in regions:
            known = self._region
            same = (r for r in regions if known is not None and (r.kind, r.name) == (known.kind, known.name))
            memory = (r for r in regions if r.kind is RegionKind.MEMORY)
            self._region = next(same, None) or next(memory, None)
        self._fit()
        self.show()
        self._watch()

    def _watch(self) -> None:
        """What is in sight is to be compared at the next stop."""
        if self._region is not None and not self.shared.running:
            start = min(self.scroll_offset.y * self._shape.per_row, self._region.size)
            self.shared.before.watch("memory", self._region.base + start, self._left(start, _WATCHED_BYTES))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._watch()

    @property
    def _first_address(self) -> int:
        """What the region's first byte is called."""
        if self._region is None or self._region.kind is RegionKind.MEMORY:
            return 0
        return self._region.base

    def _left(self, start: int, most: int) -> int:
        return 0 if self._region is None else max(0, min(most, self._region.size - start))

    def _bytes(self, start: int, count: int) -> bytes:
        if self._region is None:
            return b""
        return self.shared.session.machine.space.read(Addr(self._region.base + start), self._left(start, count))

    # -- rows ------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """As many bytes a row as there is room for."""
        digits = 12 if self._first_address else 8
        shapes = (RowShape(digits, n) for n in (32, 16, 8))
        self._shape = next((s for s in shapes if s.width <= self.text_width), RowShape(digits, 8))
        self._byte = min(self._byte, self._shape.per_row - 1)
        if self._region is not None:
            where = "" if self._first_address == 0 else f" at {address(self._region.base)}"
            self.border_subtitle = literal(f"{self._region.name}{where}  {size(self._region.size)}")

    def on_resize(self) -> None:
        at = self.cursor * self._shape.per_row + self._byte
        self._fit()
        self.cursor, self._byte = divmod(at, self._shape.per_row)
        super().on_resize()

    def row_count(self) -> int:
        return 0 if self._region is None else -(-self._region.size // self._shape.per_row)

    def row(self, index: int) -> Line:
        if self.shared.running or self._region is None:
            return ()
        start, per_row = index * self._shape.per_row, self._shape.per_row
        data = self._bytes(start, per_row)
        return hex_line(self._first_address + start, data, per_row, self._changed(start, data), self._shape.digits)

    def _changed(self, start: int, data: bytes) -> frozenset[int]:
        """Addresses of the bytes of a row that are others than at the stop before."""
        assert self._region is not None
        was = self.shared.before.previous(self._region.base + start, len(data))
        pairs = enumerate(zip(was or b"", data, strict=False), self._first_address + start)
        return frozenset(addr for addr, (old, new) in pairs if old != new)

    def pointed_cells(self, index: int) -> tuple[tuple[int, int], ...]:
        return self._shape.cells(self._byte) if index == self.cursor and self.has_focus else ()

    # -- the cursor ------------------------------------------------------------------------------

    def action_byte(self, by: int) -> None:
        """To the next byte, or the one before."""
        at = self.cursor * self._shape.per_row + self._byte + by
        if self._region is not None and 0 <= at < self._region.size:
            row, self._byte = divmod(at, self._shape.per_row)
            self.move_to(row)

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        self._byte = self._shape.byte_at(cell)
        super().clicked(row, cell, twice)

    def cursor_moved(self) -> None:
        if not self.shared.running and self._region is not None:
            self.post_message(Explained(self.explanation()))

    def explanation(self) -> Line:
        """The value under the cursor in each of the usual types, little-endian."""
        at = self.cursor * self._shape.per_row + self._byte
        data = self._bytes(at, 8)
        parts = [(f"{self._first_address + at:#x}", Role.ADDRESS)]
        for name, count, code in (("u8", 1, "B"), ("i32", 4, "i"), ("u64", 8, "Q"), ("f32", 4, "f"), ("f64", 8, "d")):
            if len(data) >= count:
                (value,) = struct.unpack("<" + code, data[:count])
                parts += [(f"  {name} ", Role.TYPE), (_number(value), Role.NUMBER)]
        return line(*parts, self._named(at))

    def _named(self, at: int) -> tuple[str, Role]:
        """What the address is called, outside linear memories."""
        if self._region is None or self._region.kind is RegionKind.MEMORY:
            return "", Role.DIM
        return f"  {self.shared.session.inspect.describe_address(self._region.base + at)}", Role.STRING

    # -- going places ----------------------------------------------------------------------------

    def _region_of(self, target: Target) -> Region | None:
        if not isinstance(target, AtAddress | AsBytes):
            return None
        return self.shared.session.machine.space.region_at(target.addr)

    def shows(self, target: Target) -> bool:
        return self._region_of(target) is not None

    def open(self, target: Target) -> None:
        """Shows a native address."""
        if isinstance(target, AtAddress | AsBytes) and (region := self._region_of(target)) is not None:
            self._go(region, target.addr - region.base)

    def spot(self) -> object:
        return self._region, self.cursor * self._shape.per_row + self._byte

    def go_back(self, spot: object) -> None:
        match spot:
            case Region() as region, int(offset):
                self._go(region, offset)

    def _go(self, region: Region, offset: int) -> None:
        self._region = region
        self._fit()
        row, self._byte = divmod(offset, self._shape.per_row)
        self.show(row)
        self._watch()
        self.cursor_moved()

    def action_region(self, by: int) -> None:
        """The next region, or the one before."""
        if self.shared.running:
            return
        regions = [r for r in self.shared.session.machine.space.regions() if r.size]
        at = regions.index(self._region) if self._region in regions else 0
        self._go(regions[(at + by) % len(regions)], 0)

    def action_goto(self) -> None:
        self.post_message(Ask("memory at (expression)", self._goto))

    def _goto(self, text: str) -> None:
        place = place_of(self.shared.session, text)
        base = place.memory.region.base if place.memory is not None else 0
        if self.shared.session.machine.space.region_at(base + place.at) is None:
            raise UserError(f"nothing is mapped at {base + place.at:#x}")
        self.post_message(Goto(AsBytes(base + place.at)))


def _number(value: int | float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.6g}" if math.isfinite(value) else str(value)
