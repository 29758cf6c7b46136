"""Edits by hand: what is sound is written, the rest is refused with a reason."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm.poke_fuzz import world
from tests.worlds import World
from vm.errors import TrapKind, UserError
from vm.journal import Edit
from vm.machine import Convention
from vm.memory import RegionKind, Write
from vm.poke import poke, poke_slot
from vm.stop import StopKind
from vm.types import Addr

_ROOT = Path(__file__).parents[2]


def _word(value: int, size: int = 8) -> bytes:
    return value.to_bytes(size, "little")


def _stopped(ticks: int = 3) -> World:
    here = world()
    here.run("main", 5, ticks=ticks)
    return here


def _field(here: World, path: str) -> Addr:
    return next(row.addr for row in here.instance.vmctx.rows() if row.path == path)


def _length(here: World) -> Addr:
    """Where the length of the guest's own memory lies."""
    definition = here.instance.memories[-1].definition
    return here.machine.layouts.field("VMMemoryDefinition", "current_length").at(definition)


def _base(here: World) -> Addr:
    definition = here.instance.memories[-1].definition
    return here.machine.layouts.field("VMMemoryDefinition", "base").at(definition)


def test_an_edit_is_written_marked_and_journalled() -> None:
    here = _stopped()
    memory = here.instance.memories[1]
    poke(here.machine, Addr(memory.region.base + 4), b"abc")
    assert memory.read(4, 3) == b"abc"
    assert memory.region.cards is not None and memory.region.cards[0] == 1
    assert here.machine.journal.entries[-1] == Edit(here.machine.tick, (Write(memory.region.number, 4, b"abc"),))


def test_a_local_is_obeyed() -> None:
    here = _stopped(0)
    poke_slot(here.machine, here.inspect.locals(_frame(here))[0].addr, _word(41, 4))
    here.executor.run(4)
    assert here.inspect.locals(_frame(here))[0].slot == 42


def _frame(here: World):  # type: ignore[no-untyped-def]
    frame = here.inspect.frame(0)
    assert frame is not None
    return frame


def test_a_shorter_memory_is_obeyed() -> None:
    here = _stopped()
    poke(here.machine, _length(here), _word(0))
    stop = here.executor.run(1000)
    assert stop.trap is not None and stop.trap.kind is TrapKind.OUT_OF_BOUNDS_MEMORY


def test_growing_after_an_edit_made_it_shorter() -> None:
    here = World('(module (memory 2 4) (func (export "g") (result i32) (memory.grow (i32.const 1))))')
    poke(here.machine, _length(here), _word(0x10000))
    assert here.run("g").kind is StopKind.FINISHED
    assert here.machine.results() == (1,)


def test_a_funcref_edit_writes_the_record_it_leads_to() -> None:
    here = _stopped()
    table = here.instance.tables[1]
    func_ref = here.instance.func_ref_at(3)  # $dec, unresolved so far
    assert func_ref is not None and here.machine.code_at(here.machine.read_func_ref(func_ref).code) is None
    poke(here.machine, table.region.base, _word(table.word_of(func_ref)))
    assert here.machine.code_at(here.machine.read_func_ref(func_ref).code) is not None


def test_a_call_goes_where_its_record_was_edited_to() -> None:
    here = World(
        '(module (table 1 funcref) (elem (i32.const 0) $a) (elem declare func $b) (export "b" (func $b))'
        "(func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2))"
        '(func (export "go") (result i32) (call_indirect (result i32) (i32.const 0))))'
    )
    assert here.run("go").kind is StopKind.FINISHED and here.machine.results() == (1,)
    record = here.instance.func_ref_at(0)
    assert record is not None
    at, code = here.machine.layouts.field("VMFuncRef", "wasm_call").at(record), here.machine.code_of(here.instance, 1)
    if here.machine.layouts.field("VMFuncRef", "array_call").at(record) != at:
        with pytest.raises(UserError, match="not the entry that wasm_call is called by"):
            poke(here.machine, at, _word(code + Convention.ARRAY))
    poke(here.machine, at, _word(code))
    assert here.run("go").kind is StopKind.FINISHED and here.machine.results() == (2,)


Where = Callable[[World], Addr]


@pytest.mark.parametrize(
    ("where", "data", "reason"),
    [
        (lambda w: _field(w, "magic"), _word(1, 4), "fixed"),
        (lambda w: _field(w, "imported_memories[0].from"), _word(0), "fixed"),
        (_base, _word(0), "never moves"),
        (_length, _word(0x20000), "more than the memory has"),
        (_length, _word(100), "multiple of the page size"),
        (_length, b"\0", "written whole"),
        (lambda w: _field(w, "tables[0].current_elements"), _word(9), "more than the table has"),
        (lambda w: _field(w, "imported_functions[0].array_call"), _word(1), "no function's code"),
        (lambda w: _field(w, "imported_functions[0].type_index"), _word(9, 4), "type id"),
        (lambda w: _field(w, "func_refs[0].array_call"), _word(1), "never written"),
        (lambda w: w.instance.tables[1].region.base, _word(0x13), "no VMFuncRef"),
        (lambda w: w.instance.tables[2].region.base, _word(8, 4), "no object"),
        (lambda w: w.machine.values.base, _word(1 << 40), "upper half"),
        (lambda w: Addr(w.machine.values.base + 4), _word(1, 4), "no live local"),
        (lambda w: w.machine.state.addr, _word(1), "machine itself"),
        (lambda w: w.machine.code.base, _word(1), "read-only"),
        (lambda w: w.instance.record.addr, _word(1), "machine itself"),
        (lambda w: Addr(16), _word(1), "unmapped"),
    ],
)
def test_refused(where: Where, data: bytes, reason: str) -> None:
    here = _stopped()
    with pytest.raises(UserError, match=reason):
        poke(here.machine, where(here), data)
    assert not [e for e in here.machine.journal.entries if isinstance(e, Edit)]


def test_host_contexts_are_the_hosts() -> None:
    here = _stopped()
    region = next(r for r in here.machine.space.regions() if r.kind is RegionKind.HOST_CONTEXT)
    with pytest.raises(UserError, match="belong to the host"):
        poke(here.machine, region.base, _word(0))


def test_a_record_of_another_type_is_refused() -> None:
    here = _stopped()
    main = here.instance.module.export("main")
    assert main is not None
    hook = World("(module (func (result i64) (i64.const 1)))", machine=here.machine, name="other")
    code = here.machine.code_of(hook.instance, 0)
    with pytest.raises(UserError, match="type is"):
        poke(here.machine, _field(here, "imported_functions[0].array_call"), _word(code))


def test_random_edits_never_crash() -> None:
    rounds = os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000")
    done = subprocess.run(
        [sys.executable, "-m", "tests.vm.poke_fuzz", rounds, "1"],
        cwd=_ROOT, capture_output=True, text=True, timeout=3000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    made, refused = map(int, done.stdout.split())
    assert made > int(rounds) // 50 and refused > 0
