"""`wasmscope capture`: the memory of a real runtime's instance, decoded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from debugger.capture import read_capture
from debugger.capture_report import Report
from ui.render.capture import capture_lines
from ui.render.line import text_of


def run_capture(path: Path, *, as_json: bool, screen: bool) -> int:
    """Writes what a capture says, or opens it on the full screen; the exit code. Raises WasmscopeError."""
    capture = read_capture(path)
    if screen:
        from debugger.capture_runtime import CaptureForeign
        from ui.tui.foreign_app import run_foreign_screen

        return run_foreign_screen(CaptureForeign(capture))
    report = Report(capture).as_json()
    if as_json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return 0
    title = f"{path.name}: {capture.runtime} {capture.version}, laid out as {capture.layouts.era.title}"
    for rendered in capture_lines(report, title):
        sys.stdout.write(text_of(rendered) + "\n")
    return 0
