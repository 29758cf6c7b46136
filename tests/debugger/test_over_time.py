"""Values over time, conditions, writers and differences: from the recording, everything else as it was."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from debugger.differences import Difference, Differing
from debugger.events import Reason
from debugger.over_time import Moments
from debugger.session import Session
from tests.debugger.sessions import session
from vm.errors import UserError
from vm.state import state_hash

WRITES = """(module (memory 1) (global $g (mut i32) (i32.const 7)) (table $t 4 funcref) (elem declare func $f)
  (type $pair (struct (field $x (mut i32)) (field $y (mut i32)))) (global $o (mut (ref null $pair)) (ref.null $pair))
  (func $f (param $n i32) (result i32) (local $twice i32)
    (local.set $twice (i32.mul (local.get $n) (i32.const 2)))
    (i32.store (i32.const 64) (local.get $twice))
    (struct.set $pair $x (global.get $o) (local.get $n))
    (local.get $twice))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (global.set $o (struct.new $pair (i32.const 1) (i32.const 2)))
    (table.set $t (i32.const 2) (ref.func $f))
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
      (global.set $g (i32.rem_u (local.get $n) (i32.const 3)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (memory.grow (i32.const 1)))
    (i32.add (local.get $sum) (i32.const 1))))"""


@pytest.fixture
def ran() -> Iterator[Session]:
    """Stands at the last instruction of `run`, which was called with 6."""
    with session(WRITES, "run", "6") as each:
        made = each.add_breakpoint("func[1]+0x3")
        each.breakpoints.delete(made.id)
        last = each.inspect.facts(each.inspect.frame(0)).instrs[-1]  # type: ignore[arg-type]
        each.run_to(f"@{last.offset:#x}")
        yield each


def changes(each: Session, text: str, most: int = 20) -> Moments:
    return each.over_time(lambda o: o.changes(o.asked(text, each.instance(), each.frame()), most))


def texts(each: Session, text: str, most: int = 20) -> list[str]:
    return [moment.text for moment in changes(each, text, most).found]


def holds(each: Session, text: str) -> tuple[int, int] | None:
    return each.over_time(lambda o: o.holds(o.asked(text, each.instance(), each.frame())))


def differences(each: Session, one: int, other: int) -> dict[str, Difference]:
    found = each.over_time(lambda o: Differing(o.machine, o.inspect, o.history).between(one, other))  # type: ignore[arg-type]
    return {d.where: d for d in found}


def test_values_over_time(ran: Session) -> None:
    state, tick = state_hash(ran.machine), ran.tick
    assert texts(ran, "$g") == ["7", "0", "2", "1", "0", "2", "1"]
    assert texts(ran, "u32@64") == ["0", "12", "10", "8", "6", "4", "2"]
    assert texts(ran, "u32@64 + $g", 4) == ["4", "6", "4", "3"]
    assert texts(ran, "$sum")[-3:] == ["36", "40", "42"]
    assert texts(ran, "memory[0].size") == ["65536", "131072"]
    assert texts(ran, "$g", 2) == ["2", "1"] and not changes(ran, "$g", 2).is_all
    assert (state_hash(ran.machine), ran.tick) == (state, tick) and not ran.history.in_past


def test_the_moments_are_right(ran: Session) -> None:
    found = changes(ran, "$g").found
    for before, moment in pairwise(found):
        ran.until_tick(moment.tick)
        assert ran.evaluator().evaluate("$g").text == moment.text
        ran.until_tick(moment.tick - 1)
        assert ran.evaluator().evaluate("$g").text == before.text
        assert moment.record is not None and ran.machine.control.top.pc == moment.record.pc


def test_conditions(ran: Session) -> None:
    ticks = [moment.tick for moment in changes(ran, "$g").found]
    assert holds(ran, "$g == 2") == (ticks[2], ticks[6] - 1)
    assert holds(ran, "$g < 3") == (ticks[1], ran.tick)
    assert holds(ran, "$g == 9") is None
    assert holds(ran, "$g == 7") == (0, ticks[1] - 1)
    with pytest.raises(UserError, match="reads nothing that is written"):
        holds(ran, "1 + 2")


def test_the_first_the_nth_and_the_last_writer(ran: Session) -> None:
    end = ran.tick
    for nth, expected in ((1, 12), (2, 10), (6, 2), (-1, 2), (-3, 6)):
        ran.write("u32@64", nth)
        assert ran.evaluator().evaluate("$twice").integer == expected
        ran.until_tick(end)
    with pytest.raises(UserError, match="nothing has written u32@64 7 times"):
        ran.write("u32@64", 7)


@pytest.mark.parametrize(
    ("expression", "op"),
    [
        ("u8@65", "i32.store"), ("$g", "global.set"), ("$sum", "local.set"), ("$n", "local.tee"),
        ("table[0][2]", "table.set"), ("$o.x", "struct.set"), ("$o.y", "struct.new"), ("memory[0].size", "memory.grow"),
        ("stack[0]", "i32.add"), ("vmctx.memories[0].current_length", "memory.grow"),
    ],
)  # fmt: skip
def test_who_wrote_anything(ran: Session, expression: str, op: str) -> None:
    if expression.startswith("vmctx"):
        name = "memories[0]" if "memories[0]" in ran.evaluator().show("vmctx") else ""
        expression = "memory[0].size" if not name else expression
    ran.write(expression)
    frame = ran.inspect.frame(0)
    assert frame is not None and ran.inspect.instr(frame).op.name == op


def test_a_parameter_that_nobody_set_comes_from_the_call(ran: Session) -> None:
    ran.write("u32@64")
    assert ran.inspect.frame(0).name.endswith("f")  # type: ignore[union-attr]
    stopped = ran.write("$n")
    assert "since this call" in stopped.detail.notes[0]
    assert ran.inspect.instr(ran.inspect.frame(0)).op.name == "call"  # type: ignore[arg-type]


def test_differences(ran: Session) -> None:
    ticks = [moment.tick for moment in changes(ran, "$g").found]
    found = differences(ran, ticks[1], ticks[2])
    assert (found["global $g"].before, found["global $g"].after) == ("0", "2")
    stored = next(d for where, d in found.items() if where.endswith("+0x40"))
    assert (stored.before, stored.after, stored.size) == ("0c", "0a", 1)
    assert not differences(ran, ticks[1], ticks[1])
    with pytest.raises(UserError, match="has not been reached"):
        differences(ran, 0, 10_000)


def test_back_to_watched_locals(ran: Session) -> None:
    ran.add_watchpoint("$sum")
    seen = []
    while (stopped := ran.reverse(lambda back: back.resume())).reason is Reason.WATCHPOINT:
        (touched,) = stopped.detail.touched
        seen.append((touched.before, touched.after))
    assert seen == [("40", "42"), ("36", "40"), ("30", "36"), ("22", "30"), ("12", "22"), ("0", "12")]
    assert ran.resume().reason is Reason.WATCHPOINT


def test_before_anything_has_run_there_is_one_value() -> None:
    with session(WRITES, "run", "6") as each:
        assert texts(each, "$g") == ["7"]
        assert holds(each, "$g == 7") == (0, 0) and holds(each, "$g == 8") is None


def test_what_is_no_local_is_there_without_the_frame() -> None:
    with session(WRITES, "run", "6") as each:
        each.resume()
        each.add_breakpoint("$f")
        each.reverse(lambda back: back.resume())
        assert texts(each, "$g") == ["7", "0", "2", "1", "0", "2"]
        assert holds(each, "$g == 7") is not None


def by_looking(each: Session, text: str) -> tuple[int, int] | None:
    """The first and last tick at which a condition holds, by going to each."""
    end = each.tick
    true = []
    for tick in range(end + 1):
        each.until_tick(tick)
        if each.evaluator().truth(text):
            true.append(tick)
    return (true[0], true[-1]) if true else None


@pytest.mark.parametrize(
    "text",
    ["tick > 20", "tick == 31", "tick >= 9 and tick < 23", "5 <= tick and $g == 2", "tick != 0", "depth == 2",
     "depth > 1 and tick < 50", "depth == 1 and $g == 0 and tick > 5", "u32@($g * 32) == 2", "depth == 9",
     "u32@($g * 32) == 8 or tick == 3"],
)  # fmt: skip
def test_conditions_on_time_depth_and_what_moves(ran: Session, text: str) -> None:
    found = holds(ran, text)
    assert found == by_looking(ran, text)


def test_the_depth_over_time(ran: Session) -> None:
    assert set(texts(ran, "depth", 40)) == {"1", "2"} and len(texts(ran, "depth", 40)) == 13


@pytest.mark.parametrize(
    ("text", "why"), [("tick % 10 == 0", "tick changes with every"), ("pc == 0x30", "pc changes with every")]
)
def test_what_changes_with_every_instruction_is_refused(ran: Session, text: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        holds(ran, text)
    with pytest.raises(UserError, match="tick changes with every"):
        changes(ran, "tick > 5")
