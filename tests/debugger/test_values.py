"""Values as text."""

from __future__ import annotations

import pytest

from debugger.values import format_value, parse_value
from vm.errors import UserError
from vm.types import F32, F64, ValType


@pytest.mark.parametrize(
    ("text", "type_", "slot"),
    [
        ("0x1p-3", F64, 0x3FC0_0000_0000_0000),
        ("-0x10", F32, 0xC180_0000),
        ("1_000", F32, 0x447A_0000),
        ("nan", F32, 0x7FC0_0000),
        ("-nan", F64, 0xFFF8_0000_0000_0000),
        ("nan:0x200000", F32, 0x7FA0_0000),
        ("-nan:0x1", F64, 0xFFF0_0000_0000_0001),
        ("1e400", F64, 0x7FF0_0000_0000_0000),
    ],
)
def test_floats_are_read_as_the_text_format_writes_them(text: str, type_: ValType, slot: int) -> None:
    assert parse_value(text, type_) == slot
    assert parse_value(format_value(slot, type_), type_) == slot


@pytest.mark.parametrize(
    "text", ["", "nan:", "nan:0x0", "nan:0x800000", "0x", "0x1p99999", "nan:0x1fffffffffffff", "x"]
)
def test_what_is_no_float_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="not a value of type f32"):
        parse_value(text, F32)
