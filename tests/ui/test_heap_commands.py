"""Commands about the GC heap, exceptions and threads, on a program that has all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.cli import main

PROGRAM = """
(module
  (type $point (struct (field $x (mut i32)) (field $y (mut i32))))
  (type $list (struct (field $head i32) (field $tail (ref null $list))))
  (type $bytes (array (mut i8)))
  (tag $bad (param i32))
  (global $root (mut (ref null $list)) (ref.null $list))
  (func $cons (param $n i32) (global.set $root (struct.new $list (local.get $n) (global.get $root))))
  (func $main (export "main") (result i32)
    (local $p (ref null $point)) (local $b (ref null $bytes)) (local $any anyref) (local $e exnref)
    (local.set $p (struct.new $point (i32.const 3) (i32.const -4)))
    (local.set $b (array.new $bytes (i32.const 7) (i32.const 5)))
    (local.set $any (ref.i31 (i32.const -9)))
    (drop (struct.new $point (i32.const 1) (i32.const 1)))
    (call $cons (i32.const 1))
    (call $cons (i32.const 2))
    (block $h (result i32 exnref)
      (try_table (catch_ref $bad $h) (throw $bad (i32.const 9)))
      (unreachable))
    (local.set $e)
    (drop)
    (nop)
    (call $end))
  (func $end (result i32) (i32.const 5)))
"""


def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], *commands: str) -> str:
    path = tmp_path / "heap.wat"
    path.write_text(PROGRAM)
    words = [word for command in commands for word in ("-ex", command)]
    main([str(path), *words, "--invoke", "main"])
    return capsys.readouterr().out


AT_END = ("break $end", "run")


def test_values_name_their_types_and_what_is_in_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, *AT_END, "up", "info locals", "info globals", "info types")
    assert "(ref null $point)" in out and "$point {x=3, y=-4}" in out
    assert "$bytes of 5 {7, 7, 7, 7, …}" in out
    assert "i31 -9" in out
    assert "$list {head=2, tail=→" in out
    assert "(struct (field (mut i32)) (field (mut i32)))" in out


@pytest.mark.parametrize(
    ("expression", "value"),
    [("$p.x + 1", "4"), ("$p[1]", "-4"), ("$b[2]", "7"), ("$b.length", "5"), ("$any.value", "-9"),
     ("$root.tail.head", "1"), ("$root.tail.tail", "null"), ("$e[0]", "9")],
)  # fmt: skip
def test_objects_in_expressions(
    expression: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(tmp_path, capsys, *AT_END, "up", f"print {expression}").splitlines()[-1].endswith(value)


def test_a_field_is_set_and_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, *AT_END, "up", "set $p.x = 77", "set $b[1] = 8", "print $p.x", "print $b[1]")
    assert "field x: 3 → 77" in out and out.splitlines()[-2:] == ["77", "8"]


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [("$p.z", "$point has no field 'z'"), ("$b[5]", "there is no element 5"), ("$root.tail.tail.head", "null"),
     ("$any.x", "it has value")],
)  # fmt: skip
def test_what_is_not_there(expression: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "heap.wat"
    path.write_text(PROGRAM)
    main([str(path), "-ex", "break $end", "-ex", "run", "-ex", "up", "-ex", f"print {expression}", "--invoke", "main"])
    assert complaint in capsys.readouterr().err


def test_the_heap_is_listed_and_collected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, *AT_END, "info heap point", "gc", "info heap point")
    before, _, after = out.partition("freed 1 objects, ")
    assert before.count("$point {") == 2 and after.count("$point {") == 1


def test_one_object_and_why_it_is_alive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, *AT_END, "up", "info object $p", "info referrers $root.tail")
    assert "struct $point, " in out and "-4" in out
    assert "field 1 of $list at" in out
    assert "global 0 of heap: $list at" in out


def test_the_exception_about_to_be_thrown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, "break $cons", "run", "continue", "finish", "stepi 1", "info exceptions", "info tags")
    assert "about to be thrown: $bad" in out
    assert "in frame 0, which catches it" in out
    assert "$bad  [i32] -> []" in out


def test_a_kept_exception(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, *AT_END, "info exceptions")
    assert "frame 1, $e" in out and "$bad {0=9}" in out


def test_threads_of_a_program_without_threads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, *AT_END, "info threads", "thread", "thread schedule --seed 3 --quantum 500")
    assert "ready" in out and "thread 0 of 1" in out
    assert "by seed 3, 500 instructions each" in out
