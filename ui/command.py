"""What a command is, what it works on, and how its arguments are read."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import NoReturn, Protocol

from debugger.events import Stopped
from debugger.session import Session
from ui.examine import Format
from ui.integers import integer
from ui.render.line import Line
from ui.views import Views
from vm.errors import UserError

_NO_PREFIX = "\0"  # a parser without options: every word is an argument, `-1` too


class StopView(Enum):
    """What a command that ran the program shows at the stop."""

    NOTHING = auto()  # the front end shows it by itself
    SHORT = auto()  # why and where, and the instruction
    CONTEXT = auto()  # the whole context


class Takes(Enum):
    """What a command's argument is, for completion."""

    NOTHING = auto()
    LOCATION = auto()
    EXPRESSION = auto()
    COMMAND = auto()
    FILE = auto()
    EXPORT = auto()
    BREAKPOINT = auto()


class Again(Enum):
    """What an empty line after the command does."""

    NOTHING = auto()
    SAME = auto()  # run it again with its arguments
    ONWARDS = auto()  # run it again without: it goes on from where it came to


@dataclass
class Settings:
    """What the user may choose."""

    stop_view: StopView = StopView.SHORT
    code_lines: int = 9  # in a context
    bytes_per_row: int = 16


@dataclass
class Listing:
    """Where `list`, `x` and `ustep` go on when they are repeated."""

    list_at: int | None = None
    examine_at: int | None = None
    examine_format: Format = field(default_factory=Format)
    micro: tuple[int, int] = (-1, 0)  # at which tick `ustep` is, and how many micro-steps it showed


class Table(Protocol):
    """The table of all commands, as commands themselves see it."""

    commands: tuple[Command, ...]
    by_name: Mapping[str, Command]

    def find(self, text: str) -> tuple[Command, str]:
        """The command a line begins with, and what follows its name. Raises UserError."""
        ...

    def execute(self, context: Context, text: str) -> None:
        """Runs one line. Raises WasmscopeError."""
        ...

    def completions(self, prefix: str) -> list[str]:
        """Command names that a line may go on with."""
        ...


@dataclass
class Context:
    """What commands work on. `write` takes the lines they show, as they come."""

    session: Session
    write: Callable[[Line], None]
    table: Table
    settings: Settings = field(default_factory=Settings)
    listing: Listing = field(default_factory=Listing)
    ended: bool = False  # quit was asked for
    sources: tuple[Path, ...] = ()  # command files being run, the innermost last

    def __post_init__(self) -> None:
        self.views = Views(self.session)


Handler = Callable[[Context, argparse.Namespace], Iterable[Line] | Stopped]
Split = Callable[[str], list[str]]


class Parser(argparse.ArgumentParser):
    """An argparse parser that never exits: what is wrong becomes a UserError."""

    def __init__(self, options: bool = False) -> None:
        super().__init__(add_help=False, allow_abbrev=False, exit_on_error=False,
                         prefix_chars="-" if options else _NO_PREFIX)  # fmt: skip

    def error(self, message: str) -> NoReturn:
        raise UserError(message)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. A name or alias may have two words.

    `handler` gives the lines to show, or the stop when it ran the program.
    """

    name: str
    family: str
    help: str
    handler: Handler
    aliases: tuple[str, ...] = ()
    parser: Callable[[], Parser] = Parser
    split: Split = shlex.split
    details: str = ""
    key: str | None = None
    again: Again = Again.NOTHING
    takes: Takes = Takes.NOTHING

    def parse(self, rest: str) -> argparse.Namespace:
        """The arguments in what follows the name. Raises UserError with the usage."""
        try:
            return self.parser().parse_args(self.split(rest))
        except argparse.ArgumentError as error:
            raise UserError(f"{self.name}: {error}", f"usage: {self.usage}") from None
        except UserError as error:
            raise UserError(f"{self.name}: {error}", f"usage: {self.usage}") from None
        except ValueError as error:  # a quote that is not closed
            raise UserError(f"{self.name}: {str(error).lower()}") from None

    @property
    def usage(self) -> str:
        """`x [/FMT] [ADDRESS]`."""
        parser = self.parser()
        parser.prog = self.name
        return " ".join(parser.format_usage().removeprefix("usage: ").split())


# -- ways to split what follows a command's name ---------------------------------------------------


def whole(rest: str) -> list[str]:
    """All of it as one argument; none when it is empty."""
    return [rest] if rest else []


_FORMAT = re.compile(r"/(\S*)\s*")


def slashed(rest: str) -> list[str]:
    """`/16xb expression` as two arguments, the format first, empty when there is none."""
    m = _FORMAT.match(rest)
    return [m[1] if m else "", *whole(rest[m.end() :] if m else rest)]


# -- parsers that several commands share -----------------------------------------------------------


def one(metavar: str, dest: str) -> Callable[[], Parser]:
    """One argument that must be there."""

    def make() -> Parser:
        parser = Parser()
        parser.add_argument(dest, metavar=metavar)
        return parser

    return make


def at_most_one(metavar: str, dest: str) -> Callable[[], Parser]:
    """One argument, "" when it is not given."""

    def make() -> Parser:
        parser = Parser()
        parser.add_argument(dest, metavar=metavar, nargs="?", default="")
        return parser

    return make


def many(metavar: str, dest: str, at_least: int = 0) -> Callable[[], Parser]:
    """Any number of words."""

    def make() -> Parser:
        parser = Parser()
        parser.add_argument(dest, metavar=metavar, nargs="+" if at_least else "*")
        return parser

    return make


def count(default: int = 1) -> Callable[[], Parser]:
    """How often, from 1."""

    def make() -> Parser:
        parser = Parser()
        parser.add_argument("count", metavar="COUNT", nargs="?", default=default, type=positive)
        return parser

    return make


def formatted(metavar: str, dest: str, optional: bool = True) -> Callable[[], Parser]:
    """A format and an expression, as `slashed` gives them."""

    def make() -> Parser:
        parser = Parser()
        parser.add_argument("format", metavar="/FMT")
        if optional:
            parser.add_argument(dest, metavar=metavar, nargs="?", default="")
        else:
            parser.add_argument(dest, metavar=metavar)
        return parser

    return make


def number(text: str) -> int:
    """An integer in any base, with `_` and `,` between digits. For argparse."""
    value = integer(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def positive(text: str) -> int:
    """An integer from 1. For argparse."""
    value = number(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return value
