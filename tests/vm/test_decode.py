from __future__ import annotations

import pytest

from tests.worlds import module
from vm.decode import decode
from vm.errors import DecodeError, UnsupportedError
from vm.instructions import READERS
from vm.ops.table import OPS
from vm.reader import signed, unsigned
from vm.types import FUNCREF, I32, I64, ExternKind, Limits

HEADER = b"\0asm\x01\0\0\0"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "malformed module: the file is empty, at 0x0"),
        (b"\0as", "malformed module: the file ends after 3 bytes, inside the 8-byte header, at 0x3"),
        (b"MZ\x90\0", "malformed module: a module starts with 00 61 73 6d (\\0asm), this with 4d 5a 90 00, at 0x0"),
        (b"\0asm\x02\0\0\0", "malformed module: version is 2, only 1 is known, at 0x4"),
        (HEADER + b"\x01", "malformed module: bytes end inside an integer, at 0x9"),
        (HEADER + b"\x01\x05\x01", "malformed module: 5 bytes are announced, 1 are left, at 0xa"),
        (HEADER + b"\x0e\0", "malformed module: 14 is not a section, at 0x8"),
        (HEADER + b"\x08\x01\0\x03\x01\0", "malformed module: the function section is out of order, at 0xb"),
        (HEADER + b"\x03\x01\0\x03\x01\0", "malformed module: the function section is there twice, at 0xb"),
        (HEADER + b"\x01\x02\0\0", "malformed module: 1 bytes are left over in the type section, at 0xb"),
        (HEADER + b"\x03\x02\x01\0", "malformed module: 1 functions are declared, no bodies follow, at 0xc"),
        (HEADER + b"\0\x03\x02\xff\xff", "malformed module: a name is not valid UTF-8, at 0xb"),
    ],
)
def test_malformed_bytes_say_what_and_where(data: bytes, line: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(data)
    assert str(caught.value) == line


def test_a_component_is_named_as_one() -> None:
    with pytest.raises(DecodeError, match=r"a component where a core module is expected; .*component unbundle"):
        decode(b"\0asm\x0d\0\x01\0")


@pytest.mark.parametrize(
    ("section", "proposal"),
    [
        (b"\x01\x03\x01\x5d\x00", "stack switching"),
        (b"\x01\x04\x01\x60\x01\x68", "stack switching"),
        (b"\x01\x05\x01\x60\x01\x64\x68", "stack switching"),
        (b"\x01\x04\x01\x65\x60\x00", "shared-everything threads"),
        (b"\x01\x05\x01\x4d\x00\x5f\x00", "custom descriptors"),
    ],
)
def test_later_proposals_are_refused_by_name(section: bytes, proposal: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        decode(HEADER + section)
    assert caught.value.what == proposal


def test_every_truncation_is_a_decode_error() -> None:
    whole = module('(func (export "f") (local i64) i32.const 70000 drop) (memory 1) (data (i32.const 0) "xy")').bytes
    complete = []
    for size in range(len(whole)):
        try:
            decode(whole[:size])
        except DecodeError:
            continue
        complete.append(size)
    assert 8 in complete  # a header alone is a module
    assert len(complete) < 6  # as are the cuts between sections that announce nothing


def test_items_keep_their_spans() -> None:
    found = module('(import "env" "f" (func (param i32))) (func (local i32 i32 i64) nop) (data "abc")')
    (import_,), (body,), (data,) = found.imports, found.bodies, found.datas
    assert (import_.module, import_.name, import_.kind) == ("env", "f", ExternKind.FUNC)
    assert found.bytes[slice(*import_.span)] == b"\x03env\x01f\x00\x00"
    assert body.locals == ((2, I32), (1, I64))
    assert found.bytes[slice(*body.code)] == b"\x01\x0b"
    assert found.bytes[slice(*data.bytes)] == b"abc"


def test_sixty_four_bit_memories_and_tables() -> None:
    found = module("(memory i64 1 70000) (table i64 2 funcref)")
    assert (found.memories[0].addr, found.memories[0].limits) == (I64, Limits(1, 70000))
    assert (found.tables[0].addr, found.tables[0].elem) == (I64, FUNCREF)


def test_segments_of_every_kind() -> None:
    found = module(
        """(table $a 4 funcref) (table $b 4 funcref) (func $f)
        (elem (i32.const 0) func $f) (elem func $f) (elem declare func $f) (elem (table $b) (i32.const 0) func $f)
        (elem (table $a) (i32.const 0) funcref (ref.null func)) (elem funcref (ref.func $f))"""
    )
    assert [e.mode for e in found.elems] == ["active", "passive", "declared", "active", "active", "passive"]
    assert [e.table for e in found.elems] == [0, 0, 0, 1, 0, 0]
    assert [e.by_expr for e in found.elems] == [False] * 4 + [True] * 2


def test_a_custom_section_is_kept_and_not_read() -> None:
    found = decode(HEADER + b"\0\x08\x04note\xff\xfe\xfd")
    (custom,) = found.customs
    assert (custom.name, found.bytes[slice(*custom.payload)]) == ("note", b"\xff\xfe\xfd")
    assert custom.span == (8, 18)


@pytest.mark.parametrize("value", [0, 1, 63, 64, 127, 128, 2**31, 2**32 - 1])
def test_unsigned_numbers_reach_their_range(value: int) -> None:
    encoded, rest = bytearray(), value
    while rest >= 0x80:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    assert unsigned(bytes(encoded), 0, len(encoded), 32) == (value, len(encoded))


def test_numbers_may_be_padded_but_not_overlong() -> None:
    assert unsigned(b"\x80\x80\x80\x80\x00", 0, 5, 32) == (0, 5)
    assert signed(b"\xff\xff\xff\xff\x7f", 0, 5, 32) == (-1, 5)
    for data in (b"\x80\x80\x80\x80\x80\x00", b"\x80\x80\x80\x80\x10", b"\x80\x80"):
        with pytest.raises(DecodeError):
            unsigned(data, 0, len(data), 32)
    with pytest.raises(DecodeError):
        signed(b"\xff\xff\xff\xff\x0f", 0, 5, 32)


def test_every_row_has_a_reader_of_its_immediates() -> None:
    assert {op.code for op in OPS} == set(READERS)
