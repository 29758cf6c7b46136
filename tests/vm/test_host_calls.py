"""Host functions at the edges: tail calls, the limit of frames, sites, and whose memory they get."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.executors import maker
from tests.worlds import World
from vm.errors import TrapKind
from vm.host import Block, Call, HostCall, HostFunction, Outcome, Raise, Return, Until
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.state import state_hash
from vm.stop import Site, StopKind
from vm.types import I32, Addr, FuncType

WAT = """(module
  (import "h" "go" (func $go (param i32) (result i32)))
  (type $go (func (param i32) (result i32)))
  (table (export "t") 4 funcref) (elem (i32.const 0) func $twice $go $tail)
  (memory (export "memory") 1) (data (i32.const 0) "A")
  (export "again" (func $go))
  (func $twice (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $tail (export "tail") (param i32) (result i32) (return_call $go (local.get 0)))
  (func $table (export "table") (param i32) (result i32)
    (return_call_indirect (type $go) (local.get 0) (i32.const 1)))
  (func (export "calls tail") (param i32) (result i32) (i32.add (call $tail (local.get 0)) (i32.const 100)))
  (func (export "calls table") (param i32) (result i32) (i32.add (call $table (local.get 0)) (i32.const 100)))
  (func (export "calls") (param i32) (result i32) (i32.add (call $go (local.get 0)) (i32.const 100))))"""

_Run = Callable[[HostCall], Outcome]


def _world(run: _Run, limits: MachineLimits | None = None, name: str = "test", machine: Machine | None = None) -> World:
    go = HostFunction("h", "go", FuncType((I32,), (I32,)), run)
    return World(WAT, {("h", "go"): go}, machine or Machine(limits=limits), name)


def _calling_back(call: HostCall) -> Outcome:
    return Call(call.element(0, 0), call.args, lambda again, results: Return((results[0] + 1,)))


def _calling_itself(call: HostCall) -> Outcome:
    left = call.args[0]
    if left == 0:
        return Return((5,))
    return Call(call.element(0, left % 2 + 1), (left - 1,), lambda again, results: Return((results[0] + 1,)))


def _blocking() -> _Run:
    tries = 0

    def run(call: HostCall) -> Outcome:
        nonlocal tries
        tries += 1
        return Return((call.args[0] + 2,)) if tries % 3 == 0 else Block(Until(deadline_ns=5))

    return run


def _driven(world: World, budget: int | None) -> tuple[object, ...]:
    """What a call comes to when each run is by a new executor with that budget."""
    while True:
        stop = maker()(world.machine).run(budget)
        if stop.kind not in (StopKind.BUDGET, StopKind.BLOCKED):
            results = world.machine.results() if stop.kind is StopKind.FINISHED else ()
            return stop.kind, str(stop.trap), results, world.machine.tick, state_hash(world.machine)


_HOSTS: dict[str, Callable[[], _Run]] = {
    "returns": lambda: lambda call: Return((call.args[0] + 1,)),
    "traps": lambda: lambda call: Raise(TrapKind.HOST, "no"),
    "calls back": lambda: _calling_back,
    "calls itself": lambda: _calling_itself,
    "blocks": _blocking,
}


@pytest.mark.parametrize("export", ["calls", "tail", "table", "calls tail", "calls table", "again"])
@pytest.mark.parametrize("host", _HOSTS)
def test_every_way_to_a_host_function_is_the_same_in_pieces(host: str, export: str) -> None:
    outcomes = []
    for budget in (None, 1, 2, 3):
        world = _world(_HOSTS[host]())
        world.begin(export, 4)
        outcomes.append(_driven(world, budget))
    assert all(outcome == outcomes[0] for outcome in outcomes)


@pytest.mark.parametrize("export", ["calls", "tail", "table"])
def test_a_host_function_gets_the_memory_of_who_called_it_though_by_a_tail_call(export: str) -> None:
    def first_byte(call: HostCall) -> Outcome:
        assert call.memory is not None
        return Return((call.memory.read(0, 1)[0],))

    inner = _world(first_byte)
    given = {("inner", name): extern for name, extern in exports_of(inner.instance).items()}
    outer = World(
        f"""(module (import "inner" "{export}" (func $f (param i32) (result i32))) (memory (export "memory") 1)
          (data (i32.const 0) "B") (func (export "run") (result i32) (call $f (i32.const 0))))""",
        given, inner.machine, "outer",
    )  # fmt: skip
    assert outer.run("run").kind is StopKind.FINISHED
    assert outer.machine.results()[0] % 100 == ord("A")


@pytest.mark.parametrize(("frames", "expected"), [(1, StopKind.TRAP), (2, StopKind.BLOCKED)])
def test_a_host_call_is_a_frame_and_counts_as_one(frames: int, expected: StopKind) -> None:
    world = _world(lambda call: Block(Until()), MachineLimits(max_frames=frames))
    stop = world.run("calls", 1)
    assert (stop.kind, world.machine.control.depth) == (expected, frames)
    assert stop.trap is None or stop.trap.kind is TrapKind.CALL_STACK_EXHAUSTED


def test_a_site_at_the_start_of_a_callback_stops_after_one_at_the_host_function() -> None:
    world = _world(_calling_back)
    context = world.machine.read_import(world.instance, 0).vmctx
    sites = {Site(Addr(context), 0, 0), Site(world.instance.addr, 1, 0)}
    world.begin("calls", 1)
    stops = [(world.executor.run(None, sites).kind, next(world.inspect.frames()).name) for _ in range(2)]
    assert stops == [(StopKind.SITE, "h.go"), (StopKind.SITE, "$twice")]
    assert world.executor.run(None, sites).kind is StopKind.FINISHED
