"""wasmscope, a WebAssembly debugger: its command line, and its Python API (docs/python-api.md)."""

from __future__ import annotations

import sys
from pathlib import Path


def _drop_current_folder() -> None:
    """So that a user's own folder called `vm` or `ui` is not taken for ours: `python -m` puts the current one first."""
    ours, here = Path(__file__).resolve().parent, Path.cwd()
    sys.path[:] = [str(ours), *(entry for entry in sys.path if entry and Path(entry).resolve() not in (ours, here))]


if __name__ == "__main__":
    _drop_current_folder()

from ui.api import Debugger  # noqa: E402
from ui.api import open_debugger as open  # noqa: E402

__all__ = ["Debugger", "main", "open"]


def main() -> int:
    """The command line."""
    from ui.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
