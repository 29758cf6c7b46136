"""Entries of `.debug_info`: units, abbreviations, attributes (DWARF 5, sections 7.5.1 to 7.5.6; versions 2 to 5).

Nothing is read before it is asked for, and nothing that is read leads anywhere by itself: whoever follows references
says how far. Positions count from the section's start. Reading always moves forward, so damaged bytes end in a
`DecodeError` and never in a loop.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from debugger.dwarf.constants import At, Form, Tag
from vm.errors import DecodeError
from vm.module import Module

_DWARF64 = 0xFFFF_FFFF
_MOST_UNITS = 200_000
_MOST_ABBREVIATIONS = 100_000
_MOST_ATTRIBUTES = 500
_MOST_CHILDREN = 200_000
_UNIT_TYPE, _UNIT_SKELETON, _UNIT_SPLIT, _UNIT_SPLIT_TYPE = 2, 4, 5, 6
_FIXED: Mapping[int, int] = {
    Form.DATA1: 1, Form.FLAG: 1, Form.REF1: 1, Form.STRX1: 1, Form.ADDRX1: 1,
    Form.DATA2: 2, Form.REF2: 2, Form.STRX2: 2, Form.ADDRX2: 2,
    Form.STRX3: 3, Form.ADDRX3: 3,
    Form.DATA4: 4, Form.REF4: 4, Form.STRX4: 4, Form.ADDRX4: 4, Form.REF_SUP4: 4,
    Form.DATA8: 8, Form.REF8: 8, Form.REF_SIG8: 8, Form.REF_SUP8: 8, Form.DATA16: 16,
    Form.FLAG_PRESENT: 0, Form.IMPLICIT_CONST: 0,
}  # fmt: skip
_OF_OFFSET_SIZE = (Form.STRP, Form.SEC_OFFSET, Form.LINE_STRP, Form.STRP_SUP, Form.GNU_REF_ALT, Form.GNU_STRP_ALT)
_LEB = (Form.UDATA, Form.REF_UDATA, Form.STRX, Form.ADDRX, Form.LOCLISTX, Form.RNGLISTX, Form.GNU_ADDR_INDEX,
        Form.GNU_STR_INDEX)  # fmt: skip
_BLOCK_COUNT: Mapping[int, int] = {Form.BLOCK1: 1, Form.BLOCK2: 2, Form.BLOCK4: 4}
_IN_UNIT = (Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA)
_INDEXED_STRINGS = (Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4, Form.GNU_STR_INDEX)
_INDEXED_ADDRESSES = (Form.ADDRX, Form.ADDRX1, Form.ADDRX2, Form.ADDRX3, Form.ADDRX4, Form.GNU_ADDR_INDEX)


def section(module: Module, name: str) -> bytes:
    """A custom section's payload; empty when there is none of that name."""
    found = next((c.payload for c in module.customs if c.name == name), None)
    return b"" if found is None else module.bytes[found.start : found.end]


class Attribute(NamedTuple):
    """A value as it is written: a number, a block's bytes, or for an inline string its bytes."""

    form: int
    value: int | bytes


class Abbreviation(NamedTuple):
    """How entries of one code are written. `size`: of all attributes when that is fixed, else -1."""

    tag: int
    children: bool
    attributes: tuple[tuple[int, int, int], ...]  # (attribute, form, value of an implicit constant)
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An entry: `at` is its position, `end` where its first child or next sibling stands."""

    unit: Unit
    at: int
    tag: int
    attributes: Mapping[int, Attribute]
    end: int
    has_children: bool

    def number(self, name: At) -> int | None:
        """A constant, flag, or section offset; None when it is not there or no number."""
        found = self.attributes.get(name)
        return found.value if found is not None and isinstance(found.value, int) else None

    def flag(self, name: At) -> bool:
        return bool(self.number(name))

    def text(self, name: At) -> str:
        """A string; empty when there is none."""
        found = self.attributes.get(name)
        return "" if found is None else self.unit.text(found)

    @property
    def name(self) -> str:
        return self.text(At.NAME)

    def address(self, name: At) -> int | None:
        """An address, looked up when it is an index."""
        found = self.attributes.get(name)
        if found is None or not isinstance(found.value, int):
            return None
        return self.unit.address(found.value) if found.form in _INDEXED_ADDRESSES else found.value

    def reference(self, name: At) -> int | None:
        """Position of the entry that an attribute refers to."""
        found = self.attributes.get(name)
        if found is None or not isinstance(found.value, int):
            return None
        if found.form in _IN_UNIT:
            return self.unit.at + found.value
        if found.form == Form.REF_ADDR:
            return found.value
        if found.form == Form.REF_SIG8:
            return self.unit.info.signatures.get(found.value)
        return None

    def follow(self, name: At) -> Entry | None:
        """The entry that an attribute refers to. Raises DecodeError."""
        at = self.reference(name)
        return None if at is None else self.unit.info.entry(at)

    def children(self) -> Iterator[Entry]:
        """Entries right below. Raises DecodeError."""
        return self.unit.children(self)


@dataclass(eq=False)
class Unit:
    """A unit's header. `first` is the position of its top entry, `end` of what follows the unit."""

    info: Info
    at: int
    first: int
    end: int
    version: int
    wide: bool
    address_size: int
    abbreviations_at: int
    kind: int
    signature: int = 0
    type_at: int = 0
    _entries: dict[int, Entry] = field(default_factory=dict)

    @cached_property
    def abbreviations(self) -> Mapping[int, Abbreviation]:
        return self.info.abbreviations(self.abbreviations_at, self.address_size, self.wide, self.version)

    @cached_property
    def top(self) -> Entry:
        """The unit's own entry. Raises DecodeError."""
        found = self.entry(self.first)
        if found is None:
            raise DecodeError(self.first, "a unit of debug information is empty")
        return found

    @cached_property
    def low_pc(self) -> int:
        return self.top.address(At.LOW_PC) or 0

    @cached_property
    def dwo_name(self) -> str:
        """The file that the unit's contents were split off to; empty when they are here."""
        return self.top.text(At.DWO_NAME) or self.top.text(At.GNU_DWO_NAME)

    def base(self, name: At, header: int) -> int:
        """Where a table that this unit indexes starts; `header`: bytes before it, should the unit not say."""
        found = self.top.number(name)
        return header if found is None else found

    def forget(self) -> None:
        """Lets go of entries that were read: they are read again when they are asked for."""
        self._entries.clear()

    # -- entries ---------------------------------------------------------------------------------

    def entry(self, at: int) -> Entry | None:
        """The entry at a position, None for the mark that ends a list of children. Raises DecodeError."""
        if at in self._entries:
            return self._entries[at]
        if not self.first <= at < self.end:
            raise DecodeError(at, "a reference leads out of its unit")
        data = self.info.data
        code, pos = _leb(data, at, self.end)
        if code == 0:
            return None
        found = self.abbreviations.get(code)
        if found is None:
            raise DecodeError(at, f"abbreviation {code} is not there")
        attributes: dict[int, Attribute] = {}
        for name, form, constant in found.attributes:
            attribute, pos = self._attribute(form, constant, pos)
            attributes.setdefault(name, attribute)
        made = Entry(self, at, found.tag, attributes, pos, found.children)
        if at == self.first or len(self._entries) < _MOST_CHILDREN:
            self._entries[at] = made
        return made

    def children(self, entry: Entry) -> Iterator[Entry]:
        """Entries right below one. Raises DecodeError."""
        if not entry.has_children:
            return
        at = entry.end
        for _ in range(_MOST_CHILDREN):
            if at >= self.end:
                return
            child = self.entry(at)
            if child is None:
                return
            yield child
            at = self.after(child)

    def after(self, entry: Entry) -> int:
        """Where what follows an entry and all below it stands. Raises DecodeError."""
        if not entry.has_children:
            return entry.end
        sibling = entry.reference(At.SIBLING)
        if sibling is not None and entry.end <= sibling <= self.end:
            return sibling
        at, depth = entry.end, 1
        while depth and at < self.end:
            code, at = _leb(self.info.data, at, self.end)
            if code == 0:
                depth -= 1
                continue
            found = self.abbreviations.get(code)
            if found is None:
                raise DecodeError(at, f"abbreviation {code} is not there")
            at = at + found.size if found.size >= 0 else self.skip(found, at)
            depth += found.children
        return at

    def skip(self, abbreviation: Abbreviation, at: int) -> int:
        """Where the attributes of an entry end."""
        for _, form, constant in abbreviation.attributes:
            size = self._size(form)
            at = at + size if size >= 0 else self._attribute(form, constant, at)[1]
        return at

    def _size(self, form: int) -> int:
        return form_size(form, self.address_size, self.wide, self.version)

    def _attribute(self, form: int, constant: int, at: int) -> tuple[Attribute, int]:
        data, end = self.info.data, self.end
        size = self._size(form)
        if size >= 0:
            if at + size > end:
                raise DecodeError(at, "an attribute passes its unit's end")
            if form == Form.FLAG_PRESENT:
                return Attribute(form, 1), at
            if form == Form.IMPLICIT_CONST:
                return Attribute(form, constant), at
            return Attribute(form, int.from_bytes(data[at : at + size], "little")), at + size
        if form in _LEB:
            value, at = _leb(data, at, end)
            return Attribute(form, value), at
        if form == Form.SDATA:
            value, at = _signed_leb(data, at, end)
            return Attribute(form, value), at
        if form == Form.STRING:
            zero = data.find(b"\0", at, end)
            if zero < 0:
                raise DecodeError(at, "a string is not ended")
            return Attribute(form, data[at:zero]), zero + 1
        if form in (Form.EXPRLOC, Form.BLOCK):
            count, at = _leb(data, at, end)
        elif form in _BLOCK_COUNT:
            width = _BLOCK_COUNT[form]
            count, at = int.from_bytes(data[at : at + width], "little"), at + width
        elif form == Form.INDIRECT:
            real, at = _leb(data, at, end)
            if real in (Form.INDIRECT, Form.IMPLICIT_CONST):
                raise DecodeError(at, "an indirect form leads to another one")
            return self._attribute(real, 0, at)
        else:
            raise DecodeError(at, f"form {form:#x} is unknown")
        if count > end - at:
            raise DecodeError(at, "a block passes its unit's end")
        return Attribute(form, data[at : at + count]), at + count

    # -- tables beside ---------------------------------------------------------------------------

    def text(self, attribute: Attribute) -> str:
        """The string an attribute holds or leads to; empty when it leads nowhere."""
        form, value = attribute
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        sections = self.info.sections
        if form == Form.STRP:
            return _string(sections.str, value)
        if form == Form.LINE_STRP:
            return _string(sections.line_str, value)
        if form in _INDEXED_STRINGS:
            width = 8 if self.wide else 4
            base = 0 if form == Form.GNU_STR_INDEX else self.base(At.STR_OFFSETS_BASE, 2 * width)
            start = base + value * width
            offsets = sections.str_offsets[start : start + width]
            return _string(sections.str, int.from_bytes(offsets, "little")) if len(offsets) == width else ""
        return ""

    def address(self, index: int) -> int | None:
        """An entry of the address table."""
        base = self.base(At.ADDR_BASE, 8) if self.version >= 5 else self.base(At.GNU_ADDR_BASE, 0)
        start = base + index * self.address_size
        found = self.info.sections.addr[start : start + self.address_size]
        return int.from_bytes(found, "little") if len(found) == self.address_size else None


@dataclass(frozen=True)
class Sections:
    """The sections that debug information is spread over; each is empty when it is not there."""

    info: bytes
    abbrev: bytes
    str: bytes
    line_str: bytes
    str_offsets: bytes
    addr: bytes
    ranges: bytes
    rnglists: bytes
    loc: bytes
    loclists: bytes
    types: bytes = b""  # of DWARF 4: units of a type each

    @classmethod
    def of(cls, module: Module) -> Sections:
        return cls(*(section(module, f".debug_{name}") for name in cls.__dataclass_fields__))


_KEPT: list[tuple[Module, Info]] = []  # lines and variables of a module are read from one
_MOST_KEPT = 4


def info_of(module: Module) -> Info:
    """A module's debug information, read by whoever asks first."""
    for kept, info in _KEPT:
        if kept is module:
            return info
    _KEPT.append((module, Info(Sections.of(module))))
    del _KEPT[:-_MOST_KEPT]
    return _KEPT[-1][1]


class Info:
    """A module's `.debug_info`, followed by its `.debug_types`."""

    def __init__(self, sections: Sections) -> None:
        self.sections = sections
        self.data = sections.info + sections.types
        self._types_at = len(sections.info)
        self._abbreviations: dict[tuple[int, int, bool, int], Mapping[int, Abbreviation]] = {}
        self.ranges: dict[int, tuple[tuple[int, int], ...]] = {}  # of units, by where they stand

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Headers of all units, as far as they can be read."""
        return (*self._units(0, self._types_at), *self._units(self._types_at, len(self.data)))

    def _units(self, at: int, end: int) -> Iterator[Unit]:
        """The units of one section."""
        count = 0
        try:
            while at < end and count < _MOST_UNITS:
                unit = self._unit(at, end)
                yield unit
                at, count = unit.end, count + 1
        except DecodeError:
            return

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return tuple(unit.at for unit in self.units)

    @cached_property
    def signatures(self) -> Mapping[int, int]:
        """Where the type of a type unit stands, by its signature."""
        return {u.signature: u.at + u.type_at for u in self.units if u.kind in (_UNIT_TYPE, _UNIT_SPLIT_TYPE)}

    def unit_at(self, at: int) -> Unit | None:
        """The unit that a position lies in."""
        i = bisect_right(self._starts, at) - 1
        return self.units[i] if i >= 0 and self.units[i].first <= at < self.units[i].end else None

    def entry(self, at: int) -> Entry | None:
        """The entry at a position. Raises DecodeError."""
        unit = self.unit_at(at)
        if unit is None:
            raise DecodeError(at, "a reference leads to no unit")
        return unit.entry(at)

    def _unit(self, at: int, section_end: int) -> Unit:
        data = self.data
        length, pos, wide = _number(data, at, 4), at + 4, False
        if length == _DWARF64:
            length, pos, wide = _number(data, pos, 8), pos + 8, True
        end = pos + length
        if end > section_end:
            raise DecodeError(at, "a unit is longer than its section")
        version = _number(data, pos, 2)
        if not 2 <= version <= 5:
            raise DecodeError(at, f"debug information of version {version} is unknown")
        pos, width, kind, signature, type_at = pos + 2, 8 if wide else 4, 1, 0, 0
        if version >= 5:
            kind, address_size = _number(data, pos, 1), _number(data, pos + 1, 1)
            abbreviations_at, pos = _number(data, pos + 2, width), pos + 2 + width
            if kind in (_UNIT_SKELETON, _UNIT_SPLIT):
                pos += 8
            elif kind in (_UNIT_TYPE, _UNIT_SPLIT_TYPE):
                signature, type_at = _number(data, pos, 8), _number(data, pos + 8, width)
                pos += 8 + width
        else:
            abbreviations_at, address_size = _number(data, pos, width), _number(data, pos + width, 1)
            pos += width + 1
            if at >= self._types_at:
                kind, signature, type_at = _UNIT_TYPE, _number(data, pos, 8), _number(data, pos + 8, width)
                pos += 8 + width
        if address_size not in (4, 8) or pos >= end:
            raise DecodeError(at, "a unit's header is damaged")
        return Unit(self, at, pos, end, version, wide, address_size, abbreviations_at, kind, signature, type_at)

    def abbreviations(self, at: int, address_size: int, wide: bool, version: int) -> Mapping[int, Abbreviation]:
        """A table of abbreviations by code. Raises DecodeError."""
        key = (at, address_size, wide, version)
        if key not in self._abbreviations:
            self._abbreviations[key] = dict(_abbreviations(self.sections.abbrev, at, address_size, wide, version))
        return self._abbreviations[key]


def _abbreviations(
    data: bytes, at: int, address_size: int, wide: bool, version: int
) -> Iterator[tuple[int, Abbreviation]]:
    end = len(data)
    for _ in range(_MOST_ABBREVIATIONS):
        if at >= end:
            return
        code, at = _leb(data, at, end)
        if code == 0:
            return
        tag, at = _leb(data, at, end)
        children, at = bool(_number(data, at, 1)), at + 1
        attributes: list[tuple[int, int, int]] = []
        size = 0
        for _ in range(_MOST_ATTRIBUTES):
            name, at = _leb(data, at, end)
            form, at = _leb(data, at, end)
            if not name and not form:
                break
            constant = 0
            if form == Form.IMPLICIT_CONST:
                constant, at = _signed_leb(data, at, end)
            attributes.append((name, form, constant))
            one = form_size(form, address_size, wide, version)
            size = -1 if one < 0 or size < 0 else size + one
        yield code, Abbreviation(tag, children, tuple(attributes), size)


def form_size(form: int, address_size: int, wide: bool, version: int) -> int:
    """Bytes that a value of a form takes; -1 when that is in the value."""
    if form in _FIXED:
        return _FIXED[form]
    if form == Form.ADDR or (form == Form.REF_ADDR and version == 2):
        return address_size
    if form in _OF_OFFSET_SIZE or form == Form.REF_ADDR:
        return 8 if wide else 4
    return -1


def is_type_unit(unit: Unit) -> bool:
    return unit.kind in (_UNIT_TYPE, _UNIT_SPLIT_TYPE) or unit.top.tag == Tag.TYPE_UNIT


def _string(data: bytes, at: int) -> str:
    end = data.find(b"\0", at)
    return data[at : end if end >= 0 else len(data)].decode(errors="replace") if 0 <= at < len(data) else ""


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise DecodeError(at, "debug information ends too early")
    return int.from_bytes(data[at : at + size], "little")


def _leb(data: bytes, at: int, end: int) -> tuple[int, int]:
    if at < end and (byte := data[at]) < 0x80:
        return byte, at + 1
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise DecodeError(at, "a number in the debug information is not ended")


def _signed_leb(data: bytes, at: int, end: int) -> tuple[int, int]:
    start = at
    value, at = _leb(data, at, end)
    bits = 7 * (at - start)
    return (value - (1 << bits) if data[at - 1] & 0x40 else value), at
