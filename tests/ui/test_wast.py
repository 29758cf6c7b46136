"""`wasmscope wast`: counts, failures with their line, the debugger inside one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from debugger.wast.debug import script_at
from debugger.wast.runner import Runner, Tally
from ui.cli import main

MODULE = """
(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "nan") (result f32) (f32.const nan:0x600000)) (tag $e (param i32))
  (func (export "throw") (throw $e (i32.const 3))) (func (export "loop") (loop (br 0)))
  (func (export "lanes") (result v128) (v128.const f32x4 nan 1 2 3)) (global (export "g") i64 (i64.const -1))
)
"""


def tally(text: str, tmp_path: Path, max_ticks: int = 10_000) -> Tally:
    path = tmp_path / "a.wast"
    path.write_text(text)
    return Runner(script_at(path), max_ticks).run()


def failures(text: str, tmp_path: Path) -> list[str]:
    return [f"{f.line}: {f}" for f in tally(MODULE + text, tmp_path).failures]


def test_what_holds_is_counted(tmp_path: Path) -> None:
    found = tally(
        MODULE
        + """
        (assert_return (invoke "add" (i32.const 0x_ff) (i32.const -1)) (i32.const 254))
        (assert_return (invoke "nan") (f32.const nan:arithmetic))
        (assert_return (invoke "lanes") (v128.const f32x4 nan:canonical 1 2 3))
        (assert_return (get "g") (either (i64.const 4) (i64.const -1)))
        (assert_trap (invoke "div" (i32.const 1) (i32.const 0)) "integer divide by zero")
        (assert_exception (invoke "throw"))
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module quote "(func") "unexpected end")
        (assert_unlinkable (module (import "no" "where" (func))) "unknown import")
        """,
        tmp_path,
    )
    assert (found.passed, found.failures) == (9, [])


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ('(assert_return (invoke "nan") (f32.const 3))', "expected (f32.const 3), got (f32 0x7fe00000)"),
        ('(assert_return (invoke "nan") (f32.const nan:canonical))', "got (f32 0x7fe00000)"),
        ('(assert_return (invoke "add" (i32.const 1) (i32.const 1)) (i64.const 2))', "expected (i64.const 2)"),
        ('(assert_trap (invoke "add" (i32.const 1) (i32.const 1)) "no")', "expected a trap, got that it returns"),
        ('(assert_trap (invoke "throw") "no")', "expected a trap, got the trap unhandled exception"),
        ('(assert_return (invoke "div" (i32.const 1) (i32.const 0)) (i32.const 0))', "the trap integer divide by zero"),
        ('(assert_invalid (module (func)) "no")', "got a valid module"),
        ('(assert_return (invoke "loop"))', "it still runs after"),
        ('(invoke "none")', "no function is exported as 'none'"),
        ('(invoke "add" (i32.const 1))', "'add' takes 2 arguments, 1 are given"),
        ('(invoke $m "add")', "there is no module $m"),
        ("(frobnicate)", "expected a command of test scripts, got (frobnicate ...)"),
        ("(module (func (result i32)))", "expected that it works, got invalid module"),
    ],
)  # fmt: skip
def test_a_failure_says_what_was_expected(command: str, complaint: str, tmp_path: Path) -> None:
    (found,) = failures(command, tmp_path)
    assert found.startswith(f"{MODULE.count(chr(10)) + 1}: ")
    assert complaint in found


def test_what_webassembly_3_allows_is_counted_apart(tmp_path: Path) -> None:
    found = tally('(assert_invalid (module (memory 1) (memory 1)) "multiple memories")', tmp_path)
    assert (found.passed, found.failures, [f.line for f in found.contradicting]) == (0, [], [1])


def test_older_folded_tries_are_understood(tmp_path: Path) -> None:
    found = tally(
        """(module (tag $e) (func $f (param i32) (if (local.get 0) (then (throw $e))))
          (func (export "t") (param i32) (result i32) (i32.add (i32.const 10)
            (try (result i32) (do (call $f (local.get 0)) (i32.const 1)) (catch $e (i32.const 2))))))
        (assert_return (invoke "t" (i32.const 0)) (i32.const 11))
        (assert_return (invoke "t" (i32.const 1)) (i32.const 12))""",
        tmp_path,
    )
    assert (found.passed, found.failures) == (2, [])


THREADS = """
(module $m (memory (export "m") 1 1 shared))
(thread $a (shared (module $m)) (register "m" $m)
  (module (memory (import "m" "m") 1 1 shared)
    (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "wait") (i32.const 0)))
(thread $b (shared (module $m)) (register "m" $m)
  (module (memory (import "m" "m") 1 1 shared)
    (func (export "wake") (loop (br_if 0 (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))))
  (assert_return (invoke "wake")))
"""


def test_threads_take_turns(tmp_path: Path) -> None:
    found = tally(THREADS + "(wait $a) (wait $b)", tmp_path)
    assert (found.passed, found.failures) == (2, [])


def test_threads_that_wait_for_ever_are_a_failure(tmp_path: Path) -> None:
    (failure,) = tally(THREADS.partition("(thread $b")[0] + "(wait $a)", tmp_path).failures
    assert "every thread waits" in str(failure)


def _script(tmp_path: Path) -> str:
    path = tmp_path / "s.wast"
    path.write_text(
        MODULE + '(assert_return (invoke "add" (i32.const 1) (i32.const 1)) (i32.const 3))\n'
        '(assert_return (invoke "div" (i32.const 1) (i32.const 0)) (i32.const 3))'
    )
    return str(path)


def test_the_command_prints_lines_and_totals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wast", _script(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "s.wast:9: assert_return: expected (i32.const 3), got (i32 0x2)" in lines[0]
    assert lines[-1] == "0 passed, 2 failed"


def test_the_command_runs_folders_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _script(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.wast").write_text('(module (func (export "f"))) (assert_return (invoke "f"))')
    assert main(["wast", "--json", str(tmp_path)]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(row.get("failures", ())) for row in rows] == [0, 2, 0]
    assert rows[-1] == {"passed": 1, "failed": 2, "contradicting": []}


@pytest.mark.parametrize(
    ("options", "expression", "expected"),
    [
        ([], "stack[0]", "2"),  # before the last instruction of the action whose result is wrong
        (["--line", "10"], "local[0]", "1"),  # at the entry
    ],
)
def test_the_debugger_opens_in_an_action(
    options: list[str], expression: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["wast", _script(tmp_path), "--debug", *options, "-ex", f"print {expression}"])
    assert expected in capsys.readouterr().out.splitlines()[-1].split()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("(module", "a.wast:1: this parenthesis is not closed"),
        ("(module))", "a.wast:1: this parenthesis was never opened"),
        ("(module) (; no end", "a.wast:1: this comment is not closed"),
        ('(module "', "a.wast:1: no token starts with"),
    ],
)
def test_a_damaged_script_is_one_line(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.wast"
    path.write_text(text)
    assert main(["wast", str(path)]) == 1
    assert complaint in capsys.readouterr().out


@pytest.mark.parametrize("words", [["none.wast"], ["."], ["--debug", "a", "b"], []])
def test_bad_arguments_are_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["wast", *words]) == 2
    assert capsys.readouterr().err.startswith("wasmscope: ")


def test_a_name_serves_where_nothing_is_registered(tmp_path: Path) -> None:
    script = """
      (module $first (func (export "one") (result i32) (i32.const 1)))
      (module (func (import "first" "one") (result i32)) (export "same" (func 0)))
      (assert_return (invoke "same") (i32.const 1))
      (module $other (func (export "one") (result i32) (i32.const 2)))
      (register "first" $other)
      (module (func (import "first" "one") (result i32)) (export "same" (func 0)))
      (assert_return (invoke "same") (i32.const 2))
      (assert_unlinkable (module (import "nobody" "one" (func))) "unknown import")
    """
    found = tally(script, tmp_path)
    assert (found.passed, found.failures) == (3, [])


def test_a_script_may_collect_garbage(tmp_path: Path) -> None:
    script = """
      (module (import "wasmtime" "gc" (func $gc)) (type $box (struct (field i32)))
        (func (export "kept") (result i32) (local $b (ref null $box))
          (local.set $b (struct.new $box (i32.const 7))) (call $gc) (struct.get $box 0 (local.get $b))))
      (assert_return (invoke "kept") (i32.const 7))
    """
    assert tally(script, tmp_path).failures == []


def test_only_canonical_nans_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "nan.wast"
    path.write_text("""
      (module (func (export "bits") (result i32) (i32.reinterpret_f32 (f32.div (f32.const 0) (f32.const 0)))))
      (assert_return (invoke "bits") (i32.const 0x7fc00000))""")
    assert main(["wast", str(path)]) == 1
    assert "got (i32 0xffc00000)" in capsys.readouterr().out
    assert main(["wast", "--canonical-nan", str(path)]) == 0
