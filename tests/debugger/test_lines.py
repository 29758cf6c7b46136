"""Source lines: C compiled by clang with DWARF 4 and 5, with and without optimisation; and damaged sections."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from debugger.dwarf.lines import LineTable, line_table
from tests.worlds import module
from vm.decode import decode
from vm.facts import FactsCache
from vm.module import Module

_DATA = Path(__file__).parents[1] / "data" / "lines"
_SOURCE = (_DATA / "loop.c").read_text().splitlines()
_OPENING, _FIRST, _LOOP, _CALL, _WHILE = 11, 12, 13, 15, 19


def _module(name: str) -> Module:
    return decode((_DATA / name).read_bytes())


def _table(module_: Module) -> LineTable:
    found = line_table(module_)
    assert found is not None
    return found


@pytest.fixture(params=["loop4.wasm", "loop5.wasm"])
def table(request: pytest.FixtureRequest) -> LineTable:
    return _table(_module(request.param))


def _offsets(table: LineTable, func: int) -> list[int]:
    return [instr.offset for instr in FactsCache(table.module)(func).instrs]


def test_no_debug_line_no_table() -> None:
    assert line_table(module("(module)")) is None


def test_every_instruction_has_a_line(table: LineTable) -> None:
    for func in range(2):
        for offset in _offsets(table, func):
            found = table.find(offset)
            assert found is not None and found.file == "/build/loop.c" and 1 <= found.line <= len(_SOURCE)


def test_outside_the_code_there_is_none(table: LineTable) -> None:
    assert table.find(0) is None
    assert table.find(len(table.module.bytes) - 1) is None


def test_lines_start_where_a_statement_does(table: LineTable) -> None:
    starts = [o for o in _offsets(table, 0) if table.starts_line(o)]
    lines = [found.line for o in starts if (found := table.find(o))]
    assert lines == [_OPENING, _FIRST, _LOOP, 14, _CALL, 17, _LOOP, _WHILE, 20, _WHILE, 21]


def test_a_line_that_starts_at_a_silent_instruction(table: LineTable) -> None:
    """`while` begins with `block` and `loop`: the first instruction that retires stands for them."""
    ((offset, line),) = table.offsets_of("loop.c", _WHILE)
    first = next(o for o in _offsets(table, 0) if o >= offset)
    assert line == _WHILE and first > offset and table.starts_line(first)


def test_prologue(table: LineTable) -> None:
    start = table.module.bodies[0].span.start
    after = table.after_prologue(start)
    assert after is not None and after in _offsets(table, 0)
    found = table.find(after)
    assert found is not None and found.line == _FIRST
    assert table.after_prologue(after) == after
    assert table.after_prologue(0) is None


@pytest.mark.parametrize("file", ["loop.c", "build/loop.c", "/build/loop.c"])
def test_offsets_of_a_line(table: LineTable, file: str) -> None:
    ((offset, line),) = table.offsets_of(file, _CALL)
    found = table.find(offset)
    assert line == _CALL and found is not None and found.line == _CALL


def test_a_function_has_one_place_for_a_line(table: LineTable) -> None:
    assert len(table.offsets_of("loop.c", _LOOP)) == 1  # though `i++` is compiled elsewhere


def test_an_opening_line_means_after_the_prologue(table: LineTable) -> None:
    assert table.offsets_of("loop.c", _OPENING) == table.offsets_of("loop.c", _FIRST)


def test_a_line_without_code_slips_forward(table: LineTable) -> None:
    assert _SOURCE[15].strip() == "else"
    assert [line for _, line in table.offsets_of("loop.c", 16)] == [17]
    assert table.offsets_of("loop.c", len(_SOURCE) + 1) == ()
    assert table.offsets_of("other.c", _CALL) == ()
    assert table.offsets_of("oop.c", _CALL) == ()


def test_files_and_source(table: LineTable) -> None:
    assert "/build/loop.c" in table.files()
    assert table.source("/build/loop.c", (_DATA,)) == tuple(_SOURCE)
    assert table.source("/build/missing.c", (_DATA,)) is None
    assert table.source("/dev/zero", ()) is None


def test_optimised_code() -> None:
    table = _table(_module("loop-o2.wasm"))
    assert {found.line for o in _offsets(table, 0) if (found := table.find(o))} >= {_LOOP, 20, 21}


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """The module with bytes of its debug sections changed."""
    broken = bytearray(data)
    spans = [c.payload for c in decode(data).customs if c.name.startswith(".debug")]
    for _ in range(rng.choice((1, 3, 20))):
        start, end = rng.choice(spans)
        if end > start:
            broken[rng.randrange(start, end)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(broken)


@pytest.mark.parametrize("name", ["loop4.wasm", "loop5.wasm"])
def test_damage_never_crashes_nor_hangs(name: str) -> None:
    rng, data = random.Random(name), (_DATA / name).read_bytes()
    for _ in range(150):
        table = _table(decode(_damaged(data, rng)))
        began = time.monotonic()
        for offset in range(0, len(data), 7):
            table.find(offset)
            table.starts_line(offset)
        table.after_prologue(table.module.bodies[0].span.start)
        table.offsets_of("loop.c", _LOOP)
        table.files()
        assert time.monotonic() - began < 5
