"""A stretch of the recording for a command: from where to where, with progress that Ctrl-C ends."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from debugger.events import Message
from debugger.session import Session
from debugger.traces.expand import Expansion, Place
from debugger.traces.follow import Stack
from ui.command import Parser
from vm.errors import UserError
from vm.types import Addr, Tick

_SAID_EVERY_S = 1.0


@contextmanager
def expansion_of(session: Session, args: Namespace) -> Iterator[Expansion]:
    """A stretch of the recording; afterwards the program stands where it stood."""
    now, first = session.tick, session.history.first_tick
    start = first if args.start is None else session.moment(args.start)
    end = now if args.end is None else session.moment(args.end)
    last = session.moment("end")
    if not first <= start <= end <= last:
        raise UserError(f"ticks {start:,} to {end:,} are not in the recording", f"it has {first:,} to {last:,}")
    with session.looking_back():
        yield Expansion(session.machine, session.history, Tick(start), Tick(end))


def progress(session: Session, what: str) -> Callable[[int, int], bool]:
    """Says now and then how far it has come; a pause (Ctrl-C) stops it."""
    said = time.monotonic()

    def goes_on(done: int, of: int) -> bool:
        nonlocal said
        if time.monotonic() - said > _SAID_EVERY_S:
            said = time.monotonic()
            session.emit(
                Message(f"{what}: {done:,} of {of:,} instructions, {100 * done // max(of, 1)} %", passing=True)
            )
        return not session.pause_wanted

    return goes_on


def stretch(parser: Parser) -> Parser:
    """Adds what says from where to where."""
    parser.add_argument("--from", dest="start", metavar="TICK", help="not from the beginning of the recording")
    parser.add_argument("--to", dest="end", metavar="TICK", help="not to now")
    return parser


def with_file(parser: Parser) -> Parser:
    """Adds a file to write to."""
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path)
    return parser


def names_of(session: Session) -> Callable[[Place], str]:
    """What functions are called, with their instance where there are several."""

    def name_of(place: Place) -> str:
        instance = session.machine.instance_at(place[0])
        if instance is None:
            return "?"
        name = session.inspect.func_name(instance, place[1])
        return name if instance is session.main else f"{name} of {instance.name}"

    return name_of


def line_of(session: Session) -> Callable[[Addr, int], str]:
    """`fib.c:4` of an instruction; empty when it is not known."""

    def at(vmctx: Addr, offset: int) -> str:
        table = session.lines_at(vmctx)
        found = None if table is None else table.find(offset)
        return "" if found is None else f"{Path(found.file).name}:{found.line}"

    return at


def stack(session: Session) -> Stack:
    """The functions under way."""
    frames = [f for f in session.inspect.frames() if f.instance is not None]
    places = [(f.instance.addr, f.func) for f in reversed(frames) if f.instance is not None]
    return Stack(places, bool(frames) and frames[0].pc == 0, session.machine.current.number)


def stopped(whole: bool) -> str:
    """What is said of work that was ended."""
    return "" if whole else "; it was stopped before the end"
