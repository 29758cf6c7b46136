"""A session as a person would have it, screen by screen; with the keyboard alone; without colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import FIB, ROOT, Terminal, wasmscope
from ui.tui.registry import PANES

ECHO = ROOT / "sample-modules" / "echo-stdin" / "echo.wasm"


def typed(terminal: Terminal, *lines: str) -> None:
    """Texts, each with Enter."""
    for text in lines:
        terminal.keys("-l", text)
        terminal.keys("Enter")


def last(shown: str) -> str:
    """The line below the panes."""
    return shown.rstrip().splitlines()[-1]


def left(terminal: Terminal, gone: str = "Esc leave") -> None:
    """Escape, alone: with a key right behind it, it would be that key with Alt."""
    terminal.sees(gone)
    terminal.keys("Escape")
    terminal.until(lambda shown: gone not in shown, f"left {gone!r}")


def test_a_session_from_breakpoint_to_edited_byte(terminal: Terminal) -> None:
    terminal.open(wasmscope(FIB, "--", "12"), 200, 50)
    terminal.sees("❚❚ entry", "1 Code", "2 Frame", "3 Call stack", "0 Watches", "4 vmctx", "5 Memory", "8 Cons")
    terminal.sees("first time here: n steps over")

    # a breakpoint by the mouse, one by a key
    terminal.keys("g")
    terminal.sees("show (function")
    typed(terminal, "$fib")
    terminal.sees("asked++;")
    terminal.click(1, terminal.row("asked++;"))
    terminal.sees("●     10")
    terminal.keys("Down", "Down", "F9")
    terminal.sees("●     12")
    terminal.keys("9")
    terminal.sees("fib.c:10", "fib.c:12", "0 hits")

    # continue and step
    terminal.keys("F5")
    terminal.sees("❚❚ breakpoint #1", "●▶    10")
    terminal.keys("1", "n")
    terminal.sees("❚❚ step", "▶    11")

    # a watch, and a local edited: the watch follows
    terminal.keys("w")
    terminal.sees("watch (expression)")
    typed(terminal, "$var0 * 10")
    terminal.sees("$var0 * 10  120")
    terminal.keys("2")
    terminal.click(terminal.column("$var0   i32  12"), terminal.row("$var0   i32  12"))
    terminal.keys("Enter")
    terminal.sees("$var0 (i32) = 12")
    terminal.keys("C-u")
    terminal.until(lambda shown: "(i32) = 12" not in shown, "emptied the line")
    typed(terminal, "3")
    terminal.sees("$var0   i32  3", "$var0 * 10  30")

    # a pointer of the VMContext leads to the memory, and back
    terminal.resize(120, 40)
    terminal.sees("5 Mem 6 Tabl")
    terminal.keys("4")
    terminal.sees("VMContext of", "[0].base")
    terminal.click(terminal.column("   [0].base") + 4, terminal.row("   [0].base"))
    terminal.sees("VMMemoryDefinition.base")
    terminal.keys("Enter")
    terminal.until(lambda shown: "VMContext of" not in shown and "00000  00" in shown, "went to the memory")
    terminal.keys("BSpace")
    terminal.sees("[0].current_length")
    terminal.resize(200, 50)
    terminal.sees("3 Call stack │ Threads")

    # search memory, and edit a byte
    terminal.keys("5")
    terminal.sees("g go to")
    terminal.keys("/")
    terminal.sees("search ")
    typed(terminal, '"fib("')
    terminal.sees("66 69  62 28", 'found "fib("')
    terminal.keys("e")
    terminal.sees("editing: hex digits")
    terminal.keys("4", "6")
    terminal.sees("46 69  62 28")
    left(terminal, "editing:")

    # without breakpoints to the end: what was edited is printed
    terminal.keys("9", "x", "x")
    terminal.sees("no breakpoint: b")
    terminal.keys("c")
    terminal.sees("■ ")
    terminal.keys("o")
    terminal.sees("Fib(12) = ")

    # sizes
    left(terminal)
    terminal.resize(80, 24)
    terminal.until(lambda shown: max(map(len, shown.splitlines())) <= 80 and "1 Code" in shown, "was narrow")
    terminal.resize(200, 50)
    terminal.sees("3 Call stack", "0 Watches", "5 Memory")
    terminal.keys("q")
    terminal.sees("left with 0")


def test_input_is_typed_while_the_program_waits(terminal: Terminal) -> None:
    terminal.open(wasmscope(ECHO))
    terminal.sees("❚❚ entry")
    terminal.keys("c", "o")
    terminal.sees("waiting for input")
    typed(terminal, "hello there")
    terminal.sees("1: HELLO THERE", "waiting for input")
    terminal.keys("C-d")
    terminal.sees("■ ")
    left(terminal)
    terminal.keys("q")
    terminal.sees("left with 0")


def test_an_endless_loop_is_paused_and_stays_responsive(terminal: Terminal, tmp_path: Path) -> None:
    module = tmp_path / "spin.wat"
    module.write_text('(module (func (export "_start") (loop $l (br $l))))')
    terminal.open(wasmscope(module))
    terminal.sees("❚❚ entry")
    terminal.keys("c")
    runs = re.compile(r"running . \(F6 pauses\).*[kMG]/s, \d+\.\d s")
    terminal.until(lambda shown: runs.search(shown) is not None and "F6 pause" in last(shown), "ran")
    terminal.keys("Tab", "z")
    terminal.until(lambda text: "running" in text and "Code │ Source" not in text, "zoomed")
    terminal.keys("F6")
    terminal.sees("❚❚ pause", "loop  0x23")
    terminal.keys("z")
    terminal.sees("br $l")
    terminal.keys("q")
    terminal.sees("left with 0")


def hues(shown: str) -> Iterator[str]:
    """Colours that are no shade of grey."""
    for codes in re.findall(r"\x1b\[([\d;]*)m", shown):
        for red, green, blue in re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", codes):
            if not red == green == blue:
                yield codes
        for number in map(int, re.findall(r"[34]8;5;(\d+)", codes)):
            level = divmod(number - 16, 36)[0], (number - 16) // 6 % 6, (number - 16) % 6
            if 16 <= number < 232 and len(set(level)) > 1:
                yield codes
        if re.search(r"(?:^|;)(?:3[1-6]|4[1-6]|9[1-6])(?:;|$)", re.sub(r"[34]8;[25];[\d;]*", "", codes)):
            yield codes


WALK = (
    ("1", "1 Code"), ("2", "operand stack"), ("3", "#0  $"), ("4", "VMContext of"), ("5", "00000  00"),
    ("6", "table 0"), ("7", "start "), ("8", "type a command"), ("9", "no breakpoint"), ("0", "no watch expression"),
    ("T", "host calls"), ("o", "written nothing"),
)  # fmt: skip

NAMED = (  # without a key of their own
    ("source", "no source"), ("module", "imports  7"), ("files", "stdout"), ("gc heap", "no object was ever made"),
    ("exceptions", "no exception is in flight"), ("threads", "0  ready"), ("instances", "#0  fib"),
    ("micro-steps", "call $_start directly"), ("layouts", "here wasmtime"), ("trace", "a lists the calls"),
    ("blocks", "a follows the program's allocator"),
)  # fmt: skip


def test_the_walk_goes_through_every_pane() -> None:
    assert {key for key, _ in WALK} == {pane.key for pane in PANES if pane.key}
    assert {name for name, _ in NAMED} == {pane.title.lower() for pane in PANES if not pane.key}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize("colour", ["", "NO_COLOR=1 "])
def test_every_pane_with_the_keyboard_alone(terminal: Terminal, size: tuple[int, int], colour: str) -> None:
    terminal.open(colour + wasmscope(FIB, "--", "12"), *size)
    terminal.sees("❚❚ entry")
    for key, text in WALK:
        terminal.keys(key)
        terminal.sees(text)
        if key in "8o":
            left(terminal)
    for name, text in NAMED:
        terminal.keys("C-p")
        terminal.sees("type some letters")
        typed(terminal, name)
        terminal.until(lambda shown, text=text: "everything:" not in shown and text in shown, f"saw {text}")
    terminal.keys("1", "v", "b", "n")
    terminal.sees("❚❚ step")
    terminal.keys("c")
    terminal.sees("■ finished")
    terminal.keys("Tab", "BTab", "z", "z", "C-o")
    terminal.sees("[a]")
    terminal.keys("a")
    terminal.until(lambda shown: "[a]" not in shown, "jumped")
    terminal.keys("?")
    terminal.sees("keys that work everywhere")
    left(terminal, "help: Escape")
    terminal.keys("C-p")
    terminal.sees("type some letters")
    typed(terminal, "call stack")
    terminal.until(lambda shown: "everything:" not in shown and "no call is under way" in shown, "was there")
    if colour:
        assert not set(hues(terminal.tmux("capture-pane", "-p", "-e", "-t", "t")))
    terminal.keys("q")
    terminal.sees("left with 0")
