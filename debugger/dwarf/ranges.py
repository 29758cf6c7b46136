"""Lists of ranges and of locations (DWARF 5, sections 2.17.3, 2.6.2, 7.7.3; DWARF 4 for the sections before those)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from debugger.dwarf.constants import TOMBSTONES, At, Form
from debugger.dwarf.entries import Attribute, Entry, Unit
from vm.errors import DecodeError
from vm.reader import Reader

_MOST_ITEMS = 100_000
_PAIR = struct.Struct("<II")
# What items of the two kinds of list are called, by the number that opens one.
_RANGES = {0: "end", 1: "basex", 2: "startx_endx", 3: "startx_length", 4: "pair", 5: "base", 6: "start_end",
           7: "start_length"}  # fmt: skip
_LOCATIONS = {**{n: name for n, name in _RANGES.items() if n < 5}, 5: "default", 6: "base", 7: "start_end",
              8: "start_length"}  # fmt: skip


class Item(NamedTuple):
    """[start, end) of addresses; `expression` is empty in a list of ranges. `end` -1: wherever nothing else holds."""

    start: int
    end: int
    expression: bytes


def ranges_of(entry: Entry) -> tuple[tuple[int, int], ...]:
    """[start, end) of the code an entry is about; none where it was thrown away or says nothing of it."""
    listed = entry.attributes.get(At.RANGES)
    try:
        if listed is not None:
            items = _ranges(entry.unit, listed)
            return tuple((i.start, i.end) for i in items if i.start < i.end and i.start not in TOMBSTONES)
        low, high = entry.address(At.LOW_PC), entry.attributes.get(At.HIGH_PC)
        if low is None or high is None or low in TOMBSTONES or not isinstance(high.value, int):
            return ()
        end = high.value if high.form == Form.ADDR else low + high.value
        return ((low, end),) if low < end else ()
    except DecodeError:
        return ()


def unit_ranges(unit: Unit) -> tuple[tuple[int, int], ...]:
    """[start, end) of a unit's code, read once. Raises DecodeError."""
    known = unit.info.ranges
    if unit.at not in known:
        known[unit.at] = ranges_of(unit.top)
    return known[unit.at]


def _ranges(unit: Unit, listed: Attribute) -> Iterator[Item]:
    old, new = unit.info.sections.ranges, unit.info.sections.rnglists
    return _items(unit, listed, old, new, At.RNGLISTS_BASE if listed.form == Form.RNGLISTX else None, located=False)


def locations_of(unit: Unit, listed: Attribute) -> Iterator[Item]:
    """A location list. Raises DecodeError."""
    old, new = unit.info.sections.loc, unit.info.sections.loclists
    return _items(unit, listed, old, new, At.LOCLISTS_BASE if listed.form == Form.LOCLISTX else None, located=True)


def _items(
    unit: Unit, listed: Attribute, old: bytes, new: bytes, indexed: At | None, located: bool
) -> Iterator[Item]:  # fmt: skip
    """A list of the section that the unit's version has; `indexed`: what is said is a place in the table there."""
    assert isinstance(listed.value, int)
    at, width = listed.value, 8 if unit.wide else 4
    if unit.version < 5:
        yield from _old(unit, old, at, located)
        return
    if indexed is not None:
        base = unit.base(indexed, 4 + width * 2)
        at = base + int.from_bytes(new[base + at * width : base + (at + 1) * width], "little")
    yield from _new(unit, new, at, located)


def _old(unit: Unit, data: bytes, at: int, located: bool) -> Iterator[Item]:
    """A list as DWARF 2 to 4 write it: pairs of offsets from a base."""
    reader, size, base = Reader(data, min(at, len(data))), unit.address_size, unit.low_pc
    if size == _PAIR.size // 2 and not located:
        yield from _old_pairs(data, at, base)
        return
    greatest = (1 << 8 * size) - 1
    for _ in range(_MOST_ITEMS):
        start, end = _fixed(reader, size), _fixed(reader, size)
        if start == end == 0:
            return
        if start == greatest:
            base = end
            continue
        expression = b""
        if located:
            span = reader.take(_fixed(reader, 2))
            expression = data[span.start : span.end]
        if start not in TOMBSTONES and base not in TOMBSTONES:
            yield Item(base + start, base + end, expression)


def _old_pairs(data: bytes, at: int, base: int) -> Iterator[Item]:
    """The same of ranges with addresses of four bytes, which are many."""
    if at >= len(data):
        return
    end = at + (len(data) - at) // _PAIR.size * _PAIR.size
    for _, (start, stop) in zip(range(_MOST_ITEMS), _PAIR.iter_unpack(memoryview(data)[at:end]), strict=False):
        if start == stop == 0:
            return
        if start == 0xFFFF_FFFF:
            base = stop
        elif start not in TOMBSTONES and base not in TOMBSTONES:
            yield Item(base + start, base + stop, b"")


def _new(unit: Unit, data: bytes, at: int, located: bool) -> Iterator[Item]:
    """A list as DWARF 5 writes it: items of several kinds."""
    reader, base = Reader(data, min(at, len(data))), unit.low_pc
    names = _LOCATIONS if located else _RANGES
    for _ in range(_MOST_ITEMS):
        kind = names.get(reader.byte())
        if kind is None:
            raise DecodeError(at, "an item of a list of ranges is unknown")
        if kind == "end":
            return
        if kind in ("base", "basex"):
            base = _fixed(reader, unit.address_size) if kind == "base" else _indexed(unit, reader)
            continue
        start, end = _pair(unit, reader, kind, base)
        expression = b""
        if located:
            span = reader.take(_leb(reader))
            expression = data[span.start : span.end]
        if start not in TOMBSTONES:
            yield Item(start, end, expression)


def _pair(unit: Unit, reader: Reader, kind: str, base: int) -> tuple[int, int]:
    match kind:
        case "default":
            return 0, -1
        case "pair":
            start, end = _leb(reader), _leb(reader)
            return (TOMBSTONES[0], 0) if base in TOMBSTONES else (base + start, base + end)
        case "startx_endx":
            return _indexed(unit, reader), _indexed(unit, reader)
        case "startx_length":
            start = _indexed(unit, reader)
            return start, start + _leb(reader)
        case "start_end":
            return _fixed(reader, unit.address_size), _fixed(reader, unit.address_size)
        case _:
            start = _fixed(reader, unit.address_size)
            return start, start + _leb(reader)


def _indexed(unit: Unit, reader: Reader) -> int:
    found = unit.address(_leb(reader))
    return TOMBSTONES[0] if found is None else found


def _leb(reader: Reader) -> int:
    return reader.u64()


def _fixed(reader: Reader, size: int) -> int:
    span = reader.take(size)
    return int.from_bytes(reader.data[span.start : span.end], "little")
