"""How roles look in a prompt_toolkit terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.styles import Style

from ui.render.line import Line, Role

_LOOKS: Mapping[Role, str] = MappingProxyType(
    {
        Role.KEYWORD: "ansiblue bold",
        Role.NUMBER: "",
        Role.NAME: "ansicyan",
        Role.TYPE: "ansimagenta",
        Role.COMMENT: "ansibrightblack",
        Role.PUNCT: "",
        Role.LABEL: "ansiyellow",
        Role.PLAIN: "",
        Role.STRING: "ansigreen",
        Role.ADDRESS: "ansibrightblack",
        Role.POINTER: "ansicyan underline",
        Role.CHANGED: "ansiyellow bold",
        Role.ZERO: "ansibrightblack",
        Role.PRINTABLE: "ansigreen",
        Role.WATCHED: "bold underline",
        Role.EDITED: "bold",
        Role.CURSOR: "reverse",
        Role.PC: "ansiyellow bold",
        Role.BREAKPOINT: "ansired bold",
        Role.RAIL: "ansibrightblack",
        Role.HEADING: "bold",
        Role.DIM: "ansibrightblack",
        Role.OK: "ansigreen bold",
        Role.WARNING: "ansiyellow",
        Role.ERROR: "ansired bold",
    }
)

STYLE = Style.from_dict(
    {**{f"ws-{role}": look for role, look in _LOOKS.items()}, "bottom-toolbar": "noreverse bg:ansiblack ansiwhite"}
)


def formatted(lines: Iterable[Line]) -> FormattedText:
    """Lines as prompt_toolkit text, a newline between two."""
    out: list[tuple[str, str]] = []
    for i, rendered in enumerate(lines):
        if i:
            out.append(("", "\n"))
        out += [(f"class:ws-{role}", text) for text, role in rendered]
    return FormattedText(out)
