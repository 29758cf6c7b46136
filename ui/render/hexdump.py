"""Bytes as rows of hex digits and characters, and as units of x/NFU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ui.render.line import Line, Part, Role, line

PER_ROW = 16


def hex_line(
    addr: int, data: bytes, per_row: int = PER_ROW, changed: frozenset[int] = frozenset(), digits: int = 8
) -> Line:
    """`00001040  48 65 ..  He..`; `changed` holds addresses. `per_row` is 8, 16 or 32."""
    roles = [_role(byte, addr + i in changed) for i, byte in enumerate(data)]
    parts: list[Part] = [(f"{addr:0{digits}x}", Role.ADDRESS), "  "]
    parts += _merged((f"{byte:02x}{_gap(i, per_row)}", role) for i, (byte, role) in enumerate(zip(data, roles)))  # noqa: B905
    missing = range(len(data), per_row)
    parts.append("".join("  " + _gap(i, per_row) for i in missing) + " ")
    parts += _merged((_character(byte), role) for byte, role in zip(data, roles, strict=True))
    return line(*parts)


def hexdump(
    addr: int, data: bytes, per_row: int = PER_ROW, changed: frozenset[int] = frozenset(), digits: int = 8
) -> list[Line]:
    """Rows of hex digits."""
    rows = range(0, len(data), per_row)
    return [hex_line(addr + at, data[at : at + per_row], per_row, changed, digits) for at in rows]


def _gap(i: int, per_row: int) -> str:
    return " " if (i + 1) % 8 or i == per_row - 1 else "  "


def _role(byte: int, changed: bool) -> Role:
    if changed:
        return Role.CHANGED
    if byte == 0:
        return Role.ZERO
    return Role.PRINTABLE if 0x20 <= byte < 0x7F else Role.NUMBER


def _character(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else "·"


def _merged(pieces: Iterable[tuple[str, Role]]) -> Iterator[tuple[str, Role]]:
    """Neighbours of the same role as one piece."""
    for role, group in groupby(pieces, key=lambda piece: piece[1]):
        yield "".join(text for text, _ in group), role


def units(addr: int, items: Sequence[str], unit_bytes: int, per_row: int, digits: int = 8) -> list[Line]:
    """Formatted units of memory, some a row, each row with its address."""
    width = max(map(len, items), default=0)
    out = []
    for first in range(0, len(items), per_row):
        cells = "  ".join(f"{item:>{width}}" for item in items[first : first + per_row])
        address = f"{addr + first * unit_bytes:#0{digits + 2}x}:"
        out.append(line((address, Role.ADDRESS), "  ", (cells, Role.NUMBER)))
    return out
