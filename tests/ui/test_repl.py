"""The REPL with keys from a pipe. What it prints is caught where it would be written."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.plain_text import PlainTextOutput

from debugger.events import Event, Running
from tests.ui.programs import FIB, HELLO, start
from ui.repl.app import Repl
from ui.repl.history import KeptHistory
from ui.start import Start


@pytest.fixture(autouse=True)
def _own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


def _talk(keys: PipeInput, begun: Start, typed: str) -> str:
    """What is printed when all of this is typed, and then Ctrl-D."""
    printed = io.StringIO(newline="")
    keys.send_text(typed + "\x04")
    assert Repl(begun, PlainTextOutput(printed)).run() == 0
    return printed.getvalue().replace("\r\n", "\n")


def test_commands_and_their_context(keys: PipeInput, tmp_path: Path) -> None:
    text = _talk(keys, start(tmp_path, FIB, "fib", "5"), "b fib if n == 2\rc\rp n * 10\r")
    assert "stopped: entry at $fib" in text
    assert "stopped: breakpoint 1" in text
    assert "── code: $fib" in text
    assert "\n20\n" in text


def test_an_empty_line_goes_on(keys: PipeInput, tmp_path: Path) -> None:
    text = _talk(keys, start(tmp_path, FIB, "fib", "5"), "si\r\r\rwhen\r\r")
    assert text.count("stopped: step") == 3
    assert text.count("\ntick 3\n") == 1


def test_errors_are_lines(keys: PipeInput, tmp_path: Path) -> None:
    text = _talk(keys, start(tmp_path, FIB, "fib", "5"), "nonsense\rp nope\r")
    assert "error: there is no command 'nonsense'" in text
    assert "error: unknown name 'nope'" in text


@pytest.mark.parametrize(
    ("key", "expected"), [("\x1b[15~", "finished: 1"), ("\x1b[21~", "stopped: step"), ("\x1b[23~", "stopped: step"),
                          ("\x1b[20~", "breakpoint 1 at $fib"), ("\x1b[23;2~", "finished: 1")]
)  # fmt: skip
def test_function_keys(keys: PipeInput, tmp_path: Path, key: str, expected: str) -> None:
    assert expected in _talk(keys, start(tmp_path, FIB, "fib", "1"), key)


def test_ctrl_c_at_the_prompt_drops_the_line(keys: PipeInput, tmp_path: Path) -> None:
    text = _talk(keys, start(tmp_path, FIB, "fib", "1"), "nonsense\x03when\r")
    assert "nonsense" not in text
    assert "tick 0" in text


def test_output_is_made_safe(keys: PipeInput, tmp_path: Path) -> None:
    assert "a\\x1b[1m\n" in _talk(keys, start(tmp_path, HELLO), "c\r")


def test_a_library_says_how_to_call_it(keys: PipeInput, tmp_path: Path) -> None:
    text = _talk(keys, start(tmp_path), "invoke twice 4\rc\r")
    assert "invoke EXPORT ARGS" in text
    assert "finished: 8" in text


def test_ctrl_c_pauses_a_running_program(keys: PipeInput, tmp_path: Path) -> None:
    printed = io.StringIO()
    repl = Repl(start(tmp_path, HELLO, "spin"), PlainTextOutput(printed))

    def interrupt(event: Event) -> None:
        if isinstance(event, Running):
            os.kill(os.getpid(), signal.SIGINT)

    repl.session.listen(interrupt)
    keys.send_text("c\rwhen\r\x04")
    repl.run()
    assert "stopped: paused at $spin" in printed.getvalue()


def test_watches_are_kept(keys: PipeInput, tmp_path: Path) -> None:
    _talk(keys, start(tmp_path, FIB, "fib", "5"), "display n + 1\r")
    with create_pipe_input() as again, create_app_session(input=again, output=DummyOutput()):
        assert "1: n + 1 = 6" in _talk(again, start(tmp_path, FIB, "fib", "5"), "")


def test_an_unwritable_history_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = KeptHistory(tmp_path / "file" / "history")
    history.store_string("one")
    assert "the history is not kept" in history.take_trouble()
    history.store_string("two")
    assert history.take_trouble() == ""


def test_an_unwritable_state_folder_does_not_end_the_session(
    keys: PipeInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "blocked"))
    text = _talk(keys, start(tmp_path, FIB, "fib", "5"), "when\rdisplay n\rsi\r")
    assert text.count("the history is not kept") == 1
    assert "stopped: step" in text
    assert "cannot keep the watches" in text
