"""The full screen without a terminal: keys go in, the text on the screen comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from ui.start import Start
from ui.tui.app import WasmscopeApp

_DEADLINE_S = 10.0
SIZES = ((80, 24), (120, 40), (200, 50))


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs a test that awaits."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def body() -> None:
            await test(*args, **kwargs)

        asyncio.run(body())

    return run


@dataclass
class Shown:
    """A running screen."""

    app: WasmscopeApp
    pilot: Pilot[int]

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for something to become so."""
        async with asyncio.timeout(_DEADLINE_S):
            while not true():
                await asyncio.sleep(0.005)

    async def idle(self) -> None:
        """Waits for the session to stand still and the screen to say so."""
        await self.until(lambda: not self.app.bridge.busy and self.app.session.validated)
        await self.pilot.pause()

    async def press(self, *keys: str) -> str:
        """Presses keys one after the other, each once the last one's work is done."""
        for key in keys:
            await self.pilot.press(key)
            await self.idle()
        return self.text()

    async def type(self, text: str) -> None:
        """Puts text into the focused line, without Enter."""
        await self.pilot.pause()
        focused = self.app.focused
        assert isinstance(focused, Input)
        focused.insert_text_at_cursor(text)

    async def command(self, text: str) -> str:
        """A line for the console; the keys stay there."""
        self.app.desk.go_to("console")
        await self.pilot.pause()
        await self.pilot.press("ctrl+u")
        await self.type(text)
        return await self.press("enter")

    async def sees(self, text: str) -> None:
        """Waits for text to appear."""
        try:
            await self.until(lambda: text in self.text())
        except TimeoutError:
            raise AssertionError(f"{text!r} is not on the screen:\n{self.text()}") from None

    def at(self, text: str) -> tuple[int, int]:
        """Column and row where text is on the screen."""
        for y, row in enumerate(self.text().split("\n")):
            if text in row:
                return row.index(text), y
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text()}")

    async def click(self, x: int, y: int) -> str:
        await self.pilot.click(offset=(x, y))
        await self.idle()
        return self.text()


@asynccontextmanager
async def shown(
    start: Start, size: tuple[int, int] = (120, 40), wait: bool = True, keys: str = "", first_time: bool = False
) -> AsyncIterator[Shown]:
    """The screen on a program, standing at its entry; at once when it shall not `wait` for that."""
    app = WasmscopeApp(start, keys=keys)
    if not first_time:
        app.first_time.forget()
    async with app.run_test(size=size) as pilot:
        screen = Shown(app, pilot)
        if wait:
            await screen.idle()
        yield screen
        if app.bridge.busy:
            app.bridge.close()
