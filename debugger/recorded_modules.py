"""Modules that a recording was made of, found again on this machine or another: by their hashes."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from vm.errors import UserError

_SUFFIXES = (".wasm", ".wat", ".wast")
_MOST_FILES, _MOST_BYTES = 256, 1 << 30  # of a folder, looked into


def hash_of(file: Path) -> str:
    """The SHA-256 of a file, in hex digits. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def recorded_module(wanted: str, at: str, folders: Sequence[Path]) -> Path:
    """The module of a hash: by its name in some folders, where it was, by another name in the folders. One that is not
    it only when there is nothing else: whoever asked sees that by its hash. Raises UserError when there is none."""
    name = PureWindowsPath(at).name if "\\" in at and "/" not in at else PurePosixPath(at).name
    named = [file for file in (*(folder / name for folder in folders), Path(at)) if name and _is_readable(file)]
    for file in (*named, *(file for folder in folders for file in _modules(folder))):
        if _has(file, wanted):
            return file
    if named:
        return named[0]
    tried = ", ".join(dict.fromkeys(str(folder.resolve()) for folder in folders))
    raise UserError(f"the module {name or '?'} of the recording is neither at {at} nor in {tried}",
                    "put it there, or name it behind the file")  # fmt: skip


def _has(file: Path, wanted: str) -> bool:
    try:
        return hash_of(file) == wanted
    except OSError:
        return False


def _is_readable(file: Path) -> bool:
    """Whether it is a file and not, say, a device that is never at its end."""
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _modules(folder: Path) -> Iterator[Path]:
    """Files of a folder that may be modules, the first ones by name."""
    left = _MOST_BYTES
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    except OSError:
        return
    for file in files[:_MOST_FILES]:
        try:
            about = file.stat()
        except OSError:
            continue
        left -= about.st_size
        if stat.S_ISREG(about.st_mode) and left >= 0:
            yield file
