"""How roles look: colours of the theme in use, each with a weight so that a screen without colour still reads."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color

from ui.render.line import Role

# role → (theme variable, bold, dim, underline)
_LOOKS: Mapping[Role, tuple[str, bool, bool, bool]] = {
    Role.KEYWORD: ("text-primary", False, False, False),
    Role.NUMBER: ("foreground", False, False, False),
    Role.NAME: ("success", False, False, False),
    Role.TYPE: ("text-secondary", False, False, False),
    Role.COMMENT: ("foreground", False, True, False),
    Role.PUNCT: ("foreground", False, True, False),
    Role.LABEL: ("accent", False, False, False),
    Role.PLAIN: ("foreground", False, False, False),
    Role.STRING: ("success", False, False, False),
    Role.ADDRESS: ("foreground", False, True, False),
    Role.POINTER: ("text-secondary", False, False, True),
    Role.CHANGED: ("warning", True, False, False),
    Role.ZERO: ("foreground", False, True, False),
    Role.PRINTABLE: ("success", False, False, False),
    Role.WATCHED: ("accent", True, False, True),
    Role.EDITED: ("error", True, False, True),
    Role.PC: ("warning", True, False, False),
    Role.BREAKPOINT: ("error", True, False, False),
    Role.RAIL: ("accent", False, True, False),
    Role.HEADING: ("text-primary", True, False, False),
    Role.DIM: ("foreground", False, True, False),
    Role.OK: ("success", True, False, False),
    Role.WARNING: ("warning", True, False, False),
    Role.ERROR: ("error", True, False, False),
}


def styles_of(variables: Mapping[str, str]) -> dict[Role, Style]:
    """Rich styles for every role from a theme's variables."""
    looks = {role: _style(variables, *look) for role, look in _LOOKS.items()}
    return {**looks, Role.CURSOR: Style(reverse=True)}


def _style(variables: Mapping[str, str], variable: str, bold: bool, dim: bool, underline: bool) -> Style:
    colour = Color.parse(variables.get(variable, "#e0e0e0"))
    if dim:
        background = Color.parse(variables.get("surface", "#121212"))
        colour = background.blend(colour, 0.6)
    return Style(color=colour.rich_color, bold=bold or None, underline=underline or None)


def tint(variables: Mapping[str, str], variable: str, factor: float) -> Style:
    """A background: the surface with some of a theme colour in it."""
    surface = Color.parse(variables.get("surface", "#121212"))
    return Style(bgcolor=surface.blend(Color.parse(variables.get(variable, "#ffa62b")), factor).rich_color)
