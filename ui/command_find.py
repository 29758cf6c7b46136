"""The command that searches memory."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice

from debugger.search import Pattern, Span, matches, parse_pattern, unit_pattern, written_spans
from debugger.session import Session
from ui.command import Command, Context, Takes, formatted, slashed
from ui.examine import place_of
from ui.integers import integer
from ui.render.hexdump import hex_line
from ui.render.line import Line, line, note
from vm.errors import UserError
from vm.memory import RegionKind
from vm.types import Addr

_MOST_MATCHES = 50
_ROW_BYTES = 16
_FORMAT = re.compile(r"(?P<count>\d{1,6})?(?P<unit>[bhwg])?(?P<more>\d{1,6})?")
_UNITS = {"b": 1, "h": 2, "w": 4, "g": 8}
_COMMAS = re.compile(r'"(?:\\.|[^"\\])*"|[^,]+')


def _find(context: Context, args: Namespace) -> Iterator[Line]:
    """All linear memories for one pattern, or a range as gdb's find has it."""
    m = _FORMAT.fullmatch(args.format)
    if m is None:
        raise UserError(f"{args.format!r} is not a format", "find/10, or find/w for words")
    most = int(m["count"] or m["more"] or _MOST_MATCHES)
    parts = [part.strip() for part in _COMMAS.findall(args.what)]
    if len(parts) >= 3:
        spans, pattern = _range(context.session, parts[0], parts[1]), _joined(parts[2:], _UNITS[m["unit"] or "w"])
    else:
        pattern = parse_pattern(args.what)
        spans = _memories(context.session, pattern)
    found = list(islice(matches(context.session.machine.space, spans, pattern), most + 1))
    for addr in found[:most]:
        yield _row(context.session, addr)
    if len(found) > most:
        yield note(f"  ... and more: find/{most * 10} {args.what}")
    yield note(f"{len(found)} found" if len(found) <= most else f"the first {most} are shown")


def _memories(session: Session, pattern: Pattern) -> list[Span]:
    regions = [r for r in session.machine.space.regions() if r.kind is RegionKind.MEMORY]
    if not regions:
        raise UserError("there is no linear memory to search", "find START, +SIZE, VALUE searches any address")
    return [span for region in regions for span in written_spans(region, pattern.size - 1)]


def _range(session: Session, start: str, end: str) -> list[Span]:
    """`START, +LENGTH` or `START, END`: END is the last byte, as in gdb."""
    place = place_of(session, start)
    base = place.memory.region.base if place.memory is not None else 0
    at = base + place.at
    if end.startswith("+"):
        length = integer(end[1:])
        if length is None:
            raise UserError(f"{end!r} is not a length", "find 0x1000, +0x100, 42")
        last = at + length
    else:
        other = place_of(session, end)
        last = base + other.at + 1
    region = session.machine.space.region_at(at)
    if region is None or last <= at:
        raise UserError(f"nothing is mapped from {start} to {end}")
    return [Span(at, min(last, region.end))]


def _joined(parts: list[str], unit: int) -> Pattern:
    """Numbers as units, all else as patterns of their own; one after the other."""
    out: tuple[int | None, ...] = ()
    for part in parts:
        value = integer(part)
        out += parse_pattern(part).parts if value is None else unit_pattern(value, unit)
    return Pattern(", ".join(parts), out)


def _row(session: Session, addr: int) -> Line:
    """A match: the bytes there, by offset in a linear memory and by address elsewhere."""
    region = session.machine.space.region_at(addr)
    assert region is not None
    in_memory = region.kind is RegionKind.MEMORY
    data = session.machine.space.read(Addr(addr), min(_ROW_BYTES, region.end - addr))
    shown = hex_line(addr - region.base if in_memory else addr, data, _ROW_BYTES, digits=8 if in_memory else 12)
    others = sum(r.kind is RegionKind.MEMORY for r in session.machine.space.regions()) > 1
    return line(*shown, f"  {region.name}" if others or not in_memory else "")


COMMANDS = (
    Command("find", "memory and runtime", 'search memory: find 41 42 ?? 43, find "text", find u32 0x1234', _find,
            ("search", "memory find"), formatted("PATTERN | START, +LENGTH, VALUE...", "what", optional=False),
            slashed, takes=Takes.EXPRESSION,
            details="All linear memories, or a range. find/10 shows the first ten; find/b, /h, /w, /g: the size of a "
                    "VALUE that is a number. Pages that were never written are not searched."),
)  # fmt: skip
