"""Imports that the debugger provides."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.events import Reason
from debugger.launch import Options
from debugger.provide import Stub, parse_stub
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import maker
from vm.errors import LinkError, UserError

IMPORTS = """
(module
  (import "env" "a" (func $a (param i32) (result i32))) (import "env" "b" (func $b (result f64)))
  (import "other" "c" (func $c (result i64)))
  (type $box (struct (field i32))) (import "wasmtime" "gc" (func $gc))
  (func (export "all") (result i32 f64 i64) (call $a (i32.const 1)) (call $b) (call $c))
  (func (export "collect") (local $kept (ref null $box))
    (drop (struct.new $box (i32.const 1))) (local.set $kept (struct.new $box (i32.const 2))) (call $gc)))
"""


def session(tmp_path: Path, invoke: str, *texts: str) -> Session:
    path = tmp_path / "imports.wat"
    path.write_text(IMPORTS)
    return Session(
        Options(path, invoke=(invoke,), stubs=tuple(map(parse_stub, texts))), RealWorld(()), make_executor=maker()
    )


def test_the_first_stub_that_matches_answers(tmp_path: Path) -> None:
    found = session(tmp_path, "all", "env.a=-1", "env.*=2.5", "*.c=0x10")
    found.start()
    assert found.resume().detail.results == ("-1", "2.5", "16")


def test_a_stub_may_trap(tmp_path: Path) -> None:
    found = session(tmp_path, "all", "*.*=trap")
    found.start()
    stopped = found.resume()
    assert stopped.reason is Reason.TRAP
    assert "the stub env.a was called" in str(stopped.detail.trap)


def test_what_no_stub_matches_is_still_missing(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"other\.c"):
        session(tmp_path, "all", "env.*=0")


@pytest.mark.parametrize("text", ["env", "env.x", "env.x=", "env.x=y", "=1"])
def test_a_stub_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_stub(text)


def test_values() -> None:
    assert parse_stub("env.f=trap") == Stub("env", "f", None)
    assert parse_stub("env.f=0x1f") == Stub("env", "f", 31)


def test_the_guest_may_collect_garbage(tmp_path: Path) -> None:
    found = session(tmp_path, "collect", "*.*=0")
    found.start()
    found.resume()
    assert [o.text for o in found.inspect.heap.objects()] == ["$box {0=2}"]


def test_a_stub_serves_where_an_import_is_no_function_or_of_another_type(tmp_path: Path) -> None:
    path = tmp_path / "toolchain.wat"
    path.write_text("""(module
      (import "env" "memory" (memory 2 8)) (import "env" "table" (table 3 funcref))
      (import "env" "ref" (global externref))
      (import "env" "base" (global $base i32)) (import "env" "top" (global $top (mut i64)))
      (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i32 i32 i32 i32) (result i32)))
      (func (export "run") (result i64)
        (i32.store (i32.const 65536) (memory.size))
        (i64.add (i64.extend_i32_u (i32.add (global.get $base) (i32.add (i32.load (i32.const 65536)) (table.size))))
          (i64.add (global.get $top) (i64.extend_i32_u (call $seek (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0)))))))""")
    texts = ("env.base=100", "env.*=1000", "wasi_snapshot_preview1.fd_seek=10000")
    found = Session(Options(path, invoke=("run",), stubs=tuple(map(parse_stub, texts))), RealWorld(()))
    found.start()
    assert found.resume().reason is Reason.FINISHED
    assert found.machine.results() == (100 + 2 + 3 + 1000 + 10000,)
