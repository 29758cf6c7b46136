"""Values of expressions, and how they are written."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol, cast

from debugger.expression.types import (
    BOOL,
    LITERAL,
    STRING,
    U8_TYPE,
    Array,
    Composite,
    Enumeration,
    Group,
    Pointer,
    Record,
    Reference,
    Scalar,
    Sort,
    Type,
    size_of,
)
from debugger.values import format_float
from vm.errors import UserError
from vm.layout import StructView
from vm.types import Addr

_SHOWN_ELEMENTS, _SHOWN_BYTES, _SHOWN_FIELDS = 64, 256, 24
_FLOAT_FORMATS = {4: "<f", 8: "<d"}
FORMATS = "xduotacfs"


class Members(Protocol):
    """What stands behind a group. All raise UserError for what is not there."""

    def index(self, index: int) -> Value: ...
    def member(self, name: str) -> Value: ...
    def slice(self, start: int, size: int) -> Value: ...


class Described(Protocol):
    """A composite of the program's language, or an array of more than numbers. All raise UserError."""

    def index(self, index: int) -> Value: ...
    def member(self, name: str) -> Value: ...
    def slice(self, start: int, size: int) -> Value: ...
    @property
    def text(self) -> str: ...


Content = int | float | str | bytes | StructView | Members | Described


@dataclass(frozen=True, slots=True)
class Value:
    """A value. `addr` is where it lies, `note` what it leads to, `label` what to call it.

    Content by type: int for integers, references and pointers, float, str for text, bytes for arrays of scalars,
    a view for structs.
    """

    type: Type
    value: Content
    addr: Addr | None = None
    note: str = ""
    label: str = ""
    raw: int | None = None  # a float's bits as they lay there: a NaN's payload is lost in `value`
    guest: bool = False  # the program's own, by its source: its address is counted in its memory

    @property
    def text(self) -> str:
        """The value as it is printed."""
        match self.type, self.value:
            case Enumeration() as enumeration, int(value):
                return enumeration.name_of(value) or f"{value} (no {enumeration})"
            case Scalar(sort=Sort.BOOL), value:
                return "true" if value else "false"
            case Scalar(character=True, size=size), int(value):
                return f"{value} {_character(value, size)}"
            case Scalar(sort=Sort.FLOAT, bits=bits), float(value):
                return format_float(value, self.bits, bits)
            case Scalar(), value:
                return str(value)
            case Reference() | Pointer(), int(value):
                return self._address(value)
            case Array(element=Record()) as array, _:
                return f"{array.count} × {array.element}"
            case Array() as array, bytes(data):
                return _array_text(array, data)
            case Record(), StructView() as view:
                return _record_text(view)
            case ((Composite() | Array()), _):
                return cast("Described", self.value).text
            case Group(name), _:
                return name + (f": {self.note}" if self.note else "")
            case _:
                return quoted(str(self.value))

    def _address(self, value: int) -> str:
        if not value:
            return self.note or "null"
        return f"{value:#x}" + (f" → {self.note}" if self.note else "")

    @property
    def bits(self) -> int:
        """A scalar's, pointer's or reference's bits as an unsigned number. Raises UserError for the rest."""
        match self.type, self.value:
            case Scalar(sort=Sort.FLOAT, size=size), float(value):
                return float_bits(value, size) if self.raw is None else self.raw
            case Scalar(bits=bits), int(value):
                return value & ((1 << bits) - 1)
            case Reference() | Pointer(), int(value):
                return value
            case Array(), bytes(data):
                return int.from_bytes(data, "little")
            case _:
                raise UserError(f"a {self.type} is not a number")

    @property
    def integer(self) -> int:
        """The value of an integer, bool, pointer or reference. Raises UserError for the rest."""
        if isinstance(self.value, int):
            return int(self.value)
        raise UserError(f"a {self.type} is not an integer")

    @property
    def truth(self) -> bool:
        """Whether it counts as true. Raises UserError for what is neither."""
        match self.value:
            case int() | float() | str() | bytes():
                return bool(self.value)
            case _:
                raise UserError(f"a {self.type} is neither true nor false")

    def format(self, fmt: str) -> str:
        """The value by gdb's letters: x d u o t a c f s. Raises UserError for another letter."""
        if fmt not in FORMATS or len(fmt) != 1:
            raise UserError(f"{fmt!r} is not a format", f"one of {' '.join(FORMATS)}")
        if isinstance(self.type, Record | Group) or (isinstance(self.type, Array) and not size_of(self.type.element)):
            return self.text
        if isinstance(self.type, Array) and isinstance(self.value, bytes) and fmt not in "sa":
            return f"[{', '.join(element.format(fmt) for element in elements(self.type, self.value))}]"
        if fmt == "s":
            return self._string()
        if fmt == "f" or (fmt in "cd" and isinstance(self.value, str)):
            return self._float()
        return self._number(fmt)

    def _number(self, fmt: str) -> str:
        bits, width = self.bits, max(size_of(self.type), 1) * 8
        match fmt:
            case "x":
                return f"{bits:#x}"
            case "u":
                return str(bits)
            case "o":
                return f"{bits:#o}"
            case "t":
                return f"{bits:#b}"
            case "c":
                return f"{bits & 0xFF} {chr(bits & 0xFF)!r}"
            case "a":
                return f"{bits:#x}" + (f" → {self.note}" if self.note else "")
            case _:
                return str(bits - (bits >> (width - 1) << width))

    def _float(self) -> str:
        size = size_of(self.type)
        if isinstance(self.value, float) or size not in _FLOAT_FORMATS or self.type in (LITERAL, BOOL):
            return self.text
        bits = self.bits
        return format_float(float_of(bits, size), bits, size * 8)

    def _string(self) -> str:
        match self.value:
            case str():
                return quoted(self.value)
            case bytes():
                return quoted(self.value.partition(b"\0")[0].decode(errors="replace"))
            case _:
                return self.text


def elements(array: Array, data: bytes) -> list[Value]:
    """The scalars of an array."""
    stride = size_of(array.element)
    return [decoded(array.element, data[i : i + stride]) for i in range(0, stride * array.count, stride)]


def decoded(type_: Type, data: bytes, addr: Addr | None = None, note: str = "", label: str = "") -> Value:
    """A value from its bytes."""
    bits = int.from_bytes(data, "little")
    match type_:
        case Scalar(sort=Sort.FLOAT, size=size):
            return Value(type_, float_of(bits, size), addr, note, label, bits)
        case Scalar():
            return Value(type_, type_.wrap(bits), addr, note, label)
        case Reference() | Pointer():
            return Value(type_, bits, addr, note, label)
        case _:
            return Value(type_, data, addr, note, label)


def _character(value: int, size: int) -> str:
    """`'a'`; a byte that is no character is shown as an escape."""
    if size == 1:
        byte = value & 0xFF
        return f"'{_shown(chr(byte))}'" if 0x20 <= byte < 0x7F or byte in b"\0\n\t\r" else f"'\\x{byte:02x}'"
    return f"'{_shown(chr(value))}'" if 0 <= value < 0x110000 else "(no character)"


def text_value(text: str, addr: Addr | None = None) -> Value:
    """A string."""
    return Value(STRING, text, addr)


def float_of(bits: int, size: int) -> float:
    (value,) = struct.unpack(_FLOAT_FORMATS[size], bits.to_bytes(size, "little"))
    assert isinstance(value, float)
    return value


def float_bits(value: float, size: int) -> int:
    """The bits of a float; one too great for four bytes becomes infinite."""
    try:
        data = struct.pack(_FLOAT_FORMATS[size], value)
    except OverflowError:
        data = struct.pack(_FLOAT_FORMATS[size], float("inf") if value > 0 else float("-inf"))
    return int.from_bytes(data, "little")


def quoted(text: str) -> str:
    """Text between double quotes, with what cannot be printed escaped."""
    return '"' + "".join(_shown(c) for c in text) + '"'


def _shown(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
    return known.get(character, f"\\u{{{ord(character):x}}}")


def _array_text(array: Array, data: bytes) -> str:
    if isinstance(array.element, Scalar) and array.element.character and array.element.size == 1:
        text, _, after = data.partition(b"\0")
        return quoted(text.decode(errors="replace")) + (" …" if after.strip(b"\0") else "")
    if array.element == U8_TYPE:
        return data[:_SHOWN_BYTES].hex(" ") + (" …" if len(data) > _SHOWN_BYTES else "")
    shown = Array(array.element, min(array.count, _SHOWN_ELEMENTS))
    more = ", …" if array.count > _SHOWN_ELEMENTS else ""
    return f"[{', '.join(v.text for v in elements(shown, data))}{more}]"


def _record_text(view: StructView) -> str:
    parts: list[str] = []
    for row in view.rows():
        if len(parts) == _SHOWN_FIELDS:
            parts.append("…")
            break
        data = view.memory.read(row.addr, row.size)
        parts.append(f"{row.path} = {data.hex(' ') if row.size > 8 else hex(int.from_bytes(data, 'little'))}")
    return f"{view.layout.name} {{{', '.join(parts)}}}"
