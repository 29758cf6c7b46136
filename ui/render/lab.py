"""Layouts of a module as lines: tables, what differs, and the list of eras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from debugger.lab import Change, Drawn, Laid, compare
from ui.render.line import EMPTY, Line, Part, Role, columns, heading, line, note
from vm.layout import Era

FROM_SOURCE = "its offsets rest on source alone: no memory of a running release was compared"
_KIND_ROLES = {"new": Role.OK, "gone": Role.ERROR, "moved": Role.WARNING, "resized": Role.WARNING}


def eras(known: Sequence[Era]) -> Iterator[Line]:
    """All eras, and what is new in each."""
    rows: list[list[Part]] = [
        [(era.id, Role.NAME), f"{era.first_version} to {era.last_version}", (era.changed, Role.DIM)] for era in known
    ]
    yield from columns(rows, ("era", "releases", "what is new"))


def layouts(laid: Sequence[Laid], structs: bool) -> Iterator[Line]:
    """A table for each layout, then what differs between each and the next."""
    for one in laid:
        yield from _layout(one, structs)
        yield EMPTY
    for old, new in pairwise(laid):
        yield from _difference(old, new)
        yield EMPTY


def _layout(laid: Laid, structs: bool) -> Iterator[Line]:
    yield heading(f"{laid.title}: VMContext, {laid.context.size:,} bytes")
    if laid.from_source_alone:
        yield note(FROM_SOURCE)
    yield from _struct(laid.context)
    if structs:
        for drawn in laid.structs:
            yield EMPTY
            yield heading(f"{drawn.name}, {drawn.size:,} bytes")
            yield from _struct(drawn)


def _struct(drawn: Drawn) -> Iterator[Line]:
    rows: list[tuple[int, list[Part]]] = []
    for place in drawn.places:
        count = "" if place.count is None else f"[{place.count}]"
        name: Part = (place.name + count, Role.NAME if place.size else Role.DIM)
        row: list[Part] = [(f"+{place.offset:#06x}", Role.ADDRESS), f"{place.size:,}", name, (place.type, Role.TYPE)]
        rows.append((place.offset, [*row, (place.doc, Role.DIM)]))
    for start, end in drawn.paddings():
        rows.append((start, [(f"+{start:#06x}", Role.DIM), (f"{end - start}", Role.DIM), ("padding", Role.DIM)]))
    ordered = [row for _, row in sorted(rows, key=lambda r: r[0])]
    yield from columns(ordered, ("offset", "bytes", "field", "type", ""), right=(1,))


def _difference(old: Laid, new: Laid) -> Iterator[Line]:
    changes = [c for c in compare(old, new) if c.kind != "same" or c.reason]
    yield heading(f"from {old.title} to {new.title}")
    if not changes:
        yield line("every field lies where it did")
        return
    yield from columns(map(_change, changes), ("", "field", "was", "is", "why"))


def changes(old: Laid, new: Laid, every: bool) -> Iterator[tuple[Line, Change | None]]:
    """Rows under a heading for each struct, with the change that each is about; all fields, or those that differ."""
    found = [c for c in compare(old, new) if every or c.kind != "same" or c.reason]
    if not found:
        yield note("every field lies at the same place"), None
    rendered = iter(columns(map(_placed, found)))
    for struct, group in groupby(found, key=lambda change: change.struct):
        yield heading(struct), None
        for change in group:
            yield next(rendered), change


def _placed(change: Change) -> list[Part]:
    role = _KIND_ROLES.get(change.kind, Role.DIM)
    kind = "" if change.kind == "same" else change.kind
    return ["", (change.field, Role.NAME), _spot(change.was), ("→", Role.DIM), _spot(change.is_), (kind, role)]


def _change(change: Change) -> list[Part]:
    kind = change.kind if change.kind != "same" else "renamed"
    return [
        (kind, _KIND_ROLES.get(change.kind, Role.DIM)), (f"{change.struct}.{change.field}", Role.NAME),
        _spot(change.was), _spot(change.is_), (change.reason, Role.DIM),
    ]  # fmt: skip


def _spot(spot: tuple[int, int] | None) -> Part:
    return ("-", Role.DIM) if spot is None else (f"+{spot[0]:#06x}, {spot[1]:,} bytes", Role.ADDRESS)
