"""What ran, from the recording: counts that agree with single steps, coverage, profiles, traces."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from debugger.launch import Options
from debugger.session import Session
from debugger.traces.coverage import coverage, lcov
from debugger.traces.expand import Expansion
from debugger.traces.follow import Stack
from debugger.traces.profile import by_line, folded, profile
from tests.debugger.sessions import opened, session
from ui.cli import main
from vm.types import Tick

_SOURCE = Path(__file__).parents[1] / "data" / "source"
_PEOPLE = _SOURCE / "people-O0.wasm"

CALLS = """(module
  (type $t (func (param i32) (result i32)))
  (table 2 funcref) (elem (i32.const 0) $even $odd)
  (func $even (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 1))
      (else (call $odd (i32.sub (local.get $n) (i32.const 1))))))
  (func $odd (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (call_indirect (type $t) (i32.sub (local.get $n) (i32.const 1)) (i32.const 0)))
  (func $tail (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (return_call $tail (i32.sub (local.get $n) (i32.const 1))))
      (else (i32.const 3))))
  (func (export "run") (param $n i32) (result i32)
    (drop (call $even (local.get $n)))
    (drop (call $tail (local.get $n)))
    (i32.div_u (i32.const 1) (i32.const 0))))"""


@pytest.fixture
def people() -> Iterator[Session]:
    with opened(Options(_PEOPLE, invoke=("run", "3"))) as made:
        made.resume()
        yield made


def _expansion(made: Session) -> Expansion:
    return Expansion(made.machine, made.history, made.history.first_tick, made.tick)


def _stepped(made: Session) -> Counter[tuple[int, int]]:
    """(function, index) of every instruction, by stepping through the recording."""
    end, found = made.tick, Counter[tuple[int, int]]()
    with made.history.excursion():
        made.history.back_to(made.history.first_tick)
        while made.machine.tick < end and made.machine.control.depth:
            top = made.machine.control.top
            found[top.func, top.pc] += 1
            made.history.back_to(Tick(made.machine.tick + 1))
    return found


def test_counts_are_those_of_single_steps() -> None:
    with session(CALLS, "run", "7") as made:
        made.resume()
        end = made.tick
        expected = _stepped(made)
        with made.history.excursion():
            counts = _expansion(made).count()
        assert counts.whole and counts.ticks == end == made.tick
        got = {(f, i): n for (_, f), row in counts.by_function.items() for i, n in enumerate(row) if n}
        trapped = made.place()
        assert trapped is not None
        expected.pop((trapped.func, trapped.pc), None)  # it did not retire
        assert {k: n for k, n in got.items() if k != (trapped.func, trapped.pc)} == dict(expected)


def test_a_profile_follows_calls_returns_and_tail_calls() -> None:
    with session(CALLS, "run", "7") as made:
        made.resume()
        with made.history.excursion():
            found = profile(_expansion(made), Stack([]))
        names = {func: made.inspect.func_name(made.main, func) for func in range(4)}
        lines = dict(each.rsplit(" ", 1) for each in folded(found, lambda place: names[place[1]]))
        assert sum(map(int, lines.values())) == found.ticks
        run = names[3]
        assert f"{run};$even;$odd;$even" in lines and f"{run};$tail" in lines
        assert not any("$tail;$tail" in path for path in lines)
        calls = {names[place[1]]: count for place, _, _, count in found.by_function()}
        assert calls["$even"] == 4 and calls["$odd"] == 4 and calls["$tail"] == 8


def test_a_profile_by_line_and_by_path(people: Session, capsys: pytest.CaptureFixture[str]) -> None:
    with people.history.excursion():
        counts = _expansion(people).count()
    found = dict(by_line(counts, people.machine, people.lines_at))
    assert sum(found.values()) == people.tick
    table = people.lines_of(people.main)
    assert table is not None
    instrs = {f: people.main.facts(f).instrs for _, f in counts.by_function}
    text = (_SOURCE / "people.c").read_text().splitlines()
    at = next(i for i, each in enumerate(text, 1) if "sum += age" in each)
    rows = [(i, n) for (_, f), times in counts.by_function.items() for i, n in zip(instrs[f], times, strict=True)]
    mine = sum(n for i, n in rows if (place := table.find(i.offset)) is not None and place.line == at)
    assert found["/build/people.c", at] == mine > 0
    words = [w for c in ("c", "profile --by line", "profile --by path") for w in ("-ex", c)]
    assert main([*words, str(_PEOPLE), "--invoke", "run", "3"]) == 0
    out = capsys.readouterr().out
    assert "178  8.1 %  people.c:71" in out and "104   4.7 %      4  $run › $measure › $add" in out
    assert main(["-ex", "c", "-ex", "profile --by line x", str(_PEOPLE), "--invoke", "run", "3"]) == 2


def test_coverage_by_line_and_branch(people: Session) -> None:
    with people.history.excursion():
        counts = _expansion(people).count()
    main_ = people.main
    found = coverage(counts, main_, people.lines_of(main_), lambda f: people.inspect.func_name(main_, f))
    lines = found.files["/build/people.c"].lines
    text = (_SOURCE / "people.c").read_text().splitlines()
    parts = ("sum += age", "best = length", "return sum")
    at = {part: next(i for i, line in enumerate(text, 1) if part in line) for part in parts}
    assert lines[at["sum += age"]] == 3 and lines[at["best = length"]] == 2 and lines[at["return sum"]] == 1
    report = list(lcov(found))
    assert "SF:/build/people.c" in report and f"DA:{at['sum += age']},3" in report and report[-1] == "end_of_record"
    assert "FNDA:4,$add" in report and any(row.startswith("BRDA:") for row in report)


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("c.html", "c.info", "p.svg", "p.folded", "t.jsonl")
    commands = [f"{ {'c': 'coverage', 'p': 'profile', 't': 'trace'}[n[0]] } {tmp_path / n}" for n in names]
    commands += [f"trace --trace-format binary {tmp_path / 't.bin'}", f"trace --operands --to 5 {tmp_path / 'o.jsonl'}"]
    words = [w for c in ("c", *commands, "trace", "coverage", "profile") for w in ("-ex", c)]
    assert main([*words, str(_PEOPLE), "--invoke", "run", "3"]) == 0
    out = capsys.readouterr().out
    assert "2,209 instructions" in out and "$sum_ages" in out
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [r["tick"] for r in rows] == list(range(2209)) and rows[0]["op"] == "global.get"
    head, _, data = (tmp_path / "t.bin").read_bytes().partition(b"\n")
    assert json.loads(head)["instances"] == ["people-O0"]
    runs = list(struct.iter_unpack("<QIIII", data))
    assert sum(run[4] for run in runs) == 2209 and runs[-1][0] + runs[-1][4] == 2209
    first = json.loads((tmp_path / "o.jsonl").read_text().splitlines()[2])
    assert first["op"] and isinstance(first["operands"], list)
    page, drawing = (tmp_path / "c.html").read_text(), (tmp_path / "p.svg").read_text()
    assert "sum += age;" in page and "http" not in page and "$sum_ages" in drawing and drawing.startswith("<svg")


def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, why in (
        (f"coverage {tmp_path / 'x.y'}", "not written as .y"),
        ("trace --from 5000", "not"),
        (f"trace --operands --trace-format binary {tmp_path / 'x'}", "JSON lines"),
        (f"trace {tmp_path / 'none' / 'x'}", "cannot write"),
    ):
        assert main(["-ex", "c", "-ex", command, str(_PEOPLE), "--invoke", "run", "3"]) == 2
        assert why in capsys.readouterr().err


def test_counts_stand_beside_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("b measure", "c", "c", "coverage", "disassemble add")
    assert main([*(w for c in words for w in ("-ex", c)), str(_PEOPLE), "--invoke", "run", "3"]) == 0
    assert "    4   local.get 7" in capsys.readouterr().out


def test_it_can_be_stopped(people: Session) -> None:
    with people.history.excursion():
        counts = _expansion(people).count(lambda done, of: False)
    assert not counts.whole and people.tick == 2209
