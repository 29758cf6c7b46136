"""What changed since the stop before."""

from __future__ import annotations

from debugger.changes import FRESH, NEVER, OLD, Changes
from tests.debugger.sessions import session
from vm.memories import MemoryStyle

_WAT = """(module (memory 8) (global $g (mut i32) (i32.const 1)) (data (i32.const 4096) "abcd")
  (func (export "run") (i32.store (i32.const 4094) (i32.const 0x01020304)) (i32.store8 (i32.const 20480) (i32.const 9))
    (global.set $g (i32.const 2)) (drop (memory.grow (i32.const 1)))))"""


def test_bytes_pages_and_what_was_there() -> None:
    with session(_WAT, "run") as paused:
        changes, memory = Changes(paused.machine), paused.main.memories[0].region
        assert changes.previous(memory.base + 4090, 16) is None
        assert changes.cards(memory)[:3] == bytes((NEVER, OLD, NEVER))
        paused.run_to("run+0x11")
        paused.step_instruction(4)
        changes.turn()
        assert changes.previous(memory.base + 4090, 12) == bytes(6) + b"abcd" + bytes(2)
        assert changes.previous(memory.base + 4092, 2) is None
        assert changes.previous(memory.base + 20480, 1) == b"\0"
        assert changes.cards(memory)[:6] == bytes((FRESH, FRESH, NEVER, NEVER, NEVER, FRESH))
        changes.turn()
        assert changes.previous(memory.base + 4090, 12) is None
        assert changes.cards(memory)[:6] == bytes((OLD, OLD, NEVER, NEVER, NEVER, OLD))


def test_globals_and_lengths_in_a_vmctx() -> None:
    with session(_WAT, "run") as paused:
        changes, storage = Changes(paused.machine), paused.main.globals[0].storage
        length = paused.main.memories[0].definition
        paused.resume()
        changes.turn()
        was = changes.previous(storage, 16)
        assert was is not None
        assert was[:4] == bytes((1, 0, 0, 0))
        place = paused.machine.layouts.field("VMMemoryDefinition", "current_length")
        was = changes.previous(place.at(length), place.size)
        assert was is not None
        assert int.from_bytes(was, "little") == 8 << 16


def test_a_memory_that_moved_is_compared_with_where_it_lay() -> None:
    wat = """(module (memory 1) (data (i32.const 0) "abcd") (func (export "run")
      (i32.store8 (i32.const 1) (i32.const 0x58)) (drop (memory.grow (i32.const 1)))))"""
    with session(wat, "run", memory_style=MemoryStyle.DYNAMIC) as paused:
        changes, memory = Changes(paused.machine), paused.main.memories[0]
        before = memory.region.base
        paused.step_instruction(5)
        changes.turn()
        assert memory.region.base != before
        assert changes.previous(memory.region.base, 4) == b"abcd"
        base = paused.machine.layouts.field("VMMemoryDefinition", "base")
        was = changes.previous(base.at(memory.definition), base.size)
        assert was is not None and int.from_bytes(was, "little") == before
