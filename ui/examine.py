"""What x/NFU means: a count, a format letter and a unit, applied to memory."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from debugger.session import Session
from debugger.values import format_value
from ui.render.hexdump import units
from ui.render.line import Line, Role, line
from vm.errors import UserError
from vm.memories import LinearMemory
from vm.types import Addr, NumType

_FORMAT = re.compile(r"^(?P<count>\d{1,9})?(?P<letters>[a-z]*)$")
_UNITS = {"b": 1, "h": 2, "w": 4, "g": 8}
_LETTERS = "xduotacfsi"
_MOST_UNITS = 65536
_MOST_STRING_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Format:
    """`count` units of `unit_bytes`, written as gdb's letter says."""

    count: int = 1
    letter: str = "x"
    unit_bytes: int = 4


def parse_format(text: str, before: Format) -> Format:
    """`16xb`; what is left out is as it was before. Raises UserError."""
    m = _FORMAT.match(text)
    if m is None:
        raise UserError(f"{text!r} is not a format", "x/16xb: a count, one of xduotacfsi, one of bhwg")
    found = replace(before, count=min(int(m["count"] or 1), _MOST_UNITS))
    for letter in m["letters"]:
        if letter in _UNITS:
            found = replace(found, unit_bytes=_UNITS[letter])
        elif letter in _LETTERS:
            found = replace(found, letter=letter)
        else:
            raise UserError(f"{letter!r} is not a format letter", "letters: xduotacfsi, units: bhwg")
    if found.letter == "c" and not set("bhwg") & set(m["letters"]):
        found = replace(found, unit_bytes=1)
    if found.letter == "f" and found.unit_bytes < 4:
        found = replace(found, unit_bytes=8)
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where bytes are read: in a linear memory, or anywhere in the address space when `memory` is None."""

    session: Session
    at: int
    memory: LinearMemory | None

    def read(self, offset: int, size: int) -> bytes:
        """Raises MemoryFault."""
        if self.memory is not None:
            return self.memory.read(self.at + offset, size)
        return self.session.machine.space.read(Addr(self.at + offset), size)

    def left(self) -> int:
        """Bytes from here to the end."""
        if self.memory is not None:
            return max(0, self.memory.size_bytes - self.at)
        region = self.session.machine.space.region_at(self.at)
        return 0 if region is None else region.end - self.at

    def moved(self, by: int) -> Place:
        return replace(self, at=self.at + by)


def place_of(session: Session, text: str) -> Place:
    """What an address expression means: an address of the machine, else an offset into memory 0. Raises UserError."""
    value = session.evaluator().evaluate(text)
    if not isinstance(value.value, int):
        if value.addr is None:
            raise UserError(f"{text} has no address")
        return Place(session, value.addr, None)
    at = int(value.value)
    if session.machine.space.region_at(at) is not None:
        return Place(session, at, None)
    memories = session.instance().memories
    if not memories:
        raise UserError(f"nothing lies at {at:#x}", "info regions shows the address space")
    return Place(session, at & ((1 << 32) - 1) if -(1 << 31) <= at < 0 else at, memories[0])


def examine(place: Place, fmt: Format) -> tuple[list[Line], int]:
    """The lines, and how many bytes they cover. Raises MemoryFault."""
    if fmt.letter == "s":
        return _strings(place, fmt.count)
    size = fmt.unit_bytes
    data = place.read(0, fmt.count * size)
    items = [_unit(data[i : i + size], fmt) for i in range(0, len(data), size)]
    per_row = 1 if fmt.letter == "a" else max(1, 16 // size) if fmt.letter not in "tf" else max(1, 8 // size)
    return units(place.at, items, size, per_row), len(data)


def _unit(data: bytes, fmt: Format) -> str:
    bits, width = int.from_bytes(data, "little"), len(data) * 8
    match fmt.letter:
        case "x" | "a":
            return f"{bits:#0{len(data) * 2 + 2}x}"
        case "d":
            return str(bits - (bits >> (width - 1) << width))
        case "o":
            return f"{bits:#o}"
        case "t":
            return f"{bits:0{width}b}"
        case "c":
            return f"{bits & 0xFF} {chr(bits & 0xFF)!r}"
        case "f":
            return format_value(bits, NumType.F32 if width == 32 else NumType.F64)
        case _:
            return str(bits)


def _strings(place: Place, count: int) -> tuple[list[Line], int]:
    out, done = [], 0
    for _ in range(count):
        here = place.moved(done)
        data = here.read(0, min(max(1, here.left()), _MOST_STRING_BYTES))
        text, zero, _ = data.partition(b"\0")
        quoted = '"' + text.decode(errors="backslashreplace") + '"' + ("" if zero else "...")
        out.append(line((f"{here.at:#010x}:", Role.ADDRESS), "  ", (quoted, Role.STRING)))
        done += len(text) + len(zero)
    return out, done
