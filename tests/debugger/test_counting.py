"""Coverage that machine code counts, block by block, is what the reference executor counts one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.traces import expand
from debugger.traces.coverage import Coverage, coverage
from debugger.traces.expand import Expansion
from debugger.world import RealWorld
from tests.executors import maker
from vm.text import assemble

_DATA = Path(__file__).parents[1] / "data" / "source"

BRANCHES = """(module
  (memory 1) (table $t 3 funcref) (elem (i32.const 0) $one $two $one)
  (type $f (func (result i32)))
  (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
  (func $switch (param i32) (result i32)
    (block $c (block $b (block $a (br_table $a $b $a $c (local.get 0))) (return (i32.const 10)))
      (return (i32.const 20)))
    (i32.const 30))
  (func $carries (param i32) (result i32)
    (block (result i32) (drop (br_if 0 (i32.const 5) (i32.and (local.get 0) (i32.const 1)))) (i32.const 6)))
  (func $valued (param i32) (result i32)
    (block $out (result i32 i32)
      (br_table $out $out (i32.const 1) (i32.const 2) (local.get 0)))
    (i32.add))
  (func $null (param funcref) (result i32)
    (block $n (drop (br_on_null $n (local.get 0))) (return (i32.const 1))) (i32.const 0))
  (func $loop (param $n i32) (result i32) (local $i i32) (local $s i32)
    (block $out (loop $again
      (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
      (if (i32.rem_u (local.get $i) (i32.const 3))
        (then (local.set $s (i32.add (local.get $s) (call $switch (local.get $i)))))
        (else (local.set $s (i32.add (local.get $s) (call $carries (local.get $i))))))
      (i32.store (i32.mul (local.get $i) (i32.const 4)) (local.get $s))
      (local.set $s (i32.add (local.get $s)
        (call_indirect (type $f) (i32.rem_u (local.get $i) (i32.const 3)))))
      (drop (call $valued (local.get $i)))
      (drop (call $null (if (result funcref) (i32.eqz (local.get $i))
        (then (ref.null func)) (else (table.get $t (i32.const 0))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 1000)))
    ))
    (local.get $s))
  (func (export "run") (param $n i32) (result i32)
    (drop (call $loop (local.get $n)))
    (i32.add (i32.const 3) (i32.load (i32.sub (i32.const 65533) (i32.eqz (local.get $n)))))))"""

OBJECTS = """(module
  (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32) (field i32))))
  (tag $t (param i32))
  (func $kind (param (ref $a)) (result i32)
    (block $is (result (ref $b))
      (drop (br_on_cast $is (ref $a) (ref $b) (local.get 0)))
      (return (i32.const 0)))
    (struct.get $b 1))
  (func $throws (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0)))))
  (func $catches (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (call $throws (local.get 0)))
      (i32.const 7)))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s) (call $catches (local.get $n))))
      (local.set $s (i32.add (local.get $s) (call $kind
        (if (result (ref $a)) (i32.and (local.get $n) (i32.const 2))
          (then (struct.new $a (i32.const 1))) (else (struct.new $b (i32.const 1) (i32.const 2)))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))"""

HOSTED = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\02\\00\\00\\00") (data (i32.const 16) "a\\n")
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
      (memory.fill (i32.const 100) (i32.const 3) (i32.mul (local.get $n) (i32.const 50)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (memory.grow (i32.const 1)))
    (local.get $s)))"""

_PROGRAMS = {
    "branches": (BRANCHES, "8"),
    "objects": (OBJECTS, "9"),
    "hosted": (HOSTED, "5"),
    "people": ("people-O2.wasm", "3"),
    "tree": ("tree-O0.wasm", "3"),
    "shapes": ("shapes-O0.wasm", "3"),
    "threads": ("../threads.wasm", ""),
}


@contextmanager
def run_of(name: str, kind: ExecutorKind, folder: Path) -> Iterator[Session]:
    source, argument = _PROGRAMS[name]
    path = _DATA / source
    if source.startswith("("):
        path = folder / "test.wasm"
        path.write_bytes(assemble(source, "test.wat"))
    invoke = ("run", argument) if argument else ()
    made = Session(Options(path, invoke=invoke), RealWorld(()), make_executor=maker(kind))
    try:
        made.start()
        made.resume()
        yield made
    finally:
        made.close()


def _coverage(made: Session, slices: bool = False) -> tuple[Coverage, int]:
    """What ran, counted in slices of one length, or as it is; and how many instructions that makes."""
    clock = count()
    with made.history.excursion():
        expansion = Expansion(made.machine, made.history, made.history.first_tick, made.tick)
        if slices:
            expansion.clock = lambda: next(clock) * 0.1  # none is short or long
        counts = expansion.count()
    name = made.inspect.func_name
    found = coverage(counts, made.main, made.lines_of(made.main), lambda func: name(made.main, func))
    assert counts.whole and counts.ticks == made.tick
    return found, sum(map(sum, counts.by_function.values()))


@pytest.mark.parametrize("name", _PROGRAMS)
def test_machine_code_counts_what_single_steps_count(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_of(name, ExecutorKind.REFERENCE, tmp_path) as made:
        expected, of = _coverage(made)
        assert of == made.tick, "each instruction once"
    with run_of(name, ExecutorKind.NATIVE, tmp_path) as made:
        assert _coverage(made) == (expected, of)
        for ticks in (7, 1000):  # with stops in the middle of blocks
            monkeypatch.setattr(expand, "_FIRST_TICKS", ticks)
            assert _coverage(made, slices=True) == (expected, of)
        assert _coverage(made) == (expected, of), "nothing is left over"


@pytest.mark.parametrize("kind", [ExecutorKind.REFERENCE, ExecutorKind.NATIVE])
@pytest.mark.parametrize("name", _PROGRAMS)
def test_what_is_written_down_is_what_retired(name: str, kind: ExecutorKind, tmp_path: Path) -> None:
    with run_of(name, kind, tmp_path) as made, made.history.excursion():
        first, end = made.history.first_tick, made.tick
        runs = [run for slice_ in Expansion(made.machine, made.history, first, end).runs() for run in slice_]
        assert sum(run.length for run in runs) == end - first
        counts = Expansion(made.machine, made.history, first, end).count()
        written: Counter[tuple[int, int, int]] = Counter()
        for run in runs:
            written.update((run.vmctx, run.func, run.pc + i) for i in range(run.length))
        assert all(counts.at(*at) == times for at, times in written.items())


def test_branches_say_both_ways(tmp_path: Path) -> None:
    with run_of("branches", ExecutorKind.NATIVE, tmp_path) as made:
        found, _ = _coverage(made)
    ways = {f.name: [b.ways for b in f.branches] for f in found.functions}
    assert ways["$switch"] == [(1, 1, 3)]  # it is called with 1 2 4 5 7
    assert ways["$carries"] == [(1, 2)]  # with 0 3 6
    assert ways["$null"] == [(1, 7)]
    assert ways["$loop"][:2] == [(1, 8), (5, 3)]
