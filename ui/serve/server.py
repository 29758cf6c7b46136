"""`wasmscope serve`: textual-serve behind a token, on this machine alone, with nothing from other hosts."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from aiohttp import web
from textual_serve.server import Server

from ui.serve.guard import Guard, new_token
from vm.errors import UserError

_HERE = Path(__file__).parent
_PROGRAM = _HERE.parents[1] / "wasmscope.py"
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address has the token in it
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:",
}


class TokenServer(Server):
    """Each page that is opened gets a debugger of its own, which ends with it."""

    def __init__(self, words: Sequence[str], port: int, token: str) -> None:
        command = shlex.join([sys.executable, str(_PROGRAM), *words])
        super().__init__(command, host="127.0.0.1", port=port, title="wasmscope")
        self.token, self._guard = token, Guard(token, port)
        self._page = Template((_HERE / "page.html").read_text())

    @property
    def address(self) -> str:
        """What to open; it is the only key."""
        return f"{self.public_url}/{self.token}/"

    async def application(self) -> web.Application:
        """What answers requests."""
        app = web.Application()
        app.router.add_get("/{token}/{rest:.*}", self._answer)
        app.on_response_prepare.append(_secure)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if not self._guard.admits(request.match_info["token"], request.headers):
            raise web.HTTPForbidden(text="not from here, or not with this address\n")
        match request.match_info["rest"].split("/", 1):
            case [""]:
                return self._index(request)
            case ["ws"]:
                return await self.handle_websocket(request)
            case ["static", name]:
                return self._file(name)
            case _:
                raise web.HTTPNotFound(text="nothing is here\n")

    def _index(self, request: web.Request) -> web.Response:
        websocket = f"ws://{request.host}/{self.token}/ws"
        return web.Response(text=self._page.substitute(websocket=websocket), content_type="text/html")

    def _file(self, name: str) -> web.FileResponse:
        root = Path(self.statics_path).resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise web.HTTPNotFound(text="nothing is here\n")
        return web.FileResponse(path)


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def run_server(words: Sequence[str], port: int) -> int:
    """Serves until it is interrupted; `words` are what the debugger is called with. Raises UserError."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()  # before the address is said
    except OSError as error:
        raise UserError(f"port {port} cannot be used: {error.strerror}", "--port N takes another, 0 any") from None
    server = TokenServer(words, listening.getsockname()[1], new_token())
    print(f"open {server.address}\nwhoever has this address can use the debugger; Ctrl-C ends it", flush=True)
    web.run_app(server.application(), sock=listening, print=None)
    return 0
