from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.render.line import Role, columns, line, text_of
from ui.text import OutputText, safe, safe_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain $name", "plain $name"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("x\u202ey", "x\\u202ey"),
        ("a\u200bb", "a\\u200bb"),
        ("a\ufe0fb", "a\\ufe0fb"),
        ("\ud800", "\\ud800"),
        ("\x9b0m", "\\x9b0m"),
        ("ünï 日本", "ünï 日本"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_would_act_on_a_terminal_is_shown(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(st.characters(codec=None)))
def test_safe_text_has_no_control_format_or_surrogate_characters(text: str) -> None:
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in safe(text)}


def test_newlines_and_tabs_of_output_stay() -> None:
    assert safe_lines("a\tb\r\nc\x07\rd\n") == "a\tb\nc\\x07\\rd\n"


def test_a_character_cut_in_two_is_put_together() -> None:
    text = OutputText()
    assert text.feed(b"\xe2\x82") == ""
    assert text.feed(b"\xac\xff") == "€\\xff"


def test_a_line_is_safe_whoever_made_it() -> None:
    assert line("a\n", ("\x1b", Role.NAME)) == (("a\\n", Role.PLAIN), ("\\x1b", Role.NAME))


def test_columns_are_aligned() -> None:
    rows = columns([["a", "100", "x"], ["long", "1", ""]], right=(1,))
    assert [text_of(row) for row in rows] == ["a     100  x", "long    1"]
