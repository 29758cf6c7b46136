"""Structures of a runtime as rows: headings, fields with what they were, and their bytes, a colour a section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from debugger.structures import Block, Entry, Part
from ui.render.hexrow import CHANGED_GLYPH
from ui.render.line import Line, Role, line
from ui.render.line import Part as Piece
from ui.render.runtime import address, type_text

SECTION_ROLES = (Role.KEYWORD, Role.NAME, Role.TYPE, Role.LABEL, Role.NUMBER)
_MOST_NAME_CELLS, _TYPE_CELLS = 36, 24
_OPEN, _FOLDED = "▼", "▶"


def section_role(part: int) -> Role:
    """The colour of a part of a block."""
    return SECTION_ROLES[part % len(SECTION_ROLES)]


def name_width(block: Block) -> int:
    """Cells that the names of a block's fields need."""
    return min(_MOST_NAME_CELLS, max((_widest(part) for part in block.parts if part.rows), default=0))


def _widest(part: Part) -> int:
    if not part.is_group:
        return len(part.name)
    index = 0 if part.count is None else len(f"[{part.count - 1}]")
    inner = max(len(leaf.path) for leaf in part.leaves)
    return 2 + index + inner + (1 if index and inner else 0) + max((len(n) + 1 for n in part.names), default=0)


def block_line(block: Block, is_open: bool) -> Line:
    """`▼ VMContext of main, 192 bytes  0x2000_16c4_0000`."""
    glyph = _OPEN if is_open else _FOLDED
    return line((f"{glyph} {block.title}", Role.HEADING), "  ", (address(block.addr), Role.DIM))


def group_line(part: Part, number: int, is_open: bool) -> Line:
    """`+0x0060 ▶ globals  12 × VMGlobalDefinition`."""
    count = "" if part.count is None else f"{part.count:,} × "
    glyph = _OPEN if is_open else _FOLDED
    return line(
        (f"+{part.offset:#06x} ", Role.ADDRESS), (f"{glyph} ", Role.RAIL), (part.name, section_role(number)),
        (f"  {count}{type_text(part.type)}", Role.TYPE), (f"  {part.doc}", Role.COMMENT),
    )  # fmt: skip


def field_line(entry: Entry, part: Part, number: int, width: int, was: bytes | None, with_type: bool) -> Line:
    """`+0x0058   memories[0]  *VMMemoryDefinition  → 0x2000_0000_1060  Δ was null  what it hits`."""
    indent = "  " if part.is_group and part.name else ""
    parts: list[Piece] = [(f"+{entry.offset:#06x} ", Role.ADDRESS), indent]
    parts.append((f"{entry.path:<{width - len(indent)}}  ", section_role(number)))
    if with_type:
        parts.append((f"{type_text(entry.type):<{_TYPE_CELLS}}  ", Role.TYPE))
    role = Role.CHANGED if was is not None else _role(entry)
    parts.append((value_text(entry, entry.value), role))
    if was is not None:
        parts.append((f"  {CHANGED_GLYPH} was {value_text(entry, was)}", Role.CHANGED))
    return line(*parts, (f"  {entry.target}" if entry.target else "", Role.STRING))


def _role(entry: Entry) -> Role:
    if not entry.number:
        return Role.ZERO
    return Role.POINTER if entry.type.startswith("ptr<") else Role.NUMBER


def value_text(entry: Entry, value: bytes) -> str:
    """A field's value as text; `value` is what it is now, or what it was."""
    number = int.from_bytes(value, "little")
    if entry.type.startswith("ptr<"):
        return f"→ {address(number)}" if number else "null"
    if entry.runtime_name.endswith(".magic"):
        return f'"{value.decode("latin-1")}"'
    if len(value) > 8:
        return value.hex(" ", 4)
    return f"{number:#x}" if number > 9 else str(number)


def explanation(entry: Entry) -> Line:
    """`VMMemoryDefinition.base  *u8  byte 0 of the linear memory  at 0x…  → what it hits`."""
    name = entry.runtime_name if "." in entry.runtime_name else entry.full
    return line(
        (name, Role.NAME), " ", (type_text(entry.type), Role.TYPE), f"  {entry.doc}",
        ("  at ", Role.DIM), (address(entry.addr), Role.ADDRESS),
        (f"  → {entry.target}" if entry.target else "", Role.STRING),
    )  # fmt: skip


# -- bytes -----------------------------------------------------------------------------------------


def bytes_line(block: Block, offset: int, data: bytes, lit: range, was: bytes | None, text: bool) -> Line:
    """`+0x0060  60 10 ..`; `lit` are the offsets under the cursor, `was` the bytes at the stop before."""
    roles = _byte_roles(block, offset, len(data), lit)
    parts: list[Piece] = [(f"+{offset:#06x} ", Role.ADDRESS)]
    changed = [was is not None and was[i] != byte for i, byte in enumerate(data)]
    parts += _merged(_digits(data, roles, changed))
    if text:
        shown = "".join(chr(b) if 0x20 <= b < 0x7F else "·" for b in data)
        parts += ["  ", (shown, Role.DIM)]
    return line(*parts)


def _byte_roles(block: Block, first: int, count: int, lit: range) -> list[Role]:
    """What each of some bytes is, from an offset on."""
    roles: list[Role] = []
    while len(roles) < count:
        at = first + len(roles)
        number = block.part_at(at)
        if number is None:
            roles.append(Role.DIM)
        else:
            part = block.parts[number]
            roles += [section_role(number)] * min(count - len(roles), part.offset + part.size - at)
    for offset in range(max(first, lit.start), min(first + count, lit.stop)):
        roles[offset - first] = Role.CURSOR
    return roles


def _digits(data: bytes, roles: Sequence[Role], changed: Sequence[bool]) -> Iterator[tuple[str, Role]]:
    for i, byte in enumerate(data):
        first = changed[i] and (i == 0 or not changed[i - 1])
        gap = (" " if i and i % 8 == 0 else "") + (CHANGED_GLYPH if first else " ")
        joined = i > 0 and roles[i] is roles[i - 1]
        yield gap, Role.CHANGED if first else roles[i] if joined else Role.PLAIN
        yield f"{byte:02x}", Role.CHANGED if changed[i] and roles[i] is not Role.CURSOR else roles[i]


def _merged(pieces: Iterator[tuple[str, Role]]) -> Iterator[tuple[str, Role]]:
    for role, group in groupby(pieces, key=lambda piece: piece[1]):
        yield "".join(text for text, _ in group), role


def bytes_width(per_row: int, text: bool) -> int:
    """Cells of a `bytes_line`."""
    return 8 + 3 * per_row + per_row // 8 - 1 + (2 + per_row if text else 0)
