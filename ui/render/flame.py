"""A flame graph as a drawing: one box a path of calls, as wide as its ticks; nothing is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from debugger.traces.expand import Place
from debugger.traces.profile import Node, Profile
from ui.text import safe

_WIDTH, _ROW, _CHARACTER = 1200, 18, 6.6
_LEAST_WIDTH = 0.4
_MOST_ROWS = 120
_COLOURS = ("#f4a259", "#f6bd60", "#f7b267", "#e9c46a", "#f08a5d")


def flame_graph(found: Profile, name_of: Callable[[Place], str], title: str) -> str:
    """The drawing of a profile."""
    boxes = list(_boxes(found, name_of))
    rows = max((row for row, _ in boxes), default=0) + 1
    height = (rows + 2) * _ROW + 10
    body = "\n".join(text for _, text in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="monospace" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="#fdf6e8"/>\n'
        f'<text x="6" y="15">{_text(title)}: {found.ticks:,} instructions</text>\n{body}\n</svg>\n'
    )


def _boxes(found: Profile, name_of: Callable[[Place], str]) -> Iterator[tuple[int, str]]:
    total = found.root.total() or 1
    sums = _sums(found.root)
    pending: list[tuple[Node, float, int]] = [(found.root, 0.0, -1)]
    while pending:
        node, x, row = pending.pop()
        width = sums[id(node)] / total * _WIDTH
        if node.place is not None:
            yield row, _box(name_of(node.place), x, row, width, sums[id(node)], total)
        if row + 1 < _MOST_ROWS:
            for child in node.children.values():
                wide = sums[id(child)] / total * _WIDTH
                if wide >= _LEAST_WIDTH:
                    pending.append((child, x, row + 1))
                x += wide


def _sums(root: Node) -> dict[int, int]:
    """Ticks with all that was called, by node."""
    sums: dict[int, int] = {}
    for node in reversed(list(root.walk())):
        sums[id(node)] = node.own + sum(sums[id(c)] for c in node.children.values())
    return sums


def _box(name: str, x: float, row: int, width: float, ticks: int, total: int) -> str:
    colour = _COLOURS[sum(map(ord, name)) % len(_COLOURS)]
    y = (row + 1) * _ROW + 6
    fits = int(width / _CHARACTER) - 1
    shown = name if len(name) <= fits else name[: max(0, fits - 1)] + "…" if fits > 2 else ""
    label = f'<text x="{x + 3:.1f}" y="{y + 13}">{_text(shown)}</text>' if shown else ""
    share = f"{ticks:,} instructions, {100 * ticks / total:.1f} %"
    return (
        f'<g><title>{_text(name)}: {share}</title><rect x="{x:.2f}" y="{y}" width="{max(width - 0.3, 0.2):.2f}" '
        f'height="{_ROW - 1}" fill="{colour}" rx="1"/>{label}</g>'
    )


def _text(text: str) -> str:
    return escape(safe(text))
