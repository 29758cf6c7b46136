"""Keys of the prompt: those of the command table, and the toolbar below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as Completed
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from debugger.session import Session
from ui.command import Command, Context
from ui.completion import complete
from ui.render.line import Line, Role, line

_SHIFTED = {"shift+f11": "f23"}  # terminals send Shift and a function key as one twelve higher


def bindings(commands: Iterable[Command]) -> KeyBindings:
    """Each command's key types its name and enters it."""
    keys = KeyBindings()
    for command in commands:
        if command.key:
            keys.add(_SHIFTED.get(command.key, command.key))(_entering(command.name))
    return keys


def _entering(text: str) -> Callable[[KeyPressEvent], None]:
    def enter(event: KeyPressEvent) -> None:
        event.current_buffer.text = text
        event.current_buffer.validate_and_handle()

    return enter


class CommandCompleter(Completer):
    """Completes command lines."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completed]:
        for found in complete(self._context, document.text_before_cursor):
            yield Completed(found.text, -found.length, display_meta=found.about)


def toolbar(session: Session) -> Line:
    """State, place and tick."""
    last = session.last
    if last is None:
        return line(("not started", Role.DIM), f"  {session.path.name}  ", ("help lists the commands", Role.DIM))
    place = f"{last.at.name}  " if last.at else ""
    return line(
        (f"{last.reason.value}", Role.WARNING), "  ", (place, Role.NAME), f"tick {last.tick:,}  ",
        ("F5 continue  F9 breakpoint  F10 over  F11 into  Shift-F11 out", Role.DIM),
    )  # fmt: skip
