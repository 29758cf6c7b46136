"""Reading a core dump in any of the dialects there are. A dump is as little trusted as a module."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from debugger.coredump.dump import (
    MAGIC,
    NOT_CAPTURED,
    STATE_SECTION,
    VMCTX_SECTION,
    Dialect,
    Dump,
    Frame,
    Instance,
    Memory,
    Value,
)
from vm.errors import DecodeError, UserError
from vm.reader import Reader, signed

_MOST_FRAMES = 1_000_000
_MOST_PAGES = 1 << 16
_MOST_THREADS = 10_000
_TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64"}
_BITS = {"i32": 32, "i64": 64, "f32": 32, "f64": 64}
_OPCODES = {0x41: "i32", 0x42: "i64", 0x43: "f32", 0x44: "f64"}


def read_dump(data: bytes, name: str) -> Dump:
    """A core dump from its bytes. Raises UserError: what is wrong, and where."""
    if not data.startswith(MAGIC):
        raise UserError(f"{name} is no core dump", "a core dump begins as a WebAssembly module does")
    try:
        return _Read(data, name).dump()
    except DecodeError as error:
        raise UserError(f"{name} is a damaged core dump: {error.what}, at {error.offset:#x}") from None


class _Read:
    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.customs: dict[str, list[Reader]] = {}
        self.sections: dict[int, Reader] = {}
        reader = Reader(data, len(MAGIC))
        while not reader.done:
            number, size = reader.byte(), reader.u32()
            span = reader.take(size)
            inner = Reader(data, span.start, span.end)
            if number:
                self.sections.setdefault(number, inner)
            else:
                self.customs.setdefault(_text(inner), []).append(inner)

    def dump(self) -> Dump:
        core = self.customs.get("core")
        if core is None:
            raise UserError(
                f"{self.name} is no core dump", "it has no section called core: it may be the module itself"
            )
        stacks = self.customs.get("corestack", [])
        thread, frames, dialect = _stack(stacks[0]) if stacks else ("main", (), Dialect.NONE)
        return Dump(
            _process_name(core[0]), self._modules(), self._instances(), self._memories(), self._globals(), frames,
            thread, dialect, self._state(), self._vmctx(), self._others(stacks[1:], dialect),
        )  # fmt: skip

    def _others(self, stacks: list[Reader], dialect: Dialect) -> tuple[tuple[str, tuple[Frame, ...]], ...]:
        """The stacks of further threads, as far as they are written as the first one is."""
        found = [_stack(reader) for reader in stacks[:_MOST_THREADS]]
        return tuple((thread, frames) for thread, frames, other in found if other is dialect)

    def _modules(self) -> tuple[str, ...]:
        return (
            tuple(self._each("coremodules", lambda r: (_tagged(r) and _text(r)) or "")) if self._sane_modules() else ()
        )

    def _sane_modules(self) -> bool:
        """One writer leaves the length of the names out; what cannot be read is left."""
        for reader in self.customs.get("coremodules", [])[:1]:
            probe = Reader(reader.data, reader.pos, reader.end)
            try:
                for _ in range(_count(probe)):
                    _tagged(probe)
                    _text(probe)
            except DecodeError:
                return False
        return True

    def _instances(self) -> tuple[Instance, ...]:
        def one(reader: Reader) -> Instance:
            _tagged(reader)
            module = reader.u32()
            memories = [reader.u32() for _ in range(_count(reader))]
            values = [reader.u32() for _ in range(_count(reader))]
            return Instance(module, _indexes(memories), _indexes(values))

        return tuple(self._each("coreinstances", one))

    def _each(self, name: str, one: Callable[[Reader], Any]) -> list[Any]:
        found = self.customs.get(name)
        if not found:
            return []
        reader = found[0]
        return [one(reader) for _ in range(_count(reader))]

    def _memories(self) -> tuple[Memory, ...]:
        reader = self.sections.get(5)
        if reader is None:
            return ()
        pages: list[int] = []
        for _ in range(_count(reader)):
            flags = reader.byte()
            least = reader.u64() if flags & 4 else reader.u32()
            if flags & 1:
                _ = reader.u64() if flags & 4 else reader.u32()
            if least > _MOST_PAGES:
                raise DecodeError(reader.pos, f"a memory of {least:,} pages is too large")
            pages.append(least)
        pieces = self._pieces(len(pages))
        return tuple(Memory(size, tuple(pieces[i])) for i, size in enumerate(pages))

    def _pieces(self, count: int) -> list[list[tuple[int, bytes]]]:
        found: list[list[tuple[int, bytes]]] = [[] for _ in range(count)]
        reader = self.sections.get(11)
        for _ in range(_count(reader) if reader is not None else 0):
            assert reader is not None
            flags = reader.u32()
            memory = reader.u32() if flags == 2 else 0
            if flags not in (0, 2) or memory >= count:
                raise DecodeError(reader.pos, "a data segment of a strange kind")
            value = _constant(reader)
            span = reader.take(reader.u32())
            if value is not None:
                found[memory].append((value.bits, bytes(self.data[span.start : span.end])))
        return found

    def _globals(self) -> tuple[tuple[Value | None, bool], ...]:
        reader = self.sections.get(6)
        found: list[tuple[Value | None, bool]] = []
        for _ in range(_count(reader) if reader is not None else 0):
            assert reader is not None
            kind = reader.byte()
            if kind in (0x63, 0x64):
                signed(reader.data, reader.pos, reader.end, 33)
                reader.u64()
            mutable = bool(reader.byte())
            found.append((_constant(reader), mutable))
        return tuple(found)

    def _state(self) -> dict[str, Any]:
        found = self.customs.get(STATE_SECTION)
        if not found:
            return {}
        try:
            state = json.loads(self.data[found[0].pos : found[0].end])
        except (ValueError, RecursionError):
            return {}
        return state if isinstance(state, dict) else {}

    def _vmctx(self) -> tuple[bytes, ...]:
        def one(reader: Reader) -> bytes:
            span = reader.take(reader.u32())
            return bytes(reader.data[span.start : span.end])

        return tuple(self._each(VMCTX_SECTION, one))


def _process_name(reader: Reader) -> str:
    try:
        _tagged(reader)
        return _text(reader)
    except DecodeError:
        return ""


def _indexes(numbers: list[int]) -> tuple[int | None, ...]:
    return tuple(None if n == NOT_CAPTURED else n for n in numbers)


def _text(reader: Reader) -> str:
    span = reader.take(reader.u32())
    return bytes(reader.data[span.start : span.end]).decode(errors="replace")


def _tagged(reader: Reader) -> bool:
    if reader.byte() != 0:
        raise DecodeError(reader.pos - 1, "a tag is not 0")
    return True


def _count(reader: Reader) -> int:
    """How many items follow: never more than bytes are left."""
    count = reader.u32()
    if count > reader.end - reader.pos:
        raise DecodeError(reader.pos, f"{count:,} items are announced, {reader.end - reader.pos} bytes are left")
    return count


def _number(reader: Reader, kind: str) -> Value:
    bits = _BITS[kind]
    if kind[0] == "f":
        return Value(kind, _fixed(reader, bits // 8))
    value, reader.pos = signed(reader.data, reader.pos, reader.end, bits)
    return Value(kind, value & (1 << bits) - 1)


def _fixed(reader: Reader, size: int) -> int:
    span = reader.take(size)
    return int.from_bytes(reader.data[span.start : span.end], "little")


def _constant(reader: Reader) -> Value | None:
    """A constant expression of one number; None for a reference, and where there is none but its end."""
    opcode = reader.byte()
    if opcode == 0x0B:
        return None
    if opcode == 0xD0:  # ref.null
        _, reader.pos = signed(reader.data, reader.pos, reader.end, 33)
        value = None
    elif opcode in _OPCODES:
        value = _number(reader, _OPCODES[opcode])
    elif opcode == 0xFD:
        reader.u32()
        reader.take(16)
        value = None
    else:
        raise DecodeError(reader.pos - 1, f"opcode {opcode:#x} in a constant is unknown")
    if reader.byte() != 0x0B:
        raise DecodeError(reader.pos - 1, "a constant goes on")
    return value


# -- frames, by dialect ----------------------------------------------------------------------------


def _stack(reader: Reader) -> tuple[str, tuple[Frame, ...], Dialect]:
    """The first dialect that reads the section to its end, each tag known."""
    _tagged(reader)
    thread = _text(reader)
    for dialect, one in _DIALECTS:
        probe = Reader(reader.data, reader.pos, reader.end)
        try:
            frames = tuple(one(probe) for _ in range(min(_count(probe), _MOST_FRAMES)))
        except DecodeError:
            continue
        if probe.done:
            return thread, frames, dialect
    raise DecodeError(reader.pos, "its stack is in no dialect that is known")


def _standard(reader: Reader) -> Frame:
    _tagged(reader)
    instance, func, offset = reader.u32(), reader.u32(), reader.u32()
    return Frame(instance, func, offset, _values(reader, _leb_value), _values(reader, _leb_value))


def _values(reader: Reader, one: Callable[[Reader], Value | None]) -> tuple[Value | None, ...]:
    return tuple(one(reader) for _ in range(_count(reader)))


def _leb_value(reader: Reader) -> Value | None:
    tag = reader.byte()
    if tag == 0x01:
        return None
    if tag not in _TYPES:
        raise DecodeError(reader.pos - 1, "a value's tag is unknown")
    return _number(reader, _TYPES[tag])


def _fixed_value(reader: Reader) -> Value:
    tag = reader.byte()
    if tag not in _TYPES:
        raise DecodeError(reader.pos - 1, "a value's tag is unknown")
    return Value(_TYPES[tag], _fixed(reader, _BITS[_TYPES[tag]] // 8))


def _xtuc(reader: Reader) -> Frame:
    _tagged(reader)
    instance, func, offset = reader.u32(), reader.u32(), reader.u32()
    return _counted(reader, instance, func, offset)


def _xtuc_old(reader: Reader) -> Frame:
    _tagged(reader)
    func, offset = reader.u32(), reader.u32()
    return _counted(reader, 0, func, offset)


def _counted(reader: Reader, instance: int, func: int, offset: int) -> Frame:
    """Both counts, then both lists."""
    locals_, operands = reader.u32(), reader.u32()
    if locals_ + operands > reader.end - reader.pos:
        raise DecodeError(reader.pos, "more values are announced than bytes are left")
    return Frame(
        instance, func, offset, tuple(_fixed_value(reader) for _ in range(locals_)),
        tuple(_fixed_value(reader) for _ in range(operands)),
    )  # fmt: skip


_DIALECTS: tuple[tuple[Dialect, Callable[[Reader], Frame]], ...] = (
    (Dialect.STANDARD, _standard),
    (Dialect.XTUC, _xtuc),
    (Dialect.XTUC_OLD, _xtuc_old),
)
