"""Modules of any size, made anew each time and always the same: what a compiler might have written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vm.text import assemble

_NUM_LOCALS = 6
_STATEMENTS = 24  # of a function: about 200 bytes
_I32, _FUNC, _VOID = 0x7F, 0x60, 0x40
_BINARY = (0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73, 0x74, 0x75)  # add sub mul and or xor shl shr_s


def uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def sleb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        done = value == (-1 if byte & 0x40 else 0)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


def _vector(items: Iterable[bytes]) -> bytes:
    found = list(items)
    return uleb(len(found)) + b"".join(found)


def _section(number: int, payload: bytes) -> bytes:
    return bytes((number,)) + uleb(len(payload)) + payload


def _text(text: str) -> bytes:
    return uleb(len(text)) + text.encode()


class _Dice:
    """Numbers that look random and are the same in every run."""

    def __init__(self, seed: int) -> None:
        self._state = seed * 2_654_435_761 + 1

    def __call__(self, below: int) -> int:
        self._state = (self._state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) & ((1 << 64) - 1)
        return (self._state >> 33) % below


def _statement(dice: _Dice, func: int, calls: bool) -> bytes:
    """Leaves the operand stack as it was."""
    a, b, c = (bytes((0x20, dice(_NUM_LOCALS))) for _ in range(3))
    put = bytes((0x21, dice(_NUM_LOCALS)))
    match dice(6):
        case 0 if calls and func:
            return a + b + b"\x10" + uleb(dice(func)) + put
        case 1:
            return b"\x41" + sleb(dice(60_000)) + b"\x28\x02" + uleb(dice(512) * 4) + put
        case 2:
            return b"\x41" + sleb(dice(60_000) & ~3) + a + b"\x36\x02" + uleb(dice(512) * 4)
        case 3:
            return b"\x02\x40" + a + b"\x0d\x00" + b + c + bytes((_BINARY[dice(8)],)) + put + b"\x0b"
        case 4:
            return a + b"\x04\x40" + b + put + b"\x05" + c + put + b"\x0b"
        case _:
            return a + b"\x41" + sleb(dice(1 << 20)) + bytes((_BINARY[dice(8)],)) + put


def _body(func: int) -> bytes:
    dice = _Dice(func)
    code = b"".join(_statement(dice, func, calls=func % 7 == 0) for _ in range(_STATEMENTS))
    payload = b"\x01" + uleb(_NUM_LOCALS - 2) + bytes((_I32,)) + code + b"\x20\x02\x0b"
    return uleb(len(payload)) + payload


def _entry(target: int) -> bytes:
    """An endless loop of small steps and a call."""
    call = b"\x41\x01\x41\x02\x10" + uleb(target) + b"\x21\x00"
    payload = b"\x01\x01" + bytes((_I32,)) + b"\x03\x40" + call + b"\x23\x00\x41\x01\x6a\x24\x00\x0c\x00\x0b\x0b"
    return uleb(len(payload)) + payload


def _bodies(size_bytes: int) -> Iterator[bytes]:
    made, func = 0, 0
    while made < size_bytes:
        body = _body(func)
        made += len(body) + len(f"function_{func}") + 4  # with its name
        func += 1
        yield body


def large(size_bytes: int) -> bytes:
    """A program of about this size: functions that compute and call, names, a table, a memory with data."""
    bodies = list(_bodies(size_bytes))
    count = len(bodies)
    params = bytes((_FUNC, 2, _I32, _I32, 1, _I32))
    types = _vector((params, bytes((_FUNC, 0, 0))))
    names = _vector(uleb(i) + _text(f"function_{i}") for i in range(count))
    table = [uleb(i) for i in range(0, count, 50)]
    return b"".join((
        b"\0asm\1\0\0\0", _section(1, types), _section(3, _vector([b"\0"] * count + [b"\1"])),
        _section(4, b"\1\x70\0" + uleb(len(table) + 1)), _section(5, b"\1\0\x10"),
        _section(6, b"\1\x7f\1\x41\0\x0b"),
        _section(7, _vector((_text("_start") + b"\0" + uleb(count), _text("memory") + b"\2\0"))),
        _section(9, b"\1\0\x41\1\x0b" + _vector(table)),
        _section(10, _vector((*bodies, _entry(count - 1)))),
        _section(11, b"\1\0\x41\x80\x08\x0b" + _text("a string in the data segment")),
        _section(0, _text("name") + _section(1, names)),
    ))  # fmt: skip


def wide(count: int) -> bytes:
    """A VMContext of `count` globals and as many funcrefs."""
    body = b"\x02\0\x0b"
    return b"".join((
        b"\0asm\1\0\0\0", _section(1, _vector((bytes((_FUNC, 0, 0)),))), _section(3, _vector([b"\0"] * count)),
        _section(6, _vector([b"\x7f\1\x41\0\x0b"] * count)),
        _section(7, _vector((_text("_start") + b"\0\0",))),
        _section(9, b"\1\3\0" + _vector(uleb(i) for i in range(count))),
        _section(10, _vector([body] * count)),
    ))  # fmt: skip


def one_function(lines: int) -> bytes:
    """A module whose entry is a single function of so many lines."""
    body = "".join(f"(local.set $i (i32.add (local.get $i) (i32.const {k % 1000})))\n" for k in range(lines // 4))
    return assemble(f'(module (memory 1) (func (export "_start") (local $i i32)\n{body}))', "one")


# prints a line again and again
PRINTS = """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 16) "hello\\0a")
  (func (export "_start")
    (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br $l))))"""
