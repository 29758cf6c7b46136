"""Commands about the debugger itself: help, command files, quitting."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from ui.command import Command, Context, Takes, at_most_one, one, whole
from ui.render.line import Line, Role, columns, heading, line
from vm.errors import UserError, WasmscopeError

_FAMILY = "debugger"
_MOST_NESTED = 16


def _source(context: Context, args: Namespace) -> Iterable[Line]:
    """Runs a file of commands; the first that fails ends it."""
    path = Path(args.file).expanduser()
    if path in context.sources or len(context.sources) >= _MOST_NESTED:
        raise UserError(f"{path} is being run already")
    context.sources += (path,)
    try:
        for number, text in enumerate(read_commands(path), 1):
            _run_line(context, path, number, text)
            if context.ended:
                break
    finally:
        context.sources = context.sources[:-1]
    return ()


def _run_line(context: Context, path: Path, number: int, text: str) -> None:
    try:
        context.table.execute(context, text)
    except WasmscopeError as error:
        raise UserError(f"{path}:{number}: {error}") from None


def read_commands(path: Path) -> list[str]:
    """The lines of a command file. Raises UserError."""
    try:
        return path.read_text().splitlines()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:  # not UTF-8, or a path with a zero in it
        raise UserError(f"{path} is not text") from None


def _echo(context: Context, args: Namespace) -> list[Line]:
    return [line(args.text)]


def _help(context: Context, args: Namespace) -> Iterable[Line]:
    if args.command:
        return _help_of(context.table.find(args.command)[0])
    return _families(context.table.commands)


def _families(commands: tuple[Command, ...]) -> Iterator[Line]:
    for family, members in groupby(sorted(commands, key=lambda c: _order(commands, c)), key=lambda c: c.family):
        yield heading(family)
        yield from columns([_summary(c) for c in members], indent="  ")


def _order(commands: tuple[Command, ...], command: Command) -> tuple[int, int]:
    families = list(dict.fromkeys(c.family for c in commands))
    return families.index(command.family), commands.index(command)


def _summary(command: Command) -> list[str | tuple[str, Role]]:
    aliases = ", ".join(a for a in command.aliases if " " not in a)
    return [(command.name, Role.KEYWORD), (aliases, Role.DIM), command.help]


def _help_of(command: Command) -> Iterator[Line]:
    yield line((command.usage, Role.KEYWORD))
    yield line(f"  {command.help}")
    if command.details:
        yield line(f"  {command.details}")
    if command.aliases:
        yield line("  also: ", (", ".join(command.aliases), Role.KEYWORD))
    if command.key:
        yield line("  key: ", (command.key, Role.KEYWORD))


def _apropos(context: Context, args: Namespace) -> list[Line]:
    word = args.word.lower()
    found = [c for c in context.table.commands if word in " ".join((c.name, *c.aliases, c.help, c.details)).lower()]
    if not found:
        raise UserError(f"no command is about {args.word!r}", "help lists them all")
    return columns([_summary(c) for c in found], indent="  ")


def _quit(context: Context, args: Namespace) -> list[Line]:
    context.ended = True
    return []


COMMANDS = (
    Command("source", _FAMILY, "run a file of commands", _source, ("command source",), one("FILE", "file"), whole,
            takes=Takes.FILE),
    Command("echo", _FAMILY, "print text", _echo, (), at_most_one("TEXT", "text"), whole),
    Command("help", _FAMILY, "the commands, or one of them", _help, ("h",), at_most_one("COMMAND", "command"), whole,
            takes=Takes.COMMAND),
    Command("apropos", _FAMILY, "the commands about a word", _apropos, (), one("WORD", "word"), whole),
    Command("quit", _FAMILY, "leave the debugger", _quit, ("q", "exit", "process kill")),
)  # fmt: skip
