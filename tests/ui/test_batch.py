from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.programs import FIB, HELLO, batch, start


def test_a_session_of_everyday(tmp_path: Path) -> None:
    done = batch(start(tmp_path, FIB, "fib", "5"), "b fib if n == 2", "c", "si", "p n", "p/x n + 30", "bt", "x/8xb 16")
    assert done.code == 0, done.err
    assert done.lines[0].startswith("breakpoint 1 at $fib+0x")
    assert "stopped: breakpoint 1 at $fib+0x" in done.out
    assert "2" in done.lines
    assert "0x20" in done.lines
    assert "#3  $fib" in done.out
    assert done.lines[-1].endswith("0x68  0x65  0x6c  0x6c  0x6f  0x00  0x01  0x02")


def test_results_of_the_entry(tmp_path: Path) -> None:
    assert batch(start(tmp_path, FIB, "fib", "10"), "c").lines[-1].startswith("finished: 55, tick ")


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["info functions"], "$twice"),
        (["info functions tw"], "func[1]  $twice"),
        (["info types"], "(func (param i32) (result i32))"),
        (["info exports"], "divide"),
        (["info imports"], "no imports"),
        (["info globals"], "$calls"),
        (["info tables"], "unresolved → $fib"),
        (["info memories"], "64 KiB"),
        (["info frame"], "function 0 of"),
        (["info locals"], "$n  i32  3"),
        (["info args"], "$n  i32  3"),
        (["info operands"], "the operand stack is empty"),
        (["si 1", "info operands"], "[0]  i32  0  ← top"),
        (["si 6", "info labels"], "br 0"),
        (["info program"], "fib 3"),
        (["info store"], "VMStoreContext"),
        (["info funcrefs"], "not written yet"),
        (["vmctx"], "magic"),
        (["vmmap"], "linear memory"),
        (["telescope table[0][1]"], "VMFuncRef"),
        (["hexdump 16, 8"], "68 65 6c 6c 6f 00 01 02"),
        (["x/s 16"], '"hello"'),
        (['find "hell"'], "00000010  68 65 6c 6c 6f"),
        (["find 6c ?? 6f"], "1 found"),
        (["find/w u8 108"], "2 found"),
        (["search u32 0x7654"], "0 found"),
        (["find/1 6c"], "the first 1 are shown"),
        (["find 0, +0x20, 0x6c6c6568"], "00000010"),
        (["find/b 0, 64, 0x6c, 0x6f"], "00000013"),
        (["find vmctx, +4096, u8 0"], "vmctx"),
        (["x/2dw 16"], "1819043176"),
        (["x/i"], "global.get $calls"),
        (["x/2xb 16", "x"], "0x00000012:"),
        (["disassemble twice"], "i32.add"),
        (["list"], "▶"),
        (["context"], "── code: $fib"),
        (["nearpc 2"], "▶"),
        (["xrefs fib"], "uses of fib"),
        (["callees fib"], "$fib"),
        (["display n", "si"], "1: n = 3"),
        (["set n = 4", "p n"], "4"),
        (["set var n = 4"], "local $n: 3 → 4"),
        (["call twice(n + 1)"], "8"),
        (["call twice 4"], "8"),
        (["call! fib(3)", "p calls"], "5"),
        (["call fib(3)", "p calls"], "0"),
        (["until twice"], "finished: 2"),
        (["until tick 5"], "stopped: tick reached"),
        (["b fib", "c", "up", "info args"], "$n  i32  3"),
        (["finish"], "finished: 2"),
        (["invoke twice 4"], ""),
        (["c", "invoke twice -4", "c"], "finished: -8"),
        (["c", "run"], "finished: 2"),
        (["c", "start"], "stopped: entry"),
        (["tbreak fib", "c", "c", "info breakpoints"], "no breakpoints are set"),
        (["rbreak i*e", "info breakpoints"], "i*e"),
        (["dprintf fib, n is {n}", "c"], "n is 2"),
        (["b fib", "ignore 1 2", "c"], "stopped: breakpoint 1"),
        (["b fib", "hits 1 %2", "info b"], "hits %2"),
        (["b fib", "log 1 at {n}", "c"], "at 1"),
        (["b fib", 'log 1 "at {n}"', "c"], "\nat 1\n"),
        (["b fib", "condition 1 n == 0", "c", "p n"], "0"),
        (["b fib", "disable", "c"], "finished: 2"),
        (["toggle", "info b"], "● "),
        (["toggle", "toggle", "info b"], "no breakpoints are set"),
        (["breakpoint set -n twice -c 'x > 1'"], "if x > 1"),
        (["echo  hi there"], "hi there"),
        (["apropos funcref"], "info funcrefs"),
    ],
)  # fmt: skip
def test_commands(commands: list[str], expected: str, tmp_path: Path) -> None:
    done = batch(start(tmp_path, FIB, "fib", "3"), *commands)
    assert expected in done.out, done.err


def test_watchpoints_are_set_met_and_listed(tmp_path: Path) -> None:
    wat = """(module (memory 1) (global $g (mut i32) (i32.const 1)) (func (export "run") (param i32)
      (global.set $g (i32.const 3)) (i32.store (i32.const 64) (global.get $g)) (global.set $g (i32.const 3))))"""
    done = batch(
        start(tmp_path, wat, "run", "3"), "watch i32@64", "watch -w $g if $g > 2", "watchpoint set -w read $g",
        "info watchpoints", "c", "c", "c", "delete 2", "c",
    )  # fmt: skip
    assert "⌖  watch i32@64 " in done.out and "4 bytes, memory 0" in done.out
    stopped = [row.partition(" at ")[0] for row in done.out.splitlines() if row.startswith("stopped")]
    assert stopped == [
        "stopped: watchpoint 2: $g 1 → 3", "stopped: watchpoint 3: $g read, it is 3",
        "stopped: watchpoint 1: i32@64 0 → 3",
    ]  # fmt: skip
    assert batch(start(tmp_path, wat, "run", "3"), "watch 1 + 1").code == 2


def test_a_very_long_name_is_not_said_in_full(tmp_path: Path) -> None:
    assert len(batch(start(tmp_path, FIB, "fib", "3"), "p " + "a" * 5_000).err) < 200


def test_a_failed_command_does_not_end_the_batch(tmp_path: Path) -> None:
    done = batch(start(tmp_path, FIB, "fib", "3"), "nonsense", "echo on")
    assert done.out == "on\n"
    assert done.err.startswith("error: there is no command 'nonsense'")
    assert done.code == 2


def test_quit_ends_the_batch(tmp_path: Path) -> None:
    assert batch(start(tmp_path, FIB, "fib", "3"), "quit", "echo on").out == ""


def test_output_is_made_safe_and_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    done = batch(start(tmp_path, HELLO), "c")
    assert done.lines[0] == "a\\x1b[1m"
    assert done.lines[1].startswith("exited with code 7")
    assert done.code == 7


def test_a_trap_is_explained(tmp_path: Path) -> None:
    done = batch(start(tmp_path, FIB, "divide", "7", "0"), "c")
    assert done.lines[0].startswith("trap: integer divide by zero at $divide+0x")
    assert "operands: left = 7 (0x7), right = 0 (0x0)" in done.out
    assert done.code == 134


def test_input_is_asked_for(tmp_path: Path) -> None:
    done = batch(start(tmp_path, HELLO, "echo"), "c", "stdin hey", "c")
    assert "the program waits for standard input" in done.out
    assert "hey" in done.lines


def test_command_files_end_at_their_first_failure(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("# a comment\n\necho one\nnonsense\necho two\n")
    done = batch(start(tmp_path, FIB, "fib", "3"), f"source {script}")
    assert done.out == "one\n"
    assert f"{script}:4: there is no command" in done.err


def test_a_command_file_cannot_run_itself(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"source {script}\n")
    assert "is being run already" in batch(start(tmp_path, FIB, "fib", "3"), f"source {script}").err


def test_a_library_is_looked_at_before_anything_runs(tmp_path: Path) -> None:
    done = batch(start(tmp_path), "info functions", "bt", "p calls", "invoke fib 4", "c")
    assert "no call is under way" in done.out
    assert done.lines[-1].startswith("finished: 3")
    assert done.code == 0, done.err


def test_what_to_do_when_nothing_runs(tmp_path: Path) -> None:
    done = batch(start(tmp_path, '(module (func (export "go")))'), "step", "invoke go", "continue", "step")
    assert "nothing is being run; invoke NAME calls an export" in done.out + done.err
    assert "the program has finished; restart runs it again" in done.out + done.err
