"""A row of the hex pane: address, bytes in groups of eight, characters, each byte told by colour, weight and glyph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ui.render.code import short_count
from ui.render.line import Line, Part, Role, line

CHANGED_GLYPH, WATCHED_GLYPH, POINTER_GLYPH, BOOKMARK_GLYPH, EDITED_GLYPH = "Δ", "⌖", "→", "⚑", "✎"
_NOTHING: frozenset[int] = frozenset()
_COUNT_CELLS = 4
HEAT_CELLS = 1 + 2 * (_COUNT_CELLS + 1)  # what counts take beside a row


@dataclass(frozen=True, slots=True)
class RowShape:
    """How a row is laid out: address, a glyph, a space, bytes, a space, characters. Before each byte is a gap."""

    digits: int
    per_row: int

    @property
    def hex_end(self) -> int:
        return self.digits + 2 + 3 * self.per_row + (self.per_row // 8 - 1)

    @property
    def width(self) -> int:
        return self.hex_end + 1 + self.per_row

    def cells(self, byte: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where a byte of the row stands, as digits and as a character."""
        at = self.digits + 2 + 3 * byte + byte // 8
        character = self.hex_end + 1 + byte
        return (at, at + 2), (character, character + 1)

    def range_cells(self, first: int, last: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where bytes first..last stand, with the gaps between them."""
        (start, _), (character, _) = self.cells(first)
        (_, end), (_, character_end) = self.cells(last)
        return (start, end), (character, character_end)

    def byte_at(self, cell: int) -> int:
        """The byte of the row nearest to a cell."""
        if self.in_hex(cell):
            group, within = divmod(cell - self.digits - 2, 25)
            found = group * 8 + min(within // 3, 7)
        else:
            found = cell - self.hex_end - 1
        return max(0, min(found, self.per_row - 1))

    def in_hex(self, cell: int) -> bool:
        """Whether a cell is among the digits, not the characters."""
        return cell < self.hex_end


@dataclass(frozen=True, slots=True)
class Marks:
    """What is to be said of a row's bytes, by their number in the row."""

    changed: frozenset[int] = _NOTHING
    watched: frozenset[int] = _NOTHING
    pointers: frozenset[int] = _NOTHING  # all bytes of pointers
    starts: frozenset[int] = _NOTHING  # their first ones
    edited: Mapping[int, int] = field(default_factory=dict)  # typed and not yet written
    bookmarked: bool = False


PLAIN = Marks()


def hex_row(
    address: int, data: bytes, shape: RowShape, marks: Marks = PLAIN, page: Role = Role.ADDRESS,
    heat: Sequence[Part] = (),
) -> Line:  # fmt: skip
    """`0040⚑ 48 65 Δ6c ..  He..`; `page` is how the address looks."""
    if marks.edited:
        data = bytes(marks.edited.get(i, byte) for i, byte in enumerate(data))
    roles = [_role(i, byte, marks) for i, byte in enumerate(data)]
    flag: Part = (BOOKMARK_GLYPH, Role.WARNING) if marks.bookmarked else " "
    parts: list[Part] = [(f"{address:0{shape.digits}x}", page), flag]
    parts += _merged(_digits(data, roles, marks))
    missing = range(len(data), shape.per_row)
    parts.append("".join(("    " if i % 8 == 0 and i else "   ") for i in missing) + "  ")
    parts += _merged((_character(byte), role) for byte, role in zip(data, roles, strict=True))
    return line(*parts, " " * (shape.per_row - len(data) + 1) if heat else "", *heat)


def heat_parts(reads: int, writes: int, most: int) -> Sequence[Part]:
    """` 1.8M 950 `: how often the bytes of a row were read and written; the hottest stand out."""
    shown: list[Part] = []
    for count in (reads, writes):
        role = Role.WARNING if 2 * count > most else Role.NUMBER
        shown.append((f"{short_count(count) if count else '·':>{_COUNT_CELLS}} ", role if count else Role.DIM))
    return shown


def _digits(data: bytes, roles: list[Role], marks: Marks) -> Iterator[tuple[str, Role]]:
    """Each byte behind its gap, which holds a glyph where something begins."""
    for i, (byte, role) in enumerate(zip(data, roles, strict=True)):
        glyph = _glyph(i, marks)
        gap = " " if i and i % 8 == 0 else ""
        yield f"{gap}{glyph}{byte:02x}", role


def _glyph(i: int, marks: Marks) -> str:
    if marks is PLAIN:
        return " "
    for glyph, where in ((EDITED_GLYPH, marks.edited), (CHANGED_GLYPH, marks.changed), (WATCHED_GLYPH, marks.watched)):
        if i in where and (i == 0 or i - 1 not in where):
            return glyph
    return POINTER_GLYPH if i in marks.starts else " "


def _role(i: int, byte: int, marks: Marks) -> Role:
    if i in marks.edited:
        return Role.EDITED
    if i in marks.changed:
        return Role.CHANGED
    if i in marks.watched:
        return Role.WATCHED
    if i in marks.pointers:
        return Role.POINTER
    if byte == 0:
        return Role.ZERO
    return Role.PRINTABLE if 0x20 <= byte < 0x7F else Role.NUMBER


def _character(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else "·"


def _merged(pieces: Iterator[tuple[str, Role]]) -> Iterator[tuple[str, Role]]:
    """Neighbours of the same role as one piece."""
    for role, group in groupby(pieces, key=lambda piece: piece[1]):
        yield "".join(text for text, _ in group), role
