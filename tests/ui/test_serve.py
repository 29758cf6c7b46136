"""`wasmscope serve`: who is let in, and that a browser shows the screen."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.ui.programs import FIB
from tests.ui.screens import on_loop
from ui.serve.guard import Guard, new_token

_ROOT = Path(__file__).parents[2]
_ADDRESS = re.compile(r"open (http://127\.0\.0\.1:(\d+)/([\w-]+)/)")
_DEADLINE_S = 40.0
_BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)


@contextmanager
def served(folder: Path, *words: str) -> Iterator[tuple[str, str, str]]:
    """A server on a free port: its address, port and token."""
    path = folder / "program.wat"
    path.write_text(FIB)
    command = [sys.executable, str(_ROOT / "wasmscope.py"), "serve", str(path), "--invoke", "fib", "5", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            assert process.stdout is not None
            m = _ADDRESS.match(process.stdout.readline())
            assert m is not None
            yield m[1], m[2], m[3]
        finally:
            process.terminate()


def test_tokens_are_long_and_never_the_same() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 32


@pytest.mark.parametrize(
    ("token", "headers", "admitted"),
    [
        ("right", {"Host": "127.0.0.1:80"}, True),
        ("right", {"Host": "localhost:80", "Origin": "http://localhost:80"}, True),
        ("right", {"Host": "127.0.0.1:80", "Origin": "http://127.0.0.1:80"}, True),
        ("wrong", {"Host": "127.0.0.1:80"}, False),
        ("", {"Host": "127.0.0.1:80"}, False),
        ("rightand", {"Host": "127.0.0.1:80"}, False),
        ("rïght", {"Host": "127.0.0.1:80"}, False),
        ("right", {}, False),
        ("right", {"Host": "127.0.0.1:81"}, False),
        ("right", {"Host": "rebound.example:80"}, False),
        ("right", {"Host": "127.0.0.1:80", "Origin": "http://elsewhere.example"}, False),
        ("right", {"Host": "127.0.0.1:80", "Origin": "http://127.0.0.1:81"}, False),
        ("right", {"Host": "127.0.0.1:80", "Origin": "null"}, False),
    ],
)  # fmt: skip
def test_who_is_admitted(token: str, headers: dict[str, str], admitted: bool) -> None:
    assert Guard("right", 80).admits(token, headers) is admitted


@on_loop
async def test_only_with_the_token_and_from_here(tmp_path: Path) -> None:
    with served(tmp_path) as (address, port, token):
        base = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as client:

            async def status(url: str, **headers: str) -> int:
                async with client.get(url, headers=headers) as response:
                    return response.status

            assert await status(address) == 200
            assert await status(f"{address}static/js/textual.js") == 200
            for rest in ("", "static/js/textual.js", "ws"):
                assert await status(f"{base}/{token[:-1]}x/{rest}") == 403
            assert await status(f"{base}/ws") == 404
            assert await status(base) == 404
            assert await status(address, Host="rebound.example") == 403
            assert await status(f"{address}ws", Origin="http://elsewhere.example") == 403
            for outside in ("static/..%2f..%2f__init__.py", "static/%2fetc%2fhostname", "static/", "download/x"):
                assert await status(f"{address}{outside}") == 404
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(f"{base}/wrong/ws")


@on_loop
async def test_the_page_asks_no_other_host_for_anything(tmp_path: Path) -> None:
    with served(tmp_path) as (address, _, _):
        async with aiohttp.ClientSession() as client, client.get(address) as response:
            text = await response.text()
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            assert response.headers["Referrer-Policy"] == "no-referrer"
    assert not [url for url in re.findall(r"(?:https?:)?//[\w.]+", text) if "127.0.0.1" not in url]


@on_loop
async def test_the_websocket_carries_the_screen(tmp_path: Path) -> None:
    with served(tmp_path) as (address, port, _):
        url = f"{address}ws?width=100&height=30"
        origin = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as client, client.ws_connect(url, origin=origin) as socket:
            await _until(socket, "❚❚ entry")
            await socket.send_json(["stdin", "c"])
            await _until(socket, "finished")


async def _until(socket: Any, text: str) -> None:
    seen = b""
    async with asyncio.timeout(_DEADLINE_S):
        while text.encode() not in seen:
            message = await socket.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            seen += message.data if isinstance(message.data, bytes) else message.data.encode()


def _failed(folder: Path, *words: str) -> str:
    command = [sys.executable, str(_ROOT / "wasmscope.py"), "serve", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 2
    return done.stderr


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    assert "there is no such file" in _failed(tmp_path, "missing.wasm")
    assert "a module is missing" in _failed(tmp_path)
    assert "'x' is not a port" in _failed(tmp_path, "a.wasm", "--port", "x")
    with served(tmp_path) as (_, port, _):
        text = _failed(tmp_path, str(tmp_path / "program.wat"), "--port", port)
        assert f"port {port} cannot be used" in text
        assert len(text.splitlines()) == 1


class Browser:
    """A headless Chromium, driven over its own protocol."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._number, self.frames = socket, 0, b""
        self.asked: list[str] = []  # addresses that the page asked for
        self.errors: list[str] = []

    async def call(self, method: str, **params: Any) -> Any:
        self._number += 1
        number = self._number
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._receive()
            if message.get("id") == number:
                return message.get("result", {})

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json()
        params = message.get("params", {})
        match message.get("method"):
            case "Network.webSocketFrameReceived":
                data = params["response"]["payloadData"]
                self.frames += base64.b64decode(data) if params["response"]["opcode"] == 2 else data.encode()
            case "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(params["exceptionDetails"]))
        return message

    async def until(self, text: str) -> None:
        async with asyncio.timeout(_DEADLINE_S):
            while text.encode() not in self.frames:
                await self._receive()

    async def press(self, key: str) -> None:
        self.frames = b""
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    process = await asyncio.create_subprocess_exec(
        _BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1200,800",
        f"--user-data-dir={folder / 'profile'}", "about:blank", stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(_DEADLINE_S), aiohttp.ClientSession() as client:
            while b"DevTools listening on " not in (said := await process.stderr.readline()):
                assert said, "the browser did not start"
            port = said.decode().split("127.0.0.1:")[1].split("/")[0]
            async with client.get(f"http://127.0.0.1:{port}/json/list") as response:
                page = next(p for p in await response.json() if p["type"] == "page")
        url = page["webSocketDebuggerUrl"]
        async with aiohttp.ClientSession() as client, client.ws_connect(url, max_msg_size=0) as socket:
            yield Browser(socket)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.skipif(not _BROWSER, reason="no Chromium is installed")
@on_loop
async def test_in_a_browser(tmp_path: Path) -> None:
    """The screen comes, keys reach it, and nothing is asked of other hosts."""
    with served(tmp_path) as (address, port, _):
        async with browser(tmp_path) as page:
            for domain in ("Network", "Page", "Runtime"):
                await page.call(f"{domain}.enable")
            await page.call("Page.navigate", url=address)
            await page.until("❚❚ entry")
            shot = await page.call("Page.captureScreenshot")
            (tmp_path / "screen.png").write_bytes(base64.b64decode(shot["data"]))
            assert (tmp_path / "screen.png").stat().st_size > 10_000
            await page.call("Input.dispatchMouseEvent", type="mousePressed", x=300, y=200, button="left", clickCount=1)
            await page.call("Input.dispatchMouseEvent", type="mouseReleased", x=300, y=200, button="left", clickCount=1)
            await page.press("c")
            await page.until("finished")
            assert page.errors == []
            outside = [url for url in page.asked if not url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:"))]
            assert outside == []
