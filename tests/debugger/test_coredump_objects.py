"""Dumps of programs with objects and threads: they go on; what a dump says wrongly of them does no harm."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from debugger.coredump.dump import Dump, written
from debugger.coredump.load import Loader
from debugger.coredump.read import read_dump
from debugger.coredump.take import take
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.debugger.test_threads import COUNTERS
from tests.executors import maker
from ui.cli import main
from ui.core import core_start
from ui.start import Start, WorldArgs
from vm.errors import WasmscopeError
from vm.machine import ThreadState
from vm.text import assemble

# A list of nodes with numbers, texts and functions, partly in a table, a global, locals and an exception.
OBJECTS = """(module
  (type $f (func (param i32) (result i32)))
  (rec (type $node (struct (field $next (mut (ref null $node))) (field $n (mut i64)) (field $text (ref $text))
                           (field $f (ref $f)) (field $any (mut anyref)) (field $b (mut i8))))
       (type $text (array (mut i16))))
  (type $nodes (array (mut (ref null $node))))
  (tag $thrown (param (ref null $node) i32))
  (table $t 4 (ref null $node))
  (table $any 2 externref)
  (global $g (mut (ref null $node)) (ref.null $node))
  (func $twice (type $f) (i32.mul (local.get 0) (i32.const 2)))
  (func $thrice (type $f) (i32.mul (local.get 0) (i32.const 3)))
  (elem declare func $twice $thrice)
  (func $made (param $next (ref null $node)) (param $n i64) (param $f (ref $f)) (result (ref $node))
    (struct.new $node (local.get $next) (local.get $n)
      (array.new $text (i32.wrap_i64 (local.get $n)) (i32.const 3)) (local.get $f)
      (ref.i31 (i32.wrap_i64 (local.get $n))) (i32.const 7)))
  (func $sum (param $at (ref null $node)) (result i32) (local $sum i32)
    (block $end (loop $l
      (br_if $end (ref.is_null (local.get $at)))
      (local.set $sum (i32.add (local.get $sum)
        (i32.add (call_ref $f (i32.wrap_i64 (struct.get $node $n (local.get $at)))
                              (struct.get $node $f (local.get $at)))
          (i32.add (array.len (struct.get $node $text (local.get $at)))
            (i31.get_s (ref.cast (ref i31) (struct.get $node $any (local.get $at))))))))
      (local.set $at (struct.get $node $next (local.get $at))) (br $l)))
    (local.get $sum))
  (func $second (param (ref null $node) i32) (result i32) (i32.add (call $sum (local.get 0)) (local.get 1)))
  (func $raise (param $at (ref null $node)) (throw $thrown (local.get $at) (i32.const 100)))
  (func (export "run") (result i32) (local $a (ref null $node)) (local $all (ref null $nodes)) (local $x exnref)
    (local $unset (ref $node))
    (local.set $a (call $made (ref.null $node) (i64.const 5) (ref.func $twice)))
    (local.set $a (call $made (local.get $a) (i64.const 7) (ref.func $thrice)))
    (global.set $g (call $made (local.get $a) (i64.const 9) (ref.func $twice)))
    (table.set $t (i32.const 1) (local.get $a))
    (table.set $any (i32.const 0) (extern.convert_any (local.get $a)))
    (local.set $all (array.new $nodes (local.get $a) (i32.const 3)))
    (array.set $nodes (local.get $all) (i32.const 2) (global.get $g))
    (block $h (result (ref null $node) i32 exnref)
      (try_table (catch_ref $thrown $h) (call $raise (global.get $g))) (unreachable))
    (local.set $x) (drop) (drop)
    (i32.add (i32.add (call $sum (array.get $nodes (local.get $all) (i32.const 2)))
                      (call $sum (table.get $t (i32.const 1))))
      (block $again (result i32)
        (block $h2 (result (ref null $node) i32)
          (try_table (catch $thrown $h2) (throw_ref (local.get $x))) (unreachable))
        (local.set $x (ref.null exn)) (br $again (call $second))))))"""


def _session(module: Path, *invoke: str) -> Session:
    made = Session(Options(module, invoke=invoke), RealWorld(()), make_executor=maker())
    made.start()
    return made


def _opened(module: Path, dump: Path) -> Session:
    start = core_start(Start(Options(module), WorldArgs()), dump)
    made = Session(start.options, RealWorld(()), make_executor=maker(), program=start.program)
    made.start()
    return made


def _module(folder: Path, text: str) -> Path:
    path = folder / "m.wasm"
    path.write_bytes(assemble(text, "m.wat"))
    return path


def _dumped(made: Session) -> bytes:
    return written(take(made.machine, made.inspect, "m"))


def test_objects_go_on_wherever_it_is_dumped(tmp_path: Path) -> None:
    module, path = _module(tmp_path, OBJECTS), tmp_path / "m.core"
    first = _session(module, "run")
    dumps = {}
    while first.machine.thread_state is ThreadState.READY:
        dumps[first.tick] = _dumped(first)
        first.step_instruction(11)
    assert first.last is not None
    expected, end = first.last.detail.results, first.tick
    first.close()
    assert len(dumps) > 20
    for tick, data in dumps.items():
        path.write_bytes(data)
        again = _opened(module, path)
        assert again.machine.thread_state is ThreadState.READY, tick
        ended = again.resume()
        assert (ended.detail.results, ended.tick) == (expected, end)
        again.reverse(lambda back: back.instructions())
        again.close()


def test_what_is_the_same_object_stays_one(tmp_path: Path) -> None:
    module, path = _module(tmp_path, OBJECTS), tmp_path / "m.core"
    first = _session(module, "run")
    first.add_breakpoint("sum")
    first.resume()
    path.write_bytes(_dumped(first))
    again = _opened(module, path)
    for made in (first, again):
        assert made.evaluator(1).truth("$all[2] == $g && $all[0] == $a && table[0][1] == $a && $g.next == $a")
        assert made.evaluator().evaluate("$at.n").text == "9"
    first.close()
    again.close()


def _threads(made: Session) -> list[tuple[int, int, int, bool]]:
    return [
        (t.number, t.record.get("state"), t.control.depth, bool(t.record.get("wait_addr")))
        for t in made.machine.threads
    ]


@pytest.mark.parametrize("tick", [3, 700, 5_003, 14_000, 31_000])
def test_threads_go_on(tick: int, tmp_path: Path) -> None:
    module, path = tmp_path / "m.wat", tmp_path / "m.core"
    module.write_text(COUNTERS)
    first = _session(module)
    first.until_tick(tick)
    path.write_bytes(_dumped(first))
    again = _opened(module, path)
    assert _threads(first) == _threads(again)
    assert again.machine.current.number == first.machine.current.number and again.tick == first.tick == tick
    for made in (first, again):
        ended = made.resume()
        assert ended.tick == made.tick
    assert first.tick == again.tick
    for at in (0, 4, 8, 12):
        assert first.main.memories[0].read(at, 4) == again.main.memories[0].read(at, 4)
    first.close()
    again.close()


def test_every_thread_has_a_stack_of_its_own_in_a_dump(tmp_path: Path) -> None:
    module = tmp_path / "m.wat"
    module.write_text(COUNTERS)
    first = _session(module)
    first.until_tick(14_000)
    dump = read_dump(_dumped(first), "x")
    assert len(dump.others) == 2 and all(name.startswith("thread ") for name, _ in dump.others)
    assert any(frames for _, frames in dump.others)
    first.close()


# What must be so for a dump of each to be resumed.
_CANNOT = {
    "it was in a host function": '(module (import "wasi_snapshot_preview1" "sched_yield" (func $y (result i32)))'
    ' (memory (export "memory") 1) (func (export "run") (drop (call $y))))',
    "holds objects": "(module (type $a (array i8)) (func (export \"run\") (nop) (drop (i32.const 1)))"
    " (elem $e anyref (array.new_default $a (i32.const 3))))",
}  # fmt: skip


@pytest.mark.parametrize("why", _CANNOT)
def test_what_cannot_go_on_is_said_in_one_line(why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, path = _module(tmp_path, _CANNOT[why]), tmp_path / "m.core"
    words = ("catch host", "c") if "host" in why else ()
    commands = [w for c in (*words, f"coredump {path}") for w in ("-ex", c)]
    assert main([*commands, str(module), "--invoke", "run"]) == 0
    assert f"it can be looked at, not resumed: {why}" in capsys.readouterr().out.replace("an element segment of m ", "")
    assert main(["core", "-ex", "c", str(module), str(path)]) == 2
    assert "trapped" in capsys.readouterr().err


# -- damaged ---------------------------------------------------------------------------------------


def _damaged(state: Any, chosen: random.Random) -> Any:
    """The same with something of it changed, taken away or put in another place."""
    odd = [None, -1, 0, 1, 7, 1 << 31, 1 << 70, True, 1.5, "lazy", [], {}, [0, 1], [9, 9], {"object": 0},
           {"object": 99}, {"i31": 2}, {"i31": 3}, "0x" + "f" * 30]  # fmt: skip
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    made = copy.deepcopy(state)
    walk(made)
    node, key = chosen.choice(places)
    other, from_ = chosen.choice(places)
    node[key] = chosen.choice([*odd, copy.deepcopy(other[from_])])
    return made


@pytest.mark.parametrize("text", [OBJECTS, COUNTERS], ids=["objects", "threads"])
def test_a_state_that_is_damaged_does_no_harm(text: str, tmp_path: Path) -> None:
    module, path = _module(tmp_path, text), tmp_path / "m.core"
    invoke = ("run",) if text is OBJECTS else ()
    first = _session(module, *invoke)
    first.until_tick(130 if invoke else 14_000)
    dump = take(first.machine, first.inspect, "m")
    first.close()
    chosen, resumed, refused = random.Random(11), 0, 0
    for _ in range(120):
        state = dump.state
        for _ in range(chosen.choice((1, 1, 3))):
            state = _damaged(state, chosen)
        json.dumps(state)
        path.write_bytes(written(Dump(**{**_fields(dump), "state": state})))
        try:
            again = _opened(module, path)
        except WasmscopeError:
            refused += 1
            continue
        list(again.inspect.heap.objects())
        if again.machine.thread_state is ThreadState.READY:
            resumed += 1
            again.until_tick(again.tick + 300)
        again.close()
    assert resumed > 5 and resumed + refused < 120  # some are looked at alone


def _fields(dump: Dump) -> dict[str, Any]:
    return {name: getattr(dump, name) for name in dump.__dataclass_fields__}


def test_a_frame_that_its_caller_does_not_call_is_not_resumed(tmp_path: Path) -> None:
    wat = """(module (func $two (result i32 i32) (i32.const 1) (i32.const 2)) (func $one (result i32) (i32.const 1))
      (func (export "run") (drop (call $one)) (call $two) (drop) (drop)))"""
    module = _module(tmp_path, wat)
    first = _session(module, "run")
    first.step_instruction()
    dump = take(first.machine, first.inspect, "m")
    top, below = dump.frames
    wrong = Dump(**{**_fields(dump), "frames": (type(top)(0, 0, top.offset), below)})
    again = _session(module, "run")
    assert not Loader(wrong, again.machine, again.main).load()
    assert Loader(dump, again.machine, again.main).load()
    first.close()
    again.close()


def test_a_program_that_came_from_a_dump_is_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, path = _module(tmp_path, OBJECTS), tmp_path / "m.core"
    first = _session(module, "run")
    path.write_bytes(_dumped(first))
    first.close()
    for command in ("save", "record"):
        assert main(["core", "-ex", f"{command} {tmp_path / 'x'}", str(module), str(path)]) == 2
        assert "began in the middle" in capsys.readouterr().err
