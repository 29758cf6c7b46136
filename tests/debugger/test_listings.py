"""Calls, accesses to memories and host calls, as the recording shows them, natively and not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from debugger.executors import ExecutorKind
from debugger.traces.calls import calls
from debugger.traces.expand import Expansion
from debugger.traces.follow import Stack
from debugger.traces.observe import HostCalls, MemoryAccesses
from debugger.traces.profile import profile
from tests.debugger.sessions import session
from tests.debugger.test_counting import run_of
from tests.debugger.test_replay import HANDED, other
from tests.debugger.test_traces import CALLS
from ui.cli import main
from ui.tracing import stack
from vm.host import HostFunction
from vm.types import FUNCREF, I32, FuncType, Tick

_PEOPLE = Path(__file__).parents[1] / "data" / "source" / "people-O0.wasm"
_HELLO = Path(__file__).parents[2] / "sample-modules" / "hello-wasi" / "hello.wasm"
_BOTH = pytest.mark.parametrize("kind", [ExecutorKind.REFERENCE, ExecutorKind.NATIVE])


def _on(done: int, of: int) -> bool:
    return True


@_BOTH
def test_accesses_say_what_was_there_before_and_after(kind: ExecutorKind, tmp_path: Path) -> None:
    with run_of("hosted", kind, tmp_path) as made, made.history.excursion():
        watching = MemoryAccesses(made.machine, made.history)
        rows = [r for rows in watching.through(made.history.first_tick, made.tick, _on) for r in rows]
    assert [(r.offset, r.size, r.pc is None) for r in rows[:4]] == [
        (8, 4, True), (100, 250, False), (8, 4, True), (100, 200, False),
    ]  # fmt: skip
    assert (rows[0].old, rows[0].new) == (bytes(4), b"\x02\0\0\0"), "what the host wrote"
    assert (rows[1].old, rows[1].new) == (bytes(16), b"\x03" * 16), "of many bytes the first"


@_BOTH
@pytest.mark.parametrize("name", ["people", "tree", "branches"])
def test_accesses_are_those_of_single_steps(name: str, kind: ExecutorKind, tmp_path: Path) -> None:
    with run_of(name, kind, tmp_path) as made, made.history.excursion():
        end, first = made.tick, made.history.first_tick
        memory = made.main.memories[0]
        watching = MemoryAccesses(made.machine, made.history)
        whole = [r for rows in watching.through(first, end, _on) for r in rows]
        writes = [r for r in whole if r.writes]
        for row in (*writes[:20], *writes[-20:]):
            made.history.back_to(row.tick)
            top = made.machine.control.top
            assert (top.func, top.pc) == (row.func, row.pc)
            assert memory.read(row.offset, row.size) == row.old
            made.history.back_to(Tick(row.tick + 1))
            assert memory.read(row.offset, row.size) == row.new
        again = watching.last(first, end, 10, _on)
        assert again.rows == whole[-len(again.rows) :] and len(again.rows) >= min(10, len(whole))
        assert watching.first(Tick(end // 2), end, _on).rows == [r for r in whole if r.tick >= end // 2]


@_BOTH
def test_host_calls_are_decoded_with_their_answers(kind: ExecutorKind, tmp_path: Path) -> None:
    with run_of("hosted", kind, tmp_path) as made, made.history.excursion():
        calls_ = HostCalls(made.machine, made.history, made.descriptors)
        found = calls_.last(made.history.first_tick, made.tick, 3, _on).rows
    assert len(found) == 5 and found[0].answer == "SUCCESS" and found[0].changed == 4
    assert found[0].text == 'fd_write(fd 1 stdout, ["a\\n"], size to 0x8)'


@_BOTH
def test_host_calls_with_functions_as_values(kind: ExecutorKind) -> None:
    host = HostFunction("h", "other", FuncType((FUNCREF, I32), (I32, FUNCREF)), other)
    with session(HANDED, "run", hosts=(host,), kind=kind) as made:
        made.resume()
        with made.history.excursion():
            watching = HostCalls(made.machine, made.history, made.descriptors)
            (row,) = watching.first(made.history.first_tick, made.tick, _on).rows
    assert row.answer.startswith("40, 0x") and row.text.startswith("h.other(0x")


@_BOTH
def test_the_tree_of_calls(kind: ExecutorKind) -> None:
    with session(CALLS, "run", "7", kind=kind) as made:
        made.resume()
        with made.history.excursion():
            made.history.back_to(made.history.first_tick)
            tree = calls(Expansion(made.machine, made.history, made.tick, Tick(made.history.present.checkpoint.tick)),
                         Stack([(made.main.addr, 3)], is_entry=True))  # fmt: skip
        names = [made.inspect.func_name(made.main, tree[n].place[1]) for n in range(len(tree))]
        (root,) = tree.roots()
        below = list(tree.children(root))
        assert [names[n] for n in below] == ["$even", *["$tail"] * 8], "each tail call is a call of its own"
        assert tree[below[0]].within == 7 and names[1:9] == ["$even", "$odd"] * 4
        assert tree[root].open and not tree[root].begun, "it trapped"
        assert all(tree[n].end == tree[n + 1].start for n in below[1:-1])
        for number in range(1, len(tree)):
            made.history.back_to(tree[number].start)
            top = made.machine.control.top
            assert (made.main.addr, top.func) == tree[number].place and top.pc == 0
            assert made.machine.control.depth == tree[number].depth + 1
            assert tree.at(tree[number].start)[-1] == number


@_BOTH
def test_each_thread_has_calls_of_its_own(kind: ExecutorKind, tmp_path: Path) -> None:
    with run_of("threads", kind, tmp_path) as made, made.history.excursion():
        made.history.back_to(made.history.first_tick)
        end = made.moment("end")
        tree = calls(Expansion(made.machine, made.history, made.tick, end), stack(made))
        assert [thread for thread, _ in tree.threads] == [0, 1, 2, 3, 4]
        whole = [tree[n] for n in range(len(tree))]
        names = [made.inspect.func_name(made.main, c.place[1]) for c in whole]
        assert names.count("$thread_main") == 4 and names.count("$start") == 1
        for number, call in enumerate(whole):
            if not call.begun:
                made.history.back_to(Tick(call.start + 1))  # before, a thread may only be about to wait
                top = made.machine.control.top
                assert made.machine.current.number == tree.thread(number)
                assert (top.vmctx, top.func, top.pc) == (*call.place, 1)
                assert tree.at(call.start, tree.thread(number))[-1] == number
            if not call.open:
                made.history.back_to(Tick(call.end - 1))
                assert (made.machine.control.top.vmctx, made.machine.control.top.func) == call.place
        made.history.back_to(made.history.first_tick)
        found = profile(Expansion(made.machine, made.history, made.tick, end), stack(made))
        assert found.root.total() == end and max(node.depth for node in found.root.walk()) == 3


def test_in_batch_and_as_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("trace calls", "trace memory", f"trace calls {tmp_path / 'c.jsonl'}", f"trace memory {tmp_path / 'm'}")
    words = [w for c in ("c", *commands) for w in ("-ex", c)]
    assert main([*words, str(_PEOPLE), "--invoke", "run", "3"]) == 0
    out = capsys.readouterr().out
    assert "▾ $measure  4 calls" in out and "7 calls in ticks 0 to 2,209" in out
    assert "i32.store          0x000103f8 0x00000040 → 0x00000004  $add" in out and "people.c:31" in out
    made = [json.loads(text) for text in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert [(r["function"], r["tick"], r["end"], r["depth"], r["calls"]) for r in made[:2]] == [
        ("$run", 0, 2209, 0, 6), ("$sum_ages", 1137, 1390, 1, 0),
    ]  # fmt: skip
    rows = [json.loads(text) for text in (tmp_path / "m").read_text().splitlines()]
    assert len(rows) == 243 and rows[0]["new"] == "0x00000003" and rows[0]["writes"] and not rows[0]["reads"]


def test_host_calls_in_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h.jsonl"
    assert main(["-ex", "c", "-ex", "trace host", "-ex", f"trace host {file}", str(_HELLO)]) == 0
    assert 'fd_write(fd 1 stdout, ["Hello, wasm", "!\\n"], size to 0x1100c) → SUCCESS' in capsys.readouterr().out
    assert [json.loads(text)["answer"] for text in file.read_text().splitlines()] == ["SUCCESS"] * 5


def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, why in (
        ("trace nonsense x", "is nothing that is traced"),
        (f"trace calls --trace-format binary {tmp_path / 'x'}", "only instructions are written as binary"),
        (f"trace memory --operands {tmp_path / 'x'}", "operands are written of instructions"),
        (f"trace host {tmp_path / 'none' / 'x'}", "cannot write"),
    ):
        assert main(["-ex", "c", "-ex", command, str(_PEOPLE), "--invoke", "run", "3"]) == 2
        assert why in capsys.readouterr().err
