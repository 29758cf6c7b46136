"""Commands about the past: going back, branches, moments with names, values over time."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable

from debugger.backwards import Backwards
from debugger.events import Stopped
from debugger.running import Ended
from ui.command import Again, Command, Context, Parser, Takes, count, number, one, whole
from ui.render.line import Line, Part, Role, columns, note

_FAMILY = "going back"


def _seek(context: Context, args: Namespace) -> Stopped:
    return context.session.until_tick(args.tick)


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
    return context.session.last_write(args.expression)


def _when(context: Context, args: Namespace) -> Iterable[Line]:
    return [note(f"tick {context.session.tick:,}")]


def _branch(context: Context, args: Namespace) -> Stopped:
    return context.session.return_to_branch(args.number)


def _branches(context: Context, args: Namespace) -> Iterable[Line]:
    rows: list[list[Part]] = [
        [(str(b.number), Role.LABEL), f"left at tick {b.at:,}", (f"{b.size:,} bytes", Role.COMMENT)]
        for b in context.session.history.branches
    ]
    return columns(rows, right=(0,)) or [note("no branch was left: the past was not changed")]


def _tick_parser() -> Parser:
    parser = Parser()
    parser.add_argument("tick", metavar="TICK", type=number)
    return parser


def _branch_parser() -> Parser:
    parser = Parser()
    parser.add_argument("number", metavar="N", type=number)
    return parser


_BACK = (
    "In the past nothing is printed or written again; going on leads to where the program was left. A change there "
    "begins a new branch; `branch N` returns to the one that was left."
)
COMMANDS = (
    Command("goto", _FAMILY, "to the moment when that many instructions had been run in all, ahead or back", _seek,
            ("seek-ticks", "seek"), _tick_parser),
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
    Command("wrote", _FAMILY, "back to the instruction that last wrote a value", _wrote, (), one("EXPR", "expression"),
            whole, "wrote $g, wrote u32@0x1040. " + _BACK, takes=Takes.EXPRESSION),
    Command("when", _FAMILY, "how many instructions have been run", _when, ("when-ticks",)),
    Command("branch", _FAMILY, "return to a branch that was left when the past was changed", _branch, (),
            _branch_parser, details="The one that is left for it is kept as a branch too."),
    Command("info branches", _FAMILY, "the branches that were left", _branches),
)  # fmt: skip
