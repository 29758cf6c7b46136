"""Variables of the program's source."""

from __future__ import annotations

from collections.abc import Iterable

from debugger.source.tree import Node
from ui.render.line import Line, Part, Role, columns, line

_MOST_TYPE_CELLS = 40
_MOST_VALUE_CELLS = 1000


def variables(items: Iterable[Node]) -> list[Line]:
    """`name  type  value`, what is inside indented."""
    return columns([_cells(item) for item in items], indent="  ")


def _cells(item: Node) -> list[Part]:
    return [
        ("  " * item.depth + item.name, Role.NAME), (shortened(item.type, _MOST_TYPE_CELLS), Role.TYPE),
        (shortened(item.text, _MOST_VALUE_CELLS), value_role(item)),
    ]  # fmt: skip


def row(item: Node, width: int, was: str | None) -> Line:
    """One row of a pane; `was`: what it was at the stop before, when that is another value."""
    sign = "  " if not item.opens else "▸ "
    name = "  " * item.depth + sign + item.name
    parts: list[Part] = [
        f"{name:<{width}}  ", (f"{shortened(item.type, _MOST_TYPE_CELLS)}  ", Role.TYPE),
        (shortened(item.text, _MOST_VALUE_CELLS), value_role(item) if was is None else Role.CHANGED),
    ]  # fmt: skip
    if was is not None:
        parts.append((f"  Δ was {was}", Role.CHANGED))
    return line(*parts)


def value_role(item: Node) -> Role:
    """What is not known stands back, pointers and text stand out."""
    if item.value is None:
        return Role.DIM
    if item.text.startswith('"'):
        return Role.STRING
    if "→" in item.text or item.text.startswith("0x"):
        return Role.POINTER
    return Role.ZERO if item.text in ("0", "null", "0.0") else Role.NUMBER


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
