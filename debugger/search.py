"""Searching memory for bytes: what to look for, and where it is found.

Only what was ever written is searched: pages that no one touched are zero and would take time for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from debugger.values import parse_value
from vm.errors import UserError
from vm.memory import CARD_BYTES, Region
from vm.types import Addr, NumType

CHUNK_BYTES = 1 << 20
_EXAMPLES = '41 42 ?? 43, "text" or u32 0x1234'
_BYTES = re.compile(r"(?:(?:[0-9a-fA-F]{2}|\?\?)\s*)+")
_VALUE = re.compile(r"(?P<big>be\s+)?(?P<type>[uif]\d{1,2})\s+(?P<value>\S+)")
_INTEGERS = {"8": 1, "16": 2, "32": 4, "64": 8}
_FLOATS = {"f32": NumType.F32, "f64": NumType.F64}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"'}

Progress = Callable[[int, int], bool]  # bytes done, bytes in all; False: stop


class Reads(Protocol):
    """The part of a memory that a search needs."""

    def read(self, addr: Addr, size: int) -> bytes: ...


class Cancelled(Exception):
    """The search was told to stop."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Bytes to look for; None matches any byte."""

    text: str  # as it was written
    parts: tuple[int | None, ...]

    @property
    def size(self) -> int:
        return len(self.parts)

    def finder(self) -> Callable[[bytes, int], int]:
        """A function like `bytes.find`."""
        if None not in self.parts:
            needle = bytes(p for p in self.parts if p is not None)
            return lambda data, start: data.find(needle, start)
        pieces = (b"." if p is None else re.escape(bytes((p,))) for p in self.parts)
        compiled = re.compile(b"".join(pieces), re.DOTALL)

        def find(data: bytes, start: int) -> int:
            found = compiled.search(data, start)
            return -1 if found is None else found.start()

        return find


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes [start, end) of the address space."""

    start: int
    end: int


def parse_pattern(text: str) -> Pattern:
    """Hex digits in pairs, `"text"`, or a type and a value; anything else is text. Raises UserError."""
    text = text.strip()
    if not text:
        raise UserError("there is nothing to look for", f"try {_EXAMPLES}")
    if m := _VALUE.fullmatch(text):
        return Pattern(text, tuple(_value(m["type"], m["value"], bool(m["big"]))))
    if _BYTES.fullmatch(text):
        return _bytes(text)
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    data = (_unescaped(text[1:-1]) if quoted else text).encode("utf-8", "surrogatepass")
    if not data:
        raise UserError("there is nothing to look for", f"try {_EXAMPLES}")
    return Pattern(text, tuple(data))


def _bytes(text: str) -> Pattern:
    digits = "".join(text.split())
    pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
    parts = tuple(None if pair == "??" else int(pair, 16) for pair in pairs)
    if all(part is None for part in parts):
        raise UserError("?? alone matches everything", f"try {_EXAMPLES}")
    return Pattern(text, parts)


def _value(type_: str, value: str, big: bool) -> bytes:
    if type_ in _FLOATS:
        size, bits = int(type_[1:]) // 8, parse_value(value, _FLOATS[type_])
        return bits.to_bytes(size, "big" if big else "little")
    size = _INTEGERS.get(type_[1:], 0)
    if type_[0] == "f" or not size:
        raise UserError(f"{type_} is no type", "u8 to u64, i8 to i64, f32, f64; be before it: big-endian")
    try:
        return int(value.replace("_", ""), 0).to_bytes(size, "big" if big else "little", signed=value[0] == "-")
    except (ValueError, OverflowError):
        raise UserError(f"{value} is no {type_}", f"try {_EXAMPLES}") from None


def _unescaped(text: str) -> str:
    """Escapes as in C: \\n \\t \\r \\0 \\\\ \\" \\x1b."""

    def character(m: re.Match[str]) -> str:
        return chr(int(m[1][1:], 16)) if m[1][0] == "x" else _ESCAPES.get(m[1], m[0])

    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", character, text)


def unit_pattern(value: int, size: int) -> tuple[int, ...]:
    """A little-endian number of `size` bytes. Raises UserError."""
    try:
        return tuple(value.to_bytes(size, "little", signed=value < 0))
    except OverflowError:
        raise UserError(f"{value} does not fit {size} bytes", "find/g: 8 bytes each") from None


def written_spans(region: Region, margin_bytes: int = 0) -> list[Span]:
    """The pages of a region that were ever written, as runs, each with a margin; all of it when that is not known."""
    if region.cards is None:
        return [Span(region.base, region.end)] if region.size else []
    cards = bytes(region.cards[: -(-region.size // CARD_BYTES)])
    spans: list[Span] = []
    for m in re.finditer(rb"[^\0]+", cards):
        start = max(region.base, region.base + m.start() * CARD_BYTES - margin_bytes)
        end = min(region.end, region.base + m.end() * CARD_BYTES + margin_bytes)
        if spans and spans[-1].end >= start:
            spans[-1] = Span(spans[-1].start, end)
        else:
            spans.append(Span(start, end))
    return spans


def matches(
    memory: Reads, spans: Iterable[Span], pattern: Pattern, progress: Progress | None = None, chunk: int = CHUNK_BYTES
) -> Iterator[int]:
    """Addresses where the pattern lies, ascending. Spans are read in chunks that overlap. Raises Cancelled."""
    spans = list(spans)
    total, done = sum(s.end - s.start for s in spans), 0
    find, overlap = pattern.finder(), pattern.size - 1
    for span in spans:
        for start in range(span.start, span.end, chunk):
            if progress is not None and not progress(done, total):
                raise Cancelled
            data = memory.read(Addr(start), min(chunk + overlap, span.end - start))
            at = find(data, 0)
            while at >= 0:
                if at < chunk:
                    yield start + at
                at = find(data, at + 1)
            done += min(chunk, span.end - start)
    if progress is not None:
        progress(total, total)


def find_next(
    memory: Reads, spans: Iterable[Span], pattern: Pattern, after: int, progress: Progress | None = None
) -> int | None:
    """The first match past `after`, else the first one of all. Raises Cancelled."""
    spans = list(spans)
    ahead = [Span(max(s.start, after + 1), s.end) for s in spans if s.end > after + 1]
    behind = [Span(s.start, min(s.end, after + pattern.size)) for s in spans if s.start <= after]
    return next(matches(memory, [*ahead, *behind], pattern, progress), None)


def find_previous(
    memory: Reads, spans: Iterable[Span], pattern: Pattern, before: int, progress: Progress | None = None
) -> int | None:
    """The last match before `before`, else the last one of all. Raises Cancelled."""
    spans = list(spans)
    behind = [Span(s.start, min(s.end, before + pattern.size - 1)) for s in spans if s.start < before]
    ahead = [Span(max(s.start, before), s.end) for s in spans if s.end > before]
    for side in (behind, ahead):
        for span in reversed(_pieces(side, pattern.size - 1)):
            found = list(matches(memory, [span], pattern, progress))
            if found:
                return found[-1]
    return None


def _pieces(spans: Iterable[Span], overlap: int) -> list[Span]:
    """Spans cut into pieces that overlap, so that a search backwards need not read everything."""
    return [
        Span(at, min(span.end, at + CHUNK_BYTES + overlap))
        for span in spans
        for at in range(span.start, span.end, CHUNK_BYTES)
    ]
