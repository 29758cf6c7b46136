"""The vmctx pane: fields and bytes, what changed, pointers, folding, telescope, edits; at any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from debugger.machine_runtime import runtime_of
from debugger.structures import Mapped, Owner, Runtime
from tests.ui.programs import FIB, start
from tests.ui.screens import Shown, on_loop, shown
from ui.tui.messages import AtAddress
from ui.tui.panes.vmctx import VmctxPane
from vm import eras
from vm.errors import MemoryFault
from vm.types import Addr


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


_AS_WASMTIME = pytest.mark.skipif(eras.NEWEST is not eras.WASMTIME_48, reason="globals begin with their value there")


def opened(folder: Path, size: tuple[int, int] = (120, 40), wat: str = FIB, *invoke: str) -> Any:
    return shown(start(folder, wat, *(invoke or ("fib", "5"))), size)


async def at_field(screen: Shown, addr: int) -> VmctxPane:
    """The pane, its cursor on the field at an address."""
    await screen.press("4")
    pane = screen.app.query_one(VmctxPane)
    pane.open(AtAddress(addr))
    await screen.idle()
    return pane


def row_text(pane: VmctxPane, row: int | None = None) -> str:
    return "".join(text for text, _ in pane.row(pane.cursor if row is None else row))


def texts(pane: VmctxPane) -> list[str]:
    return [row_text(pane, i) for i in range(pane.row_count())]


@on_loop
async def test_a_pointer_names_what_it_hits_and_is_followed(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        main = screen.app.session.main
        pane = await at_field(screen, main.vmctx.at("store_context"))
        await screen.sees("VMContext.store_context *VMStoreContext")
        assert "→ 0x" in row_text(pane)
        assert row_text(pane).endswith("store context")
        before = pane.cursor
        await screen.press("enter")
        assert "VMStoreContext" in texts(pane)[pane.cursor] or pane.cursor > before
        assert screen.app.desk.active == "vmctx"
        await screen.press("backspace")
        assert pane.cursor == before


@on_loop
async def test_a_memorys_base_leads_to_its_bytes(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        memory = screen.app.session.main.memories[0]
        place = screen.app.session.machine.layouts.field("VMMemoryDefinition", "base")
        pane = await at_field(screen, place.at(memory.definition))
        await screen.sees("VMMemoryDefinition.base *u8")
        await screen.sees("byte 0 of the linear memory")
        assert "memory 0 of program" in row_text(pane)
        await screen.press("enter")
        await screen.sees("0010  68 65 6c 6c")
        assert screen.app.desk.active == "memory"
        await screen.press("backspace")
        assert screen.app.desk.active == "vmctx"


@on_loop
async def test_from_a_table_to_the_function(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        table = screen.app.session.main.tables[0]
        pane = await at_field(screen, table.region.base + table.element_bytes)
        assert "unresolved → $fib" in row_text(pane)
        await screen.press("t")
        await screen.sees("telescope [1]")
        await screen.sees("written when the slot is first used")
        await screen.press("escape", "enter")
        await screen.sees("func_refs")
        assert "$fib" in row_text(pane)


@on_loop
async def test_a_written_funcref_leads_to_code(tmp_path: Path) -> None:
    wat = """(module (table 1 funcref) (elem declare func $f) (func $f) (func (export "run")
      (table.set (i32.const 0) (ref.func $f)) (call_indirect (i32.const 0))))"""
    async with opened(tmp_path, (120, 40), wat, "run") as screen:
        await screen.press("i", "i", "i")
        table = screen.app.session.main.tables[0]
        await at_field(screen, table.region.base)
        await screen.press("t")
        for text in ("VMFuncRef", "array_call", "wasm_call", "type_index", "[] -> []", "vmctx", "$f of program"):
            await screen.sees(text)
        await screen.press("down", "down", "enter")
        await screen.sees("VMFuncRef.array_call *VMArrayCallFunction")
        await screen.press("enter")
        assert screen.app.desk.active == "code"
        await screen.sees("(func $f")


@_AS_WASMTIME
@on_loop
async def test_changed_fields_say_what_they_were(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        storage = screen.app.session.main.globals[0].storage
        pane = await at_field(screen, storage)
        assert "$calls i32 0" in row_text(pane)
        await screen.press("i", "i", "i", "i")
        assert "01000000 00000000 00000000 00000000  Δ was 00000000" in row_text(pane)
        assert "Δ01" in screen.text()
        await screen.press("i")
        assert "Δ" not in row_text(pane)


@pytest.mark.parametrize("size", [(120, 40), (200, 50)])
@on_loop
async def test_fields_and_bytes_move_together(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size) as screen:
        main = screen.app.session.main
        await screen.press("4", "z")
        pane = await at_field(screen, main.vmctx.at("magic"))
        await screen.press("space", *["right"] * 4)
        assert pane.byte == main.vmctx.at("magic") + 4
        target = main.vmctx.at("type_ids")
        while pane.byte < target:
            await screen.press("right")
        while pane.byte > target:
            await screen.press("left")
        await screen.sees("VMContext.type_ids")
        await screen.press("space", "up", "up")
        assert pane.byte != target


@_AS_WASMTIME
@on_loop
async def test_a_click_on_a_byte_lights_its_field(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        await screen.press("4", "z")
        magic = screen.app.session.machine.layouts.era.magics["vmctx"].encode().hex(" ")
        await screen.click(*screen.at(magic))
        await screen.sees("VMContext.magic u32")


@on_loop
async def test_folding(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        pane = await at_field(screen, screen.app.session.main.globals[0].storage)
        count = pane.row_count()
        await screen.press("left")
        assert "▶ globals" in row_text(pane)
        assert pane.row_count() < count
        await screen.press("enter")
        assert "▼ globals" in row_text(pane)
        assert pane.row_count() == count
        await screen.press("left", "left")
        assert "▶ VMContext" in row_text(pane)
        pane.open(AtAddress(screen.app.session.main.globals[0].storage))
        assert "$calls" in row_text(pane)


@_AS_WASMTIME
@on_loop
async def test_editing_a_field(tmp_path: Path) -> None:
    async with opened(tmp_path) as screen:
        main = screen.app.session.main
        pane = await at_field(screen, main.globals[0].storage)
        for text, said in (("0x2a", "is 0x2a now"), ("x", "'x' is not a number")):
            await screen.press("e", "ctrl+u")
            await screen.type(text)
            await screen.press("enter")
            await screen.sees(said)
        assert "$calls i32 42" in row_text(pane)
        await at_field(screen, main.vmctx.at("store_context"))
        await screen.press("e", "ctrl+u")
        await screen.type("1")
        await screen.press("enter")
        await screen.sees("refused: store_context is fixed once the instance is made")


class Bytes:
    """A memory of copied regions: what a capture is."""

    def __init__(self, regions: list[Any]) -> None:
        self._regions = regions
        self._data = {r.base: bytes(r.view[: r.size]) for r in regions}

    def read(self, addr: Addr, size: int) -> bytes:
        for base, data in self._data.items():
            if base <= addr and addr + size <= base + len(data):
                return data[addr - base : addr - base + size]
        raise MemoryFault(addr, size)

    def regions(self) -> Iterator[Mapped]:
        return iter(self._regions)


class NoNames:
    def address(self, addr: int) -> str:
        return hex(addr)

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        return "", word

    def note(self, owner: Owner, section: str, index: int) -> str:
        return ""


@on_loop
async def test_any_readable_memory_will_do(tmp_path: Path) -> None:
    """The same fields, values and pointers from a copy of the bytes that knows no machine."""
    async with opened(tmp_path) as screen:
        session = screen.app.session
        live = runtime_of(session.machine, session.inspect, session.main)
        small = [r for r in session.machine.space.regions() if r.size < 1 << 20]
        copy = Runtime(Bytes(small), live.layouts, live.owners, NoNames(), live.hosts)
        pairs = list(zip(live.blocks(session.main.addr), copy.blocks(session.main.addr), strict=True))
        assert len(pairs) > 4
        for ours, theirs in pairs:
            assert ours == theirs
            for number, part in enumerate(ours.parts):
                for row in range(part.rows):
                    a, b = live.entry(ours, number, row), copy.entry(theirs, number, row)
                    assert (a.full, a.value, a.offset) == (b.full, b.value, b.offset)


@on_loop
async def test_a_hundred_thousand_globals_and_functions(tmp_path: Path) -> None:
    count = 100_000
    wat = f"""(module {"(global (mut i32) (i32.const 0))" * count} (func $f) (elem declare func $f)
      (func (export "run")))"""
    async with opened(tmp_path, (120, 40), wat, "run") as screen:
        await screen.press("4")
        pane = screen.app.query_one(VmctxPane)
        assert pane.row_count() < 200
        last = screen.app.session.main.globals[count - 1].storage
        pane.open(AtAddress(last))
        for _ in range(5):
            pane.read()
        rows = [row_text(pane, pane.cursor - i) for i in range(40)]
        assert f"[{count - 1}]" in rows[0]
