"""The bytes at a place as a value of every usual type."""

from __future__ import annotations

import struct

from debugger.values import format_float
from ui.render.line import Line, Part, Role, line

_WIDTHS = ((1, 4), (2, 6), (4, 11), (8, 20))  # bytes of a type, cells of its value
_MOST_STRING_CELLS = 24
STRING_BYTES = 64  # that a string may be read from


def typed_lines(data: bytes, big: bool) -> tuple[Line, Line, Line]:
    """Unsigned, signed, and floats with text; `data` is what lies there, at most STRING_BYTES of it."""
    return _integers(data, big, "u"), _integers(data, big, "i"), _rest(data, big)


def short_line(data: bytes, big: bool) -> Line:
    """The most wanted ones in a line."""
    parts: list[Part] = [*_one(data, "u8", 1, big), *_one(data, "i32", 4, big), *_one(data, "u64", 8, big)]
    return line(*parts, *_float(data, 4, big), *_float(data, 8, big))


def _integers(data: bytes, big: bool, sort: str) -> Line:
    parts: list[Part] = []
    for size, width in _WIDTHS:
        parts += _one(data, f"{sort}{size * 8}", size, big, width)
    if sort == "i" and data:
        parts.append((f"0b{data[0]:08b}", Role.NUMBER))
    return line(*parts)


def _one(data: bytes, name: str, size: int, big: bool, width: int = 0) -> list[Part]:
    if len(data) < size:
        return [(f"{name} ", Role.TYPE), ("–".ljust(width) + "  ", Role.DIM)]
    value = int.from_bytes(data[:size], "big" if big else "little", signed=name[0] == "i")
    return [(f"{name} ", Role.TYPE), (f"{value:<{width}}  " if width else f"{value}  ", Role.NUMBER)]


def _rest(data: bytes, big: bool) -> Line:
    text = _text(data.partition(b"\0")[0], "utf-8")
    wide = _text(data[: len(data) // 2 * 2], "utf-16-be" if big else "utf-16-le").partition("\0")[0]
    parts: list[Part] = [*_float(data, 4, big), *_float(data, 8, big)]
    parts += [("utf-8 ", Role.TYPE), (_quoted(text), Role.STRING)]
    if wide.isprintable() and wide.isascii() and len(wide) > 1:
        parts += [("  utf-16 ", Role.TYPE), (_quoted(wide), Role.STRING)]
    return line(*parts)


def _float(data: bytes, size: int, big: bool) -> list[Part]:
    name = f"f{size * 8}"
    if len(data) < size:
        return [(f"{name} ", Role.TYPE), ("–  ", Role.DIM)]
    bits = int.from_bytes(data[:size], "big" if big else "little")
    (value,) = struct.unpack("<f" if size == 4 else "<d", bits.to_bytes(size, "little"))
    return [(f"{name} ", Role.TYPE), (f"{format_float(value, bits, size * 8)}  ", Role.NUMBER)]


def _text(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace")


def _quoted(text: str) -> str:
    return f'"{text[:_MOST_STRING_CELLS]}"' + ("…" if len(text) > _MOST_STRING_CELLS else "")
