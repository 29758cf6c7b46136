"""Where WebAssembly's own location operator says that variables are, each kind of it, in debug information by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from debugger.dwarf.location import Gone, Known, Piece, Place, locate
from debugger.dwarf.units import code_start
from debugger.launch import Options
from debugger.session import Session
from tests.debugger.sessions import opened
from vm.decode import decode
from vm.errors import DecodeError, UserError
from vm.text import assemble

_LOCAL, _GLOBAL, _OPERAND, _GLOBAL32 = range(4)
_WASM, _VALUE, _PLUS, _FBREG, _PIECE = 0xED, 0x9F, 0x23, 0x91, 0x93
_COMPILE_UNIT, _BASE_TYPE, _SUBPROGRAM, _VARIABLE, _PARAMETER = 0x11, 0x24, 0x2E, 0x34, 0x05

# 300 globals, so that a number of one takes two bytes of LEB128.
_WAT = """(module
  (memory 1) (data (i32.const 64) "\\07\\00\\00\\00\\08\\00\\00\\00")
  {globals}
  (func (export "run") (param $p i32) (result i32) (local $q i32)
    (local.set $q (i32.const 64))
    (i32.const 41) (i32.const 42)
    (nop) (i32.add)))"""
_GLOBALS = " ".join(f"(global (mut i32) (i32.const {1000 + i}))" for i in range(300))


def _leb(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _op(kind: int, index: int, *rest: int) -> bytes:
    at = index.to_bytes(4, "little") if kind == _GLOBAL32 else _leb(index)
    return bytes([_WASM, kind]) + at + bytes(rest)


def _custom(name: str, payload: bytes) -> bytes:
    body = _leb(len(name)) + name.encode() + payload
    return b"\0" + _leb(len(body)) + body


def _described(variables: dict[str, bytes], frame_base: bytes) -> bytes:
    """The module, and DWARF 4 that puts its only function's variables where expressions say."""
    plain = assemble(_WAT.format(globals=_GLOBALS), "p.wat")
    module = decode(plain)
    span, start = module.bodies[0].span, code_start(module)
    low, high = (at - start for at in (span.start, span.end))
    abbreviations = (
        b"\1\x11\1\x13\x05\x11\1\x12\1\0\0"  # unit: language, low and high address
        b"\2\x24\0\x03\x08\x3e\x0b\x0b\x0b\0\0"  # base type: name, encoding, size
        b"\3\x2e\1\x03\x08\x11\1\x12\1\x40\x18\0\0"  # function: name, low, high, frame base
        b"\4\x34\0\x03\x08\x49\x13\x02\x18\0\0\0"  # variable: name, type, location
    )
    at = 4 + 2 + 4 + 1 + 1 + 2 + 8  # of the base type, from the unit's start
    top = b"\1" + (0x0C).to_bytes(2, "little") + low.to_bytes(4, "little") + high.to_bytes(4, "little")
    base = b"\2int\0\x05\x04"
    function = b"\3run\0" + low.to_bytes(4, "little") + high.to_bytes(4, "little") + _block(frame_base)
    each = b"".join(
        b"\4" + name.encode() + b"\0" + at.to_bytes(4, "little") + _block(where) for name, where in variables.items()
    )
    unit = (4).to_bytes(2, "little") + bytes(4) + b"\4" + top + base + function + each + b"\0\0"
    info = len(unit).to_bytes(4, "little") + unit
    return plain + _custom(".debug_abbrev", abbreviations) + _custom(".debug_info", info)


def _block(expression: bytes) -> bytes:
    return _leb(len(expression)) + expression


@contextmanager
def _stopped(folder: Path, variables: dict[str, bytes]) -> Iterator[Session]:
    """Before the `i32.add`, its two operands on the stack."""
    path = folder / "p.wasm"
    path.write_bytes(_described(variables, _op(_LOCAL, 1, _VALUE)))
    with opened(Options(path, invoke=("run", "5"))) as session:
        while session.inspect.instr(next(session.inspect.frames())).op.name != "i32.add":
            session.step_instruction()
        yield session


_CASES = {
    "in a local": (_op(_LOCAL, 0, _VALUE), "5"),
    "in a global": (_op(_GLOBAL, 299, _VALUE), "1299"),
    "an operand, from the bottom": (_op(_OPERAND, 0, _VALUE), "41"),
    "the operand on top": (_op(_OPERAND, 1, _VALUE), "42"),
    "in a global of four bytes": (_op(_GLOBAL32, 299, _VALUE), "1299"),
    "in memory, where a local leads": (_op(_LOCAL, 1), "7"),
    "in memory, behind where a local leads": (_op(_LOCAL, 1, _PLUS, 4), "8"),
    "in memory, from the frame base": (bytes([_FBREG, 4]), "8"),
    "put together from two": (
        _op(_LOCAL, 0, _VALUE, _PIECE, 2) + _op(_OPERAND, 1, _VALUE, _PIECE, 2), str(5 + (42 << 16)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", _CASES)
def test_a_variable(case: str, tmp_path: Path) -> None:
    expression, value = _CASES[case]
    with _stopped(tmp_path, {"it": expression}) as session:
        source = session.source_frame()
        assert source is not None and [(v.name, v.text) for v in source.variables()] == [("it", value)]
        assert session.evaluator().evaluate("it + 1").text == str(int(value) + 1)


@pytest.mark.parametrize(("expression", "now"), [
    (_op(_LOCAL, 0, _VALUE), "local[0]"), (_op(_GLOBAL, 299, _VALUE), "global[299]"),
    (_op(_GLOBAL32, 299, _VALUE), "global[299]"), (_op(_OPERAND, 0, _VALUE), "stack[1]"),
    (_op(_LOCAL, 1, _PLUS, 4), "i32@68"),
], ids=range(5))  # fmt: skip
def test_a_variable_is_set_where_it_is(expression: bytes, now: str, tmp_path: Path) -> None:
    with _stopped(tmp_path, {"it": expression}) as session:
        session.evaluator().assign("it", "77")
        assert session.evaluator().evaluate("it").text == session.evaluator().evaluate(now).text == "77"


@pytest.mark.parametrize("expression", [
    _op(_LOCAL, 9, _VALUE), _op(_GLOBAL, 300, _VALUE), _op(_OPERAND, 2, _VALUE), _op(_GLOBAL32, 0xFFFF_FFFF, _VALUE),
    bytes([_WASM, 4, 0, _VALUE]), bytes([_WASM]), bytes([_WASM, _GLOBAL32, 1, 2]),
], ids=range(7))  # fmt: skip
def test_a_place_that_there_is_not_is_said(expression: bytes, tmp_path: Path) -> None:
    with _stopped(tmp_path, {"it": expression, "other": _op(_LOCAL, 0, _VALUE)}) as session:
        source = session.source_frame()
        assert source is not None
        it, other = source.variables()
        assert isinstance(it.value, UserError) and it.text.startswith("<") and other.text == "5"


class _Nothing:
    """Registers that hold their own numbers."""

    def value(self, place: Place) -> int:
        return 1000 * place.at

    def load(self, address: int, size: int) -> int:
        return address

    def frame_base(self) -> int:
        return 64

    def indexed_address(self, index: int) -> int | None:
        return None


@pytest.mark.parametrize(("expression", "where"), [
    (_op(_LOCAL, 3, _VALUE), Place("local", 3)), (_op(_GLOBAL, 200, _VALUE), Place("global", 200)),
    (_op(_OPERAND, 2, _VALUE), Place("operand", 2)), (_op(_GLOBAL32, 1 << 20, _VALUE), Place("global", 1 << 20)),
    (_op(_LOCAL, 3), Place("memory", 3000)), (_op(_GLOBAL32, 2, _PLUS, 8), Place("memory", 2008)),
    (_op(_LOCAL, 3, _PLUS, 1, _VALUE), Known((3001).to_bytes(8, "little"))),
    (b"", Gone("the compiler kept it nowhere here")),
], ids=range(8))  # fmt: skip
def test_each_kind_by_itself(expression: bytes, where: object) -> None:
    assert locate(expression, _Nothing(), 4) == (Piece(where, 0),)  # type: ignore[arg-type]


def test_a_kind_that_is_unknown() -> None:
    with pytest.raises(DecodeError, match="kind 5 is unknown"):
        locate(bytes([_WASM, 5, 0]), _Nothing(), 4)
