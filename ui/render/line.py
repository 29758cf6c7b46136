"""A rendered line: pieces of text with what they mean. `line` is how one is made, and where text is made safe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from ui.text import safe


class Role(StrEnum):
    """What a piece of text is; front ends give each a look. The first ones are the disassembler's."""

    KEYWORD = "keyword"
    NUMBER = "number"
    NAME = "name"
    TYPE = "type"
    COMMENT = "comment"
    PUNCT = "punct"
    LABEL = "label"
    PLAIN = "plain"
    STRING = "string"
    ADDRESS = "address"
    POINTER = "pointer"
    CHANGED = "changed"
    ZERO = "zero"
    PRINTABLE = "printable"
    WATCHED = "watched"
    EDITED = "edited"
    CURSOR = "cursor"
    PC = "pc"
    BREAKPOINT = "breakpoint"
    RAIL = "rail"
    HEADING = "heading"
    DIM = "dim"
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


Span = tuple[str, Role]
Line = tuple[Span, ...]
Part = str | Span

EMPTY: Line = ()


def line(*parts: Part) -> Line:
    """A line from plain strings and (text, role) pairs. All text is made safe here."""
    pairs = ((part, Role.PLAIN) if isinstance(part, str) else part for part in parts)
    return tuple((safe(text), role) for text, role in pairs if text)


def heading(text: str) -> Line:
    return line((text, Role.HEADING))


def note(text: str) -> Line:
    return line((text, Role.DIM))


def text_of(rendered: Line) -> str:
    """A line as plain text, without trailing spaces."""
    return "".join(text for text, _ in rendered).rstrip()


def columns(
    rows: Iterable[Sequence[Part]], headings: Sequence[str] = (), right: Iterable[int] = (), indent: str = ""
) -> list[Line]:
    """Rows of cells, aligned; the columns numbered in `right` to the right. Empty when there are no rows."""
    cells = [[_cell(part) for part in row] for row in rows]
    if not cells:
        return []
    if headings:
        cells.insert(0, [(text, Role.HEADING) for text in headings])
    count, at_right = max(map(len, cells)), frozenset(right)
    widths = [max((len(row[i][0]) for row in cells if i < len(row)), default=0) for i in range(count)]
    return [_row(row, widths, at_right, indent) for row in cells]


def _cell(part: Part) -> Span:
    text, role = (part, Role.PLAIN) if isinstance(part, str) else part
    return safe(text), role


def _row(row: Sequence[Span], widths: Sequence[int], right: frozenset[int], indent: str) -> Line:
    """The cells are safe already; what stands between two of them is one span."""
    spans: list[Span] = []
    gap = indent
    for i, (text, role) in enumerate(row):
        padding = widths[i] - len(text)
        if i in right:
            gap += " " * padding
            padding = 0
        if text:
            if gap:
                spans.append((gap, Role.PLAIN))
            spans.append((text, role))
            gap = ""
        gap += " " * (padding + 2)
    return tuple(spans)
