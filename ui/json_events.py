"""Events as JSON, one a line: see docs/json-events.md."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any, TextIO

from debugger.events import Detail, Stopped
from debugger.inspect import Variable
from debugger.session import Session
from ui.render.line import Line, text_of
from ui.views import Views
from vm.errors import WasmscopeError
from vm.wasi.world import Stream


class JsonEvents:
    """Writes one JSON object a line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._views: Views | None = None

    def attach(self, session: Session) -> None:
        """Stops are described by what this session holds."""
        self._views = Views(session)

    def stopped(self, stopped: Stopped) -> None:
        assert self._views is not None
        self._write("stopped", **stop_fields(stopped, self._views))

    def output(self, stream: Stream, data: bytes) -> None:
        text = data.decode(errors="replace")
        self._write("output", stream=stream.name.lower(), text=text, base64=base64.b64encode(data).decode())

    def line(self, rendered: Line) -> None:
        self._write("line", text=text_of(rendered))

    def message(self, text: str) -> None:
        self._write("message", text=text)

    def error(self, error: WasmscopeError) -> None:
        self._write("error", kind=type(error).__name__, text=str(error))

    def _write(self, event: str, **fields: Any) -> None:
        self._out.write(json.dumps({"event": event, **fields}) + "\n")
        self._out.flush()


def stop_fields(stopped: Stopped, views: Views) -> dict[str, Any]:
    """What a stop says, with the innermost frame's variables."""
    inspect = views.session.inspect
    frame = inspect.frame(0)
    source = views.listings.place(frame) if frame else None
    at = stopped.at
    return {
        "reason": stopped.reason.value,
        "tick": stopped.tick,
        "stop_id": stopped.stop_id,
        "at": None if at is None else {
            "function": at.name, "func": at.func, "pc": at.pc, "offset": at.offset, "vmctx": at.vmctx,
            "file": source.file if source else None, "line": source.line if source else None,
        },
        "locals": [_variable(v) for v in inspect.locals(frame)] if frame else [],
        "operands": [_variable(v) for v in inspect.operands(frame)] if frame else [],
        "detail": _detail(stopped.detail),
    }  # fmt: skip


def _variable(item: Variable) -> dict[str, Any]:
    return {"name": item.name, "type": item.type_name, "text": item.text, "slot": item.slot}


def _detail(detail: Detail) -> dict[str, Any]:
    trap = detail.trap
    return {
        "breakpoints": list(detail.breakpoints),
        "touched": [asdict(touched) for touched in detail.touched],
        "trap": None if trap is None else {"kind": trap.kind.value, "text": str(trap), "facts": trap.facts},
        "exit_code": detail.exit_code,
        "results": list(detail.results),
        "notes": list(detail.notes),
    }
