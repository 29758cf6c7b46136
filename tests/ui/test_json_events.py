from __future__ import annotations

import base64
import re
from pathlib import Path

from tests.ui.programs import FIB, HELLO, events, start

_DOCS = Path(__file__).parents[2] / "docs" / "json-events.md"


def test_a_stop_has_place_and_variables(tmp_path: Path) -> None:
    found = events(start(tmp_path, FIB, "fib", "3"), "b fib if n == 2", "c", "si")
    stops = [e for e in found if e["event"] == "stopped"]
    assert [e["reason"] for e in stops] == ["entry", "breakpoint", "step"]
    at = stops[1]["at"]
    assert (at["function"], at["func"], at["pc"]) == ("$fib", 0, 0)
    assert isinstance(at["offset"], int)
    assert stops[1]["locals"] == [{"name": "$n", "type": "i32", "text": "2", "slot": 2}]
    assert stops[1]["detail"]["breakpoints"] == [1]
    assert stops[2]["operands"][0]["type"] == "i32"


def test_output_messages_errors_and_lines(tmp_path: Path) -> None:
    found = events(start(tmp_path, HELLO), "nonsense", "echo hi", "c")
    by_event = {e["event"]: e for e in found}
    assert by_event["error"]["kind"] == "UserError"
    assert by_event["line"] == {"event": "line", "text": "hi"}
    assert base64.b64decode(by_event["output"]["base64"]) == b"a\x1b[1m\n"
    assert by_event["stopped"]["detail"]["exit_code"] == 7
    logged = events(start(tmp_path, FIB, "fib", "1"), "dprintf fib, n is {n}", "c", "run")
    assert {"event": "message", "text": "n is 1"} in logged


def test_a_trap_has_its_numbers(tmp_path: Path) -> None:
    trap = events(start(tmp_path, FIB, "divide", "1", "0"), "c")[-1]["detail"]["trap"]
    assert trap["kind"] == "integer divide by zero"


def test_every_field_is_documented(tmp_path: Path) -> None:
    documented = set(re.findall(r"^\| `([\w.]+)` \|", _DOCS.read_text(), re.MULTILINE))
    found = [*events(start(tmp_path, HELLO), "nonsense", "echo hi", "c"),
             *events(start(tmp_path, FIB, "fib", "1"), "dprintf fib, x", "c", "si"),
             *events(start(tmp_path, FIB, "divide", "1", "0"), "si 2", "c")]  # fmt: skip
    fields = {path for event in found for path in _paths(event)}
    assert fields - documented == set()


def _paths(value: object, prefix: str = "") -> set[str]:
    if isinstance(value, list):
        return {path for item in value for path in _paths(item, prefix)}
    if not isinstance(value, dict) or prefix.endswith("facts."):
        return set()
    own = {prefix + key for key in value}
    return own | {path for key, item in value.items() for path in _paths(item, f"{prefix}{key}.")}
