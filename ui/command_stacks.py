"""Commands about what the program keeps in its memory: its own stack there, and the blocks of its allocator."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator

from debugger.allocations import Allocations, Follower
from debugger.backwards import Backwards
from debugger.events import Detail, Reason, Stopped
from debugger.running import Ended
from debugger.session import Session
from debugger.shadow_stack import shadow_stack
from ui.command import Command, Context, Parser, number, positive
from ui.render import blocks
from ui.render.line import Line, Role, columns, line, note, text_of
from ui.tracing import progress
from vm.errors import UserError
from vm.types import Tick

_FAMILY = "memory"
_MOST_ROWS = 40


def _shadow(context: Context, args: Namespace) -> Iterator[Line]:
    session = context.session
    found = shadow_stack(session.inspect, session.instance())
    if found is None:
        raise UserError(
            "this module has no stack in its memory that is known", "one has a global called __stack_pointer"
        )
    used, left = found.top - found.pointer, max(0, found.pointer - found.floor)
    yield line(f"{found.pointer:#x} to {found.top:#x}, {used:,} bytes in use, {left:,} left; "
               f"below {found.floor:#x}: {found.below}")  # fmt: skip
    if found.overflow:
        yield line((f"it has grown {found.overflow:,} bytes into {found.below}", Role.ERROR))
    yield from columns(
        [[(f"#{p.frame.number}", Role.LABEL), (f"{p.start:#x}", Role.ADDRESS), f"{p.size:,} bytes",
          (p.frame.name, Role.NAME)] for p in found.pieces[:_MOST_ROWS]], right=(2,)
    )  # fmt: skip
    if len(found.pieces) > _MOST_ROWS:
        yield note(f"... {len(found.pieces) - _MOST_ROWS:,} more frames")


def _followed(session: Session, end: Tick) -> Allocations:
    """The allocator's calls up to a tick of the recording, by a replay. Raises UserError."""
    follower = Follower(session.machine, session.inspect, session.history, session.main)
    if not follower.allocator:
        raise UserError(
            "no function of this module is called like one of an allocator", "malloc, free, __rust_alloc ..."
        )
    with session.looking_back():
        return follower.follow(session.history.first_tick, end, progress(session, "following the allocator"))


def _allocations(context: Context, args: Namespace) -> Iterable[Line]:
    found = context.session.listings.blocks = _followed(context.session, context.session.tick)
    shown = found.by_size
    if args.quiet:
        return [blocks.total(found)]
    if args.address is not None:
        shown = [b for b in shown if b.address <= args.address < b.address + max(b.size, 1)]
        if not shown:
            raise UserError(f"{args.address:#x} is in no live block", "info allocations lists them")
    return blocks.allocations(found, shown, context.views.caller)


def _misuse(context: Context, args: Namespace) -> Stopped:
    now = context.session.tick
    found = _followed(context.session, context.session.moment("end")).misuses
    if args.number is None:
        found = [each for each in found if each.tick < now]
    if not found:
        raise UserError("nothing up to now has misused a block of the heap", "info allocations lists what is live")
    if args.number is not None and args.number > len(found):
        raise UserError(f"the heap was misused {len(found):,} times", "info allocations numbers them")
    chosen = found[-1 if args.number is None else args.number - 1]
    notes = tuple(text_of(each) for each in blocks.misuse(chosen, context.views.caller))

    def plan(back: Backwards) -> Ended:
        back.to(chosen.tick)
        return Ended(Reason.STEP, Detail(notes=notes))

    return context.session.reverse(plan)


def _address_parser() -> Parser:
    parser = Parser(options=True)
    parser.add_argument("address", metavar="ADDRESS", nargs="?", type=number)
    parser.add_argument("--quiet", action="store_true", help="only say how much it is: the pane of blocks shows it")
    return parser


def _number_parser() -> Parser:
    parser = Parser()
    parser.add_argument("number", metavar="N", nargs="?", type=positive)
    return parser


COMMANDS = (
    Command("info shadow-stack", _FAMILY, "the stack in linear memory: what frames have of it, what is left", _shadow,
            ("shadow",)),
    Command("info allocations", _FAMILY, "blocks that the program has taken and not given back, by the recording",
            _allocations, ("leaks",), _address_parser,
            details="each with the calls that took it; uses after free and blocks freed twice come first"),
    Command("misuse", _FAMILY, "back to the last use after free or double free, or to one by its number", _misuse, (),
            _number_parser, details="`info allocations` numbers them, and says who took the block and who freed it."),
)  # fmt: skip
