"""Where a memory was read and written, counted natively and one by one, as the accesses say it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.traces import expand
from debugger.traces.expand import Expansion
from debugger.traces.heat import memory_heat
from debugger.traces.observe import MemoryAccesses
from debugger.world import RealWorld
from tests.debugger.test_counting import run_of
from tests.executors import maker
from vm.heat import Heat
from vm.text import assemble

_WIDE = """(module (memory 1)
  (func (export "run") (param $n i32)
    (v128.store offset=4 (local.get $n) (v128.const i32x4 1 2 3 4))
    (drop (v128.load (i32.const 64)))
    (drop (v128.load8_lane 3 (i32.const 70) (v128.const i32x4 0 0 0 0)))
    (i64.store offset=1 (local.get $n) (i64.const -1))
    (i32.store16 offset=7 (local.get $n) (i32.const 5))
    (drop (i32.atomic.rmw.add (i32.const 128) (i32.const 1)))
    (memory.copy (i32.const 200) (i32.const 0) (i32.const 100))
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))
    (drop (i32.load (i32.const 65533)))))"""


def _session(kind: ExecutorKind, folder: Path) -> Session:
    path = folder / "wide.wasm"
    path.write_bytes(assemble(_WIDE, "wide.wat"))
    made = Session(Options(path, invoke=("run", "16")), RealWorld(()), make_executor=maker(kind))
    made.start()
    made.resume()
    return made


def _expected(made: Session) -> tuple[Counter[int], Counter[int]]:
    """Reads and writes by eights of bytes, one access after another."""
    reads, writes = Counter[int](), Counter[int]()
    with made.history.excursion():
        watching = MemoryAccesses(made.machine, made.history)
        for rows in watching.through(made.history.first_tick, made.tick, lambda done, of: True):
            for row in rows:
                touched = range(row.offset // 8, (row.offset + row.size - 1) // 8 + 1)
                reads.update(touched if row.reads else ())
                writes.update(touched if row.writes else ())
    return reads, writes


def _counted(made: Session) -> tuple[Counter[int], Counter[int], int]:
    heat = Heat(made.main.memories[0].region)
    with made.history.excursion():
        counts = Expansion(made.machine, made.history, made.history.first_tick, made.tick).count(heat=heat)
    found = [heat.of(at, 8) for at in range(0, made.main.memories[0].size_bytes, 8)]
    reads, writes = (Counter({at: each[i] for at, each in enumerate(found) if each[i]}) for i in (0, 1))
    return reads, writes, sum(map(sum, counts.by_function.values()))


@pytest.mark.parametrize("kind", [ExecutorKind.REFERENCE, ExecutorKind.NATIVE])
@pytest.mark.parametrize("name", ["people", "tree", "hosted", "branches"])
def test_heat_is_what_the_accesses_say(
    name: str, kind: ExecutorKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_of(name, kind, tmp_path) as made:
        expected = _expected(made)
        assert sum(expected[1].values()) > 5
        assert _counted(made) == (*expected, made.tick)
        monkeypatch.setattr(expand, "_FIRST_TICKS", 13)  # with stops in the middle of blocks
        assert _counted(made) == (*expected, made.tick)


@pytest.mark.parametrize("kind", [ExecutorKind.REFERENCE, ExecutorKind.NATIVE])
def test_wide_and_crossing_accesses_count_at_each_eight(kind: ExecutorKind, tmp_path: Path) -> None:
    made = _session(kind, tmp_path)
    try:
        expected = _expected(made)
        assert _counted(made) == (*expected, made.tick)
        reads, writes = expected
        # 20..36 by v128, 17..25 by i64, 23..25 by i32.store16, and the fill
        assert [writes[at] for at in (2, 3, 4, 5)] == [4, 4, 2, 1]
        assert (reads[16], writes[16]) == (1, 2) and reads[8191] == 0, "what trapped has read nothing"
    finally:
        made.close()


def test_much_at_once_is_one_range() -> None:
    class Region:
        base, size, reserved, number = 0, 1 << 20, 1 << 20, 0

    heat = Heat(Region())  # type: ignore[arg-type]
    heat.touched(0, 1 << 20, True, False)
    heat.touched(8, 16, True, True)
    assert heat.of(0, 8) == (1, 0) and heat.of(8, 16) == (4, 2) and heat.of((1 << 20) - 8, 16) == (1, 0)
    assert len(heat._ranges) == 1
    found = memory_heat(heat, 2)
    assert found.hottest == ((8, 2, 1), (16, 2, 1)) and dict(found.most) == {8: 2, 16: 3, 32: 6}
    assert (found.reads, found.writes) == ((1 << 17) + 2, 2)
