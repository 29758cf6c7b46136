"""Opening the full screen."""

from __future__ import annotations

import gc

from ui.start import Start
from ui.tui.app import WasmscopeApp
from vm.errors import UserError


def run_tui(start: Start, keys: str = "") -> int:
    """Opens the debugger on the terminal; the exit code. Raises UserError for a module that is not valid."""
    app = WasmscopeApp(start, keys=keys)
    gc.freeze()  # a large module is a million objects: looking through them again and again is felt at every key
    code = app.run() or app.return_code or 0
    if app.failure:
        raise UserError(app.failure)
    return code
