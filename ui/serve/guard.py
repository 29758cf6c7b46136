"""Who may talk to the server: those who know the token, from a page of its own."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

_TOKEN_BYTES = 24


def new_token() -> str:
    """For one server; never kept."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class Guard:
    """What a request must bring. Everything is served below `/TOKEN/`: the page, its files and the websocket."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token.encode()
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._origins = tuple(f"http://{host}" for host in self._hosts)

    def admits(self, token: str, headers: Mapping[str, str]) -> bool:
        """Whether the token is right, and the request was meant for this server: not one that a foreign page sends."""
        known = hmac.compare_digest(token.encode(), self._token)
        origin = headers.get("Origin")
        return known and headers.get("Host") in self._hosts and (origin is None or origin in self._origins)
