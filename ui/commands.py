"""The commands of every front end, in one table.

Names are gdb's first, then rr's, lldb's and pwndbg's; a test holds that no name is given twice.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from debugger.session import Session
from ui import (
    command_back,
    command_break,
    command_catch,
    command_find,
    command_heap,
    command_keep,
    command_look,
    command_memory,
    command_micro,
    command_module,
    command_profile,
    command_run,
    command_shell,
    command_stacks,
    command_threads,
    command_trace,
    command_value,
    command_xrefs,
)
from ui.command import Command, Context, Settings
from ui.command_table import CommandTable
from ui.render.line import Line

_GROUP_ALIASES = MappingProxyType({"i": "info", "fr": "frame"})

TABLE = CommandTable(
    (
        *command_run.COMMANDS,
        *command_back.COMMANDS,
        *command_break.COMMANDS,
        *command_catch.COMMANDS,
        *command_look.COMMANDS,
        *command_value.COMMANDS,
        *command_memory.COMMANDS,
        *command_micro.COMMANDS,
        *command_find.COMMANDS,
        *command_module.COMMANDS,
        *command_xrefs.COMMANDS,
        *command_heap.COMMANDS,
        *command_threads.COMMANDS,
        *command_keep.COMMANDS,
        *command_profile.COMMANDS,
        *command_trace.COMMANDS,
        *command_stacks.COMMANDS,
        *command_shell.COMMANDS,
    ),
    _GROUP_ALIASES,
)


def table_with(more: tuple[Command, ...]) -> CommandTable:
    """The table, and commands of one front end."""
    return CommandTable((*TABLE.commands, *more), _GROUP_ALIASES)


def console(session: Session, write: Callable[[Line], None], settings: Settings | None = None) -> Context:
    """What commands of a front end work on."""
    return Context(session, write, TABLE, settings or Settings())


def execute(context: Context, text: str) -> None:
    """Runs one line; what it shows goes to `context.write`. Raises WasmscopeError."""
    context.table.execute(context, text)
