"""The layout lab: a module laid out as some releases would, and why a field lies where it does.

All that is needed is the module and the eras: nothing is instantiated, so pointers may have 4 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from vm.eras import MACHINE_STRUCTS
from vm.layout import Era, Layout, Layouts, Placed
from vm.module import Module
from vm.shape import ModuleShape, shape_of


@dataclass(frozen=True, slots=True)
class Cell:
    """A scalar inside an element of a field; `offset` counts from the element's start."""

    path: str
    offset: int
    size: int
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a struct, or an array: where it lies, and what one element consists of."""

    name: str
    type: str
    offset: int
    stride: int
    count: int | None
    doc: str
    cells: tuple[Cell, ...]

    @property
    def elements(self) -> int:
        return 1 if self.count is None else self.count

    @property
    def size(self) -> int:
        return self.elements * self.stride

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True)
class Drawn:
    """A struct as an era lays it out: fields in order, and its size in bytes."""

    name: str
    size: int
    places: tuple[Place, ...]

    @cached_property
    def by_name(self) -> dict[str, Place]:
        return {place.name: place for place in self.places}

    def paddings(self) -> Iterator[tuple[int, int]]:
        """Bytes [start, end) that belong to no field."""
        at = 0
        for place in self.places:
            if place.offset > at:
                yield at, place.offset
            at = max(at, place.end)
        if self.size > at:
            yield at, self.size


@dataclass(frozen=True)
class Laid:
    """A module in one era at one pointer width."""

    era: Era
    pointer_bytes: int
    shape: ModuleShape
    context: Drawn
    structs: tuple[Drawn, ...]  # all others that the VMContext leads to or is made of

    @property
    def title(self) -> str:
        narrow = f", {8 * self.pointer_bytes}-bit" if self.pointer_bytes != 8 else ""
        return f"{self.era.title}{narrow}"

    @property
    def from_source_alone(self) -> bool:
        """Whether no memory of a running release was ever compared with this layout."""
        return self.era.from_source_alone

    def fields(self) -> Iterator[tuple[str, int, int, str, str]]:
        """Every scalar of the VMContext: path, offset, bytes, type, meaning."""
        for place in self.context.places:
            for i in range(place.elements):
                base = place.name + ("" if place.count is None else f"[{i}]")
                for cell in place.cells:
                    path = f"{base}.{cell.path}" if cell.path else base
                    yield path, place.offset + i * place.stride + cell.offset, cell.size, cell.type, cell.doc


def lay_out(module: Module, era: Era, pointer_bytes: int = 8) -> Laid:
    """A module as an era lays it out."""
    shape, layouts = shape_of(module, era), Layouts(era, pointer_bytes)
    context = _drawn(layouts, layouts.struct("VMContext", shape.counts))
    names = (n for n in era.structs if n not in MACHINE_STRUCTS and era.roles.get(n, n) != "VMContext")
    shaped = (layouts.struct(name, shape.counts if name == "InstanceData" else {}) for name in names)
    return Laid(era, pointer_bytes, shape, context, tuple(_drawn(layouts, layout) for layout in shaped))


def _drawn(layouts: Layouts, layout: Layout) -> Drawn:
    places = tuple(_place(layouts, placed) for placed in layout.fields.values())
    return Drawn(layout.name, layout.size, places)


def _place(layouts: Layouts, placed: Placed) -> Place:
    if placed.type in layouts.era.structs:
        cells = tuple(_cells(layouts, placed.type, "", 0))
    else:
        cells = (Cell("", 0, placed.stride, placed.type, placed.doc),)
    return Place(placed.name, placed.type, placed.offset, placed.stride, placed.count, placed.doc, cells)


def _cells(layouts: Layouts, struct: str, prefix: str, base: int) -> Iterator[Cell]:
    for field in layouts.struct(struct).fields.values():
        if field.type in layouts.era.structs:
            yield from _cells(layouts, field.type, f"{prefix}{field.name}.", base + field.offset)
        else:
            yield Cell(prefix + field.name, base + field.offset, field.size, field.type, field.doc)


# -- comparing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A field in two layouts: offsets and sizes, None where it is not there, and why it is other."""

    struct: str
    field: str  # by its name in the second, or in the first where the second has none
    was: tuple[int, int] | None  # offset, bytes
    is_: tuple[int, int] | None
    reason: str

    @property
    def kind(self) -> str:
        if self.was is None:
            return "new"
        if self.is_ is None:
            return "gone"
        return "moved" if self.was[0] != self.is_[0] else "resized" if self.was[1] != self.is_[1] else "same"


def compare(old: Laid, new: Laid) -> Iterator[Change]:
    """Every field of the VMContext and of the structs in both, and of those in one of them."""
    yield from _compare(old, new, old.context, new.context)
    theirs = {_role(old, drawn.name): drawn for drawn in old.structs}
    for drawn in new.structs:
        before = theirs.pop(_role(new, drawn.name), None)
        yield from _compare(old, new, before or Drawn(drawn.name, 0, ()), drawn)
    for drawn in theirs.values():
        yield from _compare(old, new, drawn, Drawn(drawn.name, 0, ()))


def _role(laid: Laid, name: str) -> str:
    return laid.era.roles.get(name, name)


def _field_role(laid: Laid, struct: str, name: str) -> str:
    key = f"{_role(laid, struct)}."
    return next((role.removeprefix(key) for role, own in laid.era.names.items()
                 if own == name and role.startswith(key)), name)  # fmt: skip


def _compare(old: Laid, new: Laid, was: Drawn, is_: Drawn) -> Iterator[Change]:
    before = {_field_role(old, was.name, p.name): p for p in was.places}
    after = {_field_role(new, is_.name, p.name): p for p in is_.places}
    for role in (*(r for r in before if r not in after), *after):
        first, second = before.get(role), after.get(role)
        if first is not None and second is not None:
            spots = (first.offset, first.size), (second.offset, second.size)
            called = f"called {first.name} before" if first.name != second.name else ""
            reason = "; ".join(filter(None, (called, _why(before, after, role))))
            yield Change(is_.name, second.name, *spots, reason)
        elif second is not None:
            yield Change(is_.name, second.name, None, (second.offset, second.size), second.doc)
        elif first is not None:
            yield Change(was.name, first.name, (first.offset, first.size), None, first.doc)


def _why(before: dict[str, Place], after: dict[str, Place], role: str) -> str:
    """Why a field's offset is another: what came before it, went from there, or has another size; the rest is padding.

    The terms add up to the distance it moved.
    """
    old, new = before[role], after[role]
    distance = new.offset - old.offset
    groups: dict[str, tuple[int, list[str]]] = {}
    for size, name, what in _terms(before, after, old, new):
        total, names = groups.get(what, (0, []))
        groups[what] = total + size, [*names, name]
    parts = [f"{total:+d} {_named(names)} {what}" for what, (total, names) in groups.items()]
    if rest := distance - sum(total for total, _ in groups.values()):
        parts.append(f"{rest:+d} padding for alignment")
    resized = f"it has {new.size} bytes, not {old.size}" if new.size != old.size else ""
    return "; ".join((*filter(None, (resized,)), *(parts if distance else ())))


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def _terms(
    before: dict[str, Place], after: dict[str, Place], old: Place, new: Place
) -> Iterator[tuple[int, str, str]]:  # fmt: skip
    """What lies before a field in one layout and not, or otherwise, in the other: bytes, name, what became of it."""
    for name in {**before, **after}:
        first, second = before.get(name), after.get(name)
        stood = first if first is not None and first is not old and first.offset < old.offset else None
        stands = second if second is not None and second is not new and second.offset < new.offset else None
        if stands is not None and stood is None and stands.size:
            yield stands.size, stands.name, "new before it" if first is None else "moved before it"
        elif stood is not None and stands is None and stood.size:
            yield -stood.size, stood.name, "gone" if second is None else "moved behind it"
        elif stood is not None and stands is not None and stood.size != stands.size:
            yield stands.size - stood.size, stands.name, "resized"


def as_json(laid: Sequence[Laid]) -> dict[str, object]:
    """Layouts, and what differs between each and the one before it."""
    pairs = list(pairwise(laid))
    return {
        "layouts": [_laid_json(one) for one in laid],
        "differences": [
            {"from": _id(a), "to": _id(b), "fields": [_change_json(c) for c in compare(a, b) if c.kind != "same"]}
            for a, b in pairs
        ],
    }


def _id(laid: Laid) -> str:
    return f"{laid.era.id}/{8 * laid.pointer_bytes}"


def _laid_json(laid: Laid) -> dict[str, object]:
    return {
        "runtime": laid.era.runtime,
        "era": laid.era.id,
        "first_version": laid.era.first_version,
        "last_version": laid.era.last_version,
        "source": laid.era.source,
        "pointer_width": 8 * laid.pointer_bytes,
        "vmctx_size": laid.context.size,
        "counts": dict(laid.shape.counts),
        "func_ref_slots": {str(func): slot for func, slot in laid.shape.func_ref_slots.items()},
        "fields": [
            {"path": path, "offset": offset, "size": size, "type": type_, "doc": doc}
            for path, offset, size, type_, doc in laid.fields()
        ],
        "structs": {
            drawn.name: {
                "size": drawn.size,
                "fields": [
                    {"name": p.name, "offset": p.offset, "size": p.size, "type": p.type, "doc": p.doc}
                    for p in drawn.places
                ],
            }
            for drawn in laid.structs
        },
    }


def _change_json(change: Change) -> dict[str, object]:
    was, is_ = change.was or (None, None), change.is_ or (None, None)
    return {
        "struct": change.struct, "field": change.field, "change": change.kind, "offset_before": was[0],
        "offset": is_[0], "size_before": was[1], "size": is_[1], "reason": change.reason,
    }  # fmt: skip
