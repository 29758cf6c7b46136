"""Constants and expected results of scripts."""

from __future__ import annotations

import re
import struct
from functools import cache

from debugger.wast.node import Node
from vm.decode import decode
from vm.errors import UserError
from vm.machine import Machine
from vm.text import assemble
from vm.types import F32, V128, Heap, RefType, ValType

_NANS = ("nan:canonical", "nan:arithmetic")
_KINDS = {
    "ref.i31": Heap.I31,
    "ref.struct": Heap.STRUCT,
    "ref.array": Heap.ARRAY,
    "ref.eq": Heap.EQ,
    "ref.any": Heap.ANY,
    "ref.exn": Heap.EXN,
}


def argument(machine: Machine, node: Node) -> int:
    """The value of a constant, a v128 as one number. Raises UserError."""
    match node.head:
        case "ref.null":
            return 0
        case "ref.extern" | "ref.host":
            return machine.gc.new_host_object(_integer(_word(node)))
        case _:
            return _bits(node)


def matches(machine: Machine, slot: int, type_: ValType, want: Node) -> bool:
    """Whether a result is what a script expects."""
    if want.head == "either":
        return any(matches(machine, slot, type_, n) for n in want.nodes())
    if isinstance(type_, RefType) != want.head.startswith("ref."):
        return False
    if isinstance(type_, RefType):
        return _reference_matches(machine, slot, want)
    if want.head != f"{type_}.const":
        return False
    if type_ is V128:
        return _lanes_match(slot, want)
    word = _word(want)
    if word in _NANS:
        return _is_nan(slot, 32 if type_ is F32 else 64, word)
    return slot == _bits(want)


def _reference_matches(machine: Machine, slot: int, want: Node) -> bool:
    match want.head:
        case "ref.null":
            return slot == 0
        case "ref.extern" | "ref.host" if len(want.items) > 1:
            return machine.gc.is_object(slot) and machine.gc.host_value(slot) == _integer(_word(want))
        case "ref.func" | "ref.extern" | "ref.host":
            return slot != 0
        case head if head in _KINDS:
            return slot != 0 and machine.holds(RefType(_KINDS[head], nullable=False), slot)
        case _:
            return False


def expected_text(node: Node) -> str:
    """An expected result as the script writes it."""
    return f"({' '.join(i if isinstance(i, str) else expected_text(i) for i in node.items)})"


def _word(node: Node) -> str:
    word = node.items[1] if len(node.items) > 1 else ""
    if not isinstance(word, str) or not word:
        raise UserError(f"{expected_text(node)} has no value")
    return word


def _lanes_match(value: int, want: Node) -> bool:
    shape, *lanes = map(str, want.items[1:])
    width = 128 // len(lanes)
    for i, lane in enumerate(lanes):
        found = value >> width * i & (1 << width) - 1
        fits = _is_nan(found, width, lane) if lane in _NANS else found == _lane(lane, shape, width)
        if not fits:
            return False
    return True


def _is_nan(bits: int, width: int, kind: str) -> bool:
    mantissa = 23 if width == 32 else 52
    magnitude = bits & ((1 << (width - 1)) - 1)
    canonical = ((1 << (width - 1 - mantissa)) - 1) << mantissa | 1 << (mantissa - 1)
    return magnitude == canonical if kind == "nan:canonical" else magnitude & canonical == canonical


def _integer(text: str) -> int:
    try:
        return int(text.replace("_", ""), 16 if "0x" in text.lower() else 10)
    except ValueError:
        raise UserError(f"{text!r} is not an integer") from None


def _lane(text: str, shape: str, width: int) -> int:
    text = text.replace("_", "")
    return _float_bits(text, width) if shape.startswith("f") else _integer(text) & (1 << width) - 1


def _bits(node: Node) -> int:
    if node.head == "v128.const":
        shape, *lanes = map(str, node.items[1:])
        if len(lanes) not in (2, 4, 8, 16):
            raise UserError(f"{expected_text(node)} is no vector")
        width = 128 // len(lanes)
        return sum(_lane(lane, shape, width) << width * i for i, lane in enumerate(lanes))
    text = _word(node).replace("_", "")
    match node.head:
        case "i32.const":
            return _integer(text) & 0xFFFF_FFFF
        case "i64.const":
            return _integer(text) & 0xFFFF_FFFF_FFFF_FFFF
        case "f32.const":
            return _float_bits(text, 32)
        case "f64.const":
            return _float_bits(text, 64)
        case _:
            raise UserError(f"{expected_text(node)} is not a constant")


def _float_bits(text: str, width: int) -> int:
    mantissa = 23 if width == 32 else 52
    if m := re.fullmatch(r"([+-]?)nan(?::0x([0-9a-fA-F]+))?", text):
        payload = int(m[2], 16) if m[2] else 1 << (mantissa - 1)
        exponent = ((1 << (width - 1 - mantissa)) - 1) << mantissa
        return (1 << (width - 1) if m[1] == "-" else 0) | exponent | payload
    return _nearest_bits(text, width)


@cache
def _nearest_bits(text: str, width: int) -> int:
    """The assembler rounds a literal correctly; hexadecimal and decimal alike."""
    data = decode(assemble(f"(module (global f{width} (f{width}.const {text})))", "literal"))
    start, end = data.defined_globals[0].init
    found: int = struct.unpack("<I" if width == 32 else "<Q", data.bytes[start + 1 : end - 1])[0]
    return found
