"""Values as people write and read them, to and from slots."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from vm.errors import UserError
from vm.semantics.floating import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from vm.types import FuncType, NumType, RefType, ValType, spread

_BITS = {NumType.I32: 32, NumType.I64: 64}


def format_value(slot: int, type_: ValType) -> str:
    """A slot as text: signed decimal, a float that reads back as itself, or a reference."""
    match type_:
        case NumType.I32 | NumType.I64:
            bits = _BITS[type_]
            value = slot & ((1 << bits) - 1)
            return str(value - (value >> (bits - 1) << bits))
        case NumType.F32:
            return format_float(f32_from_bits(slot & 0xFFFF_FFFF), slot & 0xFFFF_FFFF, 32)
        case NumType.F64:
            return format_float(f64_from_bits(slot), slot, 64)
        case RefType():
            return "null" if slot == 0 else f"{slot:#x}"
        case NumType.V128:
            return format_vector(slot)


def format_vector(value: int, lane_bits: int = 32) -> str:
    """A v128 by its lanes, lane 0 first, as the text format writes them."""
    lanes = [value >> at & ((1 << lane_bits) - 1) for at in range(0, 128, lane_bits)]
    return f"i{lane_bits}x{len(lanes)} " + " ".join(f"{lane:#0{lane_bits // 4 + 2}x}" for lane in lanes)


def vector_shapes(value: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A v128 in every shape: its name, and the lanes as signed numbers or floats, lane 0 first."""
    for bits in (8, 16, 32, 64):
        lanes = [value >> at & ((1 << bits) - 1) for at in range(0, 128, bits)]
        yield f"i{bits}x{len(lanes)}", tuple(str(lane - (lane >> (bits - 1) << bits)) for lane in lanes)
    for type_, bits in ((NumType.F32, 32), (NumType.F64, 64)):
        lanes = [value >> at & ((1 << bits) - 1) for at in range(0, 128, bits)]
        yield f"{type_}x{len(lanes)}", tuple(format_value(lane, type_) for lane in lanes)


def parse_vector(text: str) -> int:
    """A v128 from a 128-bit number, or from `i32x4 1 2 3 4`, `f64x2 1.5 nan` and their like. Raises ValueError."""
    words = text.replace(",", " ").split()
    shape = re.fullmatch(r"(i8|i16|i32|i64|f32|f64)x(16|8|4|2)", words[0]) if words else None
    if shape is None:
        return _parse_int(text, 128)
    kind, bits = shape[1], int(shape[1][1:])
    if bits * int(shape[2]) != 128 or len(words) - 1 != int(shape[2]):
        raise ValueError
    lanes = [_parse_float(w, bits) if kind[0] == "f" else _parse_int(w, bits) for w in words[1:]]
    return sum(lane << bits * i for i, lane in enumerate(lanes))


def format_float(value: float, bits: int, width: int) -> str:
    """A float as text; a NaN with its sign and payload when it is not the canonical one."""
    if value == value:
        if width == 32 and math.isfinite(value):
            return _shortest_f32(value)
        return repr(value)
    mantissa = 23 if width == 32 else 52
    payload, sign = bits & ((1 << mantissa) - 1), "-" if bits >> (width - 1) else ""
    return f"{sign}nan" if payload == 1 << (mantissa - 1) else f"{sign}nan:{payload:#x}"


def _shortest_f32(value: float) -> str:
    bits = f32_bits(value)
    for digits in range(6, 10):
        text = f"{value:.{digits}g}"
        if f32_bits(float(text)) == bits:
            return repr(float(text))
    return repr(value)


def parse_value(text: str, type_: ValType) -> int:
    """A slot from text. Raises UserError when it is no value of the type."""
    try:
        match type_:
            case NumType.I32 | NumType.I64:
                return _parse_int(text, _BITS[type_])
            case NumType.F32:
                return _parse_float(text, 32)
            case NumType.F64:
                return _parse_float(text, 64)
            case NumType.V128:
                return parse_vector(text)
            case _:
                if text == "null":
                    return 0
                raise ValueError
    except ValueError:
        raise UserError(f"{text!r} is not a value of type {type_}", _EXAMPLES.get(str(type_), "try null")) from None


_EXAMPLES = {
    "i32": "try 42 or 0xff",
    "i64": "try 42 or 0xff",
    "f32": "try 1.5",
    "f64": "try 1.5",
    "v128": "try i32x4 1 2 3 4",
}


def _parse_int(text: str, bits: int) -> int:
    value = int(text.replace("_", ""), 0)
    if not -(1 << (bits - 1)) <= value < 1 << bits:
        raise ValueError
    return value & ((1 << bits) - 1)


def _parse_float(text: str, width: int) -> int:
    """The bits of a float as the text format writes it, or as Python does. Raises ValueError."""
    if nan := _NAN.fullmatch(text):
        mantissa = 23 if width == 32 else 52
        payload = int(nan["payload"], 16) if nan["payload"] else 1 << (mantissa - 1)
        if not 0 < payload < 1 << mantissa:
            raise ValueError
        sign, exponent = nan["sign"] == "-", (1 << (width - 1 - mantissa)) - 1
        return sign << (width - 1) | exponent << mantissa | payload
    plain = text.replace("_", "")
    try:
        value = float.fromhex(plain) if _HEX.match(plain) else float(plain)
    except OverflowError:
        raise ValueError from None
    return f32_bits(value) if width == 32 else f64_bits(value)


_NAN = re.compile(r"(?P<sign>[+-]?)nan(?::0x(?P<payload>[0-9a-fA-F]{1,13}))?")
_HEX = re.compile(r"[+-]?0[xX]")


def counted_arguments(count: int) -> str:
    """`1 argument`, `2 arguments`."""
    return f"{count} argument{'' if count == 1 else 's'}"


def parse_args(texts: tuple[str, ...], type_: FuncType, name: str) -> tuple[int, ...]:
    """Argument slots from text. Raises UserError for a wrong number or type."""
    if len(texts) != len(type_.params):
        wanted = ", ".join(map(str, type_.params)) or "none"
        raise UserError(f"{name} takes {counted_arguments(len(type_.params))} ({wanted}), {len(texts)} given")
    values = tuple(parse_value(t, p) for t, p in zip(texts, type_.params, strict=True))
    return spread(values, type_.params)


def to_python(slot: int, type_: ValType) -> int | float:
    """A slot as a number: signed integers, floats; references and vectors as they are."""
    match type_:
        case NumType.I32 | NumType.I64:
            return int(format_value(slot, type_))
        case NumType.F32:
            return f32_from_bits(slot & 0xFFFF_FFFF)
        case NumType.F64:
            return f64_from_bits(slot)
        case _:
            return slot


def from_python(values: Sequence[object], types: tuple[ValType, ...]) -> tuple[int, ...]:
    """Slots of numbers. Raises UserError for a wrong number of them, or one that does not fit its type."""
    if len(values) != len(types):
        raise UserError(f"{len(types)} values are wanted ({', '.join(map(str, types))}), {len(values)} given")
    return tuple(_from_number(v, t) for v, t in zip(values, types, strict=True))


def _from_number(value: object, type_: ValType) -> int:
    if isinstance(value, int) and type_ in _BITS:
        bits = _BITS[NumType(type_)]
        if -(1 << (bits - 1)) <= value < 1 << bits:
            return value & ((1 << bits) - 1)
    elif isinstance(value, int | float) and type_ is NumType.F32:
        return f32_bits(float(value))
    elif isinstance(value, int | float) and type_ is NumType.F64:
        return f64_bits(float(value))
    elif isinstance(value, int) and isinstance(type_, RefType):
        return value
    raise UserError(f"{value!r} is not a value of type {type_}")
