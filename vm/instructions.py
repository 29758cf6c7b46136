"""Instructions as bytes: which one, its immediates, where it ends (spec: Binary Format, Instructions).

The immediates of every instruction are read as its row in `vm.ops` says. A reader of immediates takes
(bytes, position, end) and answers (immediates, position after them).

How immediates look: indices and labels are ints; i32.const and i64.const give the value as an unsigned
bit pattern of its width, f32.const and f64.const their bits; a block type is its s33 number (negative: the
one-byte forms); a memory argument flattens to (log2 of the alignment, memory, offset); `br_table` gives its
labels, the default last; a typed `select` its types; `ref.null` a `Heap` or type index; casts a RefType; br_on_cast
(label, from, to); a block type may also be a RefType; `try_table` its block type, then `Catch`es. Type indices in
RefTypes are as written: nobody has looked whether there is such a type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from vm.binary_types import REF, REF_NULL, VALUE_TYPES, heap_type, ref_type, reference, value_type
from vm.errors import DecodeError, UnsupportedError
from vm.module import Span
from vm.ops.row import Imm, Op
from vm.ops.table import BY_CODE, OPS, UNSUPPORTED_CODES
from vm.reader import Reader, signed, unsigned
from vm.types import CompositeType, FuncType, Heap, RefType, ValType


class Catch(NamedTuple):
    """A catch clause of `try_table`. `tag` None catches all; `with_ref` pushes the exception, too."""

    tag: int | None
    with_ref: bool
    label: int


Immediate = int | ValType | Heap | Catch
Immediates = tuple[Immediate, ...]
ReadImmediates = Callable[[bytes, int, int], tuple[Immediates, int]]

EMPTY_BLOCK = -64  # the s33 reading of 0x40
MULTI_MEMORY_FLAG = 0x40
MAX_CATCHES = 10_000  # what engines accept
_SHORT_BLOCK_TYPES: Mapping[int, FuncType] = MappingProxyType(
    {
        EMPTY_BLOCK & 0x7F: FuncType((), ()),
        **{byte: FuncType((), (type_,)) for byte, type_ in VALUE_TYPES.items()},
    }
)
CLOSING = ("end", "delegate")  # what ends a structured instruction
PREFIXES = frozenset(prefix for prefix, _ in BY_CODE if prefix)


class Instruction(NamedTuple):
    """One instruction of the file: bytes [offset, end)."""

    offset: int
    end: int
    op: Op
    imm: Immediates


def _index(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    value, pos = unsigned(data, pos, end, 32)
    return (value,), pos


def _i32(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    value, pos = signed(data, pos, end, 32)
    return (value & 0xFFFF_FFFF,), pos


def _i64(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    value, pos = signed(data, pos, end, 64)
    return (value & 0xFFFF_FFFF_FFFF_FFFF,), pos


def _fixed(data: bytes, pos: int, end: int, size: int) -> tuple[Immediates, int]:
    if pos + size > end:
        raise DecodeError(end, "bytes end inside a constant")
    return (int.from_bytes(data[pos : pos + size], "little"),), pos + size


def _f32(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    return _fixed(data, pos, end, 4)


def _f64(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    return _fixed(data, pos, end, 8)


def _block(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    if pos < end and data[pos] in (REF, REF_NULL):
        reader = Reader(data, pos, end)
        return (ref_type(reader),), reader.pos
    value, after = signed(data, pos, end, 33)
    if value < 0 and value != EMPTY_BLOCK and data[pos] not in VALUE_TYPES:
        value_type(Reader(data, pos, end))  # says which proposal, or that it is none
    if value < 0 and after != pos + 1:
        raise DecodeError(pos, "a block type is neither a value type nor a type index")
    return (value,), after


def _labels(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    start = pos
    count, pos = unsigned(data, pos, end, 32)
    if count > end - pos:
        raise DecodeError(start, f"br_table announces {count} labels, more than the bytes that are left")
    labels = []
    for _ in range(count + 1):
        if pos < end and (byte := data[pos]) < 0x80:
            pos += 1
            labels.append(byte)
        else:
            label, pos = unsigned(data, pos, end, 32)
            labels.append(label)
    return tuple(labels), pos


def _memarg(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    if pos + 1 < end and (align := data[pos]) < MULTI_MEMORY_FLAG and (offset := data[pos + 1]) < 0x80:
        return (align, 0, offset), pos + 2
    start = pos
    align, pos = unsigned(data, pos, end, 32)
    memory = 0
    if align & MULTI_MEMORY_FLAG:
        align ^= MULTI_MEMORY_FLAG
        memory, pos = unsigned(data, pos, end, 32)
    if align >= MULTI_MEMORY_FLAG:
        raise DecodeError(start, f"{align:#x} is not an alignment")
    offset, pos = unsigned(data, pos, end, 64)
    return (align, memory, offset), pos


def _v128(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    return _fixed(data, pos, end, 16)


def _lane(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    return _fixed(data, pos, end, 1)


def _lanes(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    if pos + 16 > end:
        raise DecodeError(end, "bytes end inside a list of lanes")
    return tuple(data[pos : pos + 16]), pos + 16


def _types(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    reader = Reader(data, pos, end)
    found = tuple(value_type(reader) for _ in range(reader.count("types", 1_000)))
    return found, reader.pos


def _heap(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    reader = Reader(data, pos, end)
    return (heap_type(reader),), reader.pos


def _ref(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    reader = Reader(data, pos, end)
    return (reference(reader, nullable=False),), reader.pos


def _ref_null(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    reader = Reader(data, pos, end)
    return (reference(reader, nullable=True),), reader.pos


def _cast(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    reader = Reader(data, pos, end)
    flags = reader.byte()
    if flags > 3:
        raise DecodeError(pos, f"{flags:#04x} are not the flags of a cast")
    label = reader.u32()
    return (label, reference(reader, bool(flags & 1)), reference(reader, bool(flags & 2))), reader.pos


def _catches(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    reader = Reader(data, pos, end)
    return tuple([_catch(reader) for _ in range(reader.count("catch clauses", MAX_CATCHES))]), reader.pos


def _catch(reader: Reader) -> Catch:
    at, kind = reader.pos, reader.byte()
    if kind > 3:
        raise DecodeError(at, f"{kind:#04x} is not a kind of catch clause")
    tag = reader.u32() if kind < 2 else None
    return Catch(tag, bool(kind & 1), reader.u32())


def _zero(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    if pos >= end or data[pos] != 0:
        raise DecodeError(pos, "expected 0x00")
    return (), pos + 1


_BY_KIND: Mapping[Imm, ReadImmediates] = MappingProxyType(
    {
        **dict.fromkeys(Imm, _index),
        Imm.I32: _i32,
        Imm.I64: _i64,
        Imm.F32: _f32,
        Imm.F64: _f64,
        Imm.BLOCK: _block,
        Imm.LABELS: _labels,
        Imm.MEMARG: _memarg,
        Imm.TYPES: _types,
        Imm.HEAP: _heap,
        Imm.REF: _ref,
        Imm.REF_NULL: _ref_null,
        Imm.CAST: _cast,
        Imm.CATCHES: _catches,
        Imm.ZERO: _zero,
        Imm.V128: _v128,
        Imm.LANE: _lane,
        Imm.LANES: _lanes,
    }
)


def _nothing(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
    return (), pos


def _reader_of(op: Op) -> ReadImmediates:
    if not op.imm:
        return _nothing
    if len(op.imm) == 1:
        return _BY_KIND[op.imm[0]]
    first, second = (_BY_KIND[kind] for kind in op.imm)

    def both(data: bytes, pos: int, end: int) -> tuple[Immediates, int]:
        one, pos = first(data, pos, end)
        two, pos = second(data, pos, end)
        return one + two, pos

    return both


READERS: Mapping[tuple[int, int], ReadImmediates] = MappingProxyType({op.code: _reader_of(op) for op in OPS})


def read_opcode(data: bytes, pos: int, end: int) -> tuple[Op, int]:
    """Which instruction starts at `pos`, and where its immediates do.

    Raises UnsupportedError for later proposals' instructions, DecodeError for bytes that are none.
    """
    if pos >= end:
        raise DecodeError(end, "code ends without an end instruction")
    start, byte = pos, data[pos]
    if byte in PREFIXES:
        number, pos = unsigned(data, pos + 1, end, 32)
        code = (byte, number)
    else:
        code, pos = (0, byte), pos + 1
    if (op := BY_CODE.get(code)) is not None:
        return op, pos
    if code in UNSUPPORTED_CODES:
        raise UnsupportedError(start, UNSUPPORTED_CODES[code])
    raise DecodeError(start, f"{data[start:pos].hex(' ')} is not an instruction")


def read_instruction(data: bytes, pos: int, end: int) -> Instruction:
    """The instruction at `pos`."""
    op, after = read_opcode(data, pos, end)
    imm, after = READERS[op.code](data, after, end)
    return Instruction(pos, after, op, imm)


def instructions(data: bytes, span: Span) -> Iterator[Instruction]:
    """The instructions of an expression, in file order, its last `end` included."""
    pos, end = span
    while pos < end:
        found = read_instruction(data, pos, end)
        yield found
        pos = found.end


def block_type(imm: Immediate, types: tuple[CompositeType, ...]) -> FuncType:
    """What a block type immediate stands for; a type index must be in range and a function's."""
    if isinstance(imm, RefType):
        return FuncType((), (imm,))
    assert isinstance(imm, int)
    if imm >= 0:
        found = types[imm]
        assert isinstance(found, FuncType)
        return found
    return _SHORT_BLOCK_TYPES[imm & 0x7F]


def skip_expression(data: bytes, pos: int, end: int) -> int:
    """Where the expression that starts at `pos` is over: the position after its `end`."""
    depth = 1
    while depth:
        found = read_instruction(data, pos, end)
        pos = found.end
        if found.op.name in CLOSING:
            depth -= 1
        elif Imm.BLOCK in found.op.imm:
            depth += 1
    return pos
