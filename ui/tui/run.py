"""Opening the full screen."""

from __future__ import annotations

from ui.start import Start
from ui.tui.app import WasmscopeApp
from vm.errors import UserError


def run_tui(start: Start, keys: str = "") -> int:
    """Opens the debugger on the terminal; the exit code. Raises UserError for a module that is not valid."""
    app = WasmscopeApp(start, keys=keys)
    code = app.run() or app.return_code or 0
    if app.failure:
        raise UserError(app.failure)
    return code
