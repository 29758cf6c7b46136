"""Commands about guest threads."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator

from ui.command import Command, Context, Parser, number
from ui.guest_rows import thread_row
from ui.render.line import Line, columns, line
from vm.errors import UserError

_FAMILY = "threads"


def _threads(context: Context, args: Namespace) -> Iterable[Line]:
    machine = context.session.machine
    rows = [thread_row(context.session, thread) for thread in machine.threads]
    return columns(rows, ("", "", "state", "frames", "in"), right=(3,))


def _thread(context: Context, args: Namespace) -> Iterator[Line]:
    session = context.session
    if args.number is not None:
        session.select_thread(args.number)
        context.listing.list_at = None
    frame = session.frame()
    yield line(f"thread {session.machine.current.number} of {len(session.machine.threads)}")
    if frame is not None:
        yield context.views.frame_line(frame)


def _only(context: Context, args: Namespace) -> Iterator[Line]:
    session = context.session
    chosen = session.machine.current.number if args.number is None else args.number
    if chosen >= len(session.machine.threads):
        raise UserError(f"there is no thread {chosen}", f"threads 0 to {len(session.machine.threads) - 1}")
    session.select_thread(chosen)
    session.scheduler.policy.only = chosen
    yield line(f"only thread {chosen} runs, while it can; thread all lets the others run again")


def _all(context: Context, args: Namespace) -> Iterator[Line]:
    context.session.scheduler.policy.only = None
    yield line("all threads run")


def _schedule(context: Context, args: Namespace) -> Iterator[Line]:
    policy = context.session.scheduler.policy
    if args.quantum is not None:
        if args.quantum < 1:
            raise UserError("a turn is of at least 1 instruction")
        policy.quantum_ticks = args.quantum
    if args.seed is not None:
        policy.seed = args.seed
    if args.in_order:
        policy.seed = None
    how = "in order" if policy.seed is None else f"by seed {policy.seed}"
    yield line(f"threads take turns {how}, {policy.quantum_ticks:,} instructions each")


def _schedule_parser() -> Parser:
    parser = Parser(options=True)
    parser.add_argument("--quantum", metavar="TICKS", type=number, help="instructions of a turn")
    parser.add_argument("--seed", metavar="N", type=number, help="take turns as if by chance")
    parser.add_argument("--in-order", action="store_true", help="take turns in order")
    return parser


def _number_parser() -> Parser:
    parser = Parser()
    parser.add_argument("number", metavar="N", nargs="?", type=number)
    return parser


COMMANDS = (
    Command("info threads", _FAMILY, "the guest's threads: state, and what they wait for", _threads, ("thread list",)),
    Command("thread", _FAMILY, "select a thread, or show the selected one", _thread, ("thread select",),
            _number_parser),
    Command("thread only", _FAMILY, "run one thread alone, while it can run", _only, (), _number_parser),
    Command("thread all", _FAMILY, "run all threads again", _all),
    Command("thread schedule", _FAMILY, "how threads take turns: --quantum, --seed, --in-order", _schedule,
            (), _schedule_parser),
)  # fmt: skip
