"""Calling conventions: the host calls by `array_call`, compiled code by `wasm_call`, which a host function has late."""

from __future__ import annotations

import pytest

from debugger.executors import ExecutorKind
from tests.executors import maker
from tests.vm.test_eras import _KINDS
from tests.worlds import World
from vm.eras.table import chosen
from vm.host import HostCall, HostFunction, Return
from vm.instance import FuncExtern
from vm.machine import CodeKind, Convention, Machine
from vm.poke import poke
from vm.stop import StopKind
from vm.types import FuncType, NumType

_WAT = """(module (type $t (func (result i32))) (table (export "t") 2 funcref)
  (func $one (export "one") (type $t) (i32.const 1)) (func $two (export "two") (type $t) (i32.const 2))
  (elem (i32.const 0) $one)
  (func (export "go") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))"""


def _seven(call: HostCall) -> Return:
    return Return((7,))


def _world(kind: ExecutorKind) -> World:
    world = World(_WAT, machine=Machine(chosen("wasmtime@50")))
    world.executor = maker(kind)(world.machine)
    return world


@pytest.mark.parametrize("kind", _KINDS)
def test_each_caller_goes_by_its_own_word(kind: ExecutorKind) -> None:
    world = _world(kind)
    machine, instance = world.machine, world.instance
    assert world.call("go", 0) == (1,)  # its element is resolved now
    one, two = (machine.func_ref(instance, func) for func in (0, 1))
    words = machine.view("VMFuncRef", two)
    assert words.get("array_call") - words.get("wasm_call") == Convention.ARRAY
    poke(machine, machine.view("VMFuncRef", one).at("array_call"), words.get("array_call").to_bytes(8, "little"))
    assert world.call("go", 0) == (1,)
    machine.clear_call()
    machine.begin(FuncExtern(one, FuncType((), (NumType.I32,)), 0), ())
    assert world.executor.run(None).kind is StopKind.FINISHED and machine.results() == (2,)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_host_function_is_linked_when_compiled_code_first_calls_it(kind: ExecutorKind) -> None:
    world = _world(kind)
    machine = world.machine
    host = machine.define_host(HostFunction("h", "seven", FuncType((), (NumType.I32,)), _seven))
    world.instance.tables[0].set(1, host.func_ref)
    words = machine.view("VMFuncRef", host.func_ref)
    assert words.get("wasm_call") == 0
    machine.space.read(host.func_ref, words.size)
    assert world.inspect.describe_func_ref(host.func_ref) == "host h.seven" and words.get("wasm_call") == 0
    assert [world.call("go", 1) for _ in range(2)] == [(7,), (7,)]
    found = machine.code_at(words.get("wasm_call"))
    assert found is not None and (found.kind, found.entry) == (CodeKind.HOST, Convention.WASM)
    assert world.inspect.describe_code(words.get("array_call")) == "host h.seven (array call)"
