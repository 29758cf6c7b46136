"""Whatever is typed is answered or refused; nothing else is raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ui.programs import FIB, context, start
from ui.command import Context
from ui.commands import TABLE, execute
from ui.completion import complete
from vm.errors import UserError, WasmscopeError

_WORDS = (
    "n", "$n", "fib", "func[0]", "func[9]", "@0x50", "0", "1", "-1", "16", "0x10", "99999999999999999999",
    "vmctx", "vmctx.memories[0]", "memory[0][16:8]", "table[0][1]", "table[0][99]", "calls", "if", "==", "=", ",", "*",
    '"', "'", "/16xb", "/s", "/i 3", "/99999999999xg", "--eof", "-a", "-n", "(", ")", "[", "]", "{", "}", "\x1b", "ü",
    "tick", "fib(2)", "twice", "memory[0]", "stack[0]", "+0x3", "%2", ">=1", "1-3", "2-", "\ud800", "\0", "u32@16",
)  # fmt: skip
_SKIPPED = {"source", "quit", "stepi", "nexti", "step", "next", "continue", "up", "down", "nearpc"}  # counts, files
_NAMES = [n for n, c in TABLE.by_name.items() if c.name not in _SKIPPED]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    session, context_ = context(start(tmp_path_factory.mktemp("any"), FIB, "fib", "4"), [])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("written"))  # some commands write files
        yield context_
    session.close()


_LINES = st.builds(
    lambda name, joint, words: name + joint + " ".join(words),
    st.sampled_from(_NAMES),
    st.sampled_from([" ", "", "/"]),
    st.lists(st.sampled_from(_WORDS) | st.text(max_size=6), max_size=4),
)


@given(_LINES | st.text(max_size=20))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_line(made: Context, text: str) -> None:
    with suppress(WasmscopeError):
        execute(made, text)


@given(_LINES | st.text(max_size=20))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_completion(made: Context, text: str) -> None:
    complete(made, text)


@pytest.mark.parametrize("command", [c.name for c in TABLE.commands if c.name not in _SKIPPED])
def test_a_number_of_very_many_digits(made: Context, command: str) -> None:
    digits = "9" * 5000
    for text in (digits, f"/{digits}", f"func[{digits}]", f"1 {digits}", f"fib+{digits}", f"tick {digits}"):
        with suppress(WasmscopeError):
            execute(made, f"{command} {text}")


def test_a_command_file_that_is_none(made: Context, tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\0")
    for name in (tmp_path, tmp_path / "missing", tmp_path / "bytes", "a\0b"):
        with pytest.raises(WasmscopeError):
            execute(made, f"source {name}")


@pytest.mark.parametrize("line", ["save \ud800", "record \ud800", "echo \udfff"])
def test_half_a_character_is_refused(made: Context, line: str) -> None:
    with pytest.raises(UserError, match="half a character"):
        execute(made, line)
