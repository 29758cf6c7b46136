"""Random edits of a running guest: each is refused, or the guest goes on by its rules.

Run as a program, so that a crash of the interpreter fails a test and not the tests: `poke_fuzz.py ROUNDS SEED`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

from tests.worlds import World
from vm.errors import UserError
from vm.host import HostCall, HostFunction, Return
from vm.linking import exports_of
from vm.machine import Machine, ThreadState
from vm.poke import poke
from vm.stop import StopKind
from vm.types import I32, SLOT_BYTES, Addr, FuncType

_TICKS = 40
_ROUNDS_PER_WORLD = 100

PROVIDER = """
(module (memory (export "m") 2 4) (table (export "t") 6 12 funcref) (global (export "g") (mut i64) (i64.const 3))
  (elem (i32.const 1) func $f $f) (func $f (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 3))))
"""
GUEST = """
(module
  (type $t (func (param i32) (result i32)))
  (import "p" "f" (func $f (type $t))) (import "h" "hook" (func $hook (type $t)))
  (import "p" "m" (memory $theirs 1)) (import "p" "t" (table $shared 2 funcref)) (import "p" "g" (global $g (mut i64)))
  (memory $own 1 5) (table $own 8 16 funcref) (table $ext 3 externref)
  (global $n (mut i32) (i32.const 1)) (global $h (mut f64) (f64.const 2)) (global $r (mut funcref) (ref.func $inc))
  (global $e (mut externref) (ref.null extern))
  (elem (table $own) (i32.const 0) func $inc $dec $f $hook $deep)
  (func $inc (type $t) (i32.add (local.get 0) (i32.const 1)))
  (func $dec (export "dec") (type $t) (i32.sub (local.get 0) (i32.const 1)))
  (func $deep (type $t) (local $r funcref)
    (local.set $r (table.get $own (i32.and (local.get 0) (i32.const 7))))
    (table.set $own (i32.const 7) (local.get $r))
    (if (result i32) (i32.gt_u (local.get 0) (i32.const 12)) (then (i32.const 1))
      (else (call $deep (i32.add (local.get 0) (i32.const 1))))))
  (func (export "main") (param $i i32) (result i32) (local $x i64) (local $y f32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (i32.store $own (i32.shl (i32.and (local.get $i) (i32.const 0x3fff)) (i32.const 2)) (local.get $i))
      (local.set $x (i64.load $theirs (i32.and (local.get $i) (i32.const 0xffff))))
      (global.set $g (i64.add (local.get $x) (global.get $g)))
      (global.set $n (call_indirect $own (type $t) (global.get $n) (i32.and (local.get $i) (i32.const 7))))
      (drop (call_indirect $shared (type $t) (local.get $i) (i32.and (local.get $i) (i32.const 3))))
      (drop (call $f (call $hook (local.get $i))))
      (memory.fill $own (i32.const 100) (local.get $i) (i32.const 300))
      (memory.copy $theirs $own (i32.const 0) (i32.const 64) (i32.const 500))
      (drop (memory.grow $own (i32.eqz (i32.and (local.get $i) (i32.const 15)))))
      (drop (table.grow $own (global.get $r) (i32.eqz (i32.and (local.get $i) (i32.const 31)))))
      (table.copy $own $shared (i32.const 5) (i32.const 0) (i32.const 2))
      (table.fill $ext (i32.const 0) (global.get $e) (i32.const 2))
      (global.set $r (table.get $own (i32.and (local.get $i) (i32.const 7))))
      (br $again))
    (i32.const 0)))
"""


def _hook(call: HostCall) -> Return:
    return Return(call.args)


def world() -> World:
    """Two instances and a host function that call each other for ever."""
    provider = World(PROVIDER, name="provider")
    given = {("p", name): extern for name, extern in exports_of(provider.instance).items()}
    hook = HostFunction("h", "hook", FuncType((I32,), (I32,)), _hook)
    return World(GUEST, {**given, ("h", "hook"): hook}, provider.machine, "guest")


def _addresses(machine: Machine, rng: random.Random) -> Iterator[Addr]:
    """Where structures of one kind lie."""
    match rng.randrange(6):
        case 0:
            for instance in machine.instances:
                yield from (row.addr for row in instance.vmctx.rows())
                yield from (row.addr for row in instance.record.rows())
        case 1:
            for table in machine.tables.values():
                yield from (Addr(table.region.base + i * table.element_bytes) for i in range(table.size + 1))
        case 2:
            for _, record in machine.frames():
                yield from (Addr(record.base + i * SLOT_BYTES) for i in range(8))
        case 3:
            for instance in machine.instances:
                yield from (row.addr for row in instance.vmctx.rows() if "current" in row.path or "call" in row.path)
        case 4:
            yield from (g.storage for instance in machine.instances for g in instance.globals)
    for region in machine.space.regions():
        yield from (region.base, Addr(region.base + SLOT_BYTES), Addr(region.end - SLOT_BYTES), region.end)


def _words(machine: Machine, rng: random.Random) -> Iterator[int]:
    """Values that may be right somewhere."""
    yield from (0, 1, 2, 3, 5, 7, 8, 16, 0x10000, 0x20000, 0x50000, 0xFFFF, (1 << 32) - 1, (1 << 64) - 1)
    yield rng.getrandbits(rng.choice((4, 16, 32, 64)))
    yield from machine.memories
    yield from machine.tables
    for instance in machine.instances:
        count = len(instance.module.func_type_indexes)
        yield from (machine.code_of(instance, func) for func in range(count + 1))
        refs = [at for func in range(count) if (at := instance.func_ref_at(func)) is not None]
        yield from (*refs, *(machine.layouts.era.funcref.encode(at) for at in refs))
    for region in machine.space.regions():
        yield region.base


def _data(rng: random.Random, words: list[int]) -> bytes:
    size = rng.choice((1, 2, 4, 4, 8, 8, 8, 8, 16))
    value = rng.choice(words) + rng.choice((0, 0, 0, 0, 1, -1, 8))
    return (value & (1 << size * 8) - 1).to_bytes(size, "little")


def fuzz(rounds: int, seed: int) -> tuple[int, int]:
    """(edits made, edits refused)."""
    rng, made, refused = random.Random(seed), 0, 0
    for start in range(0, rounds, _ROUNDS_PER_WORLD):
        here = world()
        here.begin("main", 0)
        for _ in range(min(_ROUNDS_PER_WORLD, rounds - start)):
            addr = Addr(rng.choice(list(_addresses(here.machine, rng))) + rng.choice((0, 0, 0, 0, 0, 1, 4)))
            try:
                poke(here.machine, addr, _data(rng, list(_words(here.machine, rng))))
                made += 1
            except UserError as error:
                assert str(error).startswith("refused: ")
                refused += 1
            _go_on(here)
    return made, refused


def _go_on(here: World) -> None:
    stop = here.executor.run(_TICKS)
    assert stop.kind in (StopKind.BUDGET, StopKind.TRAP, StopKind.FINISHED)
    if here.machine.thread_state is not ThreadState.READY:
        here.begin("main", 0)


if __name__ == "__main__":
    print(*fuzz(int(sys.argv[1]), int(sys.argv[2])))
