"""The commands of every front end, in one table.

Names are gdb's first, then rr's, lldb's and pwndbg's; a test holds that no name is given twice.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from debugger.session import Session
from ui import (
    command_break,
    command_find,
    command_look,
    command_memory,
    command_module,
    command_run,
    command_shell,
    command_value,
    command_xrefs,
)
from ui.command import Context, Settings
from ui.command_table import CommandTable
from ui.render.line import Line

TABLE = CommandTable(
    (
        *command_run.COMMANDS,
        *command_break.COMMANDS,
        *command_look.COMMANDS,
        *command_value.COMMANDS,
        *command_memory.COMMANDS,
        *command_find.COMMANDS,
        *command_module.COMMANDS,
        *command_xrefs.COMMANDS,
        *command_shell.COMMANDS,
    ),
    MappingProxyType({"i": "info", "fr": "frame"}),
)


def console(session: Session, write: Callable[[Line], None], settings: Settings | None = None) -> Context:
    """What commands of a front end work on."""
    return Context(session, write, TABLE, settings or Settings())


def execute(context: Context, text: str) -> None:
    """Runs one line; what it shows goes to `context.write`. Raises WasmscopeError."""
    TABLE.execute(context, text)
