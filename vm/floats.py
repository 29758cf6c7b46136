"""Float constants as the text format writes them, from their bits."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Format:
    code: str  # struct's letter for a float of that size, upper case turns it to its integer's
    integer: str
    bits: int
    fraction: int  # bits of the fraction
    digits: int  # decimal digits that always suffice


_FORMATS = {32: _Format("<f", "<I", 32, 23, 9), 64: _Format("<d", "<Q", 64, 52, 17)}


def _value(bits: int, form: _Format) -> float:
    (value,) = struct.unpack(form.code, struct.pack(form.integer, bits))
    assert isinstance(value, float)
    return value


def hex_float(bits: int, width: int) -> str:
    """The exact text of a float of `width` (32 or 64) bits: `0x1.8p+1`, `-inf`, `nan:0x200000`."""
    form = _FORMATS[width]
    sign = "-" if bits >> (width - 1) else ""
    fraction = bits & ((1 << form.fraction) - 1)
    exponent = (bits >> form.fraction) & ((1 << (width - 1 - form.fraction)) - 1)
    if exponent == (1 << (width - 1 - form.fraction)) - 1:
        if fraction == 0:
            return f"{sign}inf"
        return f"{sign}nan" if fraction == 1 << (form.fraction - 1) else f"{sign}nan:{fraction:#x}"
    mantissa, power = abs(_value(bits, form)).hex().split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{sign}{mantissa}p{power}"


def short_float(bits: int, width: int) -> str:
    """The shortest decimal that reads back as the same float; for people, not for every NaN."""
    form = _FORMATS[width]
    value = _value(bits, form)
    if value != value or value in (float("inf"), float("-inf")):
        return hex_float(bits, width)
    for digits in range(1, form.digits + 1):
        text = f"{value:.{digits}g}"
        try:
            again = struct.unpack(form.integer, struct.pack(form.code, float(text)))
        except OverflowError:
            continue
        if again == (bits,):
            return text
    return repr(value)
