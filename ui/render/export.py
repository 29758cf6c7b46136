"""Rendered lines as text, a drawing or a page, for a report or a slide; nothing in them is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType

from ui.render.line import Line, Role, text_of
from ui.text import safe
from vm.errors import UserError

SUFFIXES = (".txt", ".svg", ".html")
_INK, _PAPER, _EDGE = "#d5d9e8", "#14161f", "#3a4158"
_COLOURS: Mapping[Role, str] = MappingProxyType({
    Role.KEYWORD: "#bb9af7", Role.NUMBER: "#ff9e64", Role.NAME: "#7dcfff", Role.TYPE: "#2ac3de",
    Role.COMMENT: "#7a83a6",
    Role.LABEL: "#7aa2f7", Role.STRING: "#9ece6a", Role.ADDRESS: "#7a83a6", Role.POINTER: "#7aa2f7",
    Role.CHANGED: "#e0af68", Role.ZERO: "#5b6380", Role.PRINTABLE: "#9ece6a", Role.WATCHED: "#e0af68",
    Role.EDITED: "#e0af68", Role.PC: "#9ece6a", Role.BREAKPOINT: "#f7768e", Role.RAIL: "#5b6380",
    Role.HEADING: "#7dcfff", Role.DIM: "#7a83a6", Role.OK: "#9ece6a", Role.WARNING: "#e0af68", Role.ERROR: "#f7768e",
})  # fmt: skip
_BOLD = (Role.HEADING, Role.PC, Role.BREAKPOINT)
_CELL, _ROW, _MARGIN = 8.0, 18, 14


def exported(lines: Sequence[Line], title: str, suffix: str) -> str:
    """Lines in the form that a file's suffix stands for. Raises UserError for another one."""
    title = safe(title)
    match suffix.lower():
        case ".txt" | ".text":
            return "".join(f"{text_of(line)}\n" for line in lines)
        case ".svg":
            return _svg(lines, title)
        case ".html" | ".htm":
            return _html(lines, title)
        case other:
            raise UserError(f"nothing is exported as {other or 'a file without a suffix'}", ", ".join(SUFFIXES))


def _svg(lines: Sequence[Line], title: str) -> str:
    columns = max([len(title) + 4, *(sum(len(text) for text, _ in line) for line in lines)])
    width, height = columns * _CELL + 2 * _MARGIN, (len(lines) + 1) * _ROW + 2 * _MARGIN + 6
    body = "\n".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + (i + 2) * _ROW}" xml:space="preserve">{_spans(line, "fill")}</text>'
        for i, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13.3" fill="{_INK}">\n'
        f'<rect x="1" y="1" width="{width - 2:.0f}" height="{height - 2}" rx="8" fill="{_PAPER}" stroke="{_EDGE}"/>\n'
        f'<text x="{_MARGIN}" y="{_MARGIN + 10}" font-weight="bold">{escape(title)}</text>\n{body}\n</svg>\n'
    )


def _html(lines: Sequence[Line], title: str) -> str:
    body = "\n".join(_spans(line, "style") for line in lines)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<body style="background:{_PAPER};color:{_INK}"><h1 style="font:bold 16px monospace">{escape(title)}</h1>\n'
        f'<pre style="font:13px/1.35 monospace">{body}</pre></body></html>\n'
    )


def _spans(line: Line, attribute: str) -> str:
    out: list[str] = []
    element = "tspan" if attribute == "fill" else "span"
    for text, role in line:
        colour = _COLOURS.get(role)
        if colour is None:
            out.append(escape(text))
            continue
        weight = role in _BOLD
        look = f'fill="{colour}"' + (' font-weight="bold"' if weight else "")
        if attribute == "style":
            look = f'style="color:{colour}{";font-weight:bold" if weight else ""}"'
        out.append(f"<{element} {look}>{escape(text)}</{element}>")
    return "".join(out)
