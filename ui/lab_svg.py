"""Layouts as a drawing: bytes to scale, a row an element, and where fields went from one layout to the next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from debugger.lab import Cell, Change, Drawn, Laid, Place, compare
from ui.text import safe

_ROW, _GAP, _MARGIN = 22, 6, 28  # in pixels, like all below
_OFFSETS = 58  # wide, at the left of a panel
_BETWEEN = 96  # panels
_MONO = 6.7  # a character's width
_WHY = 372  # where reasons begin
_FOLD_AFTER, _FIRST, _LAST = 12, 5, 1  # elements of an array
_INK, _DIM, _LINE = "#1f2933", "#7b8794", "#cbd2d9"
_COLOURS = {  # by what a field is about: fill and border
    "memor": ("#dbeafe", "#3b82f6"),
    "func": ("#ede9fe", "#8b5cf6"),
    "table": ("#ccfbf1", "#14b8a6"),
    "global": ("#fef3c7", "#f59e0b"),
    "tag": ("#fce7f3", "#ec4899"),
    "gc_heap": ("#ffedd5", "#f97316"),
    "runtime_data": ("#dcfce7", "#22c55e"),
    "startup": ("#dcfce7", "#22c55e"),
}
_PLAIN = ("#e4e7eb", "#7b8794")
_CHANGED = {"new": "#15803d", "gone": "#b91c1c", "moved": "#c2410c", "resized": "#c2410c", "same": _LINE}


@dataclass(frozen=True, slots=True)
class Style:
    """How much room there is: pixels a byte, whether meanings are written, whether long arrays are folded."""

    scale: int
    docs: bool
    fold: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a panel: an element, a heading, padding, or what is left out. `place` is named in its first row."""

    place: Place | None
    offset: int
    element: int | None  # None: a heading or a note
    text: str = ""
    padding: int = 0


def drawing(laid: Sequence[Laid], full: bool = False) -> str:
    """An SVG document of one layout, or of several side by side. `full`: arrays are not folded."""
    style = Style(15 if len(laid) == 1 else 10, docs=len(laid) == 1, fold=not full)
    panels = [_Panel(one, style) for one in laid]
    x, parts, height = float(_MARGIN), [], 0
    places: list[tuple[_Panel, float]] = []
    for panel in panels:
        parts += panel.drawn(x)
        places.append((panel, x))
        height = max(height, panel.height)
        x += panel.width + _BETWEEN
    width = x - _BETWEEN + _MARGIN
    for (old, old_x), (new, new_x) in pairwise(places):
        parts += _links(old, old_x, new, new_x)
    y = float(height + 34)
    for old_laid, new_laid in pairwise(laid):
        lines, y = _reasons(old_laid, new_laid, _MARGIN, y, width - 2 * _MARGIN)
        parts += lines
    end = height + _MARGIN if len(laid) == 1 else y
    return "\n".join((_opening(int(width), int(end)), *parts, "</svg>", ""))


def _opening(width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">\n'
        '<defs><pattern id="padding" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="#f5f7fa"/><line x1="0" y1="0" x2="0" y2="6" stroke="{_LINE}"/>'
        "</pattern></defs>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    )


def _text(x: float, y: float, text: str, colour: str = _INK, size: float = 11, more: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}"{more}>{escape(safe(text))}</text>'


def _box(x: float, y: float, width: float, colours: tuple[str, str], title: str = "") -> str:
    fill, border = colours
    inside = f"<title>{escape(safe(title))}</title></rect>" if title else "</rect>"
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_ROW - 4}" rx="3" fill="{fill}" '
        f'stroke="{border}">{inside}'
    )


def _colours(name: str) -> tuple[str, str]:
    return next((colours for part, colours in _COLOURS.items() if part in name), _PLAIN)


class _Panel:
    """One layout's drawing."""

    def __init__(self, laid: Laid, style: Style) -> None:
        self.laid, self.style = laid, style
        self.rows = list(_rows(laid.context, style.fold))
        widest = max((p.stride for p in laid.context.places if p.size), default=8)
        bytes_ = widest * style.scale
        labels = max((self._label_width(p) for p in laid.context.places if p.count is None), default=0)
        headings = max((len(row.text) * _MONO for row in self.rows if row.element is None), default=0)
        self.bytes_width = max(bytes_, labels, headings)
        self.width = _OFFSETS + self.bytes_width
        self.height = _MARGIN + 58 + len(self.rows) * _ROW
        self.y_of: dict[str, float] = {}  # a field's first row

    def _label_width(self, place: Place) -> float:
        text = len(place.name) + len(place.type) + 3
        if self.style.docs:
            text += len(place.doc) + 2
        return place.stride * self.style.scale + 10 + text * _MONO

    def drawn(self, x: float) -> Iterator[str]:
        context = self.laid.context
        yield _text(x, _MARGIN + 14, self.laid.title, size=18, more=' font-weight="bold"')
        source = "  from source alone" if self.laid.from_source_alone else ""
        yield _text(x, _MARGIN + 34, f"VMContext, {context.size:,} bytes{source}", _DIM, 12)
        y = _MARGIN + 52
        for row in self.rows:
            yield from self._row(row, x, y)
            y += _ROW

    def _row(self, row: Row, x: float, y: float) -> Iterator[str]:
        left, base = x + _OFFSETS, y + _ROW - 9
        if row.place is not None and row.place.name not in self.y_of:
            self.y_of[row.place.name] = y + _ROW / 2
        if row.element is None and not row.padding:
            weight = ' font-weight="bold"' if row.place is not None else ""
            yield _text(left, base, row.text, _INK if weight else _DIM, 11, weight)
            return
        yield _text(x, base, f"+{row.offset:#06x}", _DIM)
        if row.padding:
            yield _box(
                left, y, row.padding * self.style.scale, ("url(#padding)", _LINE), f"{row.padding} bytes of padding"
            )
            yield _text(left + row.padding * self.style.scale + 8, base, f"{row.padding} bytes of padding", _DIM, 10)
            return
        assert row.place is not None
        yield from self._element(row.place, left, y, row.text)

    def _element(self, place: Place, left: float, y: float, label: str) -> Iterator[str]:
        colours, scale, base = _colours(place.name), self.style.scale, y + _ROW - 9
        for start, size in _holes(place):
            yield _box(left + start * scale, y, size * scale, ("url(#padding)", _LINE), f"{size} bytes of padding")
        for cell in place.cells:
            cell_x, width = left + cell.offset * scale, cell.size * scale
            yield _box(
                cell_x, y, width, colours, f"{place.name} {cell.path}: {cell.type}, {cell.size} bytes. {cell.doc}"
            )
            name = cell.path if place.count is not None else ""
            if shown := _fitting(name or label, width):
                yield _text(cell_x + 5, base, shown, _INK, 10)
        if place.count is None:
            at = left + place.stride * scale + 10
            yield _text(at, base, place.name, _INK, 11, ' font-weight="bold"')
            after = at + (len(place.name) + 1.5) * _MONO
            yield _text(after, base, place.type, _DIM)
            if self.style.docs:
                yield _text(after + (len(place.type) + 2) * _MONO, base, place.doc, _DIM)


def _fitting(text: str, width: float) -> str:
    """As much of a name as fits; nothing when that says too little."""
    room = int((width - 8) / 6.1)
    if len(text) <= room:
        return text
    return text[: room - 1] + "…" if room >= 4 else ""


def _holes(place: Place) -> Iterator[tuple[int, int]]:
    at = 0
    for cell in sorted(place.cells, key=_cell_offset):
        if cell.offset > at:
            yield at, cell.offset - at
        at = cell.offset + cell.size
    if place.stride > at:
        yield at, place.stride - at


def _cell_offset(cell: Cell) -> int:
    return cell.offset


def _rows(context: Drawn, fold: bool) -> Iterator[Row]:
    paddings = list(context.paddings())
    for place in context.places:
        while paddings and paddings[0][0] < place.offset:
            start, end = paddings.pop(0)
            yield Row(None, start, 0, padding=end - start)
        if place.count is None:
            yield Row(place, place.offset, 0)
        elif place.count:
            each = f", {place.stride} bytes each" if place.count > 1 else f", {place.stride} bytes"
            yield Row(place, place.offset, None, f"{place.name} × {place.count:,}  {place.type}{each}")
            yield from _elements(place, fold)
    for start, end in paddings:
        yield Row(None, start, 0, padding=end - start)


def _elements(place: Place, fold: bool) -> Iterator[Row]:
    count = place.elements
    for i in range(count):
        if fold and count > _FOLD_AFTER and _FIRST <= i < count - _LAST:
            if i == _FIRST:
                left = count - _FIRST - _LAST
                yield Row(None, 0, None, f"… {left:,} more, {left * place.stride:,} bytes …")
            continue
        yield Row(place, place.offset + i * place.stride, i, f"[{i}]")


def _links(old: _Panel, old_x: float, new: _Panel, new_x: float) -> Iterator[str]:
    """Curves between the same fields; those that moved are marked."""
    start, end = old_x + old.width + 4, new_x - 4
    middle = (start + end) / 2
    for change in _context_changes(old.laid, new.laid):
        was = _old_name(old.laid, new.laid, change)
        y1, y2 = old.y_of.get(was), new.y_of.get(change.field)
        colour = _CHANGED[change.kind]
        if y1 is not None and y2 is not None and change.kind not in ("new", "gone"):
            width = 1 if change.kind == "same" else 1.8
            yield (
                f'<path d="M{start:.0f},{y1:.0f} C{middle:.0f},{y1:.0f} {middle:.0f},{y2:.0f} {end:.0f},{y2:.0f}" '
                f'fill="none" stroke="{colour}" stroke-width="{width}"/>'
            )
        elif change.kind == "new" and y2 is not None:
            yield _text(end - 26, y2 + 4, "new", colour, 11)
        elif change.kind == "gone" and y1 is not None:
            yield _text(start + 2, y1 + 4, "gone", colour, 11)


def _context_changes(old: Laid, new: Laid) -> Iterator[Change]:
    names = {old.context.name, new.context.name}
    return (change for change in compare(old, new) if change.struct in names)


def _old_name(old: Laid, new: Laid, change: Change) -> str:
    if change.was is None or change.is_ is None:
        return change.field
    role = next((r for r, own in new.era.names.items() if own == change.field and r.startswith("VMContext.")), "")
    role = role or f"VMContext.{change.field}"
    return old.era.names.get(role, role.removeprefix("VMContext."))


def _reasons(old: Laid, new: Laid, x: float, y: float, width: float) -> tuple[list[str], float]:
    """What moved in the VMContext, and why, below the panels: lines, and where they end."""
    parts = [_text(x, y, f"from {old.title} to {new.title}", size=13, more=' font-weight="bold"')]
    room = int((width - _WHY) / _MONO)
    for change in _context_changes(old, new):
        if change.kind == "same":
            continue
        y += 17
        colour = _CHANGED[change.kind]
        was = "" if change.was is None else f"+{change.was[0]:#x}"
        is_ = "" if change.is_ is None else f"+{change.is_[0]:#x}"
        parts.append(_text(x, y, change.kind, colour))
        parts.append(_text(x + 62, y, change.field, _INK))
        parts.append(_text(x + 262, y, f"{was} → {is_}" if was and is_ else was or is_, _DIM))
        for line in textwrap.wrap(change.reason, max(30, room)):
            parts.append(_text(x + _WHY, y, line, _DIM))
            y += 15
        y -= 15 if change.reason else 0
    return parts, y + 34
