"""Running, stopping and changing things through a session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from debugger.events import Message, Reason, Stopped
from debugger.launch import Options
from debugger.replay import replay
from debugger.session import Session
from tests.debugger.sessions import opened, sample, session
from vm.errors import UserError
from vm.state import state_hash

CALLS = """(module
  (memory (export "memory") 1)
  (global $count (export "count") (mut i32) (i32.const 0))
  (func $inner (param $x i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.mul (local.get $x) (i32.const 2)))
  (func $outer (export "outer") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $inner (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))"""


def here(s: Session) -> str:
    assert s.last is not None and s.last.at is not None
    return s.last.at.name


def test_it_stops_at_the_entry_and_runs_to_the_end() -> None:
    with session(CALLS, "outer", "3") as s:
        assert s.last is not None and s.last.reason is Reason.ENTRY
        assert (here(s), s.tick) == ("$outer", 0)
        stopped = s.resume()
        assert stopped.reason is Reason.FINISHED and stopped.detail.results == ("12",)
        with pytest.raises(UserError, match="finished"):
            s.resume()


def test_stepping_goes_into_over_and_out_of_calls() -> None:
    with session(CALLS, "outer", "3") as s:
        s.step_instruction(3)
        assert here(s) == "$inner"
        assert s.step_out().reason is Reason.STEP
        assert here(s) == "$outer"
        assert s.evaluator().evaluate("stack[0]").text.endswith("6")
        s.run_to("$outer+0x7")
        depth = s.machine.control.depth
        s.step_over(8)
        assert s.machine.control.depth == depth


def test_one_stopped_event_for_each_run() -> None:
    events: list[Stopped] = []
    with session(CALLS, "outer", "3") as s:
        s.listen(lambda e: events.append(e) if isinstance(e, Stopped) else None)
        s.step_instruction()
        s.step_over()
        s.resume()
    assert [e.stop_id for e in events] == [2, 3, 4]


@pytest.mark.parametrize("location", ["inner", "$inner", "func[0]", "inn*", "$inner+0x1", "func[0]+0x1"])
def test_breakpoints_stop_before_each_call(location: str) -> None:
    with session(CALLS, "outer", "3") as s:
        made = s.add_breakpoint(location)
        for argument in (3, 2, 1):
            stopped = s.resume()
            assert stopped.reason is Reason.BREAKPOINT and stopped.detail.breakpoints == (made.id,)
            assert s.evaluator().truth(f"$x == {argument}")
        assert s.resume().reason is Reason.FINISHED
        assert made.hits == 3


def test_a_breakpoint_slips_forward_and_says_so() -> None:
    with session(CALLS, "outer", "3") as s:
        loop = s.main.module.body(1).code.start  # a `loop` does not retire
        made = s.add_breakpoint(f"@{loop:#x}")
        assert made.resolved[0].note == "moved to +0x5" and made.resolved[0].site.pc == 0
        assert s.resume().reason is Reason.BREAKPOINT
        assert s.evaluator().truth("$n == 2")  # the entry itself was passed when it went on from there


def test_condition_hit_rule_ignore_and_log() -> None:
    messages: list[str] = []
    with session(CALLS, "outer", "9") as s:
        s.listen(lambda e: messages.append(e.text) if isinstance(e, Message) else None)
        s.add_breakpoint("inner", log="x is {$x}")
        conditional = s.add_breakpoint("inner", condition="$x == 5")
        stopped = s.resume()
        assert stopped.detail.breakpoints == (conditional.id,)
        assert messages == ["x is 9", "x is 8", "x is 7", "x is 6", "x is 5"]
        s.breakpoints.clear()
        third = s.add_breakpoint("inner", hit_rule="%3")
        s.resume()
        assert third.hits == 3 and s.evaluator().truth("$x == 2")


def test_a_temporary_breakpoint_goes_and_a_disabled_one_does_nothing() -> None:
    with session(CALLS, "outer", "3") as s:
        s.add_breakpoint("inner", temporary=True)
        s.add_breakpoint("inner", enabled=False)
        assert s.resume().reason is Reason.BREAKPOINT
        assert len(s.breakpoints) == 1
        assert s.resume().reason is Reason.FINISHED


def test_a_breakpoint_is_met_where_a_call_that_is_stepped_over_begins() -> None:
    with session(CALLS, "outer", "3") as s:
        s.step_instruction(2)
        s.add_breakpoint("inner")
        assert s.step_over().reason is Reason.BREAKPOINT
        assert here(s) == "$inner"


def test_a_pending_breakpoint_is_kept() -> None:
    with session(CALLS, "outer", "3") as s:
        assert s.add_breakpoint("nowhere").pending
        assert s.resume().reason is Reason.FINISHED


def test_a_host_function_has_no_code_to_stop_in() -> None:
    with session(READ) as s:
        assert s.add_breakpoint("func[0]").resolved[0].text == "import:wasi_snapshot_preview1.fd_read"
        with pytest.raises(UserError, match="host function: it has no code"):
            s.add_breakpoint("func[0]+0x4")


def test_nonsense_locations_and_conditions_are_refused() -> None:
    with session(CALLS, "outer", "3") as s:
        for location, options in (("", {}), ("@zz", {}), ("inner", {"condition": "1 +"}), ("inner", {"hit_rule": "x"})):
            with pytest.raises(UserError):
                s.add_breakpoint(location, **options)
        assert len(s.breakpoints) == 0


def test_a_tick_is_reached_exactly() -> None:
    with session(CALLS, "outer", "3") as s:
        stopped = s.until_tick(17)
        assert (stopped.reason, s.tick) == (Reason.TICK, 17)
        assert (s.until_tick(5).tick, s.tick) == (5, 5)


def test_restart_keeps_breakpoints_and_gives_the_same_result() -> None:
    with session(CALLS, "outer", "3") as s:
        s.add_breakpoint("inner")
        s.resume()
        assert s.restart().reason is Reason.ENTRY and s.tick == 0
        assert s.resume().reason is Reason.BREAKPOINT
        assert s.evaluator().truth("$x == 3 and global.count == 0")


def test_another_export_can_be_invoked_when_the_first_is_done() -> None:
    with session(CALLS, "outer", "1") as s:
        with pytest.raises(UserError, match="under way"):
            s.invoke("outer", ("2",))
        s.resume()
        s.invoke("outer", ("2",))
        assert s.resume().detail.results == ("6",)
        with pytest.raises(UserError, match="1 argument "):
            s.invoke("outer", ())


# -- traps ---------------------------------------------------------------------------------------

TRAPS = """(module
  (memory 1)
  (func $deref (param $p i32) (result i32) (i32.load offset=4 (local.get $p)))
  (func (export "run") (param $p i32) (result i32) (call $deref (local.get $p))))"""


def test_it_stops_at_a_trap_with_everything_alive() -> None:
    with session(TRAPS, "run", "65536") as s:
        stopped = s.resume()
        assert stopped.reason is Reason.TRAP and stopped.detail.trap is not None
        assert stopped.detail.trap.facts == {"at": 65540, "size": 4, "bound": 65536}
        assert here(s) == "$deref"
        assert s.evaluator().truth("$p == 65536 and stack[0] == 65536")
        assert [f.name for f in s.inspect.frames()] == ["$deref", "$run"]


def test_after_a_trap_a_jump_and_an_edit_let_it_go_on() -> None:
    with session(TRAPS, "run", "65536") as s:
        s.resume()
        s.evaluator().assign("stack[0]", "8")
        s.jump("$deref+0x3")
        assert s.resume().detail.results == ("0",)


def test_a_jump_where_the_operands_differ_is_refused() -> None:
    with session(TRAPS, "run", "4") as s:
        s.run_to("$deref")
        with pytest.raises(UserError, match="operand stack"):
            s.jump("$deref+0x3")
        with pytest.raises(UserError, match="is not in"):
            s.jump("run")


# -- calls at a stop -----------------------------------------------------------------------------


def test_a_call_at_a_stop_is_undone() -> None:
    with session(CALLS, "outer", "3") as s:
        s.run_to("inner")
        before = state_hash(s.machine)
        assert s.call(0, (21,), keep=False) == ("42",)
        assert state_hash(s.machine) == before
        assert s.resume().detail.results == ("12",)


def test_a_call_that_is_kept_keeps_what_it_did() -> None:
    with session(CALLS, "outer", "3") as s:
        s.run_to("inner")
        assert s.call(0, (21,), keep=True) == ("42",)
        assert s.evaluator().truth("global.count == 1")
        assert s.resume().detail.results == ("12",)
        assert not s.machine.journal.complete


def test_a_call_that_traps_changes_nothing() -> None:
    with session(TRAPS, "run", "4") as s:
        before = state_hash(s.machine)
        with pytest.raises(UserError, match="trapped"):
            s.call(0, (1 << 31,), keep=True)
        assert state_hash(s.machine) == before


# -- pausing -------------------------------------------------------------------------------------

ENDLESS = '(module (func (export "run") (loop $l (br $l))))'


def fill(pages: int) -> str:
    """Fills a whole memory `n` times."""
    return f"""(module (memory {pages})
      (func (export "run") (param $n i32)
        (loop $l (memory.fill (i32.const 0) (local.get $n) (i32.const {pages << 16}))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""


FILL = fill(16384)
SLEEP = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"""
READ = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $main (export "_start")
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 16))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 12) (i32.load8_u (i32.const 64)))))"""


def _paused(s: Session, after: float = 0.2) -> float:
    """Resumes, asks for a pause from another thread, and says how long it took to stop; both in seconds."""
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        s.request_pause()

    timer = threading.Timer(after, ask)
    timer.start()
    stopped = s.resume()
    took = time.monotonic() - asked[0]
    assert stopped.reason is Reason.PAUSE
    return took


@pytest.mark.parametrize(
    ("wat", "invoke"),
    [(ENDLESS, ("run",)), (FILL, ("run", "100")), (SLEEP, ()), (READ, ())],
    ids=["loop", "memory.fill", "poll_oneoff", "fd_read"],
)
def test_a_pause_stops_it_wherever_it_is(wat: str, invoke: tuple[str, ...]) -> None:
    with session(wat, *invoke, wait_for_input=True) as s:
        assert _paused(s) < 5  # the bound that matters is measured where nothing else runs
        before = s.tick
        assert _paused(s) < 5
        assert s.tick >= before


def test_a_bulk_operation_cut_short_goes_on_where_it_was() -> None:
    pages = 3000
    with session(fill(pages), "run", "60") as s:
        while s.machine.bulk_done[0] == 0 or s.last is None or s.last.reason is not Reason.PAUSE:
            _paused(s, after=0.02)
        assert s.resume().reason is Reason.FINISHED
        view = s.main.memories[0].region.view
        assert view[0] == 1 and view[(pages << 16) - 1] == 1 and s.machine.bulk_done[0] == 0


def test_input_that_is_not_there_stops_and_goes_on_when_it_is() -> None:
    with session(READ) as s:
        assert s.resume().reason is Reason.INPUT
        s.world.feed_stdin(b"A")
        assert s.resume().reason is Reason.FINISHED
        assert s.main.memories[0].read(12, 1) == b"A"


# -- replay --------------------------------------------------------------------------------------


def test_a_run_is_repeated_from_its_journal_touching_nothing() -> None:
    with sample("echo-stdin/echo.wasm") as s:
        s.world.feed_stdin(b"one\n")
        assert s.resume().reason is Reason.INPUT
        half = replay(s.options, s.loaded, s.machine)
        assert state_hash(half) == state_hash(s.machine)
        s.world.feed_stdin(b"two\n")
        s.world.close_stdin()
        assert s.resume().reason is Reason.FINISHED
        assert state_hash(replay(s.options, s.loaded, s.machine)) == state_hash(s.machine)


def test_past_the_journals_limit_a_replay_is_refused() -> None:
    with session(READ, log_limit_bytes=10) as s:
        s.world.feed_stdin(b"A")
        s.resume()
        with pytest.raises(UserError, match="limit"):
            replay(s.options, s.loaded, s.machine)


# -- source lines --------------------------------------------------------------------------------


def line_of(s: Session) -> int:
    frame = s.frame()
    assert frame is not None and frame.instance is not None and frame.offset is not None
    table = s.lines_of(frame.instance)
    found = table.find(frame.offset) if table else None
    return found.line if found else 0


def test_stepping_by_source_line() -> None:
    with sample("fib/fib.wasm", args=("3",)) as s:
        s.add_breakpoint("fib.c:27")
        assert s.resume().reason is Reason.BREAKPOINT
        s.breakpoints.clear()
        assert line_of(s) == 27
        s.step_line(into=False)
        assert line_of(s) == 28
        s.step_line(into=True)
        assert (here(s), line_of(s)) == ("$fib_table", 18)
        s.step_line(into=False)
        assert line_of(s) == 20
        s.step_out()
        s.step_line(into=False)
        assert (here(s), line_of(s)) == ("$main", 29)


@pytest.mark.parametrize("step", [Session.step_instruction, Session.step_over])
def test_many_single_steps_can_be_paused(step: Callable[[Session, int], Stopped]) -> None:
    with session('(module (func (export "_start") (loop br 0)))') as s:
        paused = threading.Timer(0.05, s.request_pause)
        paused.start()
        assert step(s, 1 << 40).reason is Reason.PAUSE
        assert 0 < s.tick < 1 << 40


def test_a_step_by_line_that_never_leaves_its_line_can_be_paused(tmp_path: Path) -> None:
    path = tmp_path / "turns.wat"
    path.write_text('(module (func (export "_start")\n  (nop)\n  (loop $again (br $again))))')
    with opened(Options(path)) as s:
        paused = threading.Timer(0.05, s.request_pause)
        paused.start()
        assert s.step_line().reason is Reason.PAUSE
