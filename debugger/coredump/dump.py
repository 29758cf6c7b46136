"""What a core dump holds, and how the standard dialect is written (tool-conventions, Coredump.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

MAGIC = b"\0asm\x01\0\0\0"
NOT_CAPTURED = 0xFFFF_FFFF
STATE_SECTION, VMCTX_SECTION = "wasmscope.state", "wasmscope.vmctx"
_I32, _I64, _F32, _F64, _MISSING = 0x7F, 0x7E, 0x7D, 0x7C, 0x01
_CHUNK_BYTES = 4096


class Dialect(Enum):
    """Who writes a dump's frames so; the value is for the user."""

    STANDARD = "the tool conventions"
    XTUC = "wasm-coredump-rewriter"
    XTUC_OLD = "wasm-coredump-rewriter before 2025, or WasmEdge"
    NONE = "no stack"


@dataclass(frozen=True, slots=True)
class Value:
    """A captured value: `type` is i32, i64, f32 or f64, `bits` unsigned; None when it was not captured."""

    type: str
    bits: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame; `offset` counts from the function body's declaration of locals, 0 when it is not known."""

    instance: int
    func: int
    offset: int
    locals: tuple[Value | None, ...] = ()
    stack: tuple[Value | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory: pages of 64 KiB, and its bytes by offset."""

    pages: int
    pieces: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance; memories and globals as indexes into the dump's, None: not captured."""

    module: int
    memories: tuple[int | None, ...]
    globals: tuple[int | None, ...]


@dataclass(frozen=True)
class Dump:
    """A core dump. Frames are the youngest first."""

    name: str
    modules: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()
    memories: tuple[Memory, ...] = ()
    globals: tuple[tuple[Value | None, bool], ...] = ()  # value, whether it can change
    frames: tuple[Frame, ...] = ()
    thread: str = "main"
    dialect: Dialect = Dialect.STANDARD
    state: dict[str, Any] = field(default_factory=dict)  # of our own section
    vmctx: tuple[bytes, ...] = ()  # images of the instances' VMContexts
    others: tuple[tuple[str, tuple[Frame, ...]], ...] = ()  # threads by name


# -- writing ---------------------------------------------------------------------------------------


def written(dump: Dump) -> bytes:
    """A dump's bytes in the standard dialect."""
    parts = [MAGIC, _custom("core", b"\0" + _name(dump.name))]
    parts.append(_custom("coremodules", _vector([b"\0" + _name(m) for m in dump.modules])))
    parts.append(_custom("coreinstances", _vector(list(map(_instance, dump.instances)))))
    if dump.memories:
        parts.append(_section(5, _vector([b"\0" + _unsigned(m.pages) for m in dump.memories])))
    if dump.globals:
        parts.append(_section(6, _vector([_global(value, mutable) for value, mutable in dump.globals])))
    if dump.memories:
        parts.append(_section(11, _vector(list(_data(dump.memories)))))
    for thread, frames in ((dump.thread, dump.frames), *dump.others):
        parts.append(_custom("corestack", b"\0" + _name(thread) + _vector([_frame(frame) for frame in frames])))
    if dump.state:
        parts.append(_custom(STATE_SECTION, json.dumps(dump.state, separators=(",", ":")).encode()))
    if dump.vmctx:
        parts.append(_custom(VMCTX_SECTION, _vector([_unsigned(len(image)) + image for image in dump.vmctx])))
    return b"".join(parts)


def _unsigned(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _signed(value: int) -> bytes:
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def _name(text: str) -> bytes:
    data = text.encode()
    return _unsigned(len(data)) + data


def _vector(items: Sequence[bytes]) -> bytes:
    return _unsigned(len(items)) + b"".join(items)


def _section(number: int, payload: bytes) -> bytes:
    return bytes([number]) + _unsigned(len(payload)) + payload


def _custom(name: str, payload: bytes) -> bytes:
    return _section(0, _name(name) + payload)


def _instance(instance: Instance) -> bytes:
    indexes = [NOT_CAPTURED if i is None else i for i in (*instance.memories, *instance.globals)]
    count = len(instance.memories)
    memories = _vector([_unsigned(i) for i in indexes[:count]])
    return b"\0" + _unsigned(instance.module) + memories + _vector([_unsigned(i) for i in indexes[count:]])


def _global(value: Value | None, mutable: bool) -> bytes:
    if value is None:  # a reference or a vector: the format has none
        return bytes([0x70, mutable, 0xD0, 0x70, 0x0B])
    kind = _TYPES[value.type]
    opcode = {_I32: 0x41, _I64: 0x42, _F32: 0x43, _F64: 0x44}[kind]
    return bytes([kind, mutable, opcode]) + _bits(value) + b"\x0b"


_TYPES = {"i32": _I32, "i64": _I64, "f32": _F32, "f64": _F64}
_WIDTHS = {"i32": 32, "i64": 64, "f32": 32, "f64": 64}


def _bits(value: Value) -> bytes:
    width = _WIDTHS[value.type]
    if value.type[0] == "f":
        return value.bits.to_bytes(width // 8, "little")
    return _signed(value.bits - (1 << width) if value.bits >> (width - 1) else value.bits)


def _value(value: Value | None) -> bytes:
    return bytes([_MISSING]) if value is None else bytes([_TYPES[value.type]]) + _bits(value)


def _frame(frame: Frame) -> bytes:
    head = b"\0" + _unsigned(frame.instance) + _unsigned(frame.func) + _unsigned(frame.offset)
    return head + _vector(list(map(_value, frame.locals))) + _vector(list(map(_value, frame.stack)))


def _data(memories: Sequence[Memory]) -> Iterator[bytes]:
    """Active segments of what is not zero."""
    for number, memory in enumerate(memories):
        for offset, data in memory.pieces:
            flags = b"\0" if not number else b"\2" + _unsigned(number)
            at = b"\x41" + _signed(offset - (1 << 32) if offset >> 31 else offset) + b"\x0b"
            yield flags + at + _unsigned(len(data)) + data


def pieces_of(data: memoryview) -> tuple[tuple[int, bytes], ...]:
    """What is not zero of a memory, in chunks that follow one another joined."""
    found: list[tuple[int, bytes]] = []
    zero = bytes(_CHUNK_BYTES)
    start: int | None = None
    for at in range(0, len(data) + _CHUNK_BYTES, _CHUNK_BYTES):
        chunk = bytes(data[at : at + _CHUNK_BYTES])
        empty = not chunk or chunk == zero[: len(chunk)]
        if not empty and start is None:
            start = at
        elif empty and start is not None:
            found.append((start, bytes(data[start:at])))
            start = None
    return tuple(found)
