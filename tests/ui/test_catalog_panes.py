"""What the module declares: tables, funcrefs, imports, exports, types, segments, descriptors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.programs import HELLO, start
from tests.ui.screens import Shown, on_loop, shown
from ui.tui.panes.catalog import CatalogPane

_WAT = """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2) (memory $two 1) (table (export "t") 4 funcref) (table $extern 2 externref)
  (global (export "g") (mut i32) (i32.const 7)) (type $unused (func (param f64)))
  (elem (i32.const 1) func $run) (elem $later func $run $run) (data (i32.const 4096) "active") (data $kept "passive")
  (func $run (export "run") (table.init 0 $later (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $later)
    (data.drop $kept)))"""


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def filtered(screen: Shown, pane: str, text: str) -> CatalogPane:
    """A pane zoomed, showing what matches."""
    screen.app.desk.go_to(pane)
    await screen.idle()
    await screen.press("escape", "slash", *("space" if c == " " else c for c in text), "enter")
    found = screen.app.query_one(f"#{pane}", CatalogPane)
    assert isinstance(found, CatalogPane)
    return found


@on_loop
async def test_what_a_module_declares(tmp_path: Path) -> None:
    async with shown(start(tmp_path, _WAT, "run"), (120, 40)) as screen:
        screen.app.desk.go_to("module")
        await screen.press("z")
        for text in ("imports  1", "wasi_snapshot_preview1.fd_write", "exports  4", "types  ", "[f64] -> []",
                     "data segments  2", "element segments  2",
                     "memory $memory +0x1000", "passive", "7 B", "usable", "used up"):  # fmt: skip
            await screen.sees(text)
        await screen.press("i", "i", "i", "i", "i")
        await screen.sees("dropped")


@pytest.mark.parametrize(
    ("text", "pane", "seen"),
    [("fd_write", "vmctx", "imported_functions"), ("run func", "code", "(func $run"),
     ("memory memory [", "memory", "0000  00 00"), ("global", "vmctx", "VMGlobalDefinition"),
     ("[f64]", "vmctx", "type ids"), ("0x1000", "memory", "61 63 74 69 76 65")],
)  # fmt: skip
@on_loop
async def test_enter_goes_to_what_a_row_is_about(tmp_path: Path, text: str, pane: str, seen: str) -> None:
    async with shown(start(tmp_path, _WAT, "run"), (120, 40)) as screen:
        await filtered(screen, "module", text.removesuffix(" ["))
        await screen.press("enter")
        assert screen.app.desk.active == pane, screen.text()
        await screen.sees(seen)
        await screen.press("backspace")
        assert screen.app.desk.active == "module"


@on_loop
async def test_filtering(tmp_path: Path) -> None:
    async with shown(start(tmp_path, _WAT, "run"), (120, 40)) as screen:
        pane = await filtered(screen, "module", "FD_W")
        assert pane.row_count() == 2
        await screen.sees("/FD_W  1 found")
        await screen.press("slash", "x")
        await screen.sees("nothing matches 'FD_Wx': Esc shows all")
        await screen.press("backspace", "backspace")
        assert pane.row_count() == 2
        await screen.press("escape")
        assert pane.row_count() > 12


@on_loop
async def test_tables_and_funcrefs(tmp_path: Path) -> None:
    async with shown(start(tmp_path, _WAT, "run"), (120, 40)) as screen:
        await screen.press("6", "z")
        for text in ("table $t  funcref, 4 elements", "unresolved → $run", "table $extern  externref, 2 elements",
                     "funcrefs  2", "not written yet"):  # fmt: skip
            await screen.sees(text)
        await screen.press("down", "down", "enter")
        await screen.sees("[1] *VMFuncRef")
        assert screen.app.desk.active == "vmctx"


@on_loop
async def test_descriptors_are_the_machines_bytes(tmp_path: Path) -> None:
    async with shown(start(tmp_path, HELLO, "echo"), (120, 40)) as screen:
        screen.app.desk.go_to("files")
        await screen.press("z")
        for text in ("WASI descriptors  3", "0  stdin", "may fd_read", "2  stderr"):
            await screen.sees(text)
        await screen.press("down", "down", "enter")
        assert screen.app.desk.active == "memory"
        await screen.sees("descriptors")


@on_loop
async def test_empty_states(tmp_path: Path) -> None:
    async with shown(start(tmp_path, "(module (func $f) (start $f))"), (120, 40)) as screen:
        screen.app.desk.go_to("tables")
        await screen.sees("this module has no table")


@on_loop
async def test_twenty_thousand_exports(tmp_path: Path) -> None:
    exports = "".join(f'(export "name{i}" (func 0))' for i in range(20_000))
    async with shown(start(tmp_path, f"(module (func) {exports})", "name1"), (120, 40)) as screen:
        pane = await filtered(screen, "module", "name1999")
        assert pane.row_count() == 1 + 11
