"""Searching memory."""

from __future__ import annotations

import pytest

from debugger.search import Cancelled, Pattern, Span, find_next, find_previous, matches, parse_pattern, written_spans
from tests.debugger.sessions import session
from vm.errors import UserError
from vm.memory import CARD_BYTES, AddressSpace, RegionKind
from vm.types import Addr


class Bytes:
    """A memory that starts at 0 and counts how much is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.read_bytes = data, 0

    def read(self, addr: Addr, size: int) -> bytes:
        self.read_bytes += size
        return self.data[addr : addr + size]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("41 42 ?? 43", (0x41, 0x42, None, 0x43)), ("4142", (0x41, 0x42)), ('"ab"', (97, 98)),
        ("hello", tuple(b"hello")),
        ('"41 42"', tuple(b"41 42")), ('"\\x00\\n"', (0, 10)), ("u32 0x1234", (0x34, 0x12, 0, 0)),
        ("i16 -2", (0xFE, 0xFF)),
        ("be u32 1", (0, 0, 0, 1)), ("f32 1.5", (0, 0, 0xC0, 0x3F)), ("f64 0", (0,) * 8), ("é", (0xC3, 0xA9)),
    ],
)  # fmt: skip
def test_patterns(text: str, parts: tuple[int | None, ...]) -> None:
    assert parse_pattern(text).parts == parts


@pytest.mark.parametrize("text", ["", "??", "?? ??", '""', "u8 256", "u24 1", "f16 1", "u32 x", "f32 x", "i8 -129"])
def test_patterns_that_are_none(text: str) -> None:
    with pytest.raises(UserError):
        parse_pattern(text)


def test_matches_across_chunks_and_each_once() -> None:
    data = b"abc" * 10
    for chunk in range(1, 12):
        found = list(matches(Bytes(data), [Span(0, len(data))], parse_pattern('"cab"'), chunk=chunk))
        assert found == [i for i in range(len(data)) if data[i : i + 3] == b"cab"]


def test_matches_overlap_each_other() -> None:
    assert list(matches(Bytes(b"aaaa"), [Span(0, 4)], parse_pattern('"aa"'))) == [0, 1, 2]


def test_wildcards() -> None:
    assert list(matches(Bytes(b"a\nb axb ab"), [Span(0, 10)], parse_pattern("61 ?? 62"))) == [0, 4]


def test_forward_backward_and_around() -> None:
    memory, spans, wanted = Bytes(b"..x...x...x."), [Span(0, 12)], Pattern("x", (120,))
    assert [find_next(memory, spans, wanted, after) for after in (-1, 2, 6, 10)] == [2, 6, 10, 2]
    assert [find_previous(memory, spans, wanted, before) for before in (12, 10, 6, 2)] == [10, 6, 2, 10]
    assert find_next(memory, spans, Pattern("y", (121,)), 3) is None
    assert find_previous(memory, spans, Pattern("y", (121,)), 3) is None


def test_a_match_on_the_cursor_is_found_once_around() -> None:
    assert find_next(Bytes(b"..ab.."), [Span(0, 6)], parse_pattern('"ab"'), 2) == 2


def test_progress_and_cancel() -> None:
    seen: list[tuple[int, int]] = []

    def stop_at_third(done: int, total: int) -> bool:
        seen.append((done, total))
        return len(seen) < 3

    memory = Bytes(bytes(100))
    with pytest.raises(Cancelled):
        list(matches(memory, [Span(0, 100)], parse_pattern("01"), stop_at_third, chunk=10))
    assert seen == [(0, 100), (10, 100), (20, 100)]
    assert memory.read_bytes == 20


def test_only_written_pages_are_searched() -> None:
    """4 GiB of which two pages were written: nothing else is read."""
    space = AddressSpace()
    region = space.map(RegionKind.MEMORY, "memory", 1 << 32)
    far = Addr(region.base + (3 << 30) - 2)  # over the edge of two pages
    space.write(far, b"here")
    spans = written_spans(region, 3)
    assert sum(s.end - s.start for s in spans) == 2 * CARD_BYTES + 6
    assert list(matches(space, spans, parse_pattern("here"))) == [far]


def test_in_a_session() -> None:
    wat = '(module (memory 2) (data (i32.const 65530) "needle in hay") (func (export "run")))'
    with session(wat, "run") as paused:
        region = paused.main.memories[0].region
        found = list(matches(paused.machine.space, written_spans(region, 5), parse_pattern("needle")))
        assert found == [region.base + 65530]
