"""Instantiation: imports and exports of every kind, segments, limits."""

from __future__ import annotations

import pytest

from tests.worlds import World, module
from vm.errors import LinkError, Trap, TrapKind
from vm.host import Call, HostCall, HostFunction, Outcome, Raise, Return, Throw
from vm.instantiate import instantiate
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.stop import StopKind
from vm.types import I32, FuncType
from vm.validate import validate

PROVIDER = """(module
  (memory (export "m") 1 3) (global (export "g") (mut i32) (i32.const 5)) (table (export "t") 4 funcref)
  (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "peek") (result i32) (i32.load8_u (i32.const 3))))"""


def _linked(wat: str, machine: Machine | None = None) -> tuple[World, World]:
    provider = World(PROVIDER, machine=machine, name="p")
    given = {("p", name): extern for name, extern in exports_of(provider.instance).items()}
    return provider, World(wat, given, provider.machine, "user")


def test_every_kind_of_import_leads_into_the_other_instance() -> None:
    provider, user = _linked("""(module
      (import "p" "m" (memory 1)) (import "p" "g" (global $g (mut i32))) (import "p" "t" (table 4 funcref))
      (import "p" "f" (func $f (param i32) (result i32)))
      (export "again" (func $f))
      (elem (i32.const 1) func $f)
      (func (export "run") (result i32)
        (global.set $g (call $f (global.get $g)))
        (i32.store8 (i32.const 3) (i32.const 77))
        (call_indirect (param i32) (result i32) (i32.const 40) (i32.const 1))))""")
    assert user.run("run").kind is StopKind.FINISHED and user.machine.results() == (41,)
    assert provider.inspect.globals(provider.instance)[0].text == "6"
    provider.executor = user.executor
    provider.run("peek")
    assert provider.machine.results() == (77,)
    user.run("again", 9)
    assert user.machine.results() == (10,)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ('(import "p" "nothing" (func))', "nobody provides p.nothing"),
        ('(import "p" "f" (func))', "incompatible"),
        ('(import "p" "g" (global i32))', "incompatible"),
        ('(import "p" "m" (memory 2))', "incompatible"),
        ('(import "p" "m" (memory 1 2))', "incompatible"),
        ('(import "p" "t" (table 5 funcref))', "incompatible"),
        ('(import "p" "t" (table 4 externref))', "incompatible"),
        ('(import "p" "m" (func))', "incompatible"),
    ],
)
def test_what_does_not_fit_is_refused(wanted: str, why: str) -> None:
    with pytest.raises(LinkError, match=why):
        _linked(f"(module {wanted})")


def test_all_missing_imports_are_named() -> None:
    with pytest.raises(LinkError, match=r"a\.b .*c\.d"):
        World('(module (import "a" "b" (func)) (import "c" "d" (memory 1)))')


def test_a_trap_keeps_what_was_already_written() -> None:
    provider = World(PROVIDER, name="p")
    given = {("p", name): extern for name, extern in exports_of(provider.instance).items()}
    wat = """(module (import "p" "m" (memory 1)) (import "p" "t" (table 4 funcref)) (func $x (result i32) (i32.const 9))
      (elem (i32.const 0) func $x) (data (i32.const 3) "A") (data (i32.const 65536) "B"))"""
    with pytest.raises(Trap) as caught:
        instantiate(provider.machine, validate(module(wat)), given)
    assert caught.value.kind is TrapKind.OUT_OF_BOUNDS_MEMORY
    assert provider.instance.memories[0].read(3, 1) == b"A"
    assert provider.inspect.table_element(provider.instance, 0, 0).state == "func"


def test_growing_past_a_limit_gives_minus_one() -> None:
    wat = """(module (memory 1) (table 1 funcref)
      (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"""
    limits = MachineLimits(max_memory_bytes=4 << 16, max_table_elements=5)
    world = World(wat, machine=Machine(limits=limits))
    for name, first in (("memory", 3), ("table", 4)):
        for delta, expected in ((first + 1, 0xFFFF_FFFF), (first, 1), (1, 0xFFFF_FFFF), (0, first + 1)):
            world.run(name, delta)
            assert world.machine.results() == (expected,), name


@pytest.mark.parametrize(
    ("wat", "limits"),
    [
        ("(module (memory 9))", MachineLimits(max_memory_bytes=8 << 16)),
        ("(module (table 9 funcref))", MachineLimits(max_table_elements=8)),
        ("(module)", MachineLimits(max_instances=0)),
    ],
)
def test_an_instantiation_past_a_limit_is_a_link_error(wat: str, limits: MachineLimits) -> None:
    with pytest.raises(LinkError):
        World(wat, machine=Machine(limits=limits))


# -- host functions ------------------------------------------------------------------------------

HOSTED = """(module
  (import "h" "go" (func $go (param i32) (result i32)))
  (import "h" "stop" (func $stop))
  (table (export "t") 2 funcref) (elem (i32.const 0) func $twice $jumps)
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $jumps (param i32) (result i32) (call $stop) (i32.const 1))
  (func (export "run") (param i32) (result i32) (i32.add (call $go (local.get 0)) (i32.const 100))))"""


def _hosted(go: HostFunction, stop: HostFunction | None = None) -> World:
    end = stop or HostFunction("h", "stop", FuncType((), ()), lambda call: Throw("stop", (3,)))
    return World(HOSTED, {("h", "go"): go, ("h", "stop"): end})


def _go(run: object) -> HostFunction:
    return HostFunction("h", "go", FuncType((I32,), (I32,)), run)  # type: ignore[arg-type]


def test_a_host_function_calls_back_into_the_guest() -> None:
    def run(call: HostCall) -> Outcome:
        return Call(call.element(0, 0), call.args, lambda c, results: Return((results[0] + 1,)))

    world = _hosted(_go(run))
    assert world.run("run", 10).kind is StopKind.FINISHED
    assert world.machine.results() == (121,)


def test_what_a_host_function_throws_is_caught_below() -> None:
    def run(call: HostCall) -> Outcome:
        return Call(call.element(0, 1), call.args, lambda c, r: Return((0,)), lambda c, t: Return(t.values))

    world = _hosted(_go(run))
    assert world.run("run", 10).kind is StopKind.FINISHED
    assert world.machine.results() == (103,) and world.machine.control.depth == 0


def test_what_nobody_catches_traps() -> None:
    world = _hosted(_go(lambda call: Throw("lost")))
    stop = world.run("run", 10)
    assert stop.trap is not None and "nobody catches lost" in str(stop.trap)
    assert [f.name for f in world.inspect.frames()] == ["h.go", "$run"]


def test_a_host_function_may_trap() -> None:
    world = _hosted(_go(lambda call: Raise(TrapKind.HOST, "no")))
    assert str(world.run("run", 10).trap) == "host function trapped: no"


@pytest.mark.parametrize("initial", ["(ref.null func)", "(ref.func $two)"])
def test_segments_go_over_a_tables_initial_value(initial: str) -> None:
    world = World(f"""(module (table 3 3 funcref {initial}) (elem (i32.const 1) func $one)
      (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
      (func (export "run") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))""")
    assert world.call("run", 1) == (1,)
    if "two" in initial:
        assert world.call("run", 0) == world.call("run", 2) == (2,)
