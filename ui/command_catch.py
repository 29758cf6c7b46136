"""Commands about what happens anywhere: catching it, stepping to the next of a kind, answering for host functions."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Iterable

from debugger.backwards import Backwards
from debugger.catchpoints import CatchKind
from debugger.classes import Class
from debugger.events import Stopped
from debugger.running import Ended
from debugger.session import Session
from ui.catalogs import files
from ui.command import Again, Command, Context, Parser, Takes, number, one, positive, whole
from ui.render import stops
from ui.render.line import Line, Part, Role, columns, note
from vm.errors import UserError

_FAMILY = "breakpoints"
_IF = re.compile(r"(?:^|\s)if\s+(?P<condition>.+)$")
_WORDS = {
    "host": CatchKind.HOST, "wasi": CatchKind.HOST, "syscall": CatchKind.HOST, "trap": CatchKind.TRAP,
    "throw": CatchKind.THROW, "catch": CatchKind.CATCH, "memory.grow": CatchKind.GROW, "grow": CatchKind.GROW,
    "thread": CatchKind.SPAWN, "spawn": CatchKind.SPAWN, "wait": CatchKind.WAIT,
}  # fmt: skip


def _catch(context: Context, args: Namespace) -> Iterable[Line]:
    m = _IF.search(args.what)
    word, _, what = (args.what[: m.start()] if m else args.what).strip().partition(" ")
    if word not in _WORDS:
        raise UserError(f"{word!r} is nothing that can be caught", "one of: " + ", ".join(_WORDS))
    made = context.session.add_catchpoint(_WORDS[word], what, condition=m["condition"].strip() if m else "")
    return [stops.breakpoint_set(made)]


# -- answering -------------------------------------------------------------------------------------


def _mock(context: Context, args: Namespace) -> Iterable[Line]:
    made = context.session.mock(args.function, args.answer, args.times)
    often = "" if made.left is None else f", {made.left} time{'s' if made.left != 1 else ''}"
    return [note(f"mock {made.id}: {made.pattern} answers {made.answer}{often}")]


def _mocks(context: Context, args: Namespace) -> Iterable[Line]:
    rows: list[list[Part]] = [
        [(str(m.id), Role.LABEL), (m.pattern, Role.NAME), f"answers {m.answer}",
         "always" if m.left is None else f"{m.left} more", (f"{m.used} answered", Role.COMMENT)]
        for m in context.session.mocks.all
    ]  # fmt: skip
    return columns(rows, right=(0,)) or [note("every host function answers itself")]


def _unmock(context: Context, args: Namespace) -> Iterable[Line]:
    context.session.unmock(args.id)
    return []


def _fds(context: Context, args: Namespace) -> Iterable[Line]:
    rows = [section.item(i).cells for section in files(context.session) for i in range(section.count)]
    return columns(rows, right=(0,)) or [note("no descriptor is open")]


# -- stepping by class -----------------------------------------------------------------------------


def _next(go: Callable[[Session], Stopped]) -> Callable[[Context, Namespace], Stopped]:
    def run(context: Context, args: Namespace) -> Stopped:
        return go(context.session)

    return run


def _previous(plan: Callable[[Backwards], Ended]) -> Callable[[Context, Namespace], Stopped]:
    def run(context: Context, args: Namespace) -> Stopped:
        return context.session.reverse(plan)

    return run


def _next_write(context: Context, args: Namespace) -> Stopped:
    return context.session.to_write(args.expression)


def _previous_write(context: Context, args: Namespace) -> Stopped:
    return context.session.write(args.expression)


_TEXTS = {
    Class.CALL: ("call", ()),
    Class.RETURN: ("return", ()),
    Class.BRANCH: ("branch that is taken", ("nextjmp",)),
    Class.LOAD: ("load from memory", ()),
    Class.STORE: ("store to memory", ()),
    Class.GROW: ("memory.grow", ()),
    Class.THROW: ("throw", ()),
    Class.WAIT: ("wait for another thread", ()),
}


def _pair(class_: Class) -> tuple[Command, Command]:
    text, aliases = _TEXTS[class_]
    forwards: Callable[[Session], Stopped] = lambda session: session.to_class(class_)  # noqa: E731
    backwards: Callable[[Backwards], Ended] = lambda back: back.to_class(class_)  # noqa: E731
    return (
        Command(f"next{class_.value}", "running", f"to the next {text}", _next(forwards), aliases, again=Again.SAME),
        Command(f"prev{class_.value}", "going back", f"back to the last {text}", _previous(backwards),
                again=Again.SAME),
    )  # fmt: skip


def _mock_parser() -> Parser:
    parser = Parser(options=True)
    parser.add_argument("function", metavar="FUNCTION")
    parser.add_argument("answer", metavar="VALUE | ERRNO | trap")
    parser.add_argument("--times", metavar="N", type=positive)
    return parser


def _id_parser() -> Parser:
    parser = Parser()
    parser.add_argument("id", metavar="N", type=number)
    return parser


COMMANDS = (
    Command("catch", _FAMILY, "stop when something happens, wherever it does", _catch, (),
            one("host NAME | wasi NAME | trap [KIND] | throw [TAG] | catch [TAG] | grow | spawn | wait", "what"),
            whole,
            "catch wasi fd_write, catch host env.*, catch throw $error, catch trap unreachable. A host call is shown "
            "with its arguments; catch catch stops in the handler. Traps stop the program anyway."),
    Command("mock", _FAMILY, "answer for a host function: a value, an errno or a trap; --times N: so many times", _mock,
            (), _mock_parser, details="mock fd_write ENOSPC --times 1, mock env.random 4. unmock takes it away."),
    Command("unmock", _FAMILY, "let a host function answer itself again", _unmock, (), _id_parser),
    Command("info mocks", _FAMILY, "who answers for host functions", _mocks),
    Command("info fds", "module", "the WASI descriptors that are open", _fds, ("info files",)),
    *(command for class_ in Class for command in _pair(class_)),
    Command("nexthost", "running", "to the next call of a host function", _next(Session.to_host_call),
            ("nextsyscall", "nextsc"), again=Again.SAME),
    Command("prevhost", "going back", "back to the last call of a host function", _previous(Backwards.to_host_call),
            again=Again.SAME),
    Command("nextblock", "running", "until this function is in another block, or has returned",
            _next(Session.to_other_block), again=Again.SAME),
    Command("prevblock", "going back", "back to where this function was in another block, or to its call",
            _previous(Backwards.to_other_block), again=Again.SAME),
    Command("nextwrite", "running", "to the next write of a value", _next_write, (), one("EXPR", "expression"), whole,
            again=Again.SAME, takes=Takes.EXPRESSION),
    Command("prevwrite", "going back", "the same as wrote: back to the last write of a value", _previous_write, (),
            one("EXPR", "expression"), whole, again=Again.SAME, takes=Takes.EXPRESSION),
)  # fmt: skip
