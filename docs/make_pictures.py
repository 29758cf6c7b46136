"""Makes the pictures of the documentation: the real screen on the `fib` sample.

python docs/make_pictures.py
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
PICTURES_OF: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {  # size, and keys pressed at the end
    "screen": ((120, 40), ()),
    "80x24": ((80, 24), ()),
    "100x30": ((100, 30), ()),
    "160x45": ((160, 45), ("v",)),
    "200x50": ((200, 50), ()),
    "light": ((120, 40), ("theme wasmscope-light",)),
    "palette": ((120, 40), ("ctrl+p", "f", "i", "b")),
    "uses": ((120, 40), ("1", "v", "v", "home", "x")),
    "jump": ((120, 40), ("ctrl+o",)),
    "vmctx": ((160, 45), ("4", "z")),
    "help": ((100, 30), ("?",)),
    "sixteen": ((120, 40), ("theme wasmscope-16",)),
}
COMMANDS = ("break fib.c:10", "continue", "continue", "continue")
WATCHES = ("$var0", "$var0 * 2 + 1", "depth", "tick", "$__stack_pointer")

STACK = 70_976  # where the stack pointer stands by then


async def picture(name: str, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    """Runs the debugger to a breakpoint and saves what it shows."""
    from debugger.launch import Options
    from ui.start import Start, WorldArgs
    from ui.tui.app import WasmscopeApp
    from ui.tui.messages import AsBytes

    module = Path("sample-modules/fib/fib.wasm")
    app = WasmscopeApp(Start(Options(path=module, args=("12",)), WorldArgs()))
    app.first_time.forget()

    async def idle() -> None:
        while app.bridge.busy or not app.session.validated:
            await pilot.pause(0.01)
        await pilot.pause()

    async with app.run_test(size=size) as pilot:
        await idle()
        for text in WATCHES:
            app.session.watches.add(text)
        app.desk.go_to("console")
        await pilot.pause()
        for command in COMMANDS:
            app.focused.value = command
            await pilot.press("enter")
            await idle()
        app.desk.pane("memory").open(AsBytes(app.session.main.memories[0].region.base + STACK))
        app.desk.show("watches")
        await pilot.press("escape", "4", *["down"] * 7)
        await idle()
        for key in keys:
            if key.startswith("theme "):
                app.choosing.use_theme(key.removeprefix("theme "))
            else:
                await pilot.press(key)
            await idle()
        await pilot.pause(0.3)
        svg = app.export_screenshot(title="wasmscope")
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    PICTURES.mkdir(exist_ok=True)
    for name, (size, keys) in PICTURES_OF.items():
        with tempfile.TemporaryDirectory() as own:  # no watches, keys and layouts of the user's own
            os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = own
            asyncio.run(picture(name, size, keys))


if __name__ == "__main__":
    main()
