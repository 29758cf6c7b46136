"""Instructions with their operands: the quick way writes what looking at each of them says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from debugger.executors import ExecutorKind
from debugger.session import Session
from debugger.traces.expand import Expansion
from debugger.traces.operands import write_operands
from debugger.traces.trace import Texts, with_operands
from tests.debugger.sessions import session
from tests.debugger.test_counting import run_of
from vm.types import Tick

VALUES = """(module (memory 1) (type $p (struct (field i32)))
  (func (export "run") (param $n i32) (local $s i64)
    (loop $l
      (drop (f64.add (f64.const -0.5) (f64.load (i32.const 8))))
      (drop (f32.mul (f32.const nan) (f32.const inf)))
      (drop (i32x4.add (v128.const i32x4 1 2 3 4) (i32x4.splat (local.get $n))))
      (drop (ref.is_null (struct.new $p (i32.const -7))))
      (local.set $s (i64.sub (local.get $s) (i64.const 9000000000000000000)))
      (memory.fill (i32.const 0) (local.get $n) (i32.const 100))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (i32.div_u (i32.const -1) (local.get $n)))))"""


def _both(made: Session) -> tuple[list[object], list[object]]:
    texts = Texts(made.machine, made.inspect, lambda vmctx, offset: "")
    end = made.tick
    expansion = Expansion(made.machine, made.history, Tick(min(3, end)), Tick(min(end, 3000)))
    file = io.BytesIO()
    with made.history.excursion():
        slowly = list(with_operands(expansion, made.inspect, texts, lambda done, of: True))
        count = write_operands(expansion, file, texts, lambda done, of: True)
    quickly = [json.loads(line) for line in file.getvalue().splitlines()]
    assert count == len(quickly)
    return quickly, slowly


@pytest.mark.parametrize("name", ["branches", "objects", "hosted", "tree", "threads"])
def test_of_programs(name: str, tmp_path: Path) -> None:
    with run_of(name, ExecutorKind.NATIVE, tmp_path) as made:
        quickly, slowly = _both(made)
    assert quickly == slowly and len(slowly) > 90


@pytest.mark.parametrize("kind", [ExecutorKind.NATIVE, ExecutorKind.REFERENCE])
def test_of_values_of_every_type(kind: ExecutorKind) -> None:
    with session(VALUES, "run", "5", kind=kind) as made:
        made.resume()
        quickly, slowly = _both(made)
    assert quickly == slowly and len(slowly) > 100
