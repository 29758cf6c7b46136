"""Lines in rows that are not wider than there is room for."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from ui.render.line import EMPTY, Line, Span


def broken(rendered: Line, width: int, words: bool = False) -> Iterator[Line]:
    """A line in rows of at most `width` cells; 0: not known yet, so one row. `words`: between words where it can be."""
    if width <= 0 or sum(cell_len(text) for text, _ in rendered) <= width:
        yield rendered or EMPTY
        return
    row: list[Span] = []
    left = width
    for text, role in rendered:
        while cell_len(text) > left:
            head = chop_cells(text, left)[0] if left > 1 else ""
            if words:
                head = _whole_words(head, text, after_blank=bool(row) and row[-1][0].endswith(" "))
            if head:
                row.append((head, role))
            yield tuple(row)
            row, left, text = [], width, text[len(head) :].removeprefix(" " if words else "")
        row.append((text, role))
        left -= cell_len(text)
    yield tuple(row)


def _whole_words(head: str, text: str, after_blank: bool) -> str:
    """What of `head`, the start of a text, ends between words; all of it where there is no blank to end at."""
    if text[len(head) :].startswith(" "):
        return head
    return head[: head.rfind(" ") + 1] or ("" if after_blank else head)
