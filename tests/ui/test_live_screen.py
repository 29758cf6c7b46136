"""The screen of a real Wasmtime: the structures, a call, and what it changed."""

from __future__ import annotations

from pathlib import Path

from debugger.live import start
from tests.ui.screens import on_loop
from ui.tui.live_app import LiveApp

_WAT = """(module (memory (export "m") 1 4) (global $g (export "g") (mut i32) (i32.const 7))
  (func (export "go") (param i32) (result i32) (global.set $g (local.get 0)) (memory.grow (i32.const 1)))
  (func (export "fail") unreachable))"""


@on_loop
async def test_a_call_and_what_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "module.wat"
    path.write_text(_WAT)
    app = LiveApp(start(path, quiet=True))
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()

        def text() -> str:
            lines = ("".join(t for t, _ in app.pane.row(i)) for i in range(app.pane.row_count()))
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
