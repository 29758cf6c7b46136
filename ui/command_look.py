"""Commands that show where the program stands: frames, code and context."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator

from debugger.inspect import Frame
from ui.command import Again, Command, Context, Parser, StopView, Takes, at_most_one, count, number, whole
from ui.render import code
from ui.render.frame import variables
from ui.render.line import Line, heading, line, note
from ui.render.runtime import address
from vm.errors import UserError
from vm.instance import Instance
from vm.stop import Site

_FAMILY = "frames and code"
_LIST_LINES = 10
_BACKTRACE_ROWS = 50


def selected_frame(context: Context) -> Frame:
    """The selected frame. Raises UserError when no call is under way."""
    frame = context.session.frame()
    if frame is None:
        raise UserError("no call is under way", "run, or invoke EXPORT ARGS")
    return frame


# -- frames ----------------------------------------------------------------------------------------


def _backtrace(context: Context, args: Namespace) -> Iterable[Line]:
    limit = None if args.all else args.count
    return context.views.backtrace(limit) or [note("no call is under way")]


def _frame(context: Context, args: Namespace) -> Iterable[Line]:
    frame = context.session.select_frame(args.number) if args.number is not None else selected_frame(context)
    return _shown(context, frame)


def _up(context: Context, args: Namespace) -> Iterable[Line]:
    selected_frame(context)
    depth = context.session.machine.control.depth
    if context.session.selected == depth - 1:
        raise UserError("this is the outermost frame")
    number_ = min(context.session.selected + args.count, depth - 1)
    return _shown(context, context.session.select_frame(number_))


def _down(context: Context, args: Namespace) -> Iterable[Line]:
    selected_frame(context)
    if context.session.selected == 0:
        raise UserError("this is the innermost frame")
    return _shown(context, context.session.select_frame(max(0, context.session.selected - args.count)))


def _shown(context: Context, frame: Frame) -> list[Line]:
    context.listing.list_at = None
    if context.settings.stop_view is StopView.NOTHING:
        return [context.views.frame_line(frame)]
    return [context.views.frame_line(frame), *context.views.here()]


def _info_frame(context: Context, args: Namespace) -> Iterator[Line]:
    frame = selected_frame(context)
    yield context.views.frame_line(frame)
    record = frame.record
    yield line(f"  values at {address(record.base)}, vmctx {address(record.vmctx)}, instruction {frame.pc}")
    if frame.instance is not None:
        facts = context.session.inspect.facts(frame)
        yield line(f"  function {frame.func} of {frame.instance.name}, type {facts.type}")
        yield line(f"  {facts.num_local_slots} local slots, {facts.max_height} operand slots at most")
    for title, lines in (
        ("locals", context.views.locals(frame)),
        ("operand stack", context.views.operands(frame)),
        ("labels", context.views.labels(frame)),
    ):
        if lines:
            yield heading(title)
            yield from lines


def _info_locals(context: Context, args: Namespace) -> Iterable[Line]:
    return context.views.locals(selected_frame(context)) or [note("no locals")]


def _info_args(context: Context, args: Namespace) -> Iterable[Line]:
    row = context.views.stack_row(selected_frame(context))
    return variables(row.args) or [note("no arguments")]


def _info_stack(context: Context, args: Namespace) -> Iterable[Line]:
    return context.views.operands(selected_frame(context)) or [note("the operand stack is empty")]


def _info_labels(context: Context, args: Namespace) -> Iterable[Line]:
    return context.views.labels(selected_frame(context)) or [note("no labels")]


# -- code ------------------------------------------------------------------------------------------


def selected_place(context: Context, location: str) -> tuple[Instance, Site]:
    """The first WebAssembly function a location names; the selected frame's when it is empty."""
    if not location:
        frame = selected_frame(context)
        if frame.instance is None:
            raise UserError(f"{frame.name} is a host function: it has no code here", "up goes to its caller")
        return frame.instance, Site(frame.record.vmctx, frame.func, frame.pc)
    for resolved in context.session.resolver.resolve(location):
        instance = context.session.machine.instance_at(resolved.site.vmctx)
        if instance is not None:
            return instance, resolved.site
    raise UserError(f"no function is called {location!r}", "info functions lists them")


def _disassemble(context: Context, args: Namespace) -> Iterator[Line]:
    instance, site = selected_place(context, args.location)
    marks = context.views.marks(instance, site.func)
    for row in context.views.listings.function(instance, site.func):
        yield code.code_line(row, marks)


def _nearpc(context: Context, args: Namespace) -> Iterable[Line]:
    instance, site = selected_place(context, "")
    rows = context.views.listings.function(instance, site.func)
    return code.code_window(rows, context.views.marks(instance, site.func), args.count, args.count)


def _list(context: Context, args: Namespace) -> Iterable[Line]:
    """Source where there is some, else disassembly; a second `list` goes on."""
    if args.location:
        instance, site = selected_place(context, args.location)
        rows = context.views.listings.function(instance, site.func)
        marks = context.views.marks(instance, site.func)
        centre = code.position_of(rows, site.pc)
        return [code.code_line(r, marks) for r in rows[max(0, centre - 1) : centre + _LIST_LINES]]
    frame = selected_frame(context)
    place = context.views.listings.place(frame)
    if place is None or place.text is None:
        return _list_code(context, frame)
    first = context.listing.list_at or max(1, place.line - _LIST_LINES // 2)
    context.listing.list_at = first + _LIST_LINES
    if first > len(place.text):
        raise UserError(f"{place.short.rpartition(':')[0]} has {len(place.text)} lines")
    last = first + _LIST_LINES - 1
    return code.source_window(place.text, place.line, first, last, is_caller=frame.number > 0)


def _list_code(context: Context, frame: Frame) -> list[Line]:
    if frame.instance is None:
        return [note(f"{frame.name} is a host function")]
    rows = context.views.listings.function(frame.instance, frame.func)
    marks = context.views.marks(frame.instance, frame.func)
    first = context.listing.list_at
    if first is None:
        first = max(0, code.position_of(rows, frame.pc) - _LIST_LINES // 2)
    if first >= len(rows):
        raise UserError(f"{frame.name} ends here")
    context.listing.list_at = first + _LIST_LINES
    return [code.code_line(row, marks) for row in rows[first : first + _LIST_LINES]]


def _context(context: Context, args: Namespace) -> Iterable[Line]:
    return context.views.context(context.settings.code_lines)


def _info_line(context: Context, args: Namespace) -> Iterator[Line]:
    place = context.views.listings.place(selected_frame(context))
    if place is None:
        raise UserError("there is no source line here", "the module was made without debug information")
    yield line(f"{place.file}:{place.line}")
    yield from context.views.source(selected_frame(context), 0, 0)


def _backtrace_parser() -> Parser:
    parser = Parser(options=True)
    parser.add_argument("-a", "--all", action="store_true", help="every frame")
    parser.add_argument("count", metavar="COUNT", nargs="?", type=number, default=_BACKTRACE_ROWS)
    return parser


def _frame_parser() -> Parser:
    parser = Parser()
    parser.add_argument("number", metavar="N", nargs="?", type=number)
    return parser


_LOCATION = at_most_one("LOCATION", "location")

COMMANDS = (
    Command("backtrace", _FAMILY, "the call stack, innermost first", _backtrace,
            ("bt", "where", "thread backtrace", "info stack"), _backtrace_parser),
    Command("frame", _FAMILY, "select a frame by number, or show the selected one", _frame, ("f", "frame select"),
            _frame_parser),
    Command("up", _FAMILY, "select the caller's frame", _up, (), count(), again=Again.SAME),
    Command("down", _FAMILY, "select the callee's frame", _down, (), count(), again=Again.SAME),
    Command("info frame", _FAMILY, "all about the selected frame", _info_frame,
            ("frame info", "info f", "register read")),
    Command("info locals", _FAMILY, "parameters and locals of the selected frame", _info_locals, ("frame variable",)),
    Command("info args", _FAMILY, "parameters of the selected frame", _info_args),
    Command("info operands", _FAMILY, "the operand stack, top first", _info_stack),
    Command("info labels", _FAMILY, "the blocks around the instruction, as br counts them", _info_labels),
    Command("info line", _FAMILY, "the source line of the selected frame", _info_line),
    Command("list", _FAMILY, "source around the selected frame's line, else code; again: what follows", _list, ("l",),
            _LOCATION, whole, again=Again.ONWARDS, takes=Takes.LOCATION),
    Command("disassemble", _FAMILY, "the selected frame's function, or another one", _disassemble, ("di", "disas"),
            _LOCATION, whole, takes=Takes.LOCATION),
    Command("nearpc", _FAMILY, "instructions around the selected frame's", _nearpc, ("pdisass",), count(8)),
    Command("context", _FAMILY, "code, source, locals, operands and stack", _context, ("ctx",)),
)  # fmt: skip
