"""A selection of bytes as text for the clipboard, or as a file."""

from __future__ import annotations

from pathlib import Path

from vm.errors import UserError

QUESTION = "copy as hex, text, c or expr; > FILE writes the bytes"
MOST_CLIPBOARD_BYTES = 64 << 10  # more than terminals take in one go
MOST_FILE_BYTES = 1 << 30


def as_text(form: str, data: bytes, address: str) -> str:
    """What goes to the clipboard; `address` is where an expression finds the bytes. Raises UserError."""
    form = form.strip().lower()
    if form == "expr":
        return f"u8[{len(data)}]@{address}"
    if len(data) > MOST_CLIPBOARD_BYTES:
        raise UserError(f"{len(data):,} bytes are too many for the clipboard", "> FILE writes them to a file")
    match form:
        case "hex":
            return data.hex(" ")
        case "text":
            return data.decode("utf-8", "backslashreplace")
        case "c":
            return ", ".join(f"0x{byte:02x}" for byte in data)
        case _:
            raise UserError(f"{form!r} is no way to copy", QUESTION)


def file_of(answer: str) -> Path | None:
    """The file an answer such as `> dump.bin` names."""
    answer = answer.strip()
    if not answer.startswith(">"):
        return None
    name = answer[1:].strip()
    if not name:
        raise UserError("a file name is missing", "> dump.bin")
    return Path(name).expanduser()


def write_file(path: Path, data: bytes) -> None:
    """Raises UserError when it cannot be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None
