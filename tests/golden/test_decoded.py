"""Whole VMContexts of our own machine in the newest era, as the decoder reads them, against stored text.

`WASMSCOPE_UPDATE_GOLDENS=1` writes the text anew: look at what changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worlds import World
from vm import eras
from vm.decode_vmctx import DecodedInstance, decode_instance
from vm.eras import WASMTIME_48
from vm.host import HostCall, HostFunction, Return
from vm.instance import Instance
from vm.linking import exports_of
from vm.machine import Machine
from vm.types import I64, Addr, FuncType

_FOLDER = Path(__file__).parent / "decoded"
_PROVIDER = """
(module $p (memory (export "m") 2 6) (table 1 funcref) (table (export "t") 5 9 funcref)
  (global (export "unused") (mut i32) (i32.const 3)) (global (export "g") (mut i64) (i64.const 0x0102030405060708))
  (func (export "f") (result i32) i32.const 0x1234))
"""
_MODULES = {
    "empty": "(module)",
    "memories": '(module (memory (export "m") 1 4) (memory 0) (memory 2) (data (memory 2) (i32.const 8) "abc"))',
    "memory64": "(module (memory i64 1 3))",
    "tables": """(module (type $v (func)) (table $a 6 10 funcref) (table $b 2 externref) (table $c 3 funcref)
      (elem (table $a) (i32.const 1) func $x $y) (elem (table $c) (i32.const 0) funcref (ref.func $y) (ref.null func))
      (func $x) (func $y (export "y")) (func $call (export "call") (call_indirect $a (i32.const 1))))""",
    "globals": """(module (global i32 (i32.const -1)) (global (mut i64) (i64.const 0x1122334455667788))
      (global f32 (f32.const 1.5)) (global (mut f64) (f64.const -2)) (global funcref (ref.func $f))
      (global (mut externref) (ref.null extern)) (func $f))""",
    "escaped": """(module (func $a (export "a")) (func $b) (func $c (export "c") (result i32) (i32.const 3))
      (elem declare func $b) (func (drop (ref.func $b))))""",
    "passive": '(module (memory 1) (data "passive") (data "") (table 2 funcref) (elem func $f) (func $f))',
    "start": "(module (global $g (mut i32) (i32.const 0)) (func $s (global.set $g (i32.const 5))) (start $s))",
    "imports": """(module (import "p" "f" (func $f (result i32))) (import "p" "m" (memory 1))
      (import "p" "t" (table 2 funcref)) (import "p" "g" (global $g (mut i64))) (import "h" "hook" (func (param i64)))
      (global (export "own") (mut i64) (i64.const 9)) (elem (i32.const 1) func $mine)
      (func $mine (export "run") (result i32) (global.set $g (i64.const 7)) (call $f)))""",
}


def _return(call: HostCall) -> Return:
    return Return()


def _world(name: str) -> World:
    if name != "imports":
        return World(_MODULES[name], name=name)
    provider = World(_PROVIDER, name="p")
    given = {("p", export): extern for export, extern in exports_of(provider.instance).items()}
    hook = HostFunction("h", "hook", FuncType((I64,), ()), _return)
    return World(_MODULES[name], {**given, ("h", "hook"): hook}, provider.machine, name)


def _decode(machine: Machine, instance: Instance) -> DecodedInstance:
    kinds = [table.is_func for table in instance.tables]
    return decode_instance(machine.space, machine.layouts, instance.shape.counts, instance.addr, kinds)


def _pointer(world: World, addr: int) -> str:
    """An address as what it hits, since addresses may differ from run to run."""
    return world.inspect.describe_address(addr) or "null"


def _lines(world: World) -> Iterator[str]:
    decoded = _decode(world.machine, world.instance)
    yield f"size {decoded.size:#x}"
    func_refs = {
        g.storage for g in world.instance.globals if str(g.type.value) == "funcref" and g.owner == decoded.addr
    }
    for field in decoded.fields:
        if field.type.startswith("ptr<") or Addr(decoded.addr + field.offset) in func_refs:
            width = world.machine.layouts.pointer_bytes
            value = _pointer(world, int.from_bytes(field.bytes[:width], "little"))
        else:
            value = field.bytes.hex(" ")
        yield f"{field.offset:#06x} {field.size:2} {field.path} : {field.type} = {value}"
    for i, memory in enumerate(decoded.memories):
        yield f"memory {i}: {_pointer(world, memory.base)}, {memory.size_bytes:#x} bytes"
    for i, table in enumerate(decoded.tables):
        yield f"table {i}: {_pointer(world, table.base)}, {table.size} elements"
        for k, element in enumerate(table.elements):
            yield f"  {k}: {element.state}" + (f" {_pointer(world, element.target)}" if element.target else "")


@pytest.mark.parametrize("name", _MODULES)
@pytest.mark.skipif(eras.NEWEST is not WASMTIME_48, reason="the stored text is of the newest era")
def test_decoded(name: str) -> None:
    text = "\n".join(_lines(_world(name))) + "\n"
    path = _FOLDER / f"{name}.txt"
    if os.environ.get("WASMSCOPE_UPDATE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", _MODULES)
def test_decoded_is_what_the_machine_knows(name: str) -> None:
    """In every era: what the decoder finds along the paths is what the machine's own records say."""
    world = _world(name)
    instance, decoded = world.instance, _decode(world.machine, world.instance)
    assert decoded.field("magic").bytes.decode() == world.machine.layouts.era.magics["vmctx"]
    assert [(m.definition, m.base, m.size_bytes) for m in decoded.memories] == [
        (m.definition, m.region.base, m.size_bytes) for m in instance.memories
    ]
    assert [(t.definition, t.base, t.size) for t in decoded.tables] == [
        (t.definition, t.region.base, t.size) for t in instance.tables
    ]
    assert [g.storage for g in decoded.globals] == [g.storage for g in instance.globals]
    for table, own in zip(decoded.tables, instance.tables, strict=True):
        for i, element in enumerate(table.elements):
            assert (element.word, element.state, element.target) == own.peek(i)[:3]
    for func, slot in instance.shape.func_ref_slots.items():
        if not instance.is_imported(func):
            assert decoded.func_refs[slot].addr == instance.func_ref_at(func)


def test_resolved_on_the_way() -> None:
    """A lazy element is resolved by the call that needs it, not by looking."""
    world = _world("tables")
    before = _decode(world.machine, world.instance).tables[0].elements[1]
    assert (before.state, before.word) == ("lazy", 0)
    assert world.run("call").trap is None
    after = _decode(world.machine, world.instance).tables[0].elements[1]
    assert (after.state, after.target) == ("func", world.instance.func_ref_at(0))
