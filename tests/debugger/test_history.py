"""Going back and on again: every state is as it was, nothing is done twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from debugger.events import Message, Reason
from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.watchpoints import WatchKind
from debugger.world import RealWorld
from tests.bench.programs import WORKLOADS, source
from tests.debugger.sessions import sample, session
from tests.debugger.test_threads import COUNTERS
from tests.executors import maker
from tests.fuzz.random_programs import Program
from tests.fuzz.random_threads import ThreadProgram
from tests.vm.test_hooks import TOUCHES
from vm.errors import UserError
from vm.state import state_hash
from vm.text import assemble
from vm.wasi.world import Root, Stream

ALONE = TOUCHES.replace('(import "host" "scribble" (func $scribble (param i32)))', "").replace(
    "(func $nothing)", "(func $nothing) (func $scribble (param i32))"
)
TRAPS = """(module (memory 1 9) (func (export "run") (param $n i32)
  (loop $l (drop (memory.grow (i32.const 1))) (i32.store (local.get $n) (local.get $n))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (unreachable)))"""
THROWS = """(module (tag $t (param i32)) (global $g (mut i32) (i32.const 0))
  (func $f (param i32) (if (i32.and (local.get 0) (i32.const 3)) (then (throw $t (local.get 0)))))
  (func (export "run") (param $n i32) (loop $l
    (block $h (result i32) (try_table (catch $t $h) (call $f (local.get $n))) (i32.const 7)) (global.set $g)
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
PROGRAMS = {"touches": (ALONE, "20"), "traps": (TRAPS, "12"), "throws": (THROWS, "30")} | {
    name: (source(name), str(max(2, WORKLOADS[name] // 50))) for name in ("fib", "indirect", "bulk")
}


def back_and_forth(each: Session, chance: random.Random, most: int) -> dict[int, str]:
    """Goes forwards at random, at most so many ticks at once, then anywhere and some instructions back from there.

    Every state has to be what it was; the states by tick.
    """
    hashes = {each.tick: state_hash(each.machine)}
    for _ in range(12):  # forwards, with checkpoints on the way
        if each.until_tick(each.tick + chance.randrange(1, most)).reason is not Reason.TICK:
            break
        hashes[each.tick] = state_hash(each.machine)
        if chance.random() < 0.3:
            each.history.keep()
    end, ending = each.tick, state_hash(each.machine)
    ticks = list(hashes)
    for _ in range(25):
        tick = chance.choice(ticks)
        if tick != each.tick:
            each.until_tick(tick)
        assert (each.tick, state_hash(each.machine)) == (tick, hashes[tick])
        step = chance.randrange(1, 60)
        if each.tick - step >= min(ticks):
            each.reverse(lambda back, step=step: back.instructions(step))
            assert each.tick == tick - step
    if each.tick < end:
        each.until_tick(end)
    if each.history.in_past:  # before what did not retire: a trap, the end
        each.resume()
    assert (each.tick, state_hash(each.machine)) == (end, ending)
    return hashes


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", PROGRAMS)
def test_forwards_and_back_the_states_are_the_same(name: str, seed: int) -> None:
    wat, argument = PROGRAMS[name]
    with session(wat, "run", argument) as each:
        back_and_forth(each, random.Random(f"{name} {seed}"), 400)


@pytest.mark.parametrize("seed", range(7000, 7010))
def test_random_programs_are_gone_back_over_alike_by_both_executors(seed: int) -> None:
    program, found = Program(seed), []
    for kind in (ExecutorKind.NATIVE, ExecutorKind.REFERENCE):
        with session(program.text, program.runs[0], "7", "-3", kind=kind) as each:
            found.append(back_and_forth(each, random.Random(seed), 90))
    assert found[0] == found[1]


def test_at_the_end_of_the_past_the_present_is_as_it_was_left() -> None:
    wat, argument = PROGRAMS["traps"]
    with session(wat, "run", argument) as each:
        assert each.resume().reason is Reason.TRAP
        end = state_hash(each.machine)
        each.reverse(lambda back: back.instructions(20))
        assert each.history.in_past and state_hash(each.machine) != end
        stopped = each.resume()
        assert stopped.reason is Reason.TRAP and stopped.detail.trap is not None
        assert not each.history.in_past and state_hash(each.machine) == end


def test_a_memory_that_had_grown_is_as_it_was_every_time() -> None:
    wat = """(module (memory 1) (func (export "run")
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
        (drop (memory.grow (i32.const 1)))
        (i32.store (i32.const 70000) (i32.const 7))))"""
    with session(wat, "run") as made:
        made.resume()
        end = made.tick
        for _ in range(3):
            made.until_tick(end - 1)
            assert made.main.memories[0].read(8, 1) == b"\1"
            made.until_tick(0)
            assert made.main.memories[0].read(8, 1) == b"\0"


def test_output_is_not_repeated_and_the_program_goes_on_after_the_past() -> None:
    with sample("fib/fib.wasm", args=("12",)) as each:
        each.resume()
        before = each.world.outputs.text(Stream.STDOUT)
        assert before
        each.until_tick(each.tick - 500)
        each.resume()
        assert each.world.outputs.text(Stream.STDOUT) == before
        each.until_tick(each.tick - 2000)
        middle = each.tick
        each.until_tick(middle + 100)
        assert each.tick == middle + 100


COUNTS = """(module (global $g (mut i32) (i32.const 0)) (memory 1)
  (func $f (param $n i32) (result i32) (global.set $g (local.get $n)) (i32.add (local.get $n) (i32.const 1)))
  (func (export "run") (result i32) (local $s i32)
    (local.set $s (call $f (i32.const 3))) (i32.store8 (i32.const 9) (local.get $s))
    (local.set $s (call $f (i32.const 5))) (local.set $s (call $f (i32.const 7))) (local.get $s)))"""


def test_back_over_and_out_of_calls() -> None:
    with session(COUNTS, "run") as each:
        entry = each.tick
        each.step_over(3)
        place, tick = each.place(), each.tick
        each.step_over(2)
        each.reverse(lambda back: back.over())
        each.reverse(lambda back: back.over())
        assert (each.place(), each.tick) == (place, tick)
        each.run_to("$f")
        each.step_instruction(2)
        each.reverse(lambda back: back.out())
        stopped = each.last
        assert stopped is not None and stopped.at is not None and stopped.at.name.endswith("run")
        assert each.inspect.instr(each.inspect.frame(0)).op.name == "call"  # type: ignore[arg-type]
        each.reverse(lambda back: back.out())
        assert each.tick == entry


@pytest.mark.parametrize("condition", ["", "$n < 6", "depth == 2 && $n < 6"])
def test_back_to_breakpoints(condition: str) -> None:
    with session(COUNTS, "run") as each:
        each.resume()
        made = each.add_breakpoint("$f", condition=condition)
        seen = []
        while (stopped := each.reverse(lambda back: back.resume())).reason is Reason.BREAKPOINT:
            assert stopped.detail.breakpoints == (made.id,)
            seen.append(each.evaluator().evaluate("$n").integer)
        assert seen == ([7, 5, 3] if not condition else [5, 3])
        assert stopped.detail.notes == ("the recording begins here",)
        assert each.resume().reason is Reason.BREAKPOINT


def test_back_to_watchpoints_and_to_what_wrote() -> None:
    with session(COUNTS, "run") as each:
        each.resume()
        each.add_watchpoint("$g")
        seen = []
        while (stopped := each.reverse(lambda back: back.resume())).reason is Reason.WATCHPOINT:
            (touched,) = stopped.detail.touched
            seen.append((touched.before, touched.after))
        assert seen == [("5", "7"), ("3", "5"), ("0", "3")]
        each.breakpoints.clear()
        each.resume()
        each.write("u8@9")
        assert each.inspect.instr(each.inspect.frame(0)).op.name == "i32.store8"  # type: ignore[arg-type]
        each.write("$s")
        assert each.inspect.instr(each.inspect.frame(0)).op.name == "local.set"  # type: ignore[arg-type]
        with pytest.raises(UserError, match="nothing has written"):
            each.write("u8@10")


def test_a_change_in_the_past_is_a_branch() -> None:
    said: list[str] = []
    with session(COUNTS, "run") as each:
        each.listen(lambda event: said.append(event.text) if isinstance(event, Message) else None)
        end = each.resume().detail.results
        made = each.add_breakpoint("$f")
        each.reverse(lambda back: back.resume())
        each.breakpoints.delete(made.id)
        each.evaluator().assign("local[0]", "100")
        assert said == ["the past was changed: a new branch; `branch 1` goes back to what came after"]
        assert not each.history.in_past
        assert (end, each.resume().detail.results) == (("8",), ("101",))
        each.until_tick(each.tick - 1)
        assert each.resume().reason is Reason.FINISHED


def test_the_budget_thins_what_is_far_back() -> None:
    with session(PROGRAMS["bulk"][0], "run", "400") as each:
        for _ in range(40):
            if each.until_tick(each.tick + 300).reason is not Reason.TICK:
                break
            each.history.keep()
        before = each.history.checkpoints
        alone = sum(c.size for c in before[1:])
        each.history.budget_bytes = before[0].size + alone * 2 // 3
        each.until_tick(each.tick - 1)
        each.resume()
        each.history.keep()
        kept = [c.tick for c in each.history.checkpoints]
        assert kept == sorted(kept) and kept[0] == before[0].tick and 2 < len(kept) < len(before)
        assert sum(c.size for c in each.history.checkpoints) <= each.history.budget_bytes


def test_there_is_no_way_back_without_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "t.wasm"
    path.write_bytes(assemble(COUNTS, "t"))
    each = Session(Options(path, invoke=("run",), log_limit_bytes=0), RealWorld(), make_executor=maker())
    each.start()
    each.resume()
    with pytest.raises(UserError, match="no way back"):
        each.reverse(lambda back: back.instructions())
    each.close()


def test_reads_are_no_writes() -> None:
    with session(COUNTS, "run") as each:
        each.add_watchpoint("$g", WatchKind.READ)
        assert each.resume().reason is Reason.FINISHED
        assert each.reverse(lambda back: back.resume()).reason is Reason.TICK


def test_a_memory_beyond_the_budget_has_one_checkpoint_at_its_start() -> None:
    wat = """(module (memory 64) (func (export "run") (param $n i32)
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 4194304))
      (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
    with session(wat, "run", "100", history_bytes=3 << 20) as each:
        each.until_tick(50)
        each.history.keep()
        kept = each.history.checkpoints
        assert [c.tick for c in kept] == [0] and kept[0].size <= 3 << 20
        each.until_tick(40)
        assert each.tick == 40
        each.resume()
        assert not each.history.in_past


def test_a_branch_that_was_left_can_be_returned_to() -> None:
    with session(COUNTS, "run") as each:
        made = each.add_breakpoint("$f")
        each.resume()
        first = each.tick
        each.breakpoints.delete(made.id)
        each.resume()
        ending, tick = state_hash(each.machine), each.tick
        each.until_tick(first)
        each.evaluator().assign("local[0]", "100")  # branch 1 is left
        assert each.resume().detail.results == ("8",)
        other = state_hash(each.machine)
        assert other != ending and each.evaluator().evaluate("u8@9").integer == 101
        each.return_to_branch(1)  # and this one, which is 2 now
        assert (each.tick, state_hash(each.machine)) == (tick, ending)
        each.until_tick(first + 1)
        each.resume()
        assert state_hash(each.machine) == ending
        each.return_to_branch(2)
        assert state_hash(each.machine) == other
        each.until_tick(first)  # both have the same past
        assert each.evaluator().evaluate("local[0]").integer in (3, 100)
        assert [b.number for b in each.history.branches] == [3]
        with pytest.raises(UserError, match="there is no branch 7"):
            each.return_to_branch(7)


def test_a_jump_in_the_past_is_a_branch_and_can_be_gone_back_from() -> None:
    with session(COUNTS, "run") as each:
        each.resume()
        ending = state_hash(each.machine)
        each.until_tick(0)
        here = each.place()
        assert here is not None
        instrs = each.inspect.facts(each.inspect.frame(0)).instrs  # type: ignore[arg-type]
        offset = next(i.offset for i in instrs[2:] if i.stack == instrs[0].stack)
        each.jump(f"@{offset:#x}")
        assert not each.history.in_past and each.machine.journal.complete
        each.resume()
        after, tick = state_hash(each.machine), each.tick
        each.until_tick(tick - 3)
        each.resume()
        assert (each.tick, state_hash(each.machine)) == (tick, after)
        each.return_to_branch(1)
        assert state_hash(each.machine) == ending


def test_a_call_that_is_kept_in_the_past_is_a_branch() -> None:
    with session(COUNTS, "run") as each:
        each.resume()
        ending = state_hash(each.machine)
        each.until_tick(3)
        before = state_hash(each.machine)
        each.call(0, (77,), keep=False)
        assert each.history.in_past and state_hash(each.machine) == before
        each.call(0, (77,), keep=True)
        assert not each.history.in_past
        assert each.evaluator().evaluate("$g").integer == 77
        with pytest.raises(UserError, match="no way back: call! changed the state"):
            each.reverse(lambda back: back.instructions())
        each.return_to_branch(1)
        assert state_hash(each.machine) == ending
        each.reverse(lambda back: back.instructions())


@pytest.mark.parametrize("seed", range(4))
def test_threads_are_gone_back_over(seed: int, tmp_path: Path) -> None:
    chance, path = random.Random(seed), tmp_path / "t.wat"
    path.write_text(ThreadProgram(seed).text)
    each = Session(Options(path), RealWorld(), make_executor=maker())
    each.scheduler.policy.quantum_ticks = 50
    each.start()
    hashes = {each.tick: state_hash(each.machine)}
    while each.until_tick(each.tick + chance.randrange(20, 300)).reason is Reason.TICK and len(hashes) < 40:
        hashes[each.tick] = state_hash(each.machine)
        if chance.random() < 0.4:
            each.history.keep()
    end, ending, count = each.tick, state_hash(each.machine), len(each.machine.threads)
    assert count > 1
    for _ in range(20):
        tick = chance.choice(list(hashes))
        if tick != each.tick:
            each.until_tick(tick)
        if chance.random() < 0.3:
            each.select_thread(chance.randrange(len(each.machine.threads)))  # looking changes nothing
            each.reverse(lambda back, tick=tick: back.to(tick))
        assert (each.tick, state_hash(each.machine)) == (tick, hashes[tick])
    if each.tick < end:
        each.until_tick(end)
    if each.history.in_past:
        each.resume()
    assert (each.tick, state_hash(each.machine), len(each.machine.threads)) == (end, ending, count)
    each.close()


def test_in_the_past_there_are_no_threads_of_later(tmp_path: Path) -> None:
    path = tmp_path / "t.wat"
    path.write_text(COUNTERS)
    each = Session(Options(path), RealWorld(), make_executor=maker())
    each.start()
    each.resume()
    ending = state_hash(each.machine)
    each.write("u32@4")  # the last thread, which says that it is through
    assert each.inspect.instr(each.inspect.frame(0)).op.name == "i32.atomic.rmw.add"  # type: ignore[arg-type]
    assert each.machine.current.number in (1, 2) and len(each.machine.threads) == 3
    each.until_tick(0)
    assert (len(each.machine.threads), len(each.machine.instances)) == (1, 2)  # and the memory's
    each.evaluator().assign("u32@100", "5")
    assert each.resume().reason is Reason.ENTRY  # after the start function
    each.resume()
    assert each.evaluator().evaluate("u32@0").integer == 12000 and len(each.machine.threads) == 3
    each.return_to_branch(1)
    assert state_hash(each.machine) == ending
    each.close()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["fib/fib.wasm", "hello-wasi/hello.wasm", "find-the-bug/average.wasm"])
def test_programs_with_host_calls_are_gone_back_over(name: str, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    with sample(name, args=("6",)) as each:
        hashes = {each.tick: state_hash(each.machine)}
        while each.until_tick(each.tick + chance.randrange(1, 4000)).reason is Reason.TICK and len(hashes) < 15:
            hashes[each.tick] = state_hash(each.machine)
        end, ending, printed = each.tick, state_hash(each.machine), each.world.outputs.text(Stream.STDOUT)
        for _ in range(15):
            tick = chance.choice(list(hashes))
            each.until_tick(tick)
            assert (each.tick, state_hash(each.machine)) == (tick, hashes[tick])
            back = chance.randrange(1, 2000)
            if tick > back:
                each.reverse(lambda b, back=back: b.instructions(back))
                each.step_instruction(back)
                assert (each.tick, state_hash(each.machine)) == (tick, hashes[tick])
        each.until_tick(end)
        assert (each.tick, state_hash(each.machine)) == (end, ending)
        assert each.world.outputs.text(Stream.STDOUT) == printed


def test_that_files_are_as_they_are_now_is_said_once(tmp_path: Path) -> None:
    wat = """(module (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "file")
      (func (export "_start")
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
          (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 64))) (nop) (drop (i32.const 1))))"""
    (tmp_path / "file").write_text("text")
    path, said = tmp_path / "t.wat", []
    path.write_text(wat)
    options = Options(path, roots=(Root(bytes(tmp_path), b"/"),))
    each = Session(options, RealWorld(options.roots), make_executor=maker())
    each.listen(lambda event: said.append(event.text) if isinstance(event, Message) else None)
    each.start()
    each.resume()
    for _ in range(2):
        each.reverse(lambda back: back.instructions())
    assert [text for text in said if text.startswith("files are as they are now")] == said and len(said) == 1
    each.close()


def test_what_is_beyond_the_budget_is_not_copied() -> None:
    wat = """(module (memory 64) (func (export "run") (param $n i32)
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 4194304))
      (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
    with session(wat, "run", "100", history_bytes=3 << 20) as each:
        before = each.machine.copied
        each.until_tick(50)
        each.history.keep()
        assert each.machine.copied is before and before is not None
