"""Cross references."""

from __future__ import annotations

from debugger.xrefs import Xrefs
from tests.worlds import module

WAT = """
(module (type $t (func)) (import "h" "f" (func $host))
  (memory $a 1) (memory $b 1) (table $t 2 funcref) (global $g (mut i32) (i32.const 0))
  (elem declare func $leaf)
  (func $leaf (i32.store $b (i32.const 0) (global.get $g)))
  (func $mid (call $leaf) (call $host) (call $leaf) (memory.copy $a $b (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $top (call $mid) (drop (ref.func $leaf)) (call_indirect $t (type $t) (i32.const 0)) (return_call $mid)))
"""


def test_who_uses_what() -> None:
    xrefs = Xrefs(module(WAT))
    assert [(u.func, u.op) for u in xrefs.callers(1)] == [(2, "call"), (2, "call"), (3, "ref.func")]
    assert [(u.func, u.op) for u in xrefs.callers(2)] == [(3, "call"), (3, "return_call")]
    assert [u.func for u in xrefs.callees(2)] == [1, 0]
    assert xrefs.callees(0) == () and xrefs.callers(3) == ()
    assert [(u.func, u.op) for u in xrefs.global_users(0)] == [(1, "global.get")]
    assert [(u.func, u.op) for u in xrefs.table_users(0)] == [(3, "call_indirect")]
    assert [(u.func, u.op) for u in xrefs.memory_users(1)] == [(1, "i32.store"), (2, "memory.copy")]
    assert [u.op for u in xrefs.memory_users(0)] == ["memory.copy"]
    assert [u.op for u in xrefs.type_users(0)] == ["call_indirect"]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    Xrefs(module(WAT), lambda done, of: told.append((done, of))).callers(0)
    assert told == [(0, 3), (3, 3)]
