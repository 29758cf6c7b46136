"""Recordings: written, repeated elsewhere, and refused when they are damaged, not trusted."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from debugger.events import Reason
from debugger.launch import Options
from debugger.recording import load, options_of
from debugger.session import Session
from debugger.world import RealWorld
from tests.debugger.sessions import SAMPLES
from tests.debugger.test_catching import THROWS
from tests.debugger.test_threads import COUNTERS
from tests.executors import maker
from vm.errors import UserError, WasmscopeError
from vm.state import state_hash
from vm.text import assemble
from vm.wasi.world import Stream

pytestmark = pytest.mark.skipif(
    os.environ.get("WASMSCOPE_TEST_ERA") == "invented", reason="a recording names its era, which must be a real one"
)
FIB = SAMPLES / "fib" / "fib.wasm"


def recorded(path: Path, options: Options, act: Callable[[Session], object] = Session.resume) -> tuple[int, str]:
    """Runs a program and writes its recording; the tick and state at its end."""
    each = Session(options, RealWorld(), make_executor=maker())
    each.start()
    act(each)
    each.record(path)
    found = each.tick, state_hash(each.machine)
    each.close()
    return found


def opened(path: Path, module: Path | None = None) -> Session:
    recording = load(path)
    return Session(options_of(recording, module, path), RealWorld(), make_executor=maker(), recording=recording)


def changed(path: Path, change: Callable[[list[Any]], None]) -> None:
    """Changes the lines of a recording."""
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    change(lines)
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))


def test_a_run_is_repeated_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "fib.rec"
    tick, state = recorded(path, Options(FIB, args=("12",), canonical_nan=True))
    each = opened(path)
    stopped = each.start()
    assert (stopped.reason, stopped.tick) == (Reason.ENTRY, 0) and each.machine.canonical_nan
    each.add_breakpoint("fib.c:10")
    assert each.resume().reason is Reason.BREAKPOINT and each.history.in_past
    each.breakpoints.clear()
    each.until_tick(tick)
    assert (each.tick, state_hash(each.machine)) == (tick, state)
    each.until_tick(100)
    assert each.restart().tick == 0
    each.close()


@pytest.mark.parametrize("name", ["trap", "jump", "threads", "stopped"])
def test_other_runs(name: str, tmp_path: Path) -> None:
    module, path = tmp_path / "m.wasm", tmp_path / "m.rec"
    module.write_bytes(assemble(COUNTERS if name == "threads" else THROWS, "m"))
    options = Options(module) if name == "threads" else Options(module, invoke=("run", "3"))

    def act(each: Session) -> None:
        if name == "stopped":
            each.until_tick(20)
            each.evaluator().assign("local[0]", "7")
            each.evaluator().assign("u32@100", "9")
            each.until_tick(50)
            return
        if name == "jump":
            instrs = each.inspect.facts(each.inspect.frame(0)).instrs  # type: ignore[arg-type]
            each.jump(f"@{next(i.offset for i in instrs[2:] if i.stack == instrs[0].stack):#x}")
        while each.resume().reason is Reason.ENTRY:
            pass

    tick, state = recorded(path, options, act)
    each = opened(path)
    each.start()
    assert each.tick == 0
    each.until_tick(tick)
    assert (each.tick, state_hash(each.machine)) == (tick, state)
    each.close()


_FUNCREFS = """(module (type $t (func (result i32))) (table $t 3 funcref) (elem declare func $one $two)
  (func $one (type $t) (i32.const 1)) (func $two (type $t) (i32.const 2))
  (func (export "run") (result i32) (nop) (nop) (drop (i32.const 0)) (call_indirect $t (type $t) (i32.const 2))))"""


def edited_funcref(module: Path, path: Path) -> tuple[int, str]:
    """A recording in which a table's element was set to a function that nothing had taken a reference to."""
    module.write_bytes(assemble(_FUNCREFS, "m"))

    def act(each: Session) -> None:
        each.step_instruction()
        each.evaluator().assign("table[0][2]", "$two")
        each.resume()

    return recorded(path, Options(module, invoke=("run",)), act)


def test_an_edit_of_a_funcref_is_repeated(tmp_path: Path) -> None:
    module, path = tmp_path / "m.wasm", tmp_path / "m.rec"
    tick, state = edited_funcref(module, path)
    each = opened(path)
    each.start()
    each.until_tick(tick)
    assert (each.tick, state_hash(each.machine)) == (tick, state)
    each.close()


@pytest.mark.parametrize("at", ["record", "left out", "element"])
def test_a_damaged_edit_of_a_funcref_is_refused(at: str, tmp_path: Path) -> None:
    module, path = tmp_path / "m.wasm", tmp_path / "m.rec"
    edited_funcref(module, path)

    def change(lines: list[Any]) -> None:
        edit = next(line for line in lines[1:] if line[0] == "edit")
        assert len(edit[2]) > 1, "the funcref was written first"
        if at == "left out":
            del edit[2][:-1]
        else:
            edit[2][0 if at == "record" else -1][3][1] += 8

    changed(path, change)
    with pytest.raises(UserError, match="the recording cannot be repeated from tick 1 on"):
        opened(path).start()


def test_another_module_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fib.rec"
    recorded(path, Options(FIB, args=("12",)))
    with pytest.raises(UserError, match=r"hello\.wasm is not the module that was recorded: its SHA-256 begins with"):
        opened(path, SAMPLES / "hello-wasi" / "hello.wasm")
    changed(path, lambda lines: lines[0].update(module="/nowhere/fib.wasm"))
    with pytest.raises(UserError, match=r"fib\.wasm of the recording is neither at /nowhere/fib\.wasm nor in"):
        opened(path)
    opened(path, FIB).close()


def test_what_the_run_asks_for_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "fib.rec"
    recorded(path, Options(FIB, args=("12",)))
    changed(path, lambda lines: lines[2].__setitem__(2, 0))
    with pytest.raises(WasmscopeError, match="replay differs at tick 17: the journal has host function 0"):
        opened(path).start()


def test_another_nan_mode_is_another_state(tmp_path: Path) -> None:
    module, path = tmp_path / "nan.wasm", tmp_path / "nan.rec"
    module.write_bytes(
        assemble(
            """(module (memory 1) (func (export "run") (f32.store (i32.const 0)
            (f32.add (f32.reinterpret_i32 (i32.const 0x7fc12345)) (f32.const 1)))))""", "nan",
        )
    )  # fmt: skip
    recorded(path, Options(module, invoke=("run",)))
    opened(path).start()
    changed(path, lambda lines: lines[0]["settings"].update(canonical_nan=True))
    with pytest.raises(UserError, match="the machine is in another state"):
        opened(path).start()


def test_what_an_executor_would_not_survive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fib.rec"
    bad: tuple[Callable[[list[Any]], None], ...] = (
        lambda lines: lines[2].__setitem__(5, [0, 1]),
        lambda lines: lines[2].__setitem__(4, "fly"),
        lambda lines: lines[2].__setitem__(7, [[0, 0, "AAAA", None]]),
        lambda lines: lines[2].__setitem__(7, [[1, 8, "AAAA", None]]),
        lambda lines: lines[1].__setitem__(3, 99_999),
        lambda lines: lines[1].__setitem__(2, 5),
        lambda lines: lines.insert(2, ["edit", 5, [[1, 0, "AAAAAAAAAAA=", None]]]) or lines[0].update(entries=7),
        lambda lines: lines.insert(2, ["jump", 5, 4000]) or lines[0].update(entries=7),
    )
    recorded(path, Options(FIB, args=("12",)))
    as_it_was = path.read_bytes()
    for change in bad:
        path.write_bytes(as_it_was)
        changed(path, change)
        with pytest.raises(UserError, match="cannot be repeated from tick"):
            opened(path).start()


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files(seed: int, tmp_path: Path) -> None:
    path, chance = tmp_path / "fib.rec", random.Random(seed)
    recorded(path, Options(FIB, args=("3",)), lambda each: each.until_tick(3000))
    data = bytearray(gzip.decompress(path.read_bytes()))
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = bytes(chance.choices(b'0123456789[],"{}nul', k=chance.randrange(3)))
    path.write_bytes(gzip.compress(bytes(data)) if seed % 4 else path.read_bytes()[: chance.randrange(400)])
    try:
        each = opened(path, FIB)
        each.start()
        each.close()
    except WasmscopeError:
        pass


def test_output_comes_when_it_is_passed(tmp_path: Path) -> None:
    path = tmp_path / "fib.rec"
    end, _ = recorded(path, Options(FIB, args=("12",)))
    printed: list[tuple[Stream, bytes]] = []
    recording = load(path)
    world = RealWorld(on_output=lambda stream, data: printed.append((stream, data)))
    each = Session(options_of(recording, None, path), world, make_executor=maker(), recording=recording)
    each.start()
    assert printed == []
    calls = each.add_breakpoint("import:*.fd_write")
    assert each.resume().reason is Reason.BREAKPOINT and printed == []
    each.step_instruction()
    once = list(printed)
    assert once and once[0][0] is Stream.STDOUT
    each.breakpoints.delete(calls.id)
    each.until_tick(end)
    assert b"".join(data for _, data in printed) == b"fib(12) = 144, found with 465 calls\n"
    each.until_tick(0)
    each.until_tick(end)
    assert b"".join(data for _, data in printed) == b"fib(12) = 144, found with 465 calls\n", "it is printed once"
    each.close()
