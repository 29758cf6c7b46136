"""Types of the program's language, from entries to what expressions know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from debugger.dwarf.constants import At, Encoding, Tag
from debugger.dwarf.entries import Entry, Unit
from debugger.expression.types import (
    Array,
    Composite,
    Enumeration,
    Field,
    Pointer,
    Scalar,
    Sort,
    Type,
    Variants,
    size_of,
)
from vm.errors import DecodeError, UserError

_MOST_DEPTH = 40  # of types made of types
_MOST_FIELDS = 2000
_MOST_ENUMERATORS = 5000
_MOST_ELEMENTS = 1 << 32
_LANGUAGES = {
    0x01: "C", 0x02: "C", 0x0C: "C", 0x1D: "C", 0x2C: "C",
    0x04: "C++", 0x1A: "C++", 0x21: "C++", 0x2B: "C++", 0x3A: "C++",
    0x1C: "Rust", 0x27: "Zig",
}  # fmt: skip
_QUALIFIERS = (Tag.CONST, Tag.VOLATILE, Tag.RESTRICT, Tag.ATOMIC)
_COMPOSITES = {Tag.STRUCTURE: "struct", Tag.CLASS: "class", Tag.UNION: "union"}
_SORTS = {
    Encoding.BOOLEAN: Sort.BOOL, Encoding.FLOAT: Sort.FLOAT, Encoding.SIGNED: Sort.SIGNED,
    Encoding.SIGNED_CHAR: Sort.SIGNED,
}  # fmt: skip
_CHARACTERS = (Encoding.SIGNED_CHAR, Encoding.UNSIGNED_CHAR, Encoding.UTF)


def language_of(unit: Unit) -> str:
    """The language a unit was written in; empty when it is another one."""
    if unit.top.text(At.PRODUCER).startswith("zig"):  # which calls its language C for the sake of debuggers
        return "Zig"
    return _LANGUAGES.get(unit.top.number(At.LANGUAGE) or 0, "")


class Types:
    """Makes types from entries; each once."""

    def __init__(self, qualified: Callable[[Entry], str]) -> None:
        self._qualified = qualified
        self._made: dict[tuple[int, int], Type | None] = {}
        self.definition: Callable[[str], Entry | None] = lambda name: None  # of a type that is only declared

    def of(self, entry: Entry) -> Type | None:
        """The type of a variable, member or parameter; None for void. Raises UserError."""
        try:
            found = entry.follow(At.TYPE)
            return None if found is None else self.made(found, 0)
        except DecodeError as error:
            raise UserError(f"its type cannot be read: {error.what}") from None

    def named(self, entry: Entry) -> Type | None:
        """The type an entry describes. Raises UserError."""
        try:
            return self.made(entry, 0)
        except DecodeError as error:
            raise UserError(f"the type cannot be read: {error.what}") from None

    def made(self, entry: Entry, depth: int) -> Type | None:
        key = (id(entry.unit.info), entry.at)
        if key not in self._made:
            if depth > _MOST_DEPTH:
                raise UserError("its type is made of more types than can be followed")
            self._made[key] = None  # what leads back to itself without a struct between is of no type
            self._made[key] = self._make(entry, depth + 1)
        return self._made[key]

    def _target(self, entry: Entry, depth: int) -> Type | None:
        found = entry.follow(At.TYPE)
        return None if found is None else self.made(found, depth)

    def _make(self, entry: Entry, depth: int) -> Type | None:
        tag, described = entry.tag, entry.follow(At.SIGNATURE)
        if described is not None and described.at != entry.at:  # in a unit of its own
            return self.made(described, depth)
        if tag in _COMPOSITES:
            return self._composite(entry, _COMPOSITES[Tag(tag)])
        if tag in _QUALIFIERS:
            return self._target(entry, depth)
        match tag:
            case Tag.BASE_TYPE:
                return _base(entry)
            case Tag.POINTER | Tag.REFERENCE | Tag.RVALUE_REFERENCE:
                return self._pointer(entry, depth)
            case Tag.TYPEDEF:
                return self._typedef(entry, depth)
            case Tag.ENUMERATION:
                return self._enumeration(entry, depth)
            case Tag.ARRAY:
                return self._array(entry, depth)
            case Tag.PTR_TO_MEMBER:
                return Scalar("pointer to member", entry.number(At.BYTE_SIZE) or 4, Sort.UNSIGNED)
            case Tag.UNSPECIFIED | Tag.SUBROUTINE_TYPE:
                return None
            case _:
                raise UserError(f"its type is of a kind that is not known here ({tag:#x})")

    def _pointer(self, entry: Entry, depth: int) -> Type:
        size = entry.number(At.BYTE_SIZE) or entry.unit.address_size
        if size not in (4, 8):
            raise UserError(f"a pointer of {size} bytes is strange")
        target = entry.follow(At.TYPE)
        if target is not None and target.tag == Tag.SUBROUTINE_TYPE:
            return Pointer(None, size=size, function=self._signature(target, depth))
        is_reference = entry.tag != Tag.POINTER
        made = None if target is None else self.made(target, depth)
        name = entry.name if language_of(entry.unit) == "Rust" else ""
        return Pointer(made, size=size, is_reference=is_reference, name=name)

    def _signature(self, entry: Entry, depth: int) -> str:
        """`int (*)(int, char*)`."""
        result = self._target(entry, depth)
        parameters = [
            str(self._target(child, depth) or "void") for child in entry.children() if child.tag == Tag.FORMAL_PARAMETER
        ]
        return f"{result or 'void'} (*)({', '.join(parameters)})"

    def _typedef(self, entry: Entry, depth: int) -> Type | None:
        made, name = self._target(entry, depth), entry.name
        if isinstance(made, Composite) and made.name.startswith("(anonymous"):
            return Composite(name, made.size, made.kind, made.language, made.key, made.shape)
        if type(made) is Scalar and name:
            return Scalar(name, made.size, made.sort, made.character)
        return made

    def _enumeration(self, entry: Entry, depth: int) -> Type:
        under = self._target(entry, depth)
        size = entry.number(At.BYTE_SIZE) or 4
        if size not in (1, 2, 4, 8):
            raise UserError(f"an enum of {size} bytes is strange")
        signed = not isinstance(under, Scalar) or under.sort is Sort.SIGNED
        names: list[tuple[int, str]] = []
        for child in entry.children():
            value = _constant(child, At.CONST_VALUE, 8 * size, signed)
            if child.tag == Tag.ENUMERATOR and value is not None and len(names) < _MOST_ENUMERATORS:
                names.append((value, child.name))
        return Enumeration(
            self._qualified(entry) or "(anonymous enum)", size, Sort.SIGNED if signed else Sort.UNSIGNED, False,
            tuple(names),
        )  # fmt: skip

    def _array(self, entry: Entry, depth: int) -> Type:
        element = self._target(entry, depth)
        if element is None:
            raise UserError("an array of nothing")
        counts = [_count(child) for child in entry.children() if child.tag in (Tag.SUBRANGE, Tag.ENUMERATION)]
        made = element
        for count in reversed(counts or [0]):
            if count * max(size_of(made), 1) > _MOST_ELEMENTS:
                raise UserError(f"an array of {count:,} elements is too large")
            made = Array(made, count)
        return made

    def _composite(self, entry: Entry, kind: str) -> Type:
        name = self._qualified(entry)
        if entry.flag(At.DECLARATION):
            found = self.definition(name)
            if found is not None and found.at != entry.at and not found.flag(At.DECLARATION):
                again = self.made(found, _MOST_DEPTH - 1)
                if again is not None:
                    return again
        size = entry.number(At.BYTE_SIZE) or 0
        language = language_of(entry.unit)
        return Composite(name or f"(anonymous {kind})", size, kind, language, entry.at, _Shape(self, entry, size))


@dataclass
class _Shape:
    """What a composite's entry says when it is asked; once."""

    types: Types
    entry: Entry
    size: int
    _found: tuple[Field, ...] | None = None
    _alternatives: tuple[Variants | None] | None = None

    def fields(self) -> tuple[Field, ...]:
        if self._found is None:
            self._found = self._all_fields()
        return self._found

    def _all_fields(self) -> tuple[Field, ...]:
        try:
            return tuple(self._fields(self.entry))
        except DecodeError as error:
            raise UserError(f"the members of {self.entry.name} cannot be read: {error.what}") from None

    def _fields(self, entry: Entry) -> Iterator[Field]:
        count = 0
        for child in entry.children():
            is_base = child.tag == Tag.INHERITANCE
            static = child.flag(At.EXTERNAL) or child.flag(At.DECLARATION)
            if (child.tag != Tag.MEMBER and not is_base) or static:
                continue
            count += 1
            if count > _MOST_FIELDS:
                return
            made = self._field(child, is_base)
            if made is not None:
                yield made

    def _field(self, child: Entry, is_base: bool = False) -> Field | None:
        type_ = self.types.of(child)
        if type_ is None:
            return None
        offset = child.number(At.MEMBER_LOCATION)
        if offset is None:
            offset = _simple_offset(child)
        name = child.name or (str(type_) if is_base else "")
        bits = child.number(At.BIT_SIZE)
        if bits is None:
            return Field(name, type_, offset, None, is_base)
        return Field(name, type_, *_bit_place(child, offset, bits, size_of(type_)), is_base)

    def variants(self) -> Variants | None:
        if self._alternatives is None:
            self._alternatives = (self._read_variants(),)
        return self._alternatives[0]

    def _read_variants(self) -> Variants | None:
        try:
            part = next((c for c in self.entry.children() if c.tag == Tag.VARIANT_PART), None)
            return None if part is None else self._variants(part)
        except DecodeError as error:
            raise UserError(f"the alternatives of {self.entry.name} cannot be read: {error.what}") from None

    def _variants(self, part: Entry) -> Variants:
        tag_entry = part.follow(At.DISCR)
        tag = None if tag_entry is None else self._field(tag_entry)
        bits = 8 * size_of(tag.type) if tag is not None else 64
        found: list[tuple[int | None, Field]] = []
        for variant in part.children():
            if variant.tag != Tag.VARIANT or len(found) >= _MOST_FIELDS:
                continue
            value = _constant(variant, At.DISCR_VALUE, bits, signed=False)
            member = next((c for c in variant.children() if c.tag == Tag.MEMBER), None)
            made = None if member is None else self._field(member)
            if made is not None:
                found.append((value, made))
        return Variants(tag, tuple(found))

    def arguments(self) -> tuple[tuple[str, Type], ...]:
        found: list[tuple[str, Type]] = []
        try:
            for child in self.entry.children():
                type_ = self.types.of(child) if child.tag == Tag.TEMPLATE_TYPE else None
                if type_ is not None:
                    found.append((child.name, type_))
        except DecodeError:
            pass
        return tuple(found)


def _bit_place(child: Entry, offset: int, bits: int, size: int) -> tuple[int, tuple[int, int]]:
    """A bit field's storage unit, and the first of its bits there counted from the lowest, with how many."""
    size = size or 4
    data_offset = child.number(At.DATA_BIT_OFFSET)
    if data_offset is not None:
        start = data_offset // (8 * size) * size
        if data_offset % (8 * size) + bits > 8 * size:  # it straddles: taken from its own byte on
            start = data_offset // 8
        return start, (data_offset - 8 * start, bits)
    from_top = child.number(At.BIT_OFFSET) or 0
    storage = child.number(At.BYTE_SIZE) or size
    return offset, (max(0, 8 * storage - from_top - bits), bits)


def _simple_offset(child: Entry) -> int:
    """A member's offset as older producers write it: DW_OP_plus_uconst."""
    found = child.attributes.get(At.MEMBER_LOCATION)
    if found is None or not isinstance(found.value, bytes) or found.value[:1] != b"\x23":
        return 0
    value = shift = 0
    for byte in found.value[1:6]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value


def _constant(entry: Entry, name: At, bits: int, signed: bool) -> int | None:
    """A constant of a type's width."""
    found = entry.attributes.get(name)
    if found is None:
        return None
    value = found.value if isinstance(found.value, int) else int.from_bytes(found.value[:16], "little")
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _base(entry: Entry) -> Type | None:
    size, encoding = entry.number(At.BYTE_SIZE) or 0, entry.number(At.ENCODING) or 0
    name = entry.name or "(unnamed)"
    if size == 0:
        return Array(Scalar(name, 1, Sort.UNSIGNED), 0)  # (), void
    sort = _SORTS.get(Encoding(encoding) if encoding in list(Encoding) else Encoding.UNSIGNED, Sort.UNSIGNED)
    if sort is Sort.FLOAT and size not in (4, 8):
        return Array(Scalar("u8", 1, Sort.UNSIGNED), min(size, 64))
    if size > 16:
        raise UserError(f"a number of {size} bytes is strange")
    return Scalar(name, size, sort, encoding in _CHARACTERS)


def _count(entry: Entry) -> int:
    count = entry.number(At.COUNT)
    if count is None:
        upper = entry.number(At.UPPER_BOUND)
        count = 0 if upper is None or upper in (-1, 0xFFFF_FFFF, (1 << 64) - 1) else upper + 1
    return max(0, count)
