from __future__ import annotations

import pytest

from vm.errors import UserError
from vm.text import assemble


def test_text_becomes_bytes() -> None:
    assert assemble("(module)", "a.wat") == b"\0asm\x01\0\0\0"


def test_an_error_has_line_and_column() -> None:
    with pytest.raises(UserError) as caught:
        assemble("(module\n  (func i32.cons 4))", "a.wat")
    assert str(caught.value) == "a.wat:2:9: unknown operator or unexpected token"


def test_an_error_is_one_line() -> None:
    with pytest.raises(UserError) as caught:
        assemble("(module (func (call $missing)))", "a.wat")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("a.wat:1:21: ")
