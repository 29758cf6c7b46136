"""The machine in every era: the same programs give the same results, and what a layout cannot hold is refused."""

from __future__ import annotations

import pytest

from debugger.executors import ExecutorKind
from tests.executors import maker
from tests.worlds import World
from vm.eras import ERAS
from vm.eras.table import chosen, era_of
from vm.errors import TrapKind, UserError
from vm.host import HostCall, HostFunction, Return
from vm.layout import Era, Layouts
from vm.linking import exports_of
from vm.machine import Machine
from vm.needs import LayoutError
from vm.stop import StopKind
from vm.types import I64, FuncType

_KINDS = (ExecutorKind.REFERENCE, ExecutorKind.NATIVE)
_PROVIDER = """
(module $p (memory (export "m") 2 6) (table 1 funcref) (table (export "t") 5 9 funcref)
  (global (export "unused") (mut i32) (i32.const 3)) (global (export "g") (mut i64) (i64.const 0x0102030405060708))
  (func $twice (export "f") (param i32) (result i32) local.get 0 i32.const 2 i32.mul)
  (elem (table 1) (i32.const 0) func $twice))
"""
_PROGRAM = """
(module
  (type $unary (func (param i32) (result i32)))
  (import "p" "f" (func $f (type $unary)))
  (import "p" "m" (memory $far 1))
  (import "p" "t" (table $far 2 funcref))
  (import "p" "g" (global $g (mut i64)))
  (import "h" "hook" (func $hook (param i64)))
  (memory $own (export "own") 1 4)
  (table $t 6 funcref)
  (table $objects 3 externref)
  (global $count (mut i32) (i32.const 0))
  (global $ref (mut funcref) (ref.null func))
  (global $object (mut externref) (ref.null extern))
  (global $wide (mut v128) (v128.const i64x2 1 2))
  (data (memory $own) (i32.const 8) "\\01\\02\\03\\04")
  (data $passive "abcdef")
  (elem (table $t) (i32.const 1) func $next $f)
  (elem $late func $next $square)
  (func $next (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
  (func (export "memory") (result i32)
    (memory.init $own $passive (i32.const 100) (i32.const 1) (i32.const 3)) (data.drop $passive)
    (memory.copy $own $own (i32.const 200) (i32.const 8) (i32.const 4))
    (memory.copy $far $own (i32.const 16) (i32.const 100) (i32.const 3))
    (memory.fill $own (i32.const 300) (i32.const 7) (i32.const 9))
    (drop (memory.grow $own (i32.const 1)))
    (i32.store $own (i32.const 65540) (i32.const 1000))
    (i32.add (memory.size $own) (i32.add (i32.load $own (i32.const 65540)) (i32.add
      (i32.load8_u $own (i32.const 308))
      (i32.add (i32.load $own (i32.const 200)) (i32.load16_u $far (i32.const 17)))))))
  (func (export "calls") (param i32) (result i32)
    (table.init $t $late (i32.const 4) (i32.const 0) (i32.const 2))
    (table.set $t (i32.const 0) (table.get $far (i32.const 0)))
    (local.get 0)
    (call_indirect $t (type $unary) (i32.const 0)) (call_indirect $t (type $unary) (i32.const 1))
    (call_indirect $t (type $unary) (i32.const 2)) (call_indirect $t (type $unary) (i32.const 5))
    (call_indirect $far (type $unary) (i32.const 0)) (call $f))
  (func (export "globals") (result i64)
    (global.set $g (i64.add (global.get $g) (i64.const 1))) (call $hook (global.get $g))
    (global.set $count (i32.add (global.get $count) (i32.const 5)))
    (global.set $ref (ref.func $square)) (table.set $t (i32.const 3) (global.get $ref))
    (global.set $wide (i64x2.add (global.get $wide) (global.get $wide)))
    (i64.add (i64x2.extract_lane 1 (global.get $wide)) (i64.add (global.get $g) (i64.extend_i32_u
      (call_indirect $t (type $unary) (global.get $count) (i32.const 3))))))
  (func (export "objects") (param externref) (result externref i32)
    (global.set $object (local.get 0)) (table.set $objects (i32.const 1) (global.get $object))
    (table.copy $objects $objects (i32.const 0) (i32.const 1) (i32.const 2))
    (drop (table.grow $objects (table.get $objects (i32.const 0)) (i32.const 2)))
    (table.get $objects (i32.const 4))
    (i32.add (table.size $objects) (ref.is_null (table.get $objects (i32.const 1)))))
  (func (export "far") (result i32) (i32.load $own (i32.const 0x7fffffff)))
  (func (export "wrong") (drop (call_indirect $t (result i64) (i32.const 1))))
  (func (export "null") (drop (call_indirect $t (type $unary) (i32.const 5) (i32.const 3))))
)
"""


def _hook(call: HostCall) -> Return:
    return Return()


def program_world(era: Era, kind: ExecutorKind = ExecutorKind.REFERENCE) -> World:
    """The program with what it imports, in an era."""
    provider = World(_PROVIDER, machine=Machine(era), name="p")
    given = {("p", name): extern for name, extern in exports_of(provider.instance).items()}
    hook = HostFunction("h", "hook", FuncType((I64,), ()), _hook)
    world = World(_PROGRAM, {**given, ("h", "hook"): hook}, provider.machine, "program")
    world.executor = maker(kind)(world.machine)
    return world


def _ids(era: Era) -> str:
    return era.id


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("era", ERAS, ids=_ids)
def test_the_same_results(era: Era, kind: ExecutorKind) -> None:
    world = program_world(era, kind)
    assert world.trap("null").kind is TrapKind.UNINITIALIZED_ELEMENT
    assert world.call("memory") == (2 + 1000 + 7 + 0x04030201 + 0x6463,)
    # twice, next, twice, square; then twice through the other instance's table, and twice again
    assert world.call("calls", 3) == (((3 * 2 + 1) * 2) ** 2 * 4,)
    assert world.call("globals") == (0x0102030405060709 + 4 + 25,)
    assert world.trap("far").kind is TrapKind.OUT_OF_BOUNDS_MEMORY
    assert world.trap("wrong").kind is TrapKind.INDIRECT_CALL_TYPE


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("era", ERAS, ids=_ids)
def test_references_to_host_values(era: Era, kind: ExecutorKind) -> None:
    world = program_world(era, kind)
    object_ = world.machine.gc.new_host_object(77)
    found, size = world.call("objects", object_)
    assert (world.machine.gc.host_value(found), size) == (77, 6)  # element 1 was copied from null
    layouts = world.machine.layouts
    storage = world.instance.globals[-2].storage
    word = world.machine.space.load(storage, layouts.reference_bytes)
    assert world.machine.gc.slot_of(word) == object_
    assert (word != object_) == (layouts.reference_bytes == 8)  # an address before there was a GC heap


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("era", ERAS, ids=_ids)
def test_stops_are_exact(era: Era, kind: ExecutorKind) -> None:
    world = program_world(era, kind)
    world.begin("calls", 3)
    ticks = 0
    while world.executor.run(3).kind is StopKind.BUDGET:
        ticks += 3
        assert world.machine.tick == ticks
    assert world.machine.results() == (784,)


@pytest.mark.parametrize("era", ERAS, ids=_ids)
def test_the_bytes_are_the_eras(era: Era) -> None:
    world = program_world(era)
    vmctx, space = world.instance.vmctx, world.machine.space
    assert vmctx.size == Layouts(era).struct("VMContext", world.instance.shape.counts).size
    if "vmctx" in era.magics:
        assert vmctx.raw("magic") == era.magics["vmctx"].encode()
    own = world.instance.memories[1]
    definition = world.machine.layouts.struct("VMMemoryDefinition")
    assert space.load(definition.field("current_length").at(own.definition), 8) == 1 << 16
    func_ref = world.machine.func_ref(world.instance, 2)
    assert world.machine.read_func_ref(func_ref).vmctx == vmctx.addr


_GC = """(module (type (struct (field i32)))
  (func (export "f") (result i32) (struct.get 0 0 (struct.new 0 (i32.const 7)))))"""
_TAGS = """(module (tag $e (param i32)) (func (export "f") (result i32)
  (block $h (result i32) (try_table (catch $e $h) (throw $e (i32.const 7))) (i32.const 0))))"""
_SHARED = """(module (memory 1 2 shared) (func (export "f") (result i32)
  (i32.add (i32.atomic.rmw.add (i32.const 0) (i32.const 7)) (i32.load (i32.const 0)))))"""
_TABLE_INIT = """(module (table 2 funcref (ref.func $seven)) (func $seven (result i32) (i32.const 7))
  (func (export "f") (result i32) (call_indirect (result i32) (i32.const 1))))"""
MODULES_BY_NEED = {"gc": _GC, "tags": _TAGS, "shared memory": _SHARED, "table initial values": _TABLE_INIT}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("era", ERAS, ids=_ids)
@pytest.mark.parametrize("need", MODULES_BY_NEED)
def test_what_a_layout_cannot_hold(era: Era, need: str, kind: ExecutorKind) -> None:
    wat = MODULES_BY_NEED[need]
    if need not in era.lacks:
        world = World(wat, machine=Machine(era))
        world.executor = maker(kind)(world.machine)
        assert world.call("f") == (7,)
        return
    with pytest.raises(LayoutError) as refused:
        World(wat, machine=Machine(era))
    assert era.title in str(refused.value)


def test_the_first_era_that_can() -> None:
    with pytest.raises(LayoutError, match="--runtime wasmtime@20"):
        World(_GC, machine=Machine(chosen("wasmtime@9")))
    with pytest.raises(LayoutError, match="--runtime wasmtime@31"):
        World(_TAGS, machine=Machine(chosen("wasmtime@30")))
    with pytest.raises(LayoutError, match=r"--runtime wasmtime@0\.39"):
        World(_SHARED, machine=Machine(chosen("wasmtime@0.38.1")))


@pytest.mark.parametrize(
    ("text", "found"),
    [("wasmtime", "wasmtime-48"), ("wasmtime@50.0.1", "wasmtime-48"), ("wasmtime@41", "wasmtime-39"),
     ("wasmtime@0.40", "wasmtime-0.40"), ("wasmtime@v6.0.2", "wasmtime-1"), ("wasmer@4", "wasmer-4"),
     ("wasmer@4.1", "wasmer-3"), ("wasmer", "wasmer-6")],
)  # fmt: skip
def test_choosing(text: str, found: str) -> None:
    assert chosen(text).id == found


@pytest.mark.parametrize(
    "text", ["", "wasmtime@", "wasmtime@0.37", "wasmtime@99", "wasmtime@x", "v8@12", "@36", "wasmer@1"]
)
def test_no_such_era(text: str) -> None:
    with pytest.raises(UserError):
        chosen(text)


def test_every_release_has_one_era() -> None:
    for era in ERAS:
        assert era_of(era.runtime, era.first_version) is era
        assert era_of(era.runtime, era.last_version) is era
