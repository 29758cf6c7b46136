"""The reference executor: complete, exact, and the machine whole in memory at every stop."""

from __future__ import annotations

import random

import pytest

from tests.bench.programs import WORKLOADS, source
from tests.executors import maker
from tests.worlds import World
from vm.errors import TrapKind
from vm.machine import Machine, MachineLimits, ThreadState
from vm.ops.row import Has
from vm.ops.table import BY_CODE, BY_NAME, OPS
from vm.reference.translate import MAKERS
from vm.semantics.access import LOADS, STORES
from vm.semantics.table import NUMERIC
from vm.state import state_hash
from vm.stop import Site, StopKind

_STOPS = 300


def _silent(name: str) -> bool:
    return Has.SILENT in BY_NAME[name].has


def test_the_table_is_unique_and_every_row_has_a_step() -> None:
    assert len(BY_CODE) == len(BY_NAME) == len(OPS)
    assert set(MAKERS) == {op.name for op in OPS if not _silent(op.name)}
    assert set(NUMERIC) | set(LOADS) | set(STORES) <= set(BY_NAME)


def _workload(name: str) -> World:
    world = World(source(name), name=name)
    world.begin("run", max(2, WORKLOADS[name] // 20))
    return world


@pytest.mark.parametrize("name", WORKLOADS)
def test_stopped_anywhere_and_resumed_in_a_new_executor_it_ends_the_same(name: str) -> None:
    whole = _workload(name)
    assert whole.executor.run(None).kind is StopKind.FINISHED
    total, expected = whole.machine.tick, state_hash(whole.machine)
    pieces, chance = _workload(name).machine, random.Random(name)
    stops = sorted(chance.sample(range(1, total), min(_STOPS, total - 1)))
    for tick in stops:
        stop = maker()(pieces).run(tick - pieces.tick)
        assert (stop.kind, pieces.tick) == (StopKind.BUDGET, tick)
    assert maker()(pieces).run(None).kind is StopKind.FINISHED
    assert (pieces.tick, state_hash(pieces)) == (total, expected)
    assert pieces.results() == whole.machine.results()


def test_the_hash_notices_every_kind_of_state() -> None:
    wat = """(module (memory 1) (table 4 funcref) (global $g (mut i32) (i32.const 1)) (elem declare func $f)
      (func $f) (func (export "run") (param i32) (local i64) (i32.const 5) (drop)))"""
    world = World(wat)
    world.begin("run", 7)
    world.executor.run(1)
    seen = {state_hash(world.machine)}
    instance, space = world.instance, world.machine.space
    for write in (
        lambda: instance.memories[0].write(9, b"x"),
        lambda: instance.tables[0].set(1, 0),
        lambda: instance.tables[0].set(2, world.machine.func_ref(instance, 0)),
        lambda: space.store(instance.globals[0].storage, 4, 2),
        lambda: space.store(world.machine.control.top.base, 8, 8),
        lambda: world.machine.state.set("tick", 99),
    ):
        write()
        seen.add(state_hash(world.machine))
    assert len(seen) == 7


def test_dead_bytes_are_no_state() -> None:
    world = World('(module (func (export "run") (i32.const 1) (i32.const 2) (drop) (drop)))')
    world.begin("run")
    before = state_hash(world.machine)
    world.machine.values.view[64:72] = b"\xff" * 8
    assert state_hash(world.machine) == before


COUNTED = """(module (func $f (param i32) (result i32) (local.get 0))
  (func (export "run") (result i32)
    (block (nop) (loop (nop)))
    (if (result i32) (i32.const 1) (then (call $f (i32.const 5))) (else (i32.const 6)))))"""


def test_ticks_count_what_retires() -> None:
    """i32.const, if, i32.const, call, local.get, end, the else that is fallen into, end."""
    world = World(COUNTED)
    assert world.run("run").kind is StopKind.FINISHED
    assert world.machine.tick == 8 and world.machine.results() == (5,)


def test_a_trapping_instruction_retires_nothing() -> None:
    world = World('(module (func (export "run") (i32.const 1) (i32.const 0) (i32.div_u) (drop)))')
    stop = world.run("run")
    assert stop.trap is not None and stop.trap.kind is TrapKind.INTEGER_DIVIDE_BY_ZERO
    assert world.machine.tick == 2 and world.machine.control.top.pc == 2
    assert world.machine.thread_state is ThreadState.TRAPPED


def test_sites_stop_before_but_not_at_the_first_instruction() -> None:
    world = World('(module (func (export "run") (loop $l (br $l))))')
    world.begin("run")
    site = Site(world.instance.addr, 0, 0)
    for tick in (1, 2, 3):
        assert world.executor.run(10, {site}).kind is StopKind.SITE
        assert world.machine.tick == tick
    assert world.executor.run(10, frozenset()).kind is StopKind.BUDGET


DEEP = '(module (func $f (export "run") (param i32) (result i32) (call $f (i32.add (local.get 0) (i32.const 1)))))'


@pytest.mark.parametrize(
    "limits", [MachineLimits(max_frames=1000), MachineLimits(value_stack_bytes=1 << 15)], ids=["frames", "values"]
)
def test_too_deep_traps_with_everything_alive(limits: MachineLimits) -> None:
    world = World(DEEP, machine=Machine(limits=limits))
    stop = world.run("run", 0)
    assert stop.trap is not None and stop.trap.kind is TrapKind.CALL_STACK_EXHAUSTED
    assert [v.slot for v in world.inspect.operands(next(world.inspect.frames()))] == [world.machine.control.depth]
    assert world.machine.control.depth > 900


def test_a_tail_call_keeps_the_depth() -> None:
    wat = """(module (func $f (export "run") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
      (return_call $f (i32.sub (local.get 0) (i32.const 1)))))"""
    world = World(wat, machine=Machine(limits=MachineLimits(max_frames=2)))
    assert world.run("run", 10_000).kind is StopKind.FINISHED
    assert world.machine.results() == (42,)
