"""Micro-steps: they come from the era's access paths, and say what the machine then does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from debugger.microsteps import MicroStep, microsteps
from tests.vm.test_eras import program_world
from tests.worlds import World
from vm.eras import ERAS
from vm.layout import Era
from vm.machine import Machine
from vm.stop import StopKind

_WAT = """(module (type $t (func (result i32))) (memory 1 3) (table $t 4 funcref) (global (mut i32) (i32.const 5))
  (elem (i32.const 1) func $two) (func $two (type $t) (i32.const 2))
  (func (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "global") (result i32) (global.get 0))
  (func (export "get") (result funcref) (table.get $t (i32.const 1)))
  (func (export "ref") (result funcref) (ref.func $two))
  (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0)))
  (func (export "add") (result i32) (i32.add (i32.const 1) (i32.const 2))))"""


def _at(world: World, export: str, *args: int) -> Sequence[MicroStep]:
    """The micro-steps before the export's last instruction but `end`."""
    world.begin(export, *args)
    while True:
        frame = world.inspect.frame(0)
        assert frame is not None
        if "." in (name := world.inspect.instr(frame).op.name) and not name.startswith(("local", "i32.const")):
            break
        if name == "call_indirect":
            break
        assert world.executor.run(1).kind is StopKind.BUDGET
    return microsteps(world.machine, world.inspect, frame)


def _texts(steps: Sequence[MicroStep]) -> list[str]:
    return [step.text for step in steps]


@pytest.fixture(params=ERAS, ids=lambda era: era.id)
def world(request: pytest.FixtureRequest) -> World:
    return World(_WAT, machine=Machine(request.param))


def test_a_load(world: World) -> None:
    memory = world.instance.memories[0]
    steps = _at(world, "load", 16)
    base, length, compare, access = steps[-4:]
    place = world.machine.layouts.struct("VMMemoryDefinition")
    assert (base.addr, base.value) == (place.field("base").at(memory.definition), memory.region.base)
    assert (length.addr, length.value) == (place.field("current_length").at(memory.definition), 1 << 16)
    assert compare.text == "compare 0x18 + 4 ≤ 0x10000" and not compare.failed
    assert (access.addr, access.size) == (memory.region.base + 24, 4)
    pointers = "owned_memories" in world.instance.vmctx.layout.fields
    assert len(steps) == (5 if pointers else 4)  # the definition is found through a pointer, or lies in line


def test_a_load_past_the_end(world: World) -> None:
    steps = _at(world, "load", 0xFFFF)
    assert steps[-1].failed and "trap" in steps[-1].meaning


def test_a_call_through_a_table(world: World) -> None:
    lazy = world.machine.layouts.era.funcref.lazy_bit is not None
    texts = _texts(_at(world, "call", 1))
    assert any("current_elements" in text for text in texts) and "compare 1 < 4" in texts
    assert ("the element is 0: not resolved yet" in texts) == lazy
    assert world.call("call", 1) == (2,)
    steps = _at(world, "call", 1)
    compared = next(step for step in steps if step.meaning == "the same type")
    assert not compared.failed and steps[-1].text.startswith("call it")
    assert any("$two" in step.meaning for step in steps)


def test_calls_that_trap(world: World) -> None:
    assert _at(world, "call", 9)[-1].failed
    assert _at(world, "call", 0)[-1].failed or world.machine.layouts.era.funcref.lazy_bit is not None


def test_what_goes_through_builtins(world: World) -> None:
    names = world.machine.layouts.era.builtins
    for export, word in (("grow", "grow"), ("ref", "func")):
        called = next(step for step in _at(world, export) if step.text.startswith("call "))
        name = called.text.split()[1]
        assert name in names and word in name


def test_a_global(world: World) -> None:
    (*_, step) = _at(world, "global")
    assert (step.addr, "5" in step.meaning) == (world.instance.globals[0].storage, True)


def test_what_touches_nothing(world: World) -> None:
    assert _at(world, "add") == ()


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.id)
def test_nothing_is_written(era: Era) -> None:
    world = program_world(era)
    world.begin("calls", 3)
    while world.machine.control.depth:
        frame = world.inspect.frame(0)
        assert frame is not None
        region = world.instance.vmctx
        before = world.machine.space.read(region.addr, region.size)
        steps = microsteps(world.machine, world.inspect, frame)
        assert world.machine.space.read(region.addr, region.size) == before
        for step in steps:
            assert not step.size or world.machine.space.region_at(step.addr) is not None
        if world.executor.run(1).kind is not StopKind.BUDGET:
            break
    assert world.machine.results() == (784,)
