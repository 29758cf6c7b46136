"""The assembler: text format to bytes, with line and column when the text is wrong."""

from __future__ import annotations

import re

from vm.errors import UserError

# What the assembler prints: "message\n     --> <anon>:3:14\n      |\n ..."
_PLACE = re.compile(r"\s*-->\s*[^\n]*?:(?P<line>\d+):(?P<column>\d+)")


def assemble(text: str, filename: str) -> bytes:
    """The binary of a module in text format. Raises UserError: `file:line:column: what`, lines from 1."""
    import wasmtime

    try:
        return bytes(wasmtime.wat2wasm(text))
    except wasmtime.WasmtimeError as error:
        raise UserError(_one_line(str(error), filename)) from None


def _one_line(message: str, filename: str) -> str:
    place = _PLACE.search(message)
    if place is None:
        return f"{filename}: {' '.join(message.split())}"
    what = " ".join(message[: place.start()].split())
    return f"{filename}:{place['line']}:{place['column']}: {what}"
