"""Commands that run the program."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable

from debugger.backwards import Backwards
from debugger.events import Reason, Stopped
from debugger.running import Ended
from ui.command import Again, Command, Context, Parser, Takes, at_most_one, count, number, one, whole
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


def _when(context: Context, args: Namespace) -> Iterable[Line]:
    return [note(f"tick {context.session.tick:,}")]


def _tick_parser() -> Parser:
    parser = Parser()
    parser.add_argument("tick", metavar="TICK", type=number)
    return parser


def _invoke_parser() -> Parser:
    parser = Parser()
    parser.add_argument("export", metavar="EXPORT")
    parser.add_argument("args", metavar="ARG", nargs="*")
    return parser


_BACK = (
    "In the past nothing is printed or written again; going on leads to where the program was left. A change there "
    "gives up what came after it."
)
COMMANDS = (
    Command("run", _FAMILY, "run from the beginning until something stops it", _run,
            ("r", "process launch"), details="Breakpoints and displayed expressions stay."),
    Command("start", _FAMILY, "run from the beginning and stop at the entry's first instruction", _start, ("starti",)),
    Command("restart", _FAMILY, "the same as run: from the beginning until something stops it", _run, ()),
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
    Command("jump", _FAMILY, "make another instruction of this function the next one", _jump, ("j", "thread jump"),
            one("LOCATION", "location"), whole, takes=Takes.LOCATION,
            details="Only where the operand stack has the same types; nothing is run."),
    Command("invoke", _FAMILY, "call an export with arguments; stops at its first instruction", _invoke, (),
            _invoke_parser, takes=Takes.EXPORT, details="invoke fib 10"),
    Command("stdin", _FAMILY, "give the program a line of standard input; --eof ends it", _stdin, (),
            one("TEXT | --eof", "text"), whole),
)  # fmt: skip
