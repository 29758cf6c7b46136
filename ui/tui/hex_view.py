"""A region in hex: a cursor on one byte, a selection, the byte's values below and a map of the region beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from debugger.expression.types import size_of
from debugger.traces.heat import MemoryHeat
from ui.render.hexrow import HEAT_CELLS, PLAIN, Marks, RowShape, heat_parts, hex_row
from ui.render.line import Line, Part, Role, line
from ui.render.minimap import minimap_row
from ui.render.runtime import address, size
from ui.render.typed import STRING_BYTES, short_line, typed_lines
from ui.tui.context import Screen
from ui.tui.literal import literal
from ui.tui.messages import Explained
from ui.tui.pane import Pane
from vm.errors import WasmscopeError
from vm.memories import LinearMemory
from vm.memory import CARD_BYTES, Region, RegionKind
from vm.memory_image import PAGE_BYTES, MemoryImage, PageState, page_state
from vm.types import Addr, NumType

_LEAST_POINTER = 1024  # smaller numbers in a linear memory are taken for numbers
_LEAST_DIGITS, _NATIVE_DIGITS = 4, 12
_WANTED = 16  # bytes a row; with less room native addresses give way to offsets
_PAGE_ROLES = {PageState.IMAGE: Role.NAME, PageState.DIRTIED: Role.LABEL, PageState.UNTOUCHED: Role.ADDRESS}
_TALL, _LOW = 14, 8  # rows: from there on all values below, from there on the most wanted ones


class HexView(Pane):
    """A region; linear memories count from 0, all else by address. `MemoryPane` says what the keys do."""

    ALLOW_SELECT = False  # the mouse selects bytes
    DEFAULT_CSS = "HexView { scrollbar-size-vertical: 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "byte(-1)", show=False),
        Binding("right,l", "byte(1)", show=False),
        Binding("shift+left", "select(-1)", show=False),
        Binding("shift+right", "select(1)", show=False),
        Binding("shift+up", "select_row(-1)", show=False),
        Binding("shift+down", "select_row(1)", show=False),
    ]

    def __init__(self, screen: Screen, id: str) -> None:
        super().__init__(screen, id)
        self._region: Region | None = None
        self._memory: LinearMemory | None = None  # when the region is one
        self._byte = 0  # of the cursor's row
        self._anchor: int | None = None  # where the selection began, as an offset
        self._dragging = False
        self._shape = RowShape(8, 16)
        self._absolute = False  # rows begin with addresses, not with offsets
        self._watched: list[tuple[int, int]] = []  # addresses of what watch expressions stand for
        self._image: MemoryImage | None = None  # what the memory began with
        self._pages: dict[int, PageState] = {}  # by number, of those that were in sight since the stop
        self._big = False
        self._values_shown = True

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        """The same region as before, found again after a restart; at first the first linear memory."""
        regions = list(self.shared.session.machine.space.regions())
        if self._region not in regions:
            known = self._region
            same = (r for r in regions if known is not None and (r.kind, r.name) == (known.kind, known.name))
            memory = (r for r in regions if r.kind is RegionKind.MEMORY)
            self._show_region(next(same, None) or next(memory, None))
        self._watched = self._watched_ranges()
        self._pages.clear()
        self._fit()
        self.show()

    def typed_bytes(self) -> Mapping[int, int]:
        """Bytes that were typed and are not written yet, by address."""
        return {}

    def _watched_ranges(self) -> list[tuple[int, int]]:
        """Where the watch expressions that name a place lie."""
        found = []
        for watch in self.shared.session.watches:
            try:
                value = self.shared.session.evaluator().evaluate(watch.text)
            except WasmscopeError:  # the watches pane says why
                continue
            if value.addr is not None:
                found.append((int(value.addr), value.addr + max(1, size_of(value.type))))
        return found

    def _show_region(self, region: Region | None) -> None:
        self._region, self._anchor = region, None
        memories = self.shared.session.machine.memories.values()
        self._memory = next((m for m in memories if m.region is region), None)
        self._image = None
        if self._memory is not None and (owner := self.shared.session.machine.instance_at(self._memory.owner)):
            self._image = self.shared.session.machine.runtime_info(owner).memory_image(self._memory.index)
        self._pages.clear()

    @property
    def _first_address(self) -> int:
        """What the region's first byte is called in the rows."""
        return self._region.base if self._region is not None and self._absolute else 0

    def address_of(self, offset: int) -> int:
        """What a byte is called: an offset in a linear memory, else its address."""
        return offset if self._region is None or self._memory is not None else self._region.base + offset

    @property
    def place(self) -> int:
        """The offset of the cursor's byte in the region."""
        return self.cursor * self._shape.per_row + self._byte

    def _bytes(self, start: int, count: int) -> bytes:
        if self._region is None or self.shared.running:
            return b""
        most = max(0, min(count, self._region.size - start))
        return self.shared.session.machine.space.read(Addr(self._region.base + start), most)

    # -- rows ------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """As many bytes a row as there is room for."""
        at = self.place
        width = self.text_width - (0 if self._heat is None else HEAT_CELLS)
        self._absolute = self._memory is None and RowShape(_NATIVE_DIGITS, _WANTED).width <= width
        last = self._first_address + (self._region.size - 1 if self._region is not None and self._region.size else 0)
        digits = max(_LEAST_DIGITS, len(f"{last:x}"))
        shapes = (RowShape(digits, n) for n in (32, _WANTED, 8))
        self._shape = next((s for s in shapes if s.width <= width), RowShape(digits, 8))
        self.cursor, self._byte = divmod(at, self._shape.per_row)
        if self._region is not None:
            counted = "" if self._heat is None else "  at the right: read, written"
            where = "" if self._memory is not None else f" at {address(self._region.base)}"
            self.border_subtitle = literal(f"{self._region.name}{where}  {size(self._region.size)}{counted}")

    def on_resize(self) -> None:
        self._fit()
        super().on_resize()

    def row_count(self) -> int:
        return 0 if self._region is None else -(-self._region.size // self._shape.per_row)

    def row(self, index: int) -> Line:
        if self.shared.running or self._region is None:
            return ()
        start = index * self._shape.per_row
        data = self._bytes(start, self._shape.per_row)
        state = self._page_state(start)
        page = Role.ADDRESS if state is None else _PAGE_ROLES[state]
        marks, heat = self._marks(start, data), self._heat
        touched: Sequence[Part] = ()
        if heat is not None:
            touched = heat_parts(*heat.heat.of(start, self._shape.per_row), heat.most[self._shape.per_row])
        return hex_row(self._first_address + start, data, self._shape, marks, page, touched)

    @property
    def _heat(self) -> MemoryHeat | None:
        """How often this region was touched, if that was counted."""
        found = self.shared.session.memory_heat
        return found if found is not None and found.region is self._region else None

    def _page_state(self, offset: int) -> PageState | None:
        """What became of the page that holds a byte of a linear memory, since the memory was made."""
        memory = self._memory
        if memory is None:
            return None
        number = offset // PAGE_BYTES
        if number not in self._pages:
            self._pages[number] = page_state(memory, self._image, number)
        return self._pages[number]

    def _marks(self, start: int, data: bytes) -> Marks:
        assert self._region is not None
        base, count = self._region.base + start, len(data)
        was = self.shared.before.previous(base, count)
        changed = frozenset(i for i, old in enumerate(was or b"") if old != data[i])
        watched = frozenset(i for a, b in self._watched for i in range(max(0, a - base), min(count, b - base)))
        edited = {addr - base: byte for addr, byte in self.typed_bytes().items() if base <= addr < base + count}
        marked = self.shared.session.bookmarks.in_region(self._region)
        bookmarked = any(start <= offset < start + count for offset in marked)
        starts = frozenset(self._pointer_starts(start, data)) if any(data) else frozenset()
        if not (changed or watched or edited or bookmarked or starts):
            return PLAIN
        pointers = frozenset(i + k for i in starts for k in range(self._word))
        return Marks(changed, watched, pointers, starts, edited, bookmarked)

    @property
    def _word(self) -> int:
        """Bytes of a pointer here."""
        return 4 if self._memory is not None and self._memory.type.addr is NumType.I32 else 8

    def _pointer_starts(self, start: int, data: bytes) -> list[int]:
        word = self._word
        words = ((i, int.from_bytes(data[i : i + word], "little")) for i in range(0, len(data) - word + 1, word))
        return [i for i, value in words if value and self._target(value, certain=True) is not None]

    def _target(self, value: int, certain: bool = False) -> int | None:
        """The native address a word leads to; with `certain` only where it is likely to be meant as one."""
        if self._memory is None or self._region is None:
            return value if self.shared.session.machine.space.region_at(value) is not None else None
        if value >= self._region.size:
            return None
        if certain:
            cards, page = self.shared.before.changes.cards(self._region), value // CARD_BYTES
            if value < _LEAST_POINTER or page >= len(cards) or not cards[page]:
                return None
        return self._region.base + value

    def pointed_cells(self, index: int) -> tuple[tuple[int, int], ...]:
        first, last = self._selection()
        start = index * self._shape.per_row
        if first >= start + self._shape.per_row or last < start:
            return ()
        if self._anchor is None and not self.has_focus:
            return ()
        return self._shape.range_cells(max(first - start, 0), min(last - start, self._shape.per_row - 1))

    # -- the map at the right and the values below -----------------------------------------------

    def edge_width(self) -> int:
        return 2

    def edge(self, y: int) -> Line:
        rows = max(1, self.row_count())
        if self._region is None or not self._region.size:
            return ()
        top = self.scroll_offset.y / rows
        cards, pages = self.shared.before.changes.cards(self._region), -(-self._region.size // CARD_BYTES)
        return minimap_row(cards, pages, y, self.body_height, (top, top + self.body_height / rows))

    def edge_clicked(self, x: int, y: int) -> None:
        self._move(min(self.row_count() - 1, self.row_count() * y // self.body_height) * self._shape.per_row)

    def foot_height(self) -> int:
        height = self.inner.height
        if not self._values_shown or self._region is None or height < _LOW:
            return 0
        return 4 if height >= _TALL else 2

    def foot(self, index: int) -> Line:
        if self.shared.running:
            return ()
        if index == 0:
            return self._state_line()
        data = self._bytes(self.place, STRING_BYTES)
        return short_line(data, self._big) if self.foot_height() == 2 else typed_lines(data, self._big)[index - 1]

    def _state_line(self) -> Line:
        """The first line of the foot."""
        return line(*self._place_parts())

    def _place_parts(self) -> list[Part]:
        """`0x1040  LE  16 bytes selected  ⚑ name  → where the word here leads  what the address is called`."""
        at, region = self.place, self._region
        if region is None:
            return []
        parts: list[Part] = [
            (f"{self._first_address + at:#x}", Role.ADDRESS),
            (" BE" if self._big else " LE", Role.DIM),
        ]
        if self._anchor is not None:
            first, last = self._selection()
            parts.append((f"  {last - first + 1:,} selected", Role.LABEL))
        if (state := self._page_state(at)) is not None:
            parts.append((f"  page {at // PAGE_BYTES:#x}: {state.value}", _PAGE_ROLES[state]))
        if (heat := self._heat) is not None:
            reads, writes = heat.heat.of(at - at % 8, 8)
            parts.append((f"  read {reads:,}, written {writes:,} times", Role.LABEL))
        if name := self.shared.session.bookmarks.in_region(region).get(at):
            parts.append((f"  ⚑ {name}", Role.WARNING))
        was = self.shared.before.previous(region.base + at, 1)
        if was is not None:
            parts.append((f"  Δ was {was[0]:02x}", Role.CHANGED))
        if (target := self._pointed_at()) is not None:
            parts.append((f"  → {self._name_of(target)}", Role.POINTER))
        if self._memory is None:
            parts.append((f"  {self.shared.session.inspect.describe_address(region.base + at)}", Role.STRING))
        return parts

    def _pointed_at(self) -> int | None:
        """Where the word under the cursor leads."""
        at = self.place - self.place % self._word
        data = self._bytes(at, self._word)
        value = int.from_bytes(data, "little")
        return self._target(value, certain=True) if len(data) == self._word and value else None

    def _name_of(self, addr: int) -> str:
        if self._memory is not None and self._region is not None:
            return f"{addr - self._region.base:#x}"
        return self.shared.session.inspect.describe_address(addr)

    def explanation(self) -> Line:
        """For when there is no room for the values here."""
        return line(*self._place_parts(), "  ", *short_line(self._bytes(self.place, 8), self._big))

    # -- the cursor and the selection ------------------------------------------------------------

    def _selection(self) -> tuple[int, int]:
        """First and last byte; the cursor's when nothing is selected."""
        anchor = self.place if self._anchor is None else self._anchor
        return min(anchor, self.place), max(anchor, self.place)

    def _move(self, offset: int, keep_anchor: bool = False) -> None:
        """Puts the cursor on a byte."""
        if self._region is None or not self._region.size:
            return
        if not keep_anchor:
            self._drop_selection()
        row, byte = divmod(max(0, min(offset, self._region.size - 1)), self._shape.per_row)
        rows = range(min(row, self.cursor), max(row, self.cursor) + 1)
        self._byte = byte
        super().move_to(row)
        if keep_anchor:
            self._redraw_in_sight(rows)

    def move_to(self, index: int) -> None:
        self._move(index * self._shape.per_row + self._byte)

    def _drop_selection(self) -> None:
        if self._anchor is not None:
            per_row = self._shape.per_row
            first, last = self._selection()
            self._anchor = None
            self._redraw_in_sight(range(first // per_row, last // per_row + 1))

    def _redraw_in_sight(self, rows: range) -> None:
        top = self.scroll_offset.y
        self.redraw(*range(max(rows.start, top), min(rows.stop, top + self.body_height)))

    def action_byte(self, by: int) -> None:
        """To the next byte, or the one before."""
        self._move(self.place + by)

    def action_select(self, by: int) -> None:
        """One byte more, or less."""
        if self._anchor is None:
            self._anchor = self.place
        self._move(self.place + by, keep_anchor=True)

    def action_select_row(self, by: int) -> None:
        self.action_select(by * self._shape.per_row)

    def select(self, start: int, count: int) -> None:
        """Selects bytes by offset; the cursor is on the first one."""
        self._move(start)
        self._reveal(centre=True)
        self._anchor = start + count - 1 if count > 1 else None
        self._redraw_in_sight(range(start // self._shape.per_row, (start + count) // self._shape.per_row + 1))

    def _byte_under(self, event: events.MouseEvent) -> int | None:
        at = event.get_content_offset(self)
        if at is None or at.y >= self.body_height or at.x >= self.text_width or self._region is None:
            return None
        offset = (at.y + self.scroll_offset.y) * self._shape.per_row + self._shape.byte_at(at.x)
        return offset if offset < self._region.size else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if (offset := self._byte_under(event)) is not None:
            self._move(offset)
            self._dragging = True
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        offset = self._byte_under(event) if self._dragging else None
        if offset is not None and offset != self.place:
            if self._anchor is None:
                self._anchor = self.place
            self._move(offset, keep_anchor=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        """The button going down has moved the cursor already."""
        if twice:
            self.action_choose()

    def cursor_moved(self) -> None:
        if self.foot_height():
            self.redraw_foot()
        elif not self.shared.running and self._region is not None:
            self.post_message(Explained(self.explanation()))
