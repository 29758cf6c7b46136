"""Small programs to debug, and batches of commands on them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from debugger.launch import Options
from debugger.session import Session
from ui.batch import Batch, PlainReport
from ui.command import Context, Settings, StopView
from ui.commands import console
from ui.json_events import JsonEvents
from ui.render.line import Line
from ui.start import Start, WorldArgs

FIB = """(module
  (memory (export "memory") 1)
  (table (export "table") 4 funcref)
  (elem (i32.const 1) func $fib $twice)
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (data (i32.const 16) "hello\\00\\01\\02")
  (func $fib (export "fib") (param $n i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                     (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func $twice (export "twice") (param $x i32) (result i32) (i32.add (local.get $x) (local.get $x)))
  (func $divide (export "divide") (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $forever (export "forever") (loop $again (br $again))))
"""

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "a\\1b[1m\\0a")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 7)))
  (func (export "echo")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "spin")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $again (br $again))))
"""


def start(folder: Path, wat: str = FIB, *invoke: str, **options: Any) -> Start:
    """What it takes to debug a module given as text."""
    path = folder / "program.wat"
    path.write_text(wat)
    return Start(Options(path=path, invoke=invoke, **options), WorldArgs())


@dataclass(frozen=True)
class Done:
    """A batch that is over."""

    out: str
    err: str
    code: int

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def batch(begun: Start, *commands: str) -> Done:
    """Runs commands in plain batch mode."""
    out, err = io.StringIO(), io.StringIO()
    code = Batch(begun, PlainReport(out, err)).run(commands)
    return Done(out.getvalue(), err.getvalue(), code)


def events(begun: Start, *commands: str) -> list[dict[str, Any]]:
    """Runs commands in JSON batch mode."""
    out = io.StringIO()
    Batch(begun, JsonEvents(out), StopView.NOTHING).run(commands)
    return [json.loads(text) for text in out.getvalue().splitlines()]


def context(begun: Start, lines: list[Line], stop_view: StopView = StopView.SHORT) -> tuple[Session, Context]:
    """A started session and what commands need."""
    session = begun.open()
    if session.can_start:
        session.start()
    return session, console(session, lines.append, Settings(stop_view=stop_view))
