"""Blocks of an allocator: what is live, which uses and frees are wrong; what is right is not said to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from debugger.allocations import Allocations, BadFree, Follower, Use
from debugger.freed import Block, Freed, FreedBlocks, Stack
from debugger.launch import Options
from debugger.session import Session
from tests.debugger.sessions import SAMPLES, opened, session
from ui.cli import main
from vm.types import Addr, Tick

_DATA = Path(__file__).parents[1] / "data"
_SAMPLE = SAMPLES / "use-after-free" / "queue.wasm"

HEAP = """(module
  (memory 1)
  (global $top (mut i32) (i32.const 1024))
  (func $malloc (param $size i32) (result i32) (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (global.get $top) (local.get $size)))
    (return (local.get $at)))
  (func $calloc (param $n i32) (param $size i32) (result i32)
    (call $malloc (i32.mul (local.get $n) (local.get $size))))
  (func $realloc (param $at i32) (param $size i32) (result i32) (call $malloc (local.get $size)))
  (func $free (param $at i32))
  (func $leaky (drop (call $malloc (i32.const 100))))
  (func (export "run") (local $a i32) (local $b i32)
    (local.set $a (call $malloc (i32.const 16)))
    (local.set $b (call $calloc (i32.const 3) (i32.const 8)))
    (call $leaky)
    (call $free (local.get $a))
    (local.set $b (call $realloc (local.get $b) (i32.const 48)))
    (call $free (i32.const 0))
    (call $free (local.get $a))
    (call $free (i32.const 4000))))"""

# An allocator whose `free` writes into what it frees, and whose `malloc` reads it; one block of each kind at a time.
_FREEING = """(module
  (memory 1)
  (global $last (mut i32) (i32.const 0))
  (global $top (mut i32) (i32.const 1024))
  (func $malloc (param $size i32) (result i32) (local $at i32)
    (if (global.get $last) (then
      (local.set $at (global.get $last))
      (global.set $last (i32.load (local.get $at)))
      (return (local.get $at))))
    (local.set $at (global.get $top))
    (global.set $top (i32.add (global.get $top) (i32.const 32)))
    (local.get $at))
  (func $free (param $at i32)
    (br_if 0 (i32.eqz (local.get $at)))
    (i32.store (local.get $at) (global.get $last))
    (global.set $last (local.get $at)))
  (func $realloc (param $at i32) (param $size i32) (result i32) (local $to i32)
    (if (i32.eqz (local.get $size)) (then (call $free (local.get $at)) (return (i32.const 0))))
    (if (i32.le_u (local.get $size) (i32.const 32)) (then (return (local.get $at))))
    (local.set $to (call $malloc (local.get $size)))
    (memory.copy (local.get $to) (local.get $at) (i32.const 16))
    (call $free (local.get $at))
    (local.get $to))
  (func $posix_memalign (param $to i32) (param $align i32) (param $size i32) (result i32)
    (i32.store (local.get $to) (call $malloc (local.get $size)))
    (i32.const 0))
  (func (export "run") (local $a i32) (local $b i32)
    (local.set $a (call $malloc (i32.const 10)))
    %s))"""


def _of(made: Session) -> Allocations:
    follower = Follower(made.machine, made.inspect, made.history, made.main)
    assert follower.allocator
    with made.history.excursion():
        return follower.follow(made.history.first_tick, made.tick, lambda done, of: True)


def _names(made: Session, stack: Stack) -> list[str]:
    instances = [made.machine.instance_at(each.vmctx) for each in stack]
    return [made.inspect.func_name(i, each.func) for i, each in zip(instances, stack, strict=True) if i is not None]


@contextmanager
def _ran(body: str) -> Iterator[tuple[Session, Allocations]]:
    with session(_FREEING % body, "run") as made:
        made.resume()
        yield made, _of(made)


def test_blocks_leaks_and_double_frees() -> None:
    with session(HEAP, "run") as made:
        made.resume()
        found = _of(made)
        run = made.inspect.func_name(made.main, 5)
        assert {b.size: _names(made, b.stack)[0] for b in found.live.values()} == {100: "$leaky", 48: run}
        twice, never = found.bad_frees
        assert twice.before is not None and twice.before.block.size == 16 and 0 < twice.before.tick < twice.tick
        assert never.address == 4000 and never.before is None
        assert found.calls == 8 and found.total == 16 + 24 + 100 + 48 and found.whole


@pytest.mark.parametrize(("how", "writes"), [
    ("(drop (i32.load offset=4 (local.get $a)))", False),
    ("(i32.store8 (local.get $a) (i32.const 1))", True),
    ("(memory.fill (local.get $a) (i32.const 0) (i32.const 24))", True),
    ("(memory.copy (i32.const 8) (local.get $a) (i32.const 10))", False),
])  # fmt: skip
def test_a_use_after_free_has_three_stacks(how: str, writes: bool) -> None:
    with _ran(f"(call $free (local.get $a)) {how}") as (made, found):
        (use,) = found.misuses
        assert isinstance(use, Use) and use.writes is writes and use.times == 1
        run = made.inspect.func_name(made.main, 4)
        stacks = (use.stack, use.freed.stack, use.freed.block.stack)
        assert [_names(made, stack) for stack in stacks] == [[run]] * 3
        assert use.freed.block.tick < use.freed.tick < use.tick
        made.until_tick(use.tick)
        assert made.inspect.instr(next(made.inspect.frames())).op.name in how


@pytest.mark.parametrize("body", [
    "(i32.store (local.get $a) (i32.const 1)) (call $free (local.get $a))",
    "(call $free (local.get $a)) (local.set $b (call $malloc (i32.const 10)))"
    " (i32.store (local.get $b) (local.get $a))",
    "(local.set $b (call $realloc (local.get $a) (i32.const 20))) (i32.store offset=16 (local.get $b) (i32.const 1))",
    "(local.set $b (call $realloc (local.get $a) (i32.const 99))) (drop (i32.load (local.get $b)))",
    "(drop (call $realloc (local.get $a) (i32.const 0)))",
    "(call $free (local.get $a)) (drop (call $posix_memalign (i32.const 8) (i32.const 16) (i32.const 4)))"
    " (i32.store (i32.load (i32.const 8)) (i32.const 1)) (call $free (i32.load (i32.const 8)))",
    "(call $free (local.get $a)) (drop (memory.grow (i32.const 1))) (i32.store (i32.const 65536) (i32.const 1))",
    "(call $free (local.get $a)) (drop (i32.load offset=12 (local.get $a)))",  # behind its 10 bytes
    "(call $free (local.get $a)) (drop (call $malloc (i32.const 5))) (drop (i32.load offset=6 (local.get $a)))",
], ids=range(9))  # fmt: skip
def test_what_is_right_is_no_misuse(body: str) -> None:
    with _ran(body) as (_, found):
        assert found.misuses == []


def test_what_moved_and_what_was_freed_by_reallocating_is_gone() -> None:
    with _ran("(drop (call $realloc (local.get $a) (i32.const 99))) (drop (i32.load (local.get $a)))") as (_, found):
        (use,) = found.uses
        assert use.address == use.freed.block.address == 1024 and list(found.live) == [1056]
    with _ran("(drop (call $realloc (local.get $a) (i32.const 0))) (call $free (local.get $a))") as (_, found):
        (bad,) = found.bad_frees
        assert bad.before is not None and not found.live


def test_a_memory_that_grows_and_moves_is_watched_still() -> None:
    body = "(call $free (local.get $a)) (drop (memory.grow (i32.const 30))) (drop (i32.load (local.get $a)))"
    with _ran(body) as (_, found):
        assert [use.address for use in found.uses] == [1024]


def test_an_instruction_that_does_it_again_and_again_is_one() -> None:
    body = """(call $free (local.get $a)) (local.set $b (i32.const 7)) (loop $l (drop (i32.load8_u (local.get $a)))
      (br_if $l (local.tee $b (i32.sub (local.get $b) (i32.const 1)))))"""
    with _ran(body) as (_, found):
        assert [use.times for use in found.uses] == [7]


def test_a_program_that_uses_its_blocks_well() -> None:
    with opened(Options(_DATA / "blocks.wasm", invoke=("run", "120"))) as made:
        made.resume()
        found = _of(made)
        assert found.misuses == [] and not found.live and found.calls > 120 and found.whole


def test_the_sample_has_what_it_says() -> None:
    with opened(Options(_SAMPLE)) as made:
        made.resume()
        found = _of(made)
        uses = [(_names(made, u.stack)[0], u.writes) for u in found.uses]
        assert uses[0] == ("$cancel", False) and uses[-1] == ("$__original_main", True)
        (twice,) = found.bad_frees
        assert twice.before is not None and _names(made, twice.before.stack)[0] == "$drop"
        assert sorted(b.size for b in found.live.values()) == [4, 4, 12, 12]


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("c", "info allocations", "misuse 1", "x/1i $pc", "misuse", "misuse", "misuse 99")
    assert main([*(w for c in commands for w in ("-ex", c)), str(_SAMPLE)]) == 2
    shown = capsys.readouterr()
    assert "1  read 0x" in shown.out and " after free ×2  tick 3,330  $cancel queue.c:39 ← " in shown.out
    assert "wrote 0x" in shown.out and " twice  tick " in shown.out and "4 into 12 bytes  $place queue.c" in shown.out
    assert "freed  tick 3,154  $drop queue.c:" in shown.out and "4 blocks live, 32 bytes" in shown.out
    assert "nothing up to now has misused" in shown.err and "misused 6 times" in shown.err


def _freed(address: int, size: int, tick: int) -> Freed:
    return Freed(Block(address, size, Tick(tick), ()), Tick(tick + 1), ())


def test_freed_blocks_by_place() -> None:
    freed = FreedBlocks()
    first, second = _freed(1000, 100, 1), _freed(1116, 40, 5)
    freed.add(first)
    freed.add(second)
    assert [(w.start, w.size) for w in freed.watches(Addr(0x10000))] == [(0x10000 + 1000, 156)]
    assert freed.used(1000, 4) is first and freed.used(1116, 40) is second and freed.used(1100, 8) is None
    assert freed.used(998, 4) is None and freed.used(900, 200) is first  # a word of what is before; all of it
    freed.take(1020, 10)  # up to 1040, as sizes are rounded
    assert freed.used(1016, 4) is first and freed.used(1020, 1) is None and freed.used(1039, 1) is None
    assert freed.used(1040, 1) is first
    freed.take(900, 400)
    assert freed.watches(Addr(0)) == ()


def test_of_very_many_freed_blocks_the_last_are_watched() -> None:
    freed = FreedBlocks()
    for number in range(2000):
        freed.add(_freed(64 + number * 100, 10, number))
    assert freed.forgotten > 1000 and freed.used(64, 1) is None
    watched = freed.watches(Addr(0))
    assert len(watched) < 500 and watched[-1].start == 64 + 1999 * 100
    assert len(watched) + freed.forgotten == 2000, "what is not watched is counted"


def test_a_bad_free_is_a_misuse_in_the_order_of_time() -> None:
    bad, use = BadFree(8, Tick(9), (), None), Use(8, 1, False, Tick(3), (), _freed(8, 8, 1))
    assert Allocations(bad_frees=[bad], uses=[use]).misuses == [use, bad]


def test_of_blocks_taken_before_the_recording_nothing_is_said() -> None:
    """As in a program that came from a core dump: what it frees may well have been taken."""
    with session(HEAP, "run") as made:
        made.resume()
        follower = Follower(made.machine, made.inspect, made.history, made.main)
        first = _of(made).live[1064].tick  # of what is leaked
        with made.history.excursion():
            found = follower.follow(Tick(first + 5), made.tick, lambda done, of: True)
        assert found.bad_frees == [] and [b.size for b in found.live.values()] == [48] and found.whole
