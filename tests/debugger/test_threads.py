"""Guest threads: turns, waiting, deadlock, the same run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.events import Reason
from debugger.explain import explain_trap
from debugger.launch import Options
from debugger.replay import replay
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from vm.errors import TrapKind, UserError
from vm.machine import ThreadState
from vm.state import state_hash

DATA = Path(__file__).parents[1] / "data"
COUNTERS = """
(module
  (import "env" "memory" (memory 1 4 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (start $once)
  (func $once (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1))))
  (func (export "wasi_thread_start") (param $id i32) (param $arg i32)
    (drop (local.get $id))
    (loop $l
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br_if $l (local.tee $arg (i32.sub (local.get $arg) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
  (func (export "_start") (local $done i32)
    (drop (call $spawn (i32.const 5000)))
    (drop (call $spawn (i32.const 7000)))
    (loop $l
      (local.set $done (i32.atomic.load (i32.const 4)))
      (if (i32.lt_u (local.get $done) (i32.const 2))
        (then (drop (memory.atomic.wait32 (i32.const 4) (local.get $done) (i64.const -1))) (br $l))))
    (i32.store (i32.const 8) (i32.load (i32.const 0))))
)
"""


def session(tmp_path: Path, text: str) -> Session:
    path = tmp_path / "threads.wat"
    path.write_text(text)
    return Session(Options(path), RealWorld(()), make_executor=maker())


def word(found: Session, at: int) -> int:
    return int.from_bytes(found.main.memories[0].read(at, 4), "little")


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_threads_count_together(seed: int | None, tmp_path: Path) -> None:
    found = session(tmp_path, COUNTERS)
    found.scheduler.policy.seed = seed
    found.start()
    stopped = found.resume()
    assert stopped.reason is Reason.FINISHED
    assert (word(found, 8), word(found, 12)) == (12_000, 3)  # the start function ran in every thread


def test_the_schedule_does_not_depend_on_where_it_stops(tmp_path: Path) -> None:
    whole, pieces = session(tmp_path, COUNTERS), session(tmp_path, COUNTERS)
    whole.start()
    whole.resume()
    stopped = pieces.start()
    while stopped.reason is not Reason.FINISHED:
        stopped = pieces.until_tick(pieces.tick + 3_777)
    assert pieces.tick == whole.tick
    assert state_hash(pieces.machine) == state_hash(whole.machine)


def test_a_run_with_threads_is_repeated_from_its_journal(tmp_path: Path) -> None:
    found = session(tmp_path, COUNTERS)
    found.scheduler.policy.seed = 7
    found.start()
    found.until_tick(40_000)
    found.select_thread(2)
    found.step_instruction(50)
    found.until_tick(60_000)
    again = replay(found.options, found.loaded, found.machine)
    assert state_hash(again) == state_hash(found.machine)


def test_a_step_stays_in_its_thread(tmp_path: Path) -> None:
    found = session(tmp_path, COUNTERS)
    found.start()
    found.until_tick(25_000)
    found.select_thread(1)
    for _ in range(20):
        found.step_instruction(1_000)
        assert found.machine.current.number == 1


def test_one_thread_alone(tmp_path: Path) -> None:
    found = session(tmp_path, COUNTERS)
    found.start()
    found.until_tick(2_000)
    before = found.machine.threads[2].control.top
    found.select_thread(1)
    found.scheduler.policy.only = 1
    found.until_tick(12_000)
    assert found.machine.threads[2].control.top == before
    found.scheduler.policy.only = None
    assert found.resume().reason is Reason.FINISHED


def test_a_breakpoint_finds_its_place_in_every_thread(tmp_path: Path) -> None:
    found = session(tmp_path, COUNTERS)
    found.add_breakpoint("export:wasi_thread_start")
    found.start()
    hit = []
    while (stopped := found.resume()).reason is Reason.BREAKPOINT:
        hit.append(found.machine.current.number)
    assert stopped.reason is Reason.FINISHED
    assert sorted(hit) == [1, 2]


def test_there_is_no_other_thread(tmp_path: Path) -> None:
    found = session(tmp_path, COUNTERS)
    found.start()
    with pytest.raises(UserError, match="there is no thread 3"):
        found.select_thread(3)


WAITS = """
(module (memory 1 1 shared)
  (func (export "_start") {body})
)
"""


def test_a_deadlock_is_named(tmp_path: Path) -> None:
    found = session(tmp_path, WAITS.format(body=_wait(-1)))
    found.start()
    stopped = found.resume()
    assert stopped.reason is Reason.TRAP and stopped.detail.trap is not None
    assert stopped.detail.trap.kind is TrapKind.DEADLOCK
    assert stopped.at is not None and found.machine.control.depth == 1
    text = "\n".join(explain_trap(found.machine, found.inspect, stopped.detail.trap))
    assert "thread 0 waits at memory 0 of threads +0x10" in text
    assert "expected = 0 (0x0), timeout = -1" in text


def _wait(timeout_ns: int) -> str:
    wait = f"(memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const {timeout_ns}))"
    return f"(i32.store (i32.const 0) {wait})"


def test_a_timeout_passes_in_virtual_time(tmp_path: Path) -> None:
    found = session(tmp_path, WAITS.format(body=_wait(3_600_000_000_000)))
    found.start()
    assert found.resume().reason is Reason.FINISHED
    assert word(found, 0) == 2
    assert found.machine.state.get("skipped_ns") >= 3_590_000_000_000


def test_another_value_does_not_wait(tmp_path: Path) -> None:
    found = session(tmp_path, WAITS.format(body="(i32.store (i32.const 16) (i32.const 9))" + _wait(-1)))
    found.start()
    found.resume()
    assert word(found, 0) == 1


PING_PONG = """
(module
  (import "env" "memory" (memory 1 4 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func $wait_for (param $value i32) (local $seen i32)
    (loop $l
      (if (i32.ne (local.tee $seen (i32.atomic.load (i32.const 0))) (local.get $value))
        (then (drop (memory.atomic.wait32 (i32.const 0) (local.get $seen) (i64.const -1))) (br $l)))))
  (func $play (param $mine i32) (param $other i32) (local $rounds i32)
    (local.set $rounds (i32.const 20))
    (loop $l
      (call $wait_for (local.get $mine))
      (i32.store (i32.const 8) (i32.add (i32.mul (i32.load (i32.const 8)) (i32.const 3)) (local.get $mine)))
      (i32.atomic.store (i32.const 0) (local.get $other))
      (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))
      (br_if $l (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))))))
  (func (export "wasi_thread_start") (param i32 i32) (call $play (i32.const 1) (i32.const 0)))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (call $play (i32.const 0) (i32.const 1))
    (call $wait_for (i32.const 0))))
"""

READS = """
(module
  (import "env" "memory" (memory 1 4 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (data (i32.const 32) "\\40\\00\\00\\00\\08\\00\\00\\00")
  (func (export "wasi_thread_start") (param i32 i32) (local $n i32)
    (loop $l
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (local.get 1))))
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1))))
  (func (export "_start") (local $round i32)
    (drop (call $spawn (i32.const 3000)))
    (loop $l
      (drop (call $read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 40)))
      (i32.store offset=100 (i32.shl (local.get $round) (i32.const 2)) (i32.atomic.load (i32.const 0)))
      (br_if $l (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 3))))
    (i32.atomic.store (i32.const 4) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1)))))
"""


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("quantum", [7, 100, 10_000])
def test_waiting_and_waking_are_repeated(seed: int | None, quantum: int, tmp_path: Path) -> None:
    found = session(tmp_path, PING_PONG)
    found.scheduler.policy.seed, found.scheduler.policy.quantum_ticks = seed, quantum
    found.start()
    assert found.resume().reason is Reason.FINISHED
    whole = found.tick
    expected = 0
    for _ in range(20):
        expected = (expected * 9 + 1) % (1 << 32)
    assert word(found, 8) == expected
    again = replay(found.options, found.loaded, found.machine)
    assert (again.tick, state_hash(again)) == (whole, state_hash(found.machine))
    for part in range(1, 8):
        middle = session(tmp_path, PING_PONG)
        middle.scheduler.policy.seed, middle.scheduler.policy.quantum_ticks = seed, quantum
        middle.start()
        middle.until_tick(whole * part // 8)
        again = replay(middle.options, middle.loaded, middle.machine)
        assert state_hash(again) == state_hash(middle.machine), f"at tick {middle.tick} of {whole}"


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_others_go_on_while_one_waits_for_input_and_it_is_repeated(seed: int | None, tmp_path: Path) -> None:
    world = RealWorld(())
    path = tmp_path / "reads.wat"
    path.write_text(READS)
    found = Session(Options(path), world, make_executor=maker())
    found.scheduler.policy.quantum_ticks, found.scheduler.policy.seed = 500, seed
    world.feed_stdin(b"12345678")
    found.start()
    found.until_tick(found.tick + 1_700)
    assert found.machine.threads[0].record.get("state") == ThreadState.BLOCKED
    assert word(found, 0) > 100
    again = replay(found.options, found.loaded, found.machine)
    assert state_hash(again) == state_hash(found.machine)
    world.feed_stdin(b"abcdefghABCDEFGH")
    stopped = found.resume()
    assert stopped.reason is Reason.FINISHED, stopped
    assert 0 <= word(found, 100) <= word(found, 104) <= word(found, 108) <= 3_000
    again = replay(found.options, found.loaded, found.machine)
    assert state_hash(again) == state_hash(found.machine)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_compiled_program_of_wasi_threads(seed: int | None) -> None:
    world = RealWorld(())
    found = Session(Options(DATA / "threads.wasm"), world, make_executor=maker())
    found.scheduler.policy.seed, found.scheduler.policy.quantum_ticks = seed, 777
    found.start()
    stopped = found.resume()
    assert (stopped.reason, stopped.detail.exit_code) == (Reason.EXITED, 7), stopped
    assert len(found.machine.threads) == 5
    again = replay(found.options, found.loaded, found.machine)
    assert state_hash(again) == state_hash(found.machine)
