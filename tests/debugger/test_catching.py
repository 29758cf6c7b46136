"""Catchpoints, answers for host functions, stepping by class: forwards, back, by both executors."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.catchpoints import CatchKind
from debugger.classes import Class, Picked
from debugger.events import Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.debugger.sessions import sample, session
from tests.debugger.test_over_time import WRITES
from tests.debugger.test_threads import COUNTERS
from tests.executors import KIND, maker
from tests.fuzz.random_programs import Program
from vm.errors import UserError
from vm.state import state_hash
from vm.stop import Hooks, StopKind
from vm.wasi.world import Stream

THROWS = """(module (tag $odd (param i32)) (tag $even) (global $g (mut i32) (i32.const 0)) (memory 1 3)
  (func $f (param i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0))) (else (throw $even))))
  (func (export "run") (param $n i32) (local $x i32)
    (loop $l
      (block $done (block $odd (result i32)
        (try_table (catch $odd $odd) (catch_all $done) (call $f (local.get $n))) (i32.const 7))
        (global.set $g))
      (i32.store (i32.const 8) (i32.load (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 9))) (call $f (i32.const 2))))"""


def op(each: Session) -> str:
    frame = each.inspect.frame(0)
    assert frame is not None
    return each.inspect.instr(frame).op.name


def test_host_calls_with_their_arguments_in_words() -> None:
    with sample("fib/fib.wasm", args=("12",)) as each:
        made = each.add_catchpoint(CatchKind.HOST, "fd_write")
        stopped = each.resume()
        assert stopped.detail.breakpoints == (made.id,)
        (note,) = stopped.detail.notes
        assert note.startswith('fd_write(fd 1 stdout, ["fib(12) = 144, found with 465", " calls\\n"], size to 0x')
        each.resume()
        assert each.reverse(lambda back: back.resume()).detail.breakpoints == (made.id,)
    with sample("hello-wasi/hello.wasm") as each:
        each.add_catchpoint(CatchKind.HOST, "*")
        seen = []
        while (stopped := each.resume()).reason is Reason.BREAKPOINT:
            seen.append(stopped.detail.notes[0].split("(")[0])
        assert "fd_write" in seen


def test_a_host_call_can_be_answered_for() -> None:
    with sample("fib/fib.wasm", args=("12",)) as each:
        mock = each.mock("fd_write", "ENOSPC", times=1)
        each.resume()
        assert not each.world.outputs.text(Stream.STDOUT) and (mock.used, mock.left) == (1, 0)
        assert any(getattr(e, "values", None) == (51,) for e in each.machine.journal.entries)
        ending = state_hash(each.machine)
        each.until_tick(each.tick - 300)  # a replay answers the same
        each.resume()
        assert state_hash(each.machine) == ending
        with pytest.raises(UserError, match="no host function is called"):
            each.mock("nonsense", "1")
        with pytest.raises(UserError, match="nothing that"):
            each.mock("fd_write", "EGAD")
        each.unmock(mock.id)
        each.mock("wasi_snapshot_preview1.*", "trap")
        assert each.restart().reason is Reason.ENTRY
        assert each.resume().reason is Reason.TRAP


def test_exceptions_thrown_and_caught() -> None:
    with session(THROWS, "run", "4") as each:
        thrown, caught = each.add_catchpoint(CatchKind.THROW, "$even"), each.add_catchpoint(CatchKind.CATCH, "odd")
        seen = []
        while (stopped := each.resume()).reason is Reason.BREAKPOINT:
            seen.append((stopped.detail.breakpoints, op(each), each.evaluator().evaluate("$g").integer))
        assert seen == [
            ((thrown.id,), "throw", 0), ((caught.id,), "global.set", 0),
            ((thrown.id,), "throw", 3), ((caught.id,), "global.set", 3), ((thrown.id,), "throw", 1),
        ]  # fmt: skip
        assert stopped.reason is Reason.TRAP
        notes = each.reverse(lambda back: back.resume()).detail.notes
        assert op(each) == "throw" and notes[0].startswith("throws $odd, caught by $run")


def test_growing_and_traps() -> None:
    with session(THROWS, "run", "1") as each:
        grow, trap = each.add_catchpoint(CatchKind.GROW, ""), each.add_catchpoint(CatchKind.TRAP, "unhandled")
        other = each.add_catchpoint(CatchKind.TRAP, "unreachable")
        stops = [each.resume() for _ in range(3)]
        assert [s.detail.breakpoints for s in stops] == [(grow.id,), (grow.id,), (trap.id,)]
        assert stops[0].detail.notes == ("memory.grow i32:1",) or "memory.grow" in stops[0].detail.notes[0]
        assert stops[2].reason is Reason.TRAP and other.hits == 0
        with pytest.raises(UserError, match="no trap is called"):
            each.add_catchpoint(CatchKind.TRAP, "nonsense")


def test_threads_started_and_waiting(tmp_path: Path) -> None:
    path = tmp_path / "t.wat"
    path.write_text(COUNTERS)
    each = Session(Options(path), RealWorld(), make_executor=maker())
    each.start()
    spawn, wait = each.add_catchpoint(CatchKind.SPAWN, ""), each.add_catchpoint(CatchKind.WAIT, "")
    met = []
    while (stopped := each.resume()).reason is Reason.BREAKPOINT:
        met += stopped.detail.breakpoints
    assert met.count(spawn.id) == 2 and wait.id in met and stopped.reason is Reason.FINISHED
    each.close()


@pytest.mark.parametrize(
    ("class_", "ops"),
    [
        (Class.CALL, {"call"}), (Class.RETURN, {"end"}), (Class.BRANCH, {"br_if", "if", "else"}),
        (Class.LOAD, {"i32.load"}), (Class.STORE, {"i32.store"}), (Class.GROW, {"memory.grow"}),
        (Class.THROW, {"throw"}),
    ],
)  # fmt: skip
def test_to_the_next_and_the_last_of_a_class(class_: Class, ops: set[str]) -> None:
    with session(*((WRITES, "run", "6") if class_ is Class.RETURN else (THROWS, "run", "3"))) as each:
        forwards = []
        while (stopped := each.to_class(class_)).reason is Reason.STEP:
            assert op(each) in ops
            forwards.append(each.tick)
        assert forwards
        backwards = []
        while (stopped := each.reverse(lambda back: back.to_class(class_))).reason is Reason.STEP:
            backwards.append(each.tick)
        assert backwards[::-1] == forwards or (backwards[::-1] == forwards[:-1] and stopped.reason is Reason.TICK)


def test_only_branches_that_are_taken() -> None:
    with session(THROWS, "run", "3") as each:
        each.to_class(Class.BRANCH)
        while each.last is not None and each.last.reason is Reason.STEP:
            frame = each.inspect.frame(0)
            assert frame is not None
            before, tick = frame.pc, each.tick
            each.step_instruction()
            after = each.inspect.frame(0)
            if each.last.reason is not Reason.STEP or after is None:
                break
            assert each.tick == tick + 1 and after.pc != before + 1
            each.to_class(Class.BRANCH)


def test_to_another_block_and_to_a_write() -> None:
    with session(THROWS, "run", "3") as each:
        frame = each.inspect.frame(0)
        assert frame is not None
        first = each.inspect.instr(frame).label
        each.to_other_block()
        assert each.inspect.instr(each.inspect.frame(0)).label is not first  # type: ignore[arg-type]
        tick = each.tick
        each.to_other_block()
        each.reverse(lambda back: back.to_other_block())
        assert each.tick < each.tick + 1 and tick >= each.tick
        assert each.to_write("$g").reason is Reason.WATCHPOINT
        assert not list(each.breakpoints)
        each.write("$g")
        assert op(each) == "global.set"


@pytest.mark.parametrize("seed", range(6))
def test_both_executors_pick_the_same(seed: int, tmp_path: Path) -> None:
    if KIND is ExecutorKind.REFERENCE:
        pytest.skip("the other executor is asked for")
    picked = []
    path = tmp_path / "p.wat"
    path.write_text(Program(seed).text)
    for kind in (ExecutorKind.NATIVE, ExecutorKind.REFERENCE):
        each = Session(Options(path, invoke=("run0", "7", "9")), RealWorld(), make_executor=maker(kind))
        each.start()
        hooks, ticks = Hooks(picks=Picked(frozenset({Class.LOAD, Class.CALL, Class.BRANCH}))), []
        for _ in range(150):
            stop = each.scheduler.run(2000, frozenset(), hooks)
            if stop.kind is not StopKind.SITE:
                break
            ticks.append((each.tick, each.machine.control.top.pc))
        picked.append((ticks, each.tick, state_hash(each.machine)))
        each.close()
    assert picked[0] == picked[1]
