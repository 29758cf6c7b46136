"""The screen of a real Wasmtime: the structures, a call, and what it changed."""

from __future__ import annotations

import json
from pathlib import Path

from debugger.capture import read_capture
from debugger.capture_runtime import CaptureForeign
from debugger.live import start
from debugger.live_runtime import LiveForeign
from tests.ui.screens import on_loop
from ui.tui.foreign_app import ForeignApp
from ui.tui.messages import AtAddress, Goto

_WAT = """(module (memory (export "m") 1 4) (global $g (export "g") (mut i32) (i32.const 7))
  (func (export "go") (param i32) (result i32) (global.set $g (local.get 0)) (memory.grow (i32.const 1)))
  (func (export "fail") unreachable))"""


@on_loop
async def test_a_call_and_what_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "module.wat"
    path.write_text(_WAT)
    live = start(path, quiet=True)
    app = ForeignApp(LiveForeign(live), live.call)
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()

        def text() -> str:
            lines = ("".join(t for t, _ in app.fields.row(i)) for i in range(app.fields.row_count()))
            return "\n".join(lines)

        assert "current_length  0x10000" in text() and "$g (mut i32)" in text().replace("global ", "")
        await pilot.press("c", *"go 8", "enter")
        await pilot.pause()
        assert "was 0x10000" in text() and "was 07000000" in text()
        assert "→ 1" in str(app.query_one("#said").render())
        await pilot.press("c", *"fail", "enter")
        await pilot.pause()
        assert "unreachable" in str(app.query_one("#said").render())
        await pilot.press("c", *"nowhere", "enter")
        await pilot.pause()
        assert "no exported function" in str(app.query_one("#said").render())


def _bytes(app: ForeignApp) -> str:
    return "\n".join("".join(t for t, _ in app.bytes.row(i)) for i in range(min(40, app.bytes.row_count())))


_WRITES = """(module (memory (export "m") 1) (data (i32.const 0) "first") (table (export "t") 1 funcref)
  (func (export "go") (i32.store8 (i32.const 1) (i32.const 0x58)) (table.set (i32.const 0) (ref.func 0))))"""


@on_loop
async def test_bytes_below_and_a_pointer_followed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "module.wat"
    path.write_text(_WRITES)
    live = start(path, quiet=True)
    app = ForeignApp(LiveForeign(live), live.call)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.bytes.extent is not None and app.bytes.extent.title == "memory 0"
        assert "66 69 72 73 74" in _bytes(app) and "Δ" not in _bytes(app)
        await pilot.press("c", *"go", "enter")
        await pilot.pause()
        assert "66Δ58 72" in _bytes(app)
        await pilot.press("tab", "right_square_bracket")
        assert app.bytes.extent.title.startswith("VMContext of module")
        base = live.decode(live.main).memories[0].base
        assert base is not None
        app.fields.post_message(Goto(AtAddress(base)))
        await pilot.pause()
        assert app.bytes.extent.title == "memory 0"
        app.fields.post_message(Goto(AtAddress(8)))
        await pilot.pause()
        assert "cannot be read here" in str(app.query_one("#said").render())


@on_loop
async def test_a_capture_opens_in_the_same_panes(tmp_path: Path) -> None:
    module, file = tmp_path / "module.wat", tmp_path / "capture.json"
    module.write_text(_WRITES)
    live = start(module, quiet=True)
    live.call("go")
    file.write_text(json.dumps(live.capture(live.main)))
    app = ForeignApp(CaptureForeign(read_capture(file)))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        rows = "\n".join("".join(t for t, _ in app.fields.row(i)) for i in range(app.fields.row_count()))
        assert "[0].current_length" in rows and "0x10000" in rows and "table 0" in rows
        assert "capture.json: wasmtime" in str(app.query_one("#title").render())
        while app.bytes.extent is not None and app.bytes.extent.title != "memory 0 contents":
            await pilot.press("tab", "right_square_bracket", "escape")
        assert "66 58 72 73 74" in _bytes(app)
        await pilot.press("c", "e")
        assert "only read" in str(app.query_one("#said").render())
