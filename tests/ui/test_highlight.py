"""Source files in colour."""

from __future__ import annotations

import pytest

from ui.highlight import coloured
from ui.render.line import Role


def _text(line: tuple[object, ...]) -> str:
    return "".join(part if isinstance(part, str) else part[0] for part in line)  # type: ignore[index]


@pytest.mark.parametrize("file", ["a.c", "a.rs", "a.cpp", "a.zig", "a.unheard-of", "Makefile"])
def test_every_line_keeps_its_text(file: str) -> None:
    lines = ["", "/* a comment", "   of two lines */", "\tint x = 0x10;", "", 'call("\x1b[31m");', ""]
    found = coloured(file, lines)
    assert [_text(line) for line in found] == [text.expandtabs() for text in lines]


def test_roles_of_c() -> None:
    (line,) = coloured("a.c", ["static int f(void) { return 7; } // done"])
    roles = {part[0].strip(): part[1] for part in line if not isinstance(part, str)}
    assert roles["int"] is Role.TYPE and roles["return"] is Role.KEYWORD and roles["7"] is Role.NUMBER
    assert roles["// done"] is Role.COMMENT
