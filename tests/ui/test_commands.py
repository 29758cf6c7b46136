from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.ui.programs import FIB, batch, context, start
from ui.command import Command, StopView
from ui.commands import TABLE, execute
from ui.completion import complete
from ui.render.line import Line, text_of
from vm.errors import UserError


def test_no_name_is_given_twice() -> None:
    names = Counter(name for c in TABLE.commands for name in (c.name, *c.aliases))
    assert [name for name, count in names.items() if count > 1] == []


def test_no_key_is_given_twice() -> None:
    keys = Counter(c.key for c in TABLE.commands if c.key)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("command", TABLE.commands, ids=lambda c: c.name)
def test_every_command_explains_itself(command: Command) -> None:
    assert command.help
    assert not command.help.endswith(".")
    assert command.usage.startswith(command.name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("c", "continue"),
        ("cont", "continue"),
        ("si 3", "stepi"),
        ("b fib", "break"),
        ("brea", "break"),
        ("i b", "info breakpoints"),
        ("info loc", "info locals"),
        ("f 2", "frame"),
        ("frame", "frame"),
        ("fr v", "info locals"),
        ("thread step-in", "step"),
        ("thread backtrace", "backtrace"),
        ("breakpoint set -n f", "breakpoint set"),
        ("breakpoint list", "info breakpoints"),
        ("memory read/4xw 16", "x"),
        ("x/16xb 0", "x"),
        ("p/x 1", "print"),
        ("register read", "info frame"),
        ("disas", "disassemble"),
        ("bt", "backtrace"),
        ("where", "backtrace"),
        ("call! f()", "call!"),
    ],
)
def test_lines_find_their_commands(text: str, name: str) -> None:
    assert TABLE.find(text).command.name == name


def test_an_unknown_command_is_told_what_comes_near() -> None:
    with pytest.raises(UserError, match="no command 'contnue'; did you mean continue"):
        TABLE.find("contnue")


def test_a_prefix_of_several_names_them() -> None:
    with pytest.raises(UserError, match="'co' may be condition, context, continue"):
        TABLE.find("co")


def test_a_group_without_its_second_word_lists_them() -> None:
    with pytest.raises(UserError, match=r"info what\?; one of .*breakpoints"):
        TABLE.find("info")


@pytest.mark.parametrize("text", ["si many", "delete x", "ignore 1", "frame one", "step 0", "backtrace -x", 'echo "'])
def test_wrong_arguments_are_one_line(text: str, tmp_path: Path) -> None:
    session, made = context(start(tmp_path, FIB, "fib", "3"), [])
    try:
        if text == 'echo "':
            execute(made, text)
            return
        with pytest.raises(UserError) as error:
            execute(made, text)
        assert "\n" not in str(error.value)
    finally:
        session.close()


@pytest.mark.parametrize("command", TABLE.commands, ids=lambda c: c.name)
def test_help_is_there_for_every_command(command: Command, tmp_path: Path) -> None:
    lines: list[Line] = []
    session, made = context(start(tmp_path, FIB, "fib", "3"), lines)
    execute(made, f"help {command.name}")
    session.close()
    assert command.help in "\n".join(map(text_of, lines))


def test_the_tui_shows_stops_by_itself(tmp_path: Path) -> None:
    lines: list[Line] = []
    session, made = context(start(tmp_path, FIB, "fib", "3"), lines, StopView.NOTHING)
    execute(made, "si")
    session.close()
    assert lines == []


def _completed(tmp_path: Path, text: str) -> list[str]:
    session, made = context(start(tmp_path, FIB, "fib", "3"), [])
    found = [c.text for c in complete(made, text)]
    session.close()
    return found


def test_completion(tmp_path: Path) -> None:
    assert "continue" in _completed(tmp_path, "con")
    assert "info locals" in _completed(tmp_path, "info l")
    assert _completed(tmp_path, "b fi") == ["fib"]
    assert _completed(tmp_path, "b $tw") == ["$twice"]
    assert "$n" in _completed(tmp_path, "p $")
    assert "n" in _completed(tmp_path, "p n")
    assert "calls" in _completed(tmp_path, "p 1 + cal")
    assert "magic" in _completed(tmp_path, "p vmctx.ma")
    assert _completed(tmp_path, "invoke di") == ["divide"]
    assert "memory" in _completed(tmp_path, "b fib if mem")
    assert _completed(tmp_path, "nonsense ") == []


def test_a_vector_is_printed_in_every_shape_of_lanes(tmp_path: Path) -> None:
    vector = '(module (global $g (mut v128) (v128.const f32x4 1.5 nan -0 3)) (func (export "run")))'
    done = batch(start(tmp_path, vector, "run"), "p $g", "p/x $g", "set $g = i64x2 1 -2", "p $g.i64x2", "p $g.u8x16[8]")
    assert done.err == "" and [text.split()[0] for text in done.lines if text[1:3].rstrip("x").isdigit()][:6] == [
        "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"
    ]  # fmt: skip
    assert "f32x4  1.5 nan -0.0 3.0" in done.out and "[1, -2]" in done.out and done.lines[-1] == "254"
