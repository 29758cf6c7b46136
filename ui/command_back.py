"""Commands about the past: going back, branches, moments with names, values over time."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path

from debugger.backwards import Backwards
from debugger.differences import Differing
from debugger.events import Stopped
from debugger.running import Ended
from ui.command import (
    Again,
    Command,
    Context,
    Parser,
    Takes,
    at_most_one,
    count,
    formatted,
    number,
    one,
    slashed,
    whole,
)
from ui.render import past
from ui.render.line import Line, Part, Role, columns, note
from vm.errors import UserError

_FAMILY = "going back"


def _goto(context: Context, args: Namespace) -> Stopped:
    return context.session.until_tick(context.session.moment(args.moment))


def _reverse_stepi(context: Context, args: Namespace) -> Stopped:
    return context.session.reverse(lambda back: back.instructions(args.count))


def _back(plan: Callable[[Backwards], Ended]) -> Callable[[Context, Namespace], Stopped]:
    """A plan that goes back, `count` times."""

    def run(context: Context, args: Namespace) -> Stopped:
        stopped = context.session.reverse(plan)
        for _ in range(args.count - 1):
            stopped = context.session.reverse(plan)
        return stopped

    return run


def _reverse_continue(context: Context, args: Namespace) -> Stopped:
    return context.session.reverse(Backwards.resume)


def _reverse_finish(context: Context, args: Namespace) -> Stopped:
    return context.session.reverse(Backwards.out)


def _wrote(context: Context, args: Namespace) -> Stopped:
    m = _NTH.match(args.what)
    nth, expression = (-1, args.what) if m is None else (1 if m["first"] else int(m["nth"]), args.what[m.end() :])
    if not nth:
        raise UserError("writes are counted from 1; -1 is the last", "wrote --nth 3 $g")
    return context.session.write(expression.strip(), nth)


def _when(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    if not args.condition:
        return [note(f"tick {session.tick:,}")]
    session.evaluator().check(args.condition)
    asked = (args.condition, session.instance(), session.frame(), session.debug_info(session.instance()))
    found = session.over_time(lambda o: o.holds(o.asked(*asked)))
    if found is None:
        return [note(f"never from tick {session.history.first_tick:,} to tick {session.tick:,}")]
    return [past.span(*found)]


def _history(context: Context, args: Namespace) -> Iterable[Line]:
    session, most = context.session, _count(args.format)
    asked = (args.expression, session.instance(), session.frame(), session.debug_info(session.instance()))
    found = session.over_time(lambda o: o.changes(o.asked(*asked), most))
    return past.moments(found, context.views.where_of)


def _count(text: str) -> int:
    if text and not text.isdigit():
        raise UserError(f"{text!r} is not a number of values", "history/50 $g")
    return max(1, int(text)) if text else _MOST_MOMENTS


def _diff(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    one, other = session.moment(args.one), session.tick if args.other is None else session.moment(args.other)
    found = session.over_time(lambda o: Differing(o.machine, o.inspect, o.history).between(one, other))
    return past.differences(found, one, other)


def _bookmark(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    name = args.name.strip() or next(
        str(n) for n in range(1, len(session.moments) + 2) if str(n) not in session.moments
    )
    if name in ("start", "end"):
        raise UserError(f"{name} is where the recording has its {name}", "another name")
    session.moments[name] = session.tick
    return [note(f"{name} is tick {session.tick:,}: `goto {name}` returns here")]


def _bookmarks(context: Context, args: Namespace) -> Iterable[Line]:
    return past.bookmarks(context.session.moments) or [note("no moment has a name: bookmark NAME gives this one one")]


def _forget(context: Context, args: Namespace) -> Iterable[Line]:
    if context.session.moments.pop(args.name.strip(), None) is None:
        raise UserError(f"no moment is called {args.name.strip()!r}", "info bookmarks lists them")
    return []


def _branch(context: Context, args: Namespace) -> Stopped:
    return context.session.return_to_branch(args.number)


def _cause(context: Context, args: Namespace) -> Stopped:
    return context.session.to_cause()


def _record(context: Context, args: Namespace) -> Iterable[Line]:
    inputs = context.session.record(Path(args.file))
    return [note(f"{args.file}: {context.session.tick:,} instructions, {inputs:,} inputs; wasmscope replay opens it")]


def _branches(context: Context, args: Namespace) -> Iterable[Line]:
    rows: list[list[Part]] = [
        [(str(b.number), Role.LABEL), f"left at tick {b.at:,}", (f"{b.size:,} bytes", Role.COMMENT)]
        for b in context.session.history.branches
    ]
    return columns(rows, right=(0,)) or [note("no branch was left: the past was not changed")]


def _diff_parser() -> Parser:
    parser = Parser()
    parser.add_argument("one", metavar="TICK1")
    parser.add_argument("other", metavar="TICK2", nargs="?")
    return parser


def _branch_parser() -> Parser:
    parser = Parser()
    parser.add_argument("number", metavar="N", type=number)
    return parser


_MOST_MOMENTS = 20
_NTH = re.compile(r"(?:(?P<first>--first)|--nth\s+(?P<nth>-?\d{1,9}))\s+")
_BACK = (
    "In the past nothing is printed or written again; going on leads to where the program was left. A change there "
    "begins a new branch; `branch N` returns to the one that was left."
)
COMMANDS = (
    Command("goto", _FAMILY, "to the moment when that many instructions had been run, or to a bookmark", _goto,
            ("seek-ticks", "seek", "ugo"), one("TICK | NAME | start | end", "moment"), whole),
    Command("reverse-step", _FAMILY, "to the source line before, into calls; without lines one instruction",
            _back(lambda back: back.line(into=True)), ("rs",), count(), again=Again.SAME, details=_BACK),
    Command("reverse-next", _FAMILY, "to the source line before, over calls; without lines one instruction",
            _back(lambda back: back.line(into=False)), ("rn",), count(), again=Again.SAME, details=_BACK),
    Command("reverse-stepi", _FAMILY, "one instruction back, into calls", _reverse_stepi, ("rsi",), count(),
            again=Again.SAME, details=_BACK),
    Command("reverse-nexti", _FAMILY, "one instruction back, over calls", _back(Backwards.over), ("rni",), count(),
            again=Again.SAME, details=_BACK),
    Command("reverse-continue", _FAMILY, "back to the last breakpoint or watchpoint that was met", _reverse_continue,
            ("rc",), again=Again.SAME, details=_BACK),
    Command("reverse-finish", _FAMILY, "back to the call of this frame", _reverse_finish, (), again=Again.SAME,
            details=_BACK),
    Command("wrote", _FAMILY, "back to the instruction that last wrote a value; --first, --nth N: the first, the n-th",
            _wrote, ("last",), one("[--first | --nth N] EXPR", "what"), whole,
            "wrote $g, wrote u32@0x1040, wrote stack[0], wrote --nth 3 table[0][2]; --nth -2 is the last but one. "
            + _BACK, takes=Takes.EXPRESSION),
    Command("history", _FAMILY, "the values that something had, and the instructions that made them", _history, (),
            formatted("EXPR", "expression", optional=False), slashed,
            "history $g; history/50 u32@0x1040: the last 50. A local is followed since its function was called.",
            takes=Takes.EXPRESSION),
    Command("when", _FAMILY, "how many instructions have been run; with a condition: when it held", _when,
            ("when-ticks",), at_most_one("EXPR", "condition"), whole, "when $g > 7", takes=Takes.EXPRESSION),
    Command("diff", _FAMILY, "what differs between two moments; with one, between then and now", _diff, (),
            _diff_parser, details="diff 1000 2000, diff start, diff before end: ticks or names of bookmarks."),
    Command("bookmark", _FAMILY, "give this moment a name, a number without one", _bookmark,
            ("checkpoint", "ubookmark"), at_most_one("NAME", "name"), whole, "`goto NAME` returns to it."),
    Command("info bookmarks", _FAMILY, "the moments that have names", _bookmarks, ("info checkpoints",)),
    Command("delete bookmark", _FAMILY, "take a moment's name away", _forget, ("delete checkpoint",),
            one("NAME", "name"), whole),
    Command("branch", _FAMILY, "return to a branch that was left when the past was changed", _branch, (),
            _branch_parser, details="The one that is left for it is kept as a branch too."),
    Command("cause", _FAMILY, "at a trap: back to where its bad operand came from", _cause,
            details="The steps from there to the trap are listed with the trap."),
    Command("record", _FAMILY, "write the run so far to a file, for wasmscope replay", _record, (),
            one("FILE", "file"), whole, takes=Takes.FILE),
    Command("info branches", _FAMILY, "the branches that were left", _branches),
)  # fmt: skip
