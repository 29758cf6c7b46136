"""Keys, the mouse, sizes and leaving, in a real terminal."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.terminal import FIB, Terminal, wasmscope


def test_keys_mouse_resize_and_quit(terminal: Terminal) -> None:
    terminal.open(wasmscope(FIB, "--", "12"))
    terminal.sees("❚❚ entry", "1 Code", "4 vmctx", "VMContext of fib")
    terminal.keys("g")
    terminal.sees("show (function")
    terminal.keys("-l", "$fib")
    terminal.keys("Enter")
    terminal.sees("asked++;")
    terminal.click(1, terminal.row("asked++;"))
    terminal.sees("●")
    terminal.keys("F5")
    terminal.sees("breakpoint #1", "●▶")
    terminal.keys("F10")
    terminal.sees("❚❚ step")
    terminal.resize(80, 24)
    terminal.sees("2 Frame │ 3 Stack")
    terminal.resize(20, 10)
    terminal.sees("too")
    terminal.resize(200, 50)
    terminal.sees("5 Memory", "3 Call stack", "asked++;")
    terminal.keys("9", "x")
    terminal.sees("no breakpoint: b")
    terminal.keys("c")
    terminal.sees("■ finished")
    terminal.keys("q")
    terminal.sees("left with 0")


def test_quits_at_once_while_a_program_runs(terminal: Terminal, tmp_path: Path) -> None:
    module = tmp_path / "spin.wat"
    module.write_text('(module (func (export "_start") (loop $l (br $l))))')
    terminal.open(wasmscope(module), 80, 24)
    terminal.sees("❚❚ entry")
    terminal.keys("c")
    terminal.sees("▶ running")
    terminal.keys("C-c")
    terminal.sees("❚❚ pause")
    terminal.keys("c", "q")
    shown = terminal.sees("left with 0")
    assert "│" not in shown, "the screen was not given back"


def test_output_cannot_touch_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    module = tmp_path / "rude.wat"
    module.write_text(
        """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\0c\\00\\00\\00")
        (data (i32.const 16) "\\1b[2J\\1b]0;x\\07\\0a")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""
    )
    terminal.open(wasmscope(module))
    terminal.sees("❚❚ entry")
    terminal.keys("c")
    terminal.keys("o")
    terminal.sees("\\x1b[2J\\x1b]0;x\\x07", "1 Code")


def test_control_c_ends_long_work_of_the_prompt(terminal: Terminal) -> None:
    terminal.open(wasmscope("--repl", FIB, "--", "27"))
    terminal.sees("$_start.command_export", "(ws)")
    terminal.keys("c", "Enter")
    terminal.sees("finished, tick 52,768,899")
    terminal.keys("trace memory /dev/null", "Enter")
    terminal.sees("of 52,768,899 instructions, ")
    terminal.keys("C-c")
    terminal.sees("/dev/null: stopped before the end")
    terminal.keys("print 1234 + 1000000", "Enter")
    terminal.sees("1001234")
