"""Memories that move when they grow: the base is seen to change, and nothing else."""

from __future__ import annotations

import pytest

from debugger.executors import ExecutorKind
from tests.executors import maker
from tests.worlds import World
from vm.eras import ERAS
from vm.layout import Era
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.memories import LinearMemory, MemoryStyle
from vm.memory import CAN_MOVE
from vm.snapshot import restore, take
from vm.state import state_hash
from vm.stop import Hooks, StopKind, Watch
from vm.types import Addr

pytestmark = pytest.mark.skipif(not CAN_MOVE, reason="this system cannot move memories")

_WAT = """(module (memory (export "m") 1 600) (data (i32.const 100) "here")
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "at") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "fill") (param $n i32) (result i32) (local $i i32)
    (loop $more
      (i32.store (i32.mul (local.get $i) (i32.const 65536)) (i32.add (local.get $i) (i32.const 7)))
      (i32.store offset=4 (i32.mul (local.get $i) (i32.const 65536))
        (i32.load (i32.mul (local.get $i) (i32.const 65536))))
      (drop (memory.grow (i32.const 1)))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add (i32.load (i32.const 4)) (i32.load offset=4 (i32.mul (i32.sub (local.get $n) (i32.const 1))
      (i32.const 65536)))))
  (func (export "trap") (result i32) (i32.load (i32.mul (memory.size) (i32.const 65536)))))"""
_USER = """(module (import "p" "m" (memory 1)) (func (export "at") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "put") (i32.store (i32.const 8) (i32.const 99))))"""


def _world(kind: ExecutorKind, style: MemoryStyle = MemoryStyle.DYNAMIC, era: Era = ERAS[0]) -> World:
    machine = Machine(era)
    machine.memory_style = style
    world = World(_WAT, machine=machine)
    world.executor = maker(kind)(machine)
    return world


def _base(world: World) -> int:
    memory: LinearMemory = world.instance.memories[0]
    return world.machine.view("VMMemoryDefinition", memory.definition).get("base")


@pytest.fixture(params=(ExecutorKind.REFERENCE, ExecutorKind.NATIVE))
def kind(request: pytest.FixtureRequest) -> ExecutorKind:
    found: ExecutorKind = request.param
    return found


def test_the_base_moves_and_the_bytes_with_it(kind: ExecutorKind) -> None:
    world = _world(kind)
    first, here = _base(world), world.call("at", 100)
    assert world.call("grow", 1) == (1,) and _base(world) != first
    memory = world.instance.memories[0]
    assert memory.region.base == _base(world) and world.machine.space.region_at(_base(world)) is memory.region
    assert world.machine.space.region_at(first) is None  # the bytes can be read there still, by who knew it
    assert world.machine.space.read(Addr(first + 100), 4) == b"here"
    assert world.call("at", 100) == here == (int.from_bytes(b"here", "little"),)
    moved = _base(world)
    assert world.call("grow", 1) == (2,) and _base(world) == moved  # there was room for twice as much
    assert world.call("grow", 0) == (3,)
    assert world.trap("trap").kind.value == "out of bounds memory access"


def test_growing_in_a_loop(kind: ExecutorKind) -> None:
    world = _world(kind)
    bases = {_base(world)}
    assert world.call("fill", 500) == (7 + 506,)
    assert _base(world) not in bases and world.instance.memories[0].pages == 501
    assert len(world.instance.memories[0].region.earlier) < 12
    assert world.call("grow", 200) == (0xFFFF_FFFF,)  # past its maximum


def test_importers_find_it(kind: ExecutorKind) -> None:
    world = _world(kind)
    given = {("p", name): extern for name, extern in exports_of(world.instance).items()}
    user = World(_USER, given, world.machine, "user")
    user.executor = maker(kind)(world.machine)
    user.call("put")
    assert world.call("grow", 5) == (1,)
    assert user.call("at", 8) == (99,) and world.call("at", 8) == (99,)
    user.call("put")
    assert user.instance.memories[0].region is world.instance.memories[0].region


@pytest.mark.parametrize("era", [ERAS[0], ERAS[30], ERAS[-1]], ids=lambda era: era.id)
def test_the_same_state_however_it_lies(era: Era) -> None:
    hashes = set()
    for style in MemoryStyle:
        world = _world(ExecutorKind.REFERENCE, style, era)
        world.call("fill", 9)
        hashes.add(state_hash(world.machine))
    assert len(hashes) == 1


def test_static_ones_stay(kind: ExecutorKind) -> None:
    world = _world(kind, MemoryStyle.STATIC)
    base = _base(world)
    assert world.call("grow", 100) == (1,) and _base(world) == base


def test_going_back_past_a_move(kind: ExecutorKind) -> None:
    world = _world(kind)
    before = take(world.machine)
    world.call("fill", 20)
    world.machine.clear_call()
    restore(world.machine, before)
    assert _base(world) == world.instance.memories[0].region.base
    assert world.call("at", 100) == (int.from_bytes(b"here", "little"),)
    assert world.call("fill", 30) == (7 + 36,)


def test_shared_memories_never_move() -> None:
    machine = Machine(limits=MachineLimits())
    machine.memory_style = MemoryStyle.DYNAMIC
    world = World('(module (memory 1 4 shared) (func (export "g") (result i32) (memory.grow (i32.const 1))))',
                  machine=machine)  # fmt: skip
    base = _base(world)
    assert world.call("g") == (1,) and _base(world) == base


def test_a_watch_goes_along(kind: ExecutorKind) -> None:
    world = _world(kind)
    hooks = Hooks(watches=(Watch(Addr(_base(world)), 4, reads=False, writes=True),))
    world.call("grow", 3)
    world.begin("fill", 2)
    stop = world.executor.run(None, hooks=hooks)
    assert stop.kind is StopKind.WATCH and world.call("at", 0) == (7,)
