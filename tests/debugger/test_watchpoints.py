"""Watchpoints: what is read, written and changed, under whatever name."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.events import Message, Reason, Stopped
from debugger.session import Session
from debugger.watchpoints import WatchKind
from tests.debugger.sessions import session
from vm.errors import UserError

PROGRAM = """(module
  (type $point (struct (field $x (mut i32)) (field $y (mut i64))))
  (memory $m 1 4) (global $g (mut i32) (i32.const 1)) (table $t 3 10 funcref)
  (data $d "abc") (elem $e func $f)
  (func $f (param $p i32) (result i32) (local $k i32)
    (local.set $k (i32.const 4))
    (global.set $g (i32.const 1))
    (global.set $g (i32.add (global.get $g) (local.get $p)))
    (i32.store (i32.const 64) (global.get $g))
    (local.tee $k (i32.mul (local.get $k) (local.get $p))))
  (func (export "run") (result i32) (local $v i32) (local $o (ref $point))
    (local.set $o (struct.new $point (i32.const 7) (i64.const 8)))
    (drop (call $f (i32.const 2)))
    (drop (i32.load8_u (i32.const 65)))
    (memory.fill (i32.const 60) (i32.const 9) (i32.const 6))
    (drop (memory.grow (i32.const 2)))
    (table.set $t (i32.const 1) (ref.func $f))
    (drop (table.grow $t (ref.null func) (i32.const 2)))
    (struct.set $point $y (local.get $o) (i64.const 99))
    (data.drop $d) (elem.drop $e)
    (local.set $v (i32.const 5))
    (local.set $v (call $f (i32.const 3)))
    (return_call $f (i32.const 1))))"""


def stops(each: Session) -> list[str]:
    """What is said of every stop of a watchpoint until the program is over."""
    found: list[str] = []
    while (stopped := each.resume()).reason is Reason.WATCHPOINT:
        found += [f"{t.before} → {t.after}" if t.before != t.after else "touched" for t in stopped.detail.touched]
    assert stopped.reason is Reason.FINISHED, stopped
    return found


@pytest.mark.parametrize(
    ("expression", "kind", "seen"),
    [
        ("$g", WatchKind.CHANGE, ["1 → 3", "3 → 1", "1 → 4", "4 → 1", "1 → 2"]),
        ("$g", WatchKind.WRITE, ["touched", "1 → 3", "3 → 1", "1 → 4", "4 → 1", "1 → 2"]),
        ("$g", WatchKind.READ, ["touched"] * 6),
        ("i32@64", WatchKind.CHANGE, ["0 → 3", "3 → 2313", "2313 → 4", "4 → 2"]),
        ("u8@65", WatchKind.ACCESS, ["touched", "touched", "0 → 9", "9 → 0", "touched"]),
        ("memory[0][60:2]", WatchKind.CHANGE, ["00 00 → 09 09"]),
        ("memory[0].size", WatchKind.CHANGE, ["65536 → 196608"]),
        ("table[0].size", WatchKind.WRITE, ["3 → 5"]),
        ("data[0].dropped", WatchKind.CHANGE, ["false → true"]),
        ("elem[0].dropped", WatchKind.CHANGE, ["false → true"]),
    ],
)
def test_what_is_watched_stops(expression: str, kind: WatchKind, seen: list[str]) -> None:
    with session(PROGRAM, "run") as each:
        each.add_watchpoint(expression, kind)
        assert stops(each) == seen


def test_a_table_element_and_an_object_s_field() -> None:
    with session(PROGRAM, "run") as each:
        each.step_instruction(4)
        each.add_watchpoint("$o.y")
        each.add_watchpoint("table[0][1]")
        assert stops(each)[1:] == ["8 → 99"]


def test_a_stop_is_after_the_instruction_and_says_a_breakpoint_that_stands_there() -> None:
    with session(PROGRAM, "run") as each:
        watch = each.add_watchpoint("i32@64")
        stopped = each.resume()
        assert stopped.at is not None and stopped.at.name.endswith("$f")
        instr = each.inspect.instr(each.inspect.frame(0))  # type: ignore[arg-type]
        assert instr.op.name == "local.get"
        each.restart()
        assert each.breakpoints.get(watch.id) is watch
        each.add_breakpoint(f"@{instr.offset:#x}")
        stopped = each.resume()
        assert (stopped.reason, len(stopped.detail.breakpoints)) == (Reason.WATCHPOINT, 1)


def test_a_local_is_watched_where_it_is_set_and_as_long_as_its_frame_is_there() -> None:
    with session(PROGRAM, "run") as each:
        each.add_breakpoint("$f", temporary=True)
        each.resume()
        each.add_watchpoint("$k")
        seen = [each.resume() for _ in range(3)]
        assert [_first(stop) for stop in seen] == ["0 → 4", "4 → 8", "ended"]
        assert seen[2].at is not None and seen[2].at.name.endswith("run")
        assert not len(each.breakpoints)
        assert each.resume().reason is Reason.FINISHED


def _first(stopped: Stopped) -> str:
    (touched,) = stopped.detail.touched
    return "ended" if touched.ended else f"{touched.before} → {touched.after}"


def test_a_local_is_watched_while_stepping_and_through_a_tail_call() -> None:
    with session(PROGRAM, "run") as each:
        each.add_watchpoint("$v")
        assert _first(each.step_instruction(500)) == "0 → 5"
        assert _first(each.resume()) == "5 → 12"
        assert _first(each.resume()) == "ended"


def test_reads_of_a_local() -> None:
    with session(PROGRAM, "run") as each:
        each.add_breakpoint("$f", temporary=True)
        each.resume()
        each.add_watchpoint("$p", WatchKind.READ)
        assert [_first(each.resume()) for _ in range(3)] == ["2 → 2", "2 → 2", "ended"]


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({"condition": "$g > 2"}, ["3", "4"]),
        ({"hit_rule": "%2"}, ["1", "1"]),
        ({"ignore": 3}, ["1", "2"]),
    ],
)
def test_conditions_and_hit_rules(options: dict[str, Any], values: list[str]) -> None:
    with session(PROGRAM, "run") as each:
        each.add_watchpoint("$g", **options)
        assert [text.split()[-1] for text in stops(each)] == values


def test_log_text_instead_of_stopping() -> None:
    said: list[str] = []
    with session(PROGRAM, "run") as each:
        each.listen(lambda event: said.append(event.text) if isinstance(event, Message) else None)
        each.add_watchpoint("$g", log="g is {$g}")
        assert stops(each) == []
    assert said == ["g is 3", "g is 1", "g is 4", "g is 1", "g is 2"]


def test_steps_over_and_out_stop_at_watchpoints() -> None:
    with session(PROGRAM, "run") as each:
        each.add_watchpoint("i32@64")
        each.step_instruction(5)
        assert each.step_over().reason is Reason.WATCHPOINT
        each.restart()
        each.run_to("$f")
        assert each.step_out().reason is Reason.WATCHPOINT


def test_what_the_user_changes_is_no_change_of_the_program() -> None:
    with session(PROGRAM, "run") as each:
        each.add_watchpoint("i32@64")
        each.evaluator().assign("i32@64", "3")
        assert stops(each)[0] == "3 → 2313"


@pytest.mark.parametrize("expression", ["1 + 1", "stack[0]", "tick", "memory[0]", "unknown", "u8@9999999999"])
def test_what_has_no_place_is_refused(expression: str) -> None:
    with session(PROGRAM, "run") as each:
        each.step_instruction(1)
        with pytest.raises(UserError):
            each.add_watchpoint(expression)
        assert not len(each.breakpoints)
