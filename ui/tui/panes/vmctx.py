"""The vmctx pane: the runtime's own structures, field by field, and the same bytes in hex.

First the VMContext of the selected frame's instance, then what it points to: the VMStoreContext, tables' elements, type
ids, builtins, host functions' contexts, and the other instances. The field under the cursor lights its bytes and the
byte under the cursor lights its field; Enter follows a pointer or folds, Backspace comes back.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.machine_runtime import runtime_of
from debugger.structures import Block, Entry, Runtime
from ui import telescope
from ui.integers import integer
from ui.outline import Kind, Outline, Place
from ui.render import fields
from ui.render.line import Line, Role, line
from ui.render.runtime import address
from ui.render.runtime import telescope as telescope_lines
from ui.tui.choose import ChooseScreen
from ui.tui.context import Screen
from ui.tui.literal import literal
from ui.tui.messages import Ask, AtAddress, Changed, Explained, Goto, Target, Told
from ui.tui.pane import Hints, Pane
from ui.tui.panes.field_bytes import ROWS_BELOW, FieldBytes, Fit, fit
from vm.errors import MemoryFault, UserError
from vm.instance import Instance
from vm.machine import Machine
from vm.poke import poke
from vm.types import Addr

_FEW_ROWS = 32  # groups and tables up to this size begin unfolded
_TYPE_COLUMNS = 96  # of the fields: from there on each says its type
_TALL, _LOW = 12, 7  # rows: from there on bytes below the fields, from there on an explanation

OpenKey = tuple[tuple[str, int], int | None]  # a block's key, and a part


class VmctxPane(Pane):
    """All fields of the structures, with what changed since the stop before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "side", "fields or bytes", id="vmctx.side"),
        Binding("t", "telescope", "the chain of pointers from here", id="vmctx.telescope"),
        Binding("e", "edit", "change the field", id="vmctx.edit"),
        Binding("b", "watch_changes", "stop when the field changes", id="vmctx.break"),
        Binding("W", "last_write", "back to what last wrote the field", id="vmctx.wrote"),
        Binding("left,h", "sideways(-1)", show=False),
        Binding("right,l", "sideways(1)", show=False),
    ]
    hints: ClassVar[Hints] = (
        ("Enter", "follow"), ("⌫", "back"), ("← →", "fold"), ("Space", "bytes"), ("t", "telescope"), ("e", "edit"),
        ("b", "stop at change"),
    )  # fmt: skip
    empty_text = "no instance"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "vmctx")
        self._runtime: Runtime | None = None
        self._first = Addr(0)  # the VMContext that all is seen from
        self._outline = Outline((), lambda block, part: False)
        self._open: dict[OpenKey, bool] = {}
        self._widths: dict[int, int] = {}  # of names, by block
        self._made_from: tuple[object, ...] = ()
        self._in_bytes = False
        self.byte: int = 0  # address of the byte under the cursor
        self._bytes = FieldBytes()

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        """The structures of the selected frame's instance; fields are read when they come into sight."""
        session = self.shared.session
        instance = session.instance()
        sizes = tuple(table.size for table in instance.tables)
        made_from = (session.machine, instance, len(session.machine.instances), sizes, len(session.machine.hosts))
        if made_from != self._made_from:
            self._make(session.machine, instance)
            self._made_from = made_from
        self.show()
        self._point()

    def _make(self, machine: Machine, instance: Instance) -> None:
        at = self._entry()
        self.show_runtime(runtime_of(machine, self.shared.session.inspect, instance), instance.addr)
        era = machine.layouts.era
        self.border_subtitle = literal(f"{instance.name} at {address(instance.addr)}, layout of {era.described}")
        if at is not None and (place := self._outline.find(at.addr)) is not None:
            self.cursor = self._outline.index(place) or 0

    def show_runtime(self, runtime: Runtime, first: Addr) -> None:
        """Shows the structures of any runtime that can be read, as they are seen from one instance."""
        self._runtime, self._first = runtime, first
        self._lay_out(tuple(runtime.blocks(first)))

    def _lay_out(self, blocks: tuple[Block, ...]) -> None:
        self._outline = Outline(blocks, self._is_open)
        self._widths = {}

    def _is_open(self, block: Block, part: int | None) -> bool:
        known = self._open.get((block.key, part))
        if known is not None:
            return known
        if part is not None:
            return block.parts[part].rows <= _FEW_ROWS
        first = block.key == ("VMContext", self._first)
        return first or block.kind == "VMStoreContext" or (block.table is not None and block.parts[0].rows <= _FEW_ROWS)

    def _entry(self) -> Entry | None:
        """The field under the cursor."""
        return self._entry_at(self._outline.place(self.cursor)) if self.cursor < len(self._outline) else None

    def _entry_at(self, place: Place) -> Entry | None:
        if place.kind is not Kind.FIELD or self._runtime is None or self.shared.running:
            return None
        try:
            return self._runtime.entry(self._outline.blocks[place.block], place.part, place.row)
        except MemoryFault:
            return None

    # -- rows ------------------------------------------------------------------------------------

    def row_count(self) -> int:
        return len(self._outline)

    def row(self, index: int) -> Line:
        if self.shared.running:
            return ()
        place = self._outline.place(index)
        block = self._outline.blocks[place.block]
        match place.kind:
            case Kind.BLOCK:
                return fields.block_line(block, self._is_open(block, None))
            case Kind.GROUP:
                return fields.group_line(block.parts[place.part], place.part, self._is_open(block, place.part))
            case Kind.FIELD:
                return self._field_line(place, block)

    def _field_line(self, place: Place, block: Block) -> Line:
        entry = self._entry_at(place)
        if entry is None:
            return line(("this cannot be read", Role.ERROR))
        width = self._widths.get(place.block) or self._widths.setdefault(place.block, fields.name_width(block))
        was = self.shared.before.previous(entry.addr, len(entry.value))
        wide = self.text_width >= _TYPE_COLUMNS
        return fields.field_line(entry, block.parts[place.part], place.part, width, was, wide)

    # -- bytes -----------------------------------------------------------------------------------

    @property
    def _fit(self) -> Fit:
        return fit(self.inner.width)

    def edge_width(self) -> int:
        return self._fit.edge

    def edge(self, y: int) -> Line:
        return line(("│ ", Role.RAIL), *self._bytes_row(y))

    def foot_height(self) -> int:
        height = self.inner.height
        if height < _LOW:
            return 0
        return 1 if self._fit.edge or height < _TALL else 1 + ROWS_BELOW

    def foot(self, index: int) -> Line:
        if self.shared.running:
            return ()
        return self.explanation() if index == 0 else self._bytes_row(index - 1)

    def _bytes_row(self, y: int) -> Line:
        """A row of the bytes around the cursor's field."""
        if self.shared.running or not self._outline.blocks or self._runtime is None:
            return ()
        return self._bytes.row(y, self._block(), self._runtime.reader, self.shared.before, self._fit)

    def _block(self) -> Block:
        return self._outline.blocks[self._outline.place(self.cursor).block]

    def _lit_bytes(self, block: Block) -> range:
        """Offsets of the bytes under the cursor: one while the cursor is among the bytes, else the field's."""
        if self._in_bytes:
            at = self.byte - block.addr
            return range(at, at + 1)
        place = self._outline.place(self.cursor)
        if place.kind is Kind.GROUP:
            part = block.parts[place.part]
            return range(part.offset, part.offset + part.size)
        entry = self._entry()
        return range(0) if entry is None else range(entry.offset, entry.offset + len(entry.value))

    def _scroll_bytes(self) -> None:
        """Brings the lit bytes into sight."""
        block, at = self._block(), self._fit
        self._bytes.reveal(block, self._lit_bytes(block), at.per_row, self.body_height if at.edge else ROWS_BELOW)

    # -- the cursor ------------------------------------------------------------------------------

    def cursor_moved(self) -> None:
        entry = self._entry()
        if not self._in_bytes or entry is None or not entry.addr <= self.byte < entry.addr + len(entry.value):
            self.byte = entry.addr if entry is not None else self._block().addr
        self._point()

    def _point(self) -> None:
        """The bytes and the explanation follow the cursor."""
        if not len(self._outline) or self.shared.running:
            return
        self._scroll_bytes()
        self.redraw_edge()
        if self.foot_height():
            self.redraw_foot()
        elif self.has_focus:
            self.post_message(Explained(self.explanation()))

    def on_resize(self) -> None:
        super().on_resize()
        self._bytes.top = 0
        self._point()

    def explanation(self) -> Line:
        """The field under the cursor: the runtime's name and type, what it means, where it lies, what it hits."""
        if not len(self._outline):
            return ()
        place = self._outline.place(self.cursor)
        block = self._outline.blocks[place.block]
        if place.kind is Kind.FIELD:
            entry = self._entry()
            return () if entry is None else fields.explanation(entry)
        if place.kind is Kind.GROUP:
            part = block.parts[place.part]
            return line((f"{block.kind}.{part.name}", Role.NAME), f"  {part.doc}, {part.size:,} bytes")
        return line((block.title, Role.NAME), f"  {block.size:,} bytes at ", (address(block.addr), Role.ADDRESS))

    def action_side(self) -> None:
        """The arrows move among the fields, or among their bytes."""
        self._in_bytes = not self._in_bytes
        self.cursor_moved()

    def action_move(self, by: int) -> None:
        if self._in_bytes:
            self._move_byte(by * self._fit.per_row)
        else:
            super().action_move(by)

    def action_sideways(self, by: int) -> None:
        """Folds and unfolds; among bytes the next one."""
        if self._in_bytes:
            self._move_byte(by)
        elif len(self._outline):
            self._fold(by > 0)

    def _move_byte(self, by: int) -> None:
        """The field that holds the byte comes under the cursor, unfolded if need be."""
        block = self._block()
        to = self.byte + by
        if not block.holds(to):
            return
        self.byte = to
        place = self._outline.find(to)
        if place is not None and place.kind is Kind.FIELD:
            self.move_to(self._unfolded(place))
        self.byte = to  # padding belongs to no field: the cursor of the fields stays
        self._point()

    def _fold(self, is_open: bool) -> None:
        place = self._outline.place(self.cursor)
        block = self._outline.blocks[place.block]
        heading = place
        if place.kind is Kind.FIELD:
            if is_open:
                return
            part = block.parts[place.part]
            heading = Place(Kind.GROUP if part.is_group and part.name else Kind.BLOCK, place.block,
                            place.part if part.is_group and part.name else 0)  # fmt: skip
        elif not is_open and not self._is_open(block, place.part if place.kind is Kind.GROUP else None):
            heading = Place(Kind.BLOCK, place.block)
        self._set_open(heading, is_open)
        self.show(self._outline.index(heading))
        self.cursor_moved()

    def _set_open(self, heading: Place, is_open: bool) -> None:
        block = self._outline.blocks[heading.block]
        self._open[block.key, heading.part if heading.kind is Kind.GROUP else None] = is_open
        self._lay_out(self._outline.blocks)

    def _unfolded(self, place: Place) -> int:
        """The row of a place, after what folds it away was opened."""
        if self._outline.index(place) is None:
            block = self._outline.blocks[place.block]
            self._open[block.key, None] = True
            if block.parts[place.part].is_group:
                self._open[block.key, place.part] = True
            self._lay_out(self._outline.blocks)
            self.show()
        return self._outline.index(place) or 0

    def edge_clicked(self, x: int, y: int) -> None:
        """A byte: its field comes under the cursor."""
        self._click_bytes(x - 2, y)

    def foot_clicked(self, x: int, y: int) -> None:
        if y > 0:
            self._click_bytes(x, y - 1)

    def _click_bytes(self, x: int, y: int) -> None:
        at = self._block().addr + self._bytes.clicked(x, y, self._fit)
        self._in_bytes = True
        self._move_byte(at - self.byte)

    # -- going places ----------------------------------------------------------------------------

    def action_choose(self) -> None:
        """Enter: to what a pointer leads to, here or elsewhere; a heading folds."""
        if self.shared.running or not len(self._outline):
            return
        place = self._outline.place(self.cursor)
        if place.kind is Kind.FIELD:
            entry = self._entry()
            if entry is not None and entry.leads_to:
                self.post_message(Goto(AtAddress(entry.leads_to)))
        else:
            block = self._outline.blocks[place.block]
            self._fold(not self._is_open(block, place.part if place.kind is Kind.GROUP else None))

    def shows(self, target: Target) -> bool:
        self.read_if_due()
        return isinstance(target, AtAddress) and self._outline.find(target.addr) is not None

    def open(self, target: Target) -> None:
        if isinstance(target, AtAddress) and (place := self._outline.find(target.addr)) is not None:
            self.show(self._unfolded(place))
            self.cursor_moved()

    def spot(self) -> object:
        return self._outline.place(self.cursor) if len(self._outline) else None

    def go_back(self, spot: object) -> None:
        if isinstance(spot, Place) and spot.block < len(self._outline.blocks):
            self.move_to(self._unfolded(spot))

    def action_telescope(self) -> None:
        """What the field leads to, hop by hop; Enter goes to one."""
        entry = self._entry()
        if entry is None:
            self.post_message(Told("a chain begins at a field"))
            return
        block, session = self._block(), self.shared.session
        if block.table is not None and block.owner is not None and block.owner.addr == session.instance().addr:
            row = self._outline.place(self.cursor).row
            chain = telescope.chain(session, f"table[{block.table}][{row}]")
        else:
            chain = telescope.chain(session, f"{entry.addr:#x}")

        def chosen(number: int | None) -> None:
            if number is not None:
                self.post_message(Goto(AtAddress(chain[number].addr)))

        self.app.push_screen(ChooseScreen(f"telescope {entry.full}", telescope_lines(chain)), chosen)

    # -- editing ---------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """Asks for another value; what would break the machine is refused."""
        entry = self._entry()
        if entry is not None:
            was = f"{entry.number:#x}"
            self.post_message(Ask(f"{entry.full} =", lambda text: self._write(entry, text), was))

    def action_watch_changes(self) -> None:
        """A watchpoint on the field under the cursor, or none any more."""
        if (expression := self._expression()) is not None:
            self.shared.placing.watch_changes(expression)

    def action_last_write(self) -> None:
        """Back to what last wrote the field under the cursor."""
        if (expression := self._expression()) is not None:
            self.shared.placing.last_write(expression)

    def _expression(self) -> str | None:
        """What expressions call the field under the cursor."""
        if (entry := self._entry()) is None or self.shared.running:
            return None
        size = len(entry.value)
        type_ = f"u{8 * size}" if size in (1, 2, 4, 8) else f"u8[{size}]"
        return f"{type_}@{entry.addr:#x}"

    def _write(self, entry: Entry, text: str) -> None:
        number = integer(text)
        if number is None:
            raise UserError(f"{text!r} is not a number")
        self._poke(entry, number)
        self.post_message(Changed())
        self.post_message(Told(f"{entry.full} is {number:#x} now", Role.OK))

    def _poke(self, entry: Entry, number: int) -> None:
        """The whole field, else as many of its low bytes as mean something."""
        first: UserError | None = None
        for size in sorted({len(entry.value), 8, 4}, reverse=True):
            if size > len(entry.value) or number >> (size * 8):
                continue
            try:
                poke(self.shared.session.machine, entry.addr, number.to_bytes(size, "little"))
                return
            except UserError as error:
                first = first or error
        raise first or UserError(f"{number:#x} does not fit {len(entry.value)} bytes")
