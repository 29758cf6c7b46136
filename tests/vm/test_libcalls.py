"""The runtime's functions are called through the array of builtins: its words say which, and micro-steps show them."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.executors import ExecutorKind
from debugger.microsteps import microsteps
from tests.executors import maker
from tests.worlds import World
from vm.eras import ERAS
from vm.eras.table import chosen
from vm.layout import Era
from vm.libcalls.libcall import Libcall, entry_at
from vm.libcalls.table import BY_NAME, AnyLibcall
from vm.machine import CodeKind, Machine
from vm.needs import LayoutError
from vm.reference import targets
from vm.reference.executor import ReferenceExecutor
from vm.stop import StopKind
from vm.types import Addr

_PLAIN = """(memory 1 3) (data $d "data") (table $t 2 9 funcref) (elem $e func $two)
  (func $two (result i32) (i32.const 2))
  (func (export "memory.grow") (drop (memory.grow (i32.const 1))))
  (func (export "memory.copy") (memory.copy (i32.const 1) (i32.const 2) (i32.const 3)))
  (func (export "memory.fill") (memory.fill (i32.const 1) (i32.const 2) (i32.const 3)))
  (func (export "memory.init") (memory.init $d (i32.const 1) (i32.const 2) (i32.const 1)))
  (func (export "data.drop") (data.drop $d))
  (func (export "table.grow") (drop (table.grow $t (ref.null func) (i32.const 1))))
  (func (export "table.fill") (table.fill $t (i32.const 0) (ref.null func) (i32.const 1)))
  (func (export "table.copy") (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1)))
  (func (export "table.init") (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)))
  (func (export "table.get") (drop (table.get $t (i32.const 0))))
  (func (export "ref.func") (drop (ref.func $two)))
  (func (export "elem.drop") (elem.drop $e))"""
_SHARED = """(memory 1 1 shared)
  (func (export "memory.atomic.notify") (drop (memory.atomic.notify (i32.const 8) (i32.const 1))))
  (func (export "memory.atomic.wait32")
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 1) (i64.const 0))))
  (func (export "memory.atomic.wait64")
    (drop (memory.atomic.wait64 (i32.const 8) (i64.const 1) (i64.const 0))))"""
_OBJECTS = """(type $s (sub (struct (field i32)))) (type $u (sub $s (struct (field i32 i32))))
  (type $a (array (mut i32))) (type $f (array (mut funcref)))
  (data $d "12345678") (elem $e func $two) (func $two)
  (global $array (mut (ref $a)) (array.new_default $a (i32.const 4)))
  (global $funcs (mut (ref $f)) (array.new_default $f (i32.const 4)))
  (global $object (mut (ref $s)) (struct.new_default $u))
  (func (export "struct.new") (drop (struct.new $s (i32.const 1))))
  (func (export "struct.new_default") (drop (struct.new_default $s)))
  (func (export "array.new") (drop (array.new $a (i32.const 1) (i32.const 2))))
  (func (export "array.new_default") (drop (array.new_default $a (i32.const 2))))
  (func (export "array.new_fixed") (drop (array.new_fixed $a 1 (i32.const 2))))
  (func (export "array.new_data") (drop (array.new_data $a $d (i32.const 0) (i32.const 2))))
  (func (export "array.new_elem") (drop (array.new_elem $f $e (i32.const 0) (i32.const 1))))
  (func (export "array.copy")
    (array.copy $a $a (global.get $array) (i32.const 0) (global.get $array) (i32.const 1) (i32.const 1)))
  (func (export "array.init_data")
    (array.init_data $a $d (global.get $array) (i32.const 0) (i32.const 0) (i32.const 1)))
  (func (export "array.init_elem")
    (array.init_elem $f $e (global.get $funcs) (i32.const 0) (i32.const 0) (i32.const 1)))
  (func (export "ref.test") (drop (ref.test (ref $s) (global.get $object))))
  (func (export "ref.cast") (drop (ref.cast (ref $u) (global.get $object))))"""
_THROWS = """(tag $t (param i32))
  (func (export "throw") (block $b (result i32) (try_table (catch $t $b) (throw $t (i32.const 1))) (i32.const 0)) drop)
  (func (export "throw_ref")
    (block $outer (result exnref)
      (try_table (catch_all_ref $outer)
        (throw_ref (block $inner (result exnref)
          (try_table (catch_all_ref $inner) (throw $t (i32.const 1))) unreachable)))
      unreachable)
    drop)"""
_PROGRAMS = {"plain": _PLAIN, "shared": _SHARED, "objects": _OBJECTS, "throws": _THROWS}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the entries that were called."""
    names: list[str] = []

    def noting(name: str, call: AnyLibcall) -> AnyLibcall:
        def run(*args: Any, **kwargs: Any) -> Any:
            names.append(name)
            return call.run(*args, **kwargs)

        return Libcall(call.names, run)

    monkeypatch.setattr(targets, "BY_NAME", {name: noting(name, call) for name, call in BY_NAME.items()})
    return names


def _exports(world: World) -> list[str]:
    return [export.name for export in world.instance.module.exports]


def _before(world: World, row: str) -> None:
    """Runs the export named like a row until that row is next."""
    world.begin(row)
    while True:
        frame = world.inspect.frame(0)
        assert frame is not None
        if world.inspect.instr(frame).op.name == row:
            return
        assert world.executor.run(1).kind is StopKind.BUDGET


@pytest.mark.parametrize("program", _PROGRAMS)
@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.id)
def test_micro_steps_say_what_is_called(era: Era, program: str, called: list[str]) -> None:
    try:
        world = World(_PROGRAMS[program], machine=Machine(era))
    except LayoutError:
        return  # what this era cannot hold, it need not call
    world.executor = ReferenceExecutor(world.machine)
    for row in _exports(world):
        _before(world, row)
        frame = world.inspect.frame(0)
        assert frame is not None
        steps = microsteps(world.machine, world.inspect, frame)
        said = [step.text.split()[1] for step in steps if step.text.endswith("with vmctx")]
        called.clear()
        world.executor.run(1)
        assert called == said, row


@pytest.mark.parametrize("kind", (ExecutorKind.REFERENCE, ExecutorKind.NATIVE))
def test_growing_allocating_casting_and_throwing_go_through_the_array(kind: ExecutorKind, called: list[str]) -> None:
    era = chosen("wasmtime@41")
    for program in _PROGRAMS.values():
        world = World(program, machine=Machine(era))
        world.executor = maker(kind)(world.machine)
        for export in _exports(world):
            world.call(export)
    every = {
        "memory_grow",
        "memory_init",
        "table_grow_func_ref",
        "gc_alloc_raw",
        "is_subtype",
        "throw_ref",
        "array_copy",
    }
    assert every <= set(called)


@pytest.mark.parametrize("kind", (ExecutorKind.REFERENCE, ExecutorKind.NATIVE))
@pytest.mark.parametrize("row", ("memory.copy", "memory.fill", "ref.func", "data.drop"))
def test_the_word_in_the_array_says_what_is_called(kind: ExecutorKind, row: str, called: list[str]) -> None:
    world = World(_PLAIN)
    world.executor = maker(kind)(world.machine)
    world.call(row)
    builtins = world.machine.layouts.era.builtins
    name = {"data.drop": "data_drop", "ref.func": "ref_func"}.get(row, row.replace(".", "_"))
    if name not in builtins:
        assert row == "data.drop"  # this era's code does it in line
        return
    called.clear()
    number = builtins.index(name)
    at = entry_at(world.machine.layouts, world.instance, number)
    world.machine.space.words(at, 1)[0] = world.machine.add_code(Addr(0), number, CodeKind.BUILTIN)
    world.call(row)
    assert called == [name]


def test_every_entry_that_is_called_has_one_meaning() -> None:
    ours = {name for call in BY_NAME.values() for name in call.names}
    assert ours <= {name for era in ERAS for name in era.builtins} and len(BY_NAME) == 2 * len(ours)
