"""The GC heap pane: every object; an open one with its fields, who refers to it and why it is alive."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.heap import Field, HeapView
from ui.guest_rows import object_row
from ui.render.catalog import item_line, widths_of
from ui.render.line import Line, Part, Role, line
from ui.render.runtime import size
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, Goto, Told
from ui.tui.pane import Hints, Pane

_SAMPLED = 100  # objects that decide on the columns
_MOST_SEARCHED = 50_000  # objects through which a stop looks for who refers to an open one
_MOST_DETAILS = 64  # fields and referrers of one object


@dataclass(frozen=True, slots=True)
class _Detail:
    """A row below an open object: where its bytes are, and the object it leads to."""

    shown: Line
    addr: int | None = None
    ref: int | None = None


class HeapPane(Pane):
    """One row an object, made when it comes into sight; Enter opens it, or follows a reference."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "bytes", "the bytes of the object or field", id="heap.bytes"),
        Binding("W", "last_write", "back to what last wrote the field", id="heap.wrote"),
        Binding("slash", "filter", "objects of a type only", id="heap.filter"),
    ]
    hints: ClassVar[Hints] = (("Enter", "open, follow"), ("m", "bytes"), ("/", "filter by type"))
    empty_text = "no object was ever made: struct.new, array.new, throw and host references put them here"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "heap")
        self._refs: list[int] = []
        self._places: dict[int, int] = {}  # of each object in the list
        self._open: dict[int, list[_Detail]] = {}
        self._order: list[int] = []  # open objects, as they are listed
        self._tops: list[int] = []  # their rows
        self._below: list[int] = []  # rows of theirs and of those before, objects' own left out
        self._widths: tuple[int, ...] = ()
        self._type = ""

    @property
    def _heap(self) -> HeapView:
        return self.shared.session.inspect.heap

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        heap = self._heap
        refs = heap.refs()
        self._refs = [r for r in refs if self._type in heap.type_name(r)] if self._type else refs
        self._places = {ref: place for place, ref in enumerate(self._refs)}
        self._open = {ref: self._details(ref) for ref in self._open if ref in self._places}
        self._widths = widths_of(object_row(heap.object(ref)) for ref in self._refs[:_SAMPLED])
        region = self.shared.session.machine.gc.region
        used = f", {size(region.size)} of at most {size(region.reserved)}" if region is not None else ""
        self.border_subtitle = f"{len(self._refs):,} object{'' if len(self._refs) == 1 else 's'}{used}" if refs else ""
        self._lay_out()

    def _lay_out(self, row: int | None = None) -> None:
        """Counts the rows again; the cursor goes to `row`."""
        self._order = sorted(self._open, key=self._places.__getitem__)
        self._tops, self._below = [], []
        hidden = 0
        for ref in self._order:
            self._tops.append(self._places[ref] + hidden)
            hidden += len(self._open[ref])
            self._below.append(hidden)
        self.show(row)

    def _details(self, ref: int) -> list[_Detail]:
        made = list(self._fields(ref))
        if len(self._places) > _MOST_SEARCHED:
            made.append(_Detail(line(("    who refers to it: info referrers ", Role.DIM), f"{ref:#x}")))
            return made
        return made + list(self._reasons(ref))

    def _fields(self, ref: int) -> Iterator[_Detail]:
        for number, field in enumerate(self._heap.fields(ref)):
            if number == _MOST_DETAILS:
                yield _Detail(line(("    … info object shows more", Role.DIM)))
                return
            text = line("    ", (f"{field.name}  ", Role.NAME), (f"{field.type}  ", Role.TYPE), field.text)
            yield _Detail(text, field.addr, self._leads_to(field))

    def _leads_to(self, field: Field) -> int | None:
        gc = self.shared.session.machine.gc
        return field.bits if field.is_reference and gc.is_object(field.bits) else None

    def _reasons(self, ref: int) -> Iterator[_Detail]:
        for found, (text, other) in enumerate(self._heap.referring(ref)):
            if found == _MOST_DETAILS:
                yield _Detail(line(("    … info referrers shows more", Role.DIM)))
                break
            yield _Detail(line(("    referred to by ", Role.DIM), text), ref=other)
        chain = self._heap.why(ref)
        for number, link in enumerate(chain):
            yield _Detail(line(("    alive because  " if not number else "               →  ", Role.DIM), link))
        if not chain:
            yield _Detail(line(("    nothing reaches it: the next collection frees it", Role.WARNING)))

    # -- rows ------------------------------------------------------------------------------------

    def row_count(self) -> int:
        return len(self._refs) + (self._below[-1] if self._below else 0)

    def _at(self, row: int) -> tuple[int, _Detail | None]:
        """The object of a row, and which row below it; None for its own."""
        last = bisect_right(self._tops, row) - 1  # the open object at or above the row
        if last < 0:
            return self._refs[row], None
        ref, within = self._order[last], row - self._tops[last]
        details = self._open[ref]
        if within > len(details):
            return self._refs[row - self._below[last]], None
        return ref, details[within - 1] if within else None

    def _row_of(self, ref: int) -> int:
        before = [n for n, opened in enumerate(self._order) if self._places[opened] < self._places[ref]]
        return self._places[ref] + (self._below[before[-1]] if before else 0)

    def row(self, index: int) -> Line:
        if self.shared.running:
            return ()
        ref, detail = self._at(index)
        if detail is not None:
            return detail.shown
        cells: list[Part] = [("▾" if ref in self._open else "▸", Role.RAIL), *object_row(self._heap.object(ref))]
        return item_line(cells, (1, *self._widths))

    # -- keys ------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        if self.shared.running or not self._refs:
            return
        ref, detail = self._at(self.cursor)
        if detail is None:
            self._toggle(ref)
        elif detail.ref is not None:
            self._go_to(detail.ref)
        elif detail.addr is not None:
            self.post_message(Goto(AsBytes(detail.addr)))

    def _toggle(self, ref: int) -> None:
        if ref in self._open:
            del self._open[ref]
        else:
            self._open[ref] = self._details(ref)
        self._lay_out(self.cursor)
        at, below = self.cursor, len(self._open.get(ref, ()))
        self.move_to(min(at + below, at + self.body_height - 1))  # what was opened comes into sight
        self.move_to(at)

    def _go_to(self, ref: int) -> None:
        if ref not in self._places:
            self.post_message(Told(f"the filter hides {ref:#x}: / and nothing shows all"))
            return
        self._open.setdefault(ref, self._details(ref))
        self._lay_out()
        self.move_to(self._row_of(ref))

    def action_bytes(self) -> None:
        region = self.shared.session.machine.gc.region
        if self.shared.running or not self._refs or region is None:
            return
        ref, detail = self._at(self.cursor)
        addr = detail.addr if detail is not None and detail.addr is not None else region.base + ref
        self.post_message(Goto(AsBytes(addr)))

    def action_last_write(self) -> None:
        """Back to what last wrote the field under the cursor, or the object's header."""
        region = self.shared.session.machine.gc.region
        if self.shared.running or not self._refs or region is None:
            return
        ref, detail = self._at(self.cursor)
        addr = detail.addr if detail is not None and detail.addr is not None else region.base + ref
        self.shared.placing.last_write(f"u8@{addr:#x}")

    def action_filter(self) -> None:
        self.ask("objects whose type has this in its name (empty: all)", self._set_type, self._type, may_be_empty=True)

    def _set_type(self, text: str) -> None:
        self._type = text
        self.empty_text = (
            f"no object of a type like {text!r}: / and nothing shows all" if text else type(self).empty_text
        )
        self.read()
