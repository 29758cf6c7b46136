"""What the runtime knows of modules, contexts and memory images."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.worlds import World, module
from vm.contexts import WrongContext, context_kind, from_opaque
from vm.eras.table import chosen
from vm.host import HostCall, HostFunction, Return
from vm.instantiate import instantiate
from vm.machine import CodeKind, Machine
from vm.memory_image import PAGE_BYTES, PageState, memory_image, page_states
from vm.runtime_info import ModuleRuntimeInfo
from vm.types import Addr, FuncType
from vm.validate import validate

_WAT = """(module (type $t (func (result i32))) (memory (export "m") 1) (data (i32.const 4090) "0123456789")
  (data (i32.const 12288) "far") (func $a (export "a") (type $t) (i32.const 1))
  (func (export "write") (i32.store (i32.const 20000) (i32.const 7)) (i32.store8 (i32.const 4090) (i32.const 7)))
  (func (export "undo") (i32.store8 (i32.const 4090) (i32.const 0x30))))"""


def test_a_module_is_worked_out_once() -> None:
    machine = Machine()
    valid, other = validate(module(_WAT)), validate(module(_WAT))
    first, second = (machine.runtime_info(instantiate(machine, valid, {})) for _ in range(2))
    third = machine.runtime_info(instantiate(machine, other, {}))
    assert first.unique_id == second.unique_id != third.unique_id
    assert first.offsets is second.offsets and first.memory_image(0) is second.memory_image(0)
    assert first.signature_ids == third.signature_ids  # types are the engine's
    assert set(machine.compiled.by_id) == {first.unique_id, third.unique_id}


def test_the_runtimes_names() -> None:
    world = World(_WAT)
    info: ModuleRuntimeInfo = world.machine.runtime_info(world.instance)
    assert info.module is world.instance.module and info.wasm_data == info.module.bytes
    assert info.offsets.size == world.instance.vmctx.size
    code = world.machine.code_at(info.function(1))
    assert code is not None and (code.vmctx, code.func, code.kind) == (world.instance.addr, 1, CodeKind.WASM)
    assert world.machine.type_of(info.signature_ids[0]) == info.module.types[0]


def test_pages_of_an_image() -> None:
    world = World(_WAT)
    image = memory_image(world.instance.module, 0)
    assert image is not None and (image.start, len(image.data)) == (0, 4 * PAGE_BYTES)

    def states() -> list[PageState]:
        return [state for _, state in page_states(world.instance.memories[0], image)][:6]

    held = PageState.IMAGE
    assert states() == [held, held, held, held, PageState.UNTOUCHED, PageState.UNTOUCHED]
    world.call("write")
    assert states() == [PageState.DIRTIED, held, held, held, PageState.DIRTIED, PageState.UNTOUCHED]
    world.call("undo")
    assert states()[0] is held


@pytest.mark.parametrize("wat", [
    "(module (memory 1))", '(module (import "a" "m" (memory 1)) (data (i32.const 0) "x"))',
    '(module (import "a" "g" (global i32)) (memory 1) (data (global.get 0) "x") (data (i32.const 8) "y"))',
    '(module (memory 1) (data (i32.const 65535) "xy"))', '(module (memory 1) (data "passive"))',
])  # fmt: skip
def test_what_has_no_image(wat: str) -> None:
    assert memory_image(module(wat), 0) is None


def _answer(call: HostCall) -> Return:
    return Return()


@pytest.mark.parametrize("era", ["wasmtime@50", "wasmtime@9", "wasmtime@1"])
def test_the_checked_cast(era: str) -> None:
    hook = HostFunction("a", "f", FuncType((), ()), _answer)
    world = World('(module (import "a" "f" (func)) (func (export "run") (call 0)))', {("a", "f"): hook},
                  Machine(chosen(era)))  # fmt: skip
    space, layouts = world.machine.space, world.machine.layouts
    assert from_opaque(space, layouts, world.instance.addr) == world.instance.addr
    host = Addr(world.instance.import_record(0).get("vmctx"))
    assert context_kind(space, layouts.era, host) == "array_call_host_func"
    with pytest.raises(WrongContext, match=f'a host function.*"{layouts.era.magics["array_call_host_func"]}"'):
        from_opaque(space, layouts, host)
    with pytest.raises(WrongContext, match="no memory"):
        from_opaque(space, layouts, Addr(16))
    with pytest.raises(WrongContext, match="begins with"):
        from_opaque(space, layouts, world.machine.code.base)
    assert from_opaque(space, layouts, host, "array_call_host_func") == host


def test_an_image_is_mapped_and_its_pages_are_each_instance_s_own() -> None:
    machine = Machine()
    first = World(_WAT, machine=machine)
    second = instantiate(machine, validate(first.instance.module), {}, "second")
    memories = first.instance.memories[0], second.memories[0]
    before = memories[1].read(0, 4 * PAGE_BYTES)
    assert memories[0].read(0, 4 * PAGE_BYTES) == before
    memories[0].write(0, b"mine")
    assert memories[0].read(0, 4) == b"mine" and memories[1].read(0, 4 * PAGE_BYTES) == before
    maps = Path("/proc/self/maps")
    if hasattr(os, "memfd_create") and maps.exists():
        at = {f"{m.region.base:x}" for m in memories}
        mapped = [row for row in maps.read_text().splitlines() if "wasmscope-memory-image" in row]
        assert at <= {row.split("-")[0] for row in mapped} and all("rw-p" in row for row in mapped)


def test_without_such_a_file_the_bytes_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = World(_WAT).instance.memories[0]
    monkeypatch.delattr(os, "memfd_create", raising=False)
    copied = World(_WAT).instance.memories[0]
    assert copied.read(0, 1 << 16) == mapped.read(0, 1 << 16)
    assert list(copied.region.cards or b"") == list(mapped.region.cards or b"")


def test_an_image_is_not_made_for_a_little_data_far_apart() -> None:
    wat = '(module (memory 2000) (data (i32.const 0) "x") (data (i32.const {}) "y"))'
    assert memory_image(module(wat.format(16 << 20)), 0) is None
    assert memory_image(module(wat.format((16 << 20) - 1)), 0) is not None
