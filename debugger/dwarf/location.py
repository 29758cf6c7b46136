"""Where a variable is: location expressions (DWARF 5, sections 2.5 and 2.6; WebAssembly's own operator 0xed).

An expression says that a value lies in memory, in a local, a global or an operand of the function, or that it is
known without lying anywhere; or it puts a value together from pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from vm.errors import DecodeError
from vm.reader import Reader, signed

_MOST_STEPS = 1000
_MOST_STACK = 256
_MASK = (1 << 64) - 1
_PIECE, _STACK_VALUE, _IMPLICIT, _WASM = 0x93, 0x9F, 0x9E, 0xED
_ENTRY_VALUE, _GNU_ENTRY_VALUE, _IMPLICIT_POINTER = 0xA3, 0xF3, 0xA0


class Place(NamedTuple):
    """Where bytes lie: `kind` is memory, local, global or operand; `at` an address or an index."""

    kind: str
    at: int


class Known(NamedTuple):
    """Bytes that lie nowhere."""

    data: bytes


class Gone(NamedTuple):
    """Bytes that are not known, and why."""

    why: str


Where = Place | Known | Gone


class Piece(NamedTuple):
    """A part of a value; `size` 0: all that is left."""

    where: Where
    size: int


class Registers(Protocol):
    """What expressions read. All raise UserError for what is not there."""

    def value(self, place: Place) -> int:
        """A local's, global's or operand's bits."""
        ...

    def load(self, address: int, size: int) -> int:
        """A number in memory."""
        ...

    def frame_base(self) -> int:
        """The address that the function's variables are counted from."""
        ...

    def indexed_address(self, index: int) -> int | None: ...


@dataclass
class _State:
    """An evaluation under way."""

    reader: Reader
    registers: Registers
    address_size: int
    stack: list[int]

    def pop(self) -> int:
        if not self.stack:
            raise DecodeError(self.reader.pos, "a location expression takes more than it has")
        return self.stack.pop()

    def push(self, value: int) -> None:
        if len(self.stack) >= _MOST_STACK:
            raise DecodeError(self.reader.pos, "a location expression is too deep")
        self.stack.append(value & _MASK)

    def fixed(self, size: int, is_signed: bool = False) -> int:
        span = self.reader.take(size)
        return int.from_bytes(self.reader.data[span.start : span.end], "little", signed=is_signed)

    def sleb(self) -> int:
        value, self.reader.pos = signed(self.reader.data, self.reader.pos, self.reader.end, 64)
        return value


def locate(expression: bytes, registers: Registers, address_size: int) -> tuple[Piece, ...]:
    """Evaluates a location expression. Raises DecodeError for damaged ones, UserError for what cannot be read."""
    if not expression:
        return (Piece(Gone("the compiler kept it nowhere here"), 0),)
    state = _State(Reader(expression), registers, address_size, [])
    pieces: list[Piece] = []
    where: Where | None = None  # what the part under way was found to be
    for _ in range(_MOST_STEPS):
        if state.reader.done:
            break
        op = state.reader.byte()
        if op == _PIECE:
            size = state.reader.u64()
            found: Where = Gone("the compiler dropped this part") if where is None else where
            if where is None and state.stack:
                found = Place("memory", state.pop())
            pieces.append(Piece(found, size))
            where, state.stack = None, []
        elif op == _WASM:
            where = _wasm(state)
            if not state.reader.done and expression[state.reader.pos] == _STACK_VALUE:
                state.reader.byte()  # the value is the local's own, so it can be set there
            else:  # an address, or part of one
                state.push(registers.value(where))
                where = None
        elif op == _STACK_VALUE:
            where = Known(state.pop().to_bytes(8, "little"))
        elif op == _IMPLICIT:
            span = state.reader.take(state.reader.u64())
            where = Known(expression[span.start : span.end])
        elif op in (_ENTRY_VALUE, _GNU_ENTRY_VALUE):
            return (Piece(Gone("only its value at the function's entry is described, which is not kept"), 0),)
        elif op == _IMPLICIT_POINTER:
            return (Piece(Gone("it points to something that was optimised out"), 0),)
        else:
            _operate(state, op)
    else:
        raise DecodeError(0, f"a location expression takes more than {_MOST_STEPS:,} steps")
    if pieces:
        return tuple(pieces)
    if where is None:
        where = Place("memory", state.pop())
    return (Piece(where, 0),)


def _wasm(state: _State) -> Place:
    """DW_OP_WASM_location: 0 a local, 1 a global, 2 an operand, 3 a global as four bytes."""
    kind = state.reader.byte()
    if kind == 3:
        return Place("global", state.fixed(4))
    if kind > 3:
        raise DecodeError(state.reader.pos, f"a WebAssembly location of kind {kind} is unknown")
    return Place(("local", "global", "operand")[kind], state.reader.u32())


def _operate(state: _State, op: int) -> None:
    """One operator on the stack."""
    if 0x30 <= op <= 0x4F:  # DW_OP_lit0 to lit31
        state.push(op - 0x30)
    elif op in _CONSTANTS:
        size, is_signed = _CONSTANTS[op]
        state.push(state.fixed(size, is_signed))
    elif op in _BINARY:
        right, left = state.pop(), state.pop()
        state.push(_BINARY[op](left, right))
    elif op in (0x28, 0x2F):
        _jump(state, op)
    else:
        _single(state, op)


def _single(state: _State, op: int) -> None:
    match op:
        case 0x03:  # addr
            state.push(state.fixed(state.address_size))
        case 0x06:  # deref
            state.push(state.registers.load(state.pop(), state.address_size))
        case 0x94:  # deref_size
            size = state.reader.byte()
            if not 1 <= size <= 8:
                raise DecodeError(state.reader.pos, "a location expression reads a strange size")
            state.push(state.registers.load(state.pop(), size))
        case 0x10:  # constu
            state.push(state.reader.u64())
        case 0x11:  # consts
            state.push(state.sleb())
        case 0x12:  # dup
            value = state.pop()
            state.push(value)
            state.push(value)
        case 0x13:  # drop
            state.pop()
        case 0x14 | 0x15:  # over, pick
            depth = 1 if op == 0x14 else state.reader.byte()
            if depth >= len(state.stack):
                raise DecodeError(state.reader.pos, "a location expression takes more than it has")
            state.push(state.stack[-1 - depth])
        case 0x16:  # swap
            one, two = state.pop(), state.pop()
            state.push(one)
            state.push(two)
        case 0x17:  # rot
            top, second, third = state.pop(), state.pop(), state.pop()
            for value in (top, third, second):
                state.push(value)
        case 0x19:  # abs
            state.push(abs(_signed(state.pop())))
        case 0x1F:  # neg
            state.push(-_signed(state.pop()))
        case 0x20:  # not
            state.push(~state.pop())
        case 0x23:  # plus_uconst
            state.push(state.pop() + state.reader.u64())
        case 0x91:  # fbreg
            state.push(state.registers.frame_base() + state.sleb())
        case 0x96:  # nop
            pass
        case 0x9C:  # call_frame_cfa
            state.push(state.registers.frame_base())
        case 0xA1 | 0xFB:  # addrx
            found = state.registers.indexed_address(state.reader.u64())
            if found is None:
                raise DecodeError(state.reader.pos, "an address is not in its table")
            state.push(found)
        case _:
            raise DecodeError(state.reader.pos, f"operator {op:#x} of a location expression is unknown")


def _jump(state: _State, op: int) -> None:
    """skip, bra; `locate` bounds how often."""
    distance = state.fixed(2, is_signed=True)
    if op == 0x28 and not state.pop():
        return
    to = state.reader.pos + distance
    if not 0 <= to <= state.reader.end:
        raise DecodeError(state.reader.pos, "a location expression jumps out of itself")
    state.reader.pos = to


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _divided(left: int, right: int) -> int:
    if not right:
        raise DecodeError(0, "a location expression divides by zero")
    a, b = _signed(left), _signed(right)
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(left: int, right: int) -> int:
    if not right:
        raise DecodeError(0, "a location expression divides by zero")
    return left % right


# operand's size and whether it is signed, by operator
_CONSTANTS = {0x08: (1, False), 0x09: (1, True), 0x0A: (2, False), 0x0B: (2, True), 0x0C: (4, False), 0x0D: (4, True),
              0x0E: (8, False), 0x0F: (8, True)}  # fmt: skip
_BINARY: dict[int, Callable[[int, int], int]] = {
    0x1A: lambda a, b: a & b,
    0x1B: _divided,
    0x1C: lambda a, b: a - b,
    0x1D: _remainder,
    0x1E: lambda a, b: a * b,
    0x21: lambda a, b: a | b,
    0x22: lambda a, b: a + b,
    0x24: lambda a, b: a << b if b < 64 else 0,
    0x25: lambda a, b: a >> b if b < 64 else 0,
    0x26: lambda a, b: _signed(a) >> min(b, 63),
    0x27: lambda a, b: a ^ b,
    0x29: lambda a, b: a == b,
    0x2A: lambda a, b: _signed(a) >= _signed(b),
    0x2B: lambda a, b: _signed(a) > _signed(b),
    0x2C: lambda a, b: _signed(a) <= _signed(b),
    0x2D: lambda a, b: _signed(a) < _signed(b),
    0x2E: lambda a, b: a != b,
}
