"""`Executor.step`: one instruction in the shortest way, which is no other instruction than that of `run`."""

from __future__ import annotations

import pytest

from debugger.executors import MakeExecutor
from tests.bench.programs import WORKLOADS
from tests.vm.test_hooks import BOTH, touches, workload
from tests.worlds import World
from vm.machine import Machine
from vm.state import state_hash
from vm.stop import StopKind

_STEPS = 2_000


def _stepped(machine: Machine, world: World, steps: int) -> int:
    """Goes so many instructions, shortly where that can be; how many went so."""
    shortly = 0
    for _ in range(steps):
        before, was = machine.tick, state_hash(machine) if shortly % 97 == 0 else ""
        if world.executor.step():
            shortly += 1
            assert machine.tick == before + 1
            continue
        assert machine.tick == before and was in ("", state_hash(machine)), "what is not done leaves no trace"
        if world.executor.run(1).kind is StopKind.FINISHED:
            break
    return shortly


@BOTH
@pytest.mark.parametrize("name", WORKLOADS)
def test_steps_end_where_a_run_does(name: str, make: MakeExecutor) -> None:
    whole, single = workload(name, make), workload(name, make)
    shortly = _stepped(single.machine, single, _STEPS)
    whole.executor.run(_STEPS)
    assert (whole.machine.tick, state_hash(whole.machine)) == (single.machine.tick, state_hash(single.machine))
    assert shortly > single.machine.tick // 3


@BOTH
def test_instructions_of_every_kind(make: MakeExecutor) -> None:
    whole, single = touches(make), touches(make)
    _stepped(single.machine, single, 100_000)
    assert whole.executor.run(None).kind is StopKind.FINISHED
    assert (whole.machine.tick, state_hash(whole.machine)) == (single.machine.tick, state_hash(single.machine))


@BOTH
def test_what_leaves_its_frame_or_traps_is_left_alone(make: MakeExecutor) -> None:
    world = World('(module (func $f) (func (export "run") call $f (drop (i32.div_u (i32.const 1) (i32.const 0)))))')
    world.executor = make(world.machine)
    world.begin("run")
    assert not world.executor.step(), "a call"
    world.executor.run(1)
    assert not world.executor.step(), "a return"
    world.executor.run(1)
    assert world.executor.step() and world.executor.step()
    before = state_hash(world.machine)
    assert not world.executor.step(), "a trap"
    assert state_hash(world.machine) == before and world.executor.run(1).kind is StopKind.TRAP
