"""Traps of every kind in words, and where a bad operand came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.events import Reason
from debugger.explain import explain_trap
from debugger.provide import parse_stub
from debugger.session import Session
from tests.debugger.sessions import sample, session
from ui.cli import main
from vm.errors import TrapKind
from vm.machine import MachineLimits

REFERENCES = """(module (memory 1) (memory $shared 1 1 shared) (data (i32.const 64) "nearest") (tag $oops)
  (type $f (func)) (type $point (struct (field i32))) (type $other (struct (field i64))) (type $list (array (mut i32)))
  (func (export "null") (drop (ref.as_non_null (ref.null any))))
  (func (export "null_function") (call_ref $f (ref.null $f)))
  (func (export "null_structure") (drop (struct.get $point 0 (ref.null $point))))
  (func (export "null_array") (drop (array.len (ref.null array))))
  (func (export "null_i31") (drop (i31.get_u (ref.null i31))))
  (func (export "null_exception") (throw_ref (ref.null exn)))
  (func (export "array") (drop (array.get $list (array.new $list (i32.const 0) (i32.const 3)) (i32.const 3))))
  (func (export "cast") (drop (ref.cast (ref $other) (struct.new $point (i32.const 1)))))
  (func (export "uncaught") (throw $oops))
  (func (export "full") (loop $l (drop (array.new $list (i32.const 0) (i32.const 10000000))) (br $l)))
  (func (export "unaligned") (drop (i32.atomic.load $shared offset=4 (i32.const 6))))
  (func (export "unshared") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (func (export "deadlock") (drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const -1))))
  (func (export "nearest") (drop (i32.load (i32.const 0x20000)))))"""


@pytest.mark.parametrize(
    ("export", "kind", "wanted"),
    [
        ("null", TrapKind.NULL_REFERENCE, "a reference that is null was used"),
        ("null_function", TrapKind.NULL_FUNCTION, "a function reference that is null was called"),
        ("null_structure", TrapKind.NULL_STRUCTURE, "a field was asked of a structure reference that is null"),
        ("null_array", TrapKind.NULL_ARRAY, "an array reference that is null"),
        ("null_i31", TrapKind.NULL_I31, "an i31 reference that is null"),
        ("null_exception", TrapKind.NULL_EXCEPTION, "an exception reference that is null was thrown"),
        ("array", TrapKind.OUT_OF_BOUNDS_ARRAY, "bound: the array has 3 elements"),
        ("cast", TrapKind.CAST_FAILURE, "it is $point"),
        ("uncaught", TrapKind.UNCAUGHT_EXCEPTION, "nothing catches $oops"),
        ("full", TrapKind.GC_HEAP_FULL, "of 1,048,576 that it may have"),
        ("unaligned", TrapKind.UNALIGNED_ATOMIC, "0x6 + offset 0x4: 2 past a multiple of 4"),
        ("unshared", TrapKind.UNSHARED_WAIT, "needs a shared memory"),
        ("deadlock", TrapKind.DEADLOCK, "no thread can go on"),
        ("nearest", TrapKind.OUT_OF_BOUNDS_MEMORY, "data segment 0, 0x40 to 0x46; the address is 131,002 bytes behind"),
    ],
)
def test_the_kinds_of_references_and_threads(export: str, kind: TrapKind, wanted: str) -> None:
    with session(REFERENCES, export, limits=MachineLimits(max_gc_heap_bytes=1 << 20)) as each:
        trap = each.resume().detail.trap
        assert trap is not None and trap.kind is kind
        text = "\n".join(explain_trap(each.machine, each.inspect, trap))
        assert wanted in text, text


def test_every_kind_of_trap_has_its_sentence() -> None:
    from debugger.explain import _SENTENCES

    assert set(_SENTENCES) == set(TrapKind)


CHAIN = """(module (memory 1) (global $g (mut i32) (i32.const 0))
  (func $store (param $p i32) (i32.store offset=16 (i32.const 0) (local.get $p)))
  (func $wide (param $n i32) (result i32) (i32.shl (local.get $n) (i32.const 20)))
  (func (export "run") (param $n i32) (local $at i32)
    (global.set $g (i32.add (i32.const 1) (local.get $n)))
    (call $store (global.get $g))
    (memory.copy (i32.const 40) (i32.const 16) (i32.const 4))
    (local.set $at (i32.load (i32.const 40)))
    (drop (i32.load8_u (i32.const 3)))
    (drop (i32.load (local.get $at)))))"""


def test_the_way_of_a_bad_pointer() -> None:
    with session(CHAIN, "run", "1000000") as each:
        assert each.resume().reason is Reason.TRAP
        tick = each.tick
        ways = [cause.instruction.split()[0] for cause in each.causes if not cause.is_way]
        assert ways == ["i32.load", "memory.copy", "i32.store", "global.get", "global.set", "i32.add", "local.get"]
        assert each.causes[-1].note == "an argument from outside" and each.causes[-1].tick == 1
        assert each.causes[0].value == "1000001 (0xf4241)" and each.causes[-1].value == "1000000 (0xf4240)"
        assert each.tick == tick and not each.history.in_past
        each.to_cause()
        assert each.tick == 1
        each.resume()
        assert each.last is not None and each.last.reason is Reason.TRAP


def test_a_wild_pointer_of_a_compiled_program(capfd: pytest.CaptureFixture[str]) -> None:
    with sample("trap-explained/list.wasm") as each:
        each.resume()
        assert [c.place for c in each.causes if "push" in c.place]
        each.to_cause()
        assert each.place().name.endswith("main")  # type: ignore[union-attr]
    path = Path(__file__).parents[2] / "sample-modules" / "trap-explained" / "list.wasm"
    assert main(["run", str(path)]) == 134
    told = capfd.readouterr().err
    assert "nearest: mparams, 0x5d8 to 0x5ef; the address is 2,147,482,113 bytes behind it" in told
    assert "where it came from" in told and "i32.const 2147483632  at $__original_main+0x29 (@0xce), list.c:26" in told


def test_without_a_recording_there_is_no_way_but_an_explanation() -> None:
    with session(CHAIN, "run", "1000000", log_limit_bytes=0) as each:
        assert each.resume().reason is Reason.TRAP
        assert isinstance(each, Session) and each.causes == []


RETURNED = """(module (import "env" "given" (func $given (result i32))) (memory 1)
  (func $deep (param $n i32) (result i32)
    (if (result i32) (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1))))
      (else (i32.load (i32.const 8)))))
  (func $choose (param $n i32) (result i32)
    (drop (call $deep (i32.const 0)))
    (return (call $deep (local.get $n))))
  (func (export "called") (i32.store (i32.const 8) (i32.const 0x700000)) (drop (i32.load (call $choose (i32.const 2)))))
  (func (export "host") (drop (i32.load (call $given)))))"""


def test_what_a_call_returned_is_followed_into_it() -> None:
    with session(RETURNED, "called", stubs=(parse_stub("env.given=0x300000"),)) as each:
        each.resume()
        instructions = [cause.instruction for cause in each.causes]
        assert instructions == ["return", "end", "end", "end", "i32.load", "i32.store", "i32.const 7340032"]
        assert [cause.tick for cause in each.causes] == sorted((c.tick for c in each.causes), reverse=True)


def test_what_the_host_answered_is_said() -> None:
    with session(RETURNED, "host", stubs=(parse_stub("env.given=3145728"),)) as each:
        each.resume()
        (cause,) = each.causes
        assert (cause.instruction, cause.note) == ("call $given", "the host's answer")
