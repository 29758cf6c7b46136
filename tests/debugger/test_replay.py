"""Repeating runs from their journals: what was under way at a pause is under way again."""

from __future__ import annotations

import pytest

from debugger.events import Event, Reason, Running
from debugger.replay import replay
from tests.debugger.sessions import session
from vm.state import state_hash

FILL = """(module (memory 1024)
  (func (export "run") (memory.fill (i32.const 5) (i32.const 1) (i32.const 0x3f00000))))"""
COPY = """(module (memory 1024) (data (i32.const 0) "abc")
  (func (export "run") (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3f00000))))"""
SLEEP = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"""


@pytest.mark.parametrize("wat", [FILL, COPY, SLEEP], ids=["memory.fill", "memory.copy", "poll_oneoff"])
def test_a_run_paused_inside_an_instruction_is_repeated_up_to_there(wat: str) -> None:
    with session(wat, "run") as s:

        def pause(event: Event) -> None:
            if isinstance(event, Running):
                s.request_pause()

        s.listen(pause)
        for _ in range(2):
            assert s.resume().reason is Reason.PAUSE
            assert state_hash(replay(s.options, s.loaded, s.machine)) == state_hash(s.machine)
