"""Commands that run the program."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from debugger.events import Reason, Stopped
from ui.command import Again, Command, Context, Parser, Takes, at_most_one, count, one, whole
from ui.integers import integer
from ui.render.line import Line, note
from vm.errors import UserError

_FAMILY = "running"


def _fresh(context: Context) -> bool:
    """Whether the program stands at its entry and nothing has run since it was started."""
    last = context.session.last
    return last is not None and last.reason is Reason.ENTRY and context.session.tick == last.tick


def _begun(context: Context) -> Stopped:
    if context.session.last is None:
        return context.session.start()
    return context.session.restart()


def _run(context: Context, args: Namespace) -> Stopped:
    if args.moment:
        return context.session.until_tick(context.session.moment(args.moment))
    stopped = context.session.last if _fresh(context) else _begun(context)
    assert stopped is not None
    return context.session.resume_from_entry() if stopped.reason is Reason.ENTRY else stopped


def _start(context: Context, args: Namespace) -> Stopped:
    if _fresh(context) and context.session.last is not None:
        return context.session.last
    return _begun(context)


def _continue(context: Context, args: Namespace) -> Stopped:
    stopped = context.session.resume()
    for _ in range(args.count - 1):
        if stopped.reason is not Reason.BREAKPOINT:
            break
        stopped = context.session.resume()
    return stopped


def _lines(context: Context, times: int, into: bool) -> Stopped:
    stopped = context.session.step_line(into)
    for _ in range(times - 1):
        if stopped.reason is not Reason.STEP:
            break
        stopped = context.session.step_line(into)
    return stopped


def _step(context: Context, args: Namespace) -> Stopped:
    return _lines(context, args.count, into=True)


def _next(context: Context, args: Namespace) -> Stopped:
    return _lines(context, args.count, into=False)


def _stepi(context: Context, args: Namespace) -> Stopped:
    return context.session.step_instruction(args.count)


def _nexti(context: Context, args: Namespace) -> Stopped:
    return context.session.step_over(args.count)


def _finish(context: Context, args: Namespace) -> Stopped:
    return context.session.step_out()


def _until(context: Context, args: Namespace) -> Stopped:
    word, _, rest = args.where.partition(" ")
    if word == "tick":
        return _seek(context, Namespace(tick=_tick(rest)))
    if not args.where:
        return context.session.step_line(into=False)
    return context.session.run_to(args.where)


def _tick(text: str) -> int:
    tick = integer(text)
    if tick is None:
        raise UserError(f"{text.strip()!r} is not a tick", "until tick 1000")
    return tick


def _seek(context: Context, args: Namespace) -> Stopped:
    return context.session.until_tick(args.tick)


def _jump(context: Context, args: Namespace) -> Stopped | list[Line]:
    context.session.jump(args.location)
    return context.session.last or []


def _invoke(context: Context, args: Namespace) -> Stopped:
    return context.session.invoke(args.export, tuple(args.args))


def _stdin(context: Context, args: Namespace) -> Iterable[Line]:
    if args.text == "--eof":
        context.session.world.close_stdin()
        return [note("standard input ends here")]
    context.session.world.feed_stdin(args.text.encode(errors="surrogateescape") + b"\n")
    return []


def _invoke_parser() -> Parser:
    parser = Parser()
    parser.add_argument("export", metavar="EXPORT")
    parser.add_argument("args", metavar="ARG", nargs="*")
    return parser


COMMANDS = (
    Command("run", _FAMILY, "run from the beginning until something stops it", _run,
            ("r", "process launch"), at_most_one("TICK | NAME", "moment"),
            details="Breakpoints and displayed expressions stay. With a tick or a bookmark: to that moment, as in rr."),
    Command("start", _FAMILY, "run from the beginning and stop at the entry's first instruction", _start, ("starti",)),
    Command("restart", _FAMILY, "the same as run: from the beginning until something stops it; N: to bookmark N", _run,
            (), at_most_one("TICK | NAME", "moment")),
    Command("continue", _FAMILY, "go on until something stops it; COUNT: past that many breakpoints", _continue,
            ("c", "cont", "fg", "process continue", "thread continue"), count(), key="f5", again=Again.SAME),
    Command("step", _FAMILY, "to the next source line, into calls; without line information one instruction", _step,
            ("s", "thread step-in"), count(), again=Again.SAME),
    Command("next", _FAMILY, "to the next source line, over calls; without line information one instruction", _next,
            ("n", "thread step-over", "stepover", "so"), count(), again=Again.SAME),
    Command("stepi", _FAMILY, "one instruction, into calls", _stepi, ("si", "thread step-inst"), count(), key="f11",
            again=Again.SAME),
    Command("nexti", _FAMILY, "one instruction, over calls", _nexti, ("ni", "thread step-inst-over"), count(),
            key="f10", again=Again.SAME),
    Command("finish", _FAMILY, "until the selected frame returns", _finish, ("fin", "thread step-out", "stepret"),
            key="shift+f11", again=Again.SAME),
    Command("until", _FAMILY, "until a location or a tick is reached", _until,
            ("u", "advance", "run-to", "thread until"), at_most_one("LOCATION | tick N", "where"), whole,
            takes=Takes.LOCATION, details="until $fib+0x10; until tick 1000; without an argument: the next line."),
    Command("jump", _FAMILY, "make another instruction of this function the next one", _jump, ("j", "thread jump"),
            one("LOCATION", "location"), whole, takes=Takes.LOCATION,
            details="Only where the operand stack has the same types; nothing is run."),
    Command("invoke", _FAMILY, "call an export with arguments; stops at its first instruction", _invoke, (),
            _invoke_parser, takes=Takes.EXPORT, details="invoke fib 10"),
    Command("stdin", _FAMILY, "give the program a line of standard input; --eof ends it", _stdin, (),
            one("TEXT | --eof", "text"), whole),
)  # fmt: skip
