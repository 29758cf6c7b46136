"""Structs, arrays and references: where they lie, when they go, what traps."""

from __future__ import annotations

import pytest

from tests.executors import maker
from tests.worlds import World
from vm import memory
from vm.errors import TrapKind
from vm.gc_collect import collect
from vm.machine import Machine, MachineLimits
from vm.state import state_hash
from vm.stop import StopKind

TYPES = """
(type $point (struct (field $x (mut i32)) (field $y (mut i64)) (field $z (mut i8))))
(type $list (struct (field $head i32) (field $tail (ref null $list))))
(type $bytes (array (mut i8))) (type $wide (array (mut v128))) (type $funcs (array (mut funcref)))
"""


def test_fields_are_aligned_to_their_size() -> None:
    world = World(f'(module {TYPES} (func (export "f") (result i32) (i32.const 1)))')
    layout = world.machine.gc.struct_layout(world.instance.type_ids[0])
    header = world.machine.layouts.struct(world.machine.gc.rules.struct_header).size
    x, y, z = layout.parts
    assert (x.offset, x.bytes) == (header, 4)
    assert (y.offset % 8, y.offset - header in (4, 8), y.bytes) == (0, True, 8)
    assert (z.offset, z.bytes, layout.size % 8) == (y.offset + 8, 1, 0)


def test_an_array_lies_behind_its_length() -> None:
    world = World(f'(module {TYPES} (func (export "f") (result i32) (i32.const 1)))')
    heap = world.machine.gc
    for index, width in ((2, 1), (3, 16)):
        layout = heap.array_layout(world.instance.type_ids[index])
        assert layout.element.offset % width == 0
        assert layout.element.offset >= heap.layouts.struct(heap.rules.array_header).size
        assert layout.size(5) == layout.element.offset + 5 * width


LISTS = f"""
(module {TYPES}
  (global $kept (mut (ref null $list)) (ref.null $list))
  (table $slots 2 anyref)
  (func $garbage (param $n i32)
    (loop $l (drop (struct.new_default $point))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "churn") (param $n i32) (result i32) (local $mine (ref null $list))
    (local.set $mine (struct.new $list (i32.const 5) (ref.null $list)))
    (global.set $kept (struct.new $list (i32.const 7) (local.get $mine)))
    (table.set $slots (i32.const 1) (array.new_fixed $funcs 1 (ref.func $garbage)))
    (call $garbage (local.get $n))
    (i32.add (struct.get $list $head (local.get $mine)) (struct.get $list $head (global.get $kept))))
  (func (export "hold") (param $n i32) (result i32)
    (loop $l (global.set $kept (struct.new $list (local.get $n) (global.get $kept)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 1))
  (func (export "large") (result i32) (array.len (array.new_default $wide (i32.const 0x1000_0000))))
  (func (export "release") (result i32) (global.set $kept (ref.null $list)) (i32.const 1))
  (export "garbage" (func $garbage))
)"""


def test_what_nothing_reaches_is_freed_and_its_place_used_again() -> None:
    world = World(LISTS, machine=Machine(limits=MachineLimits(max_gc_heap_bytes=8 << 20)))
    assert world.call("churn", 400_000) == (12,)  # over twice the heap
    heap = world.machine.gc
    assert heap.size <= 8 << 20
    done = collect(world.machine)
    assert done.objects_kept == 3  # both lists and the array in the table
    assert collect(world.machine).objects_freed == 0


def test_a_heap_full_of_what_is_reached_traps() -> None:
    world = World(LISTS, machine=Machine(limits=MachineLimits(max_gc_heap_bytes=1 << 20)))
    trap = world.trap("hold", 1_000_000)
    assert trap.kind is TrapKind.GC_HEAP_FULL
    assert world.call("release") == (1,)
    assert world.call("churn", 10) == (12,)


def test_an_object_larger_than_the_heap_traps() -> None:
    assert World(LISTS).trap("large").kind is TrapKind.GC_HEAP_FULL


def test_stopping_anywhere_changes_nothing() -> None:
    whole, pieces = World(LISTS), World(LISTS)
    assert whole.call("churn", 150_000) == (12,)
    pieces.begin("churn", 150_000)
    size = 1
    while (stop := maker()(pieces.machine).run(size)).kind is StopKind.BUDGET:
        size = size * 3 % 50_021 + 1
    assert stop.kind is StopKind.FINISHED
    assert state_hash(pieces.machine) == state_hash(whole.machine)


def test_where_regions_found_room_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, other = World(LISTS), World(LISTS)
    assert usual.call("churn", 100) == (12,)
    reserve, turns = memory._reserve, iter(range(99))

    def downwards(hint: int, size: int, *, shared: bool = False) -> int:
        return reserve((1 << 45) + (1 << 43) - (next(turns) << 38), size, shared=shared)

    monkeypatch.setattr(memory, "_reserve", downwards)
    assert other.call("churn", 100) == (12,)
    assert other.machine.gc.region is not None and other.machine.gc.objects.base < other.machine.gc.region.base
    assert state_hash(other.machine) == state_hash(usual.machine)


def test_function_references_inside_the_heap_are_ids() -> None:
    world = World(LISTS)
    world.call("churn", 1)
    heap = world.machine.gc
    array = world.instance.tables[0].peek(1).word
    element = heap.array_layout(heap.type_of(array)).element
    assert element.bytes == 4
    assert heap.load(array, element) == world.machine.func_ref(world.instance, 0)
    assert bytes(heap.elements(array, element, 0, 1)) == b"\1\0\0\0"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("(drop (struct.get $point $x (ref.null $point)))", TrapKind.NULL_STRUCTURE),
        ("(drop (array.get_u $bytes (ref.null $bytes) (i32.const 0)))", TrapKind.NULL_ARRAY),
        (
            "(drop (array.get_u $bytes (array.new_default $bytes (i32.const 2)) (i32.const 2)))",
            TrapKind.OUT_OF_BOUNDS_ARRAY,
        ),
        ("(drop (ref.cast (ref $point) (ref.i31 (i32.const 1))))", TrapKind.CAST_FAILURE),
        ("(drop (i31.get_s (ref.null i31)))", TrapKind.NULL_I31),
        ("(drop (ref.as_non_null (ref.null any)))", TrapKind.NULL_REFERENCE),
        ("(call_ref $nothing (ref.null $nothing))", TrapKind.NULL_FUNCTION),
        ("(throw_ref (ref.null exn))", TrapKind.NULL_EXCEPTION),
    ],
)  # fmt: skip
def test_traps(body: str, kind: TrapKind) -> None:
    world = World(f'(module {TYPES} (type $nothing (func)) (func (export "f") {body}))')
    assert world.trap("f").kind is kind


EXCEPTIONS = """
(module
  (tag $small (param i32)) (tag $wide (param v128 f32)) (tag $none)
  (func $throws (param $n i32)
    (if (i32.eqz (local.get $n)) (then (throw $small (i32.const 42))))
    (if (i32.eq (local.get $n) (i32.const 1))
      (then (throw $wide (v128.const i64x2 3 4) (f32.const 1.5))))
    (throw $none))
  (func $deep (param $depth i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $depth)) (then (call $throws (local.get $n))))
    (i32.add (i32.const 1) (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $n))))
  (func (export "f") (param $n i32) (result i32) (local $e exnref)
    (block $all (result exnref)
      (block $w (result v128 f32)
        (block $s (result i32)
          (try_table (result i32) (catch $small $s) (catch $wide $w) (catch_all_ref $all)
            (call $deep (i32.const 50) (local.get $n))))
        return)
      drop (i32.trunc_f32_s (f32x4.extract_lane 0 (f32x4.convert_i32x4_s))) return)
    (local.set $e)
    (block $again (try_table (catch $none $again) (throw_ref (local.get $e))))
    (i32.const 77))
  (func (export "lost") (call $throws (i32.const 0)))
)"""


@pytest.mark.parametrize(("which", "result"), [(0, 42), (1, 3), (2, 77)])
def test_exceptions_reach_their_handler_with_what_they_carry(which: int, result: int) -> None:
    assert World(EXCEPTIONS).call("f", which) == (result,)


def test_an_exception_that_nothing_catches_traps_where_it_is_thrown() -> None:
    world = World(EXCEPTIONS)
    trap = world.trap("lost")
    assert trap.kind is TrapKind.UNCAUGHT_EXCEPTION and "$small" in trap.detail


@pytest.mark.parametrize("which", [0, 1, 2])
def test_exceptions_go_the_same_way_in_pieces(which: int) -> None:
    whole, pieces = World(EXCEPTIONS), World(EXCEPTIONS)
    whole.call("f", which)
    pieces.begin("f", which)
    while maker()(pieces.machine).run(1).kind is StopKind.BUDGET:
        pass
    assert state_hash(pieces.machine) == state_hash(whole.machine)
