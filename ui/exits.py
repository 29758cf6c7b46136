"""Exit codes of the command line."""

from __future__ import annotations

from debugger.events import Reason, Stopped

OK = 0
DIFFERENT = 1  # a comparison found something
FAILED = 2  # bad input, or a command that failed
INTERRUPTED = 130  # Ctrl-C
BROKEN_PIPE = 141  # as of a program that SIGPIPE ended
TRAPPED = 134  # as of a program that aborts


def of_program(stopped: Stopped | None) -> int:
    """What the debugged program's end means for the exit code; 0 while it has not ended."""
    if stopped is None:
        return OK
    match stopped.reason:
        case Reason.TRAP:
            return TRAPPED
        case Reason.EXITED:
            return (stopped.detail.exit_code or 0) & 0xFF
        case _:
            return OK
