"""Vectors: two slots wherever a value can be, shown by their lanes."""

from __future__ import annotations

from pathlib import Path

import wasmtime

from debugger.values import format_vector, parse_value
from tests.executors import maker
from tests.worlds import World
from vm.ops.simd import ROWS
from vm.semantics.vector import VECTOR, VECTOR_LOADS
from vm.state import state_hash
from vm.stop import StopKind
from vm.types import V128, grouped, spread

_TEXT = (Path(__file__).parents[1] / "data" / "vectors.wat").read_text()
_COUNT = 40


def _world() -> World:
    world = World(_TEXT)
    world.begin("run", _COUNT)
    return world


def test_every_row_has_its_function() -> None:
    stepped = {"v128.const", "v128.store"} | {f"v128.{a}{b}_lane" for a in ("load", "store") for b in (8, 16, 32, 64)}
    assert {op.name for op in ROWS} == stepped | set(VECTOR) | set(VECTOR_LOADS)


def test_it_computes_what_wasmtime_does() -> None:
    world = _world()
    assert world.executor.run(None).kind is StopKind.FINISHED
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, _TEXT), [])
    first, second = instance.exports(store)["run"](store, _COUNT)
    assert world.machine.results() == (first & (1 << 64) - 1, second)
    memory = instance.exports(store)["memory"]
    assert world.instance.memories[0].read(0, 65536) == bytes(memory.read(store, 0, 65536))


def test_stopped_at_every_tick_it_ends_the_same() -> None:
    whole, pieces = _world(), _world()
    whole.executor.run(None)
    while pieces.machine.tick < whole.machine.tick:
        maker()(pieces.machine).run(1)
    assert state_hash(pieces.machine) == state_hash(whole.machine)


def test_a_vector_is_one_value_with_its_lanes() -> None:
    world = _world()
    world.executor.run(3)
    locals_ = world.inspect.locals(next(world.inspect.frames()))
    assert locals_[1].text == "i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c"
    assert world.inspect.globals(world.instance)[0].text == "i32x4 0x00000001 0x00000002 0x00000003 0x00000004"


def test_vectors_are_read_and_written_as_people_write_them() -> None:
    value = parse_value("i16x8 1 2 3 4 5 6 7 -1", V128)
    assert format_vector(value, 16) == "i16x8 0x0001 0x0002 0x0003 0x0004 0x0005 0x0006 0x0007 0xffff"
    assert parse_value(str(value), V128) == value
    assert grouped(spread((value,), (V128,)), (V128,)) == (value,)
