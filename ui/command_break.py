"""Commands about breakpoints."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator

from debugger.breakpoints import Breakpoint, check_hit_rule
from debugger.watchpoints import WatchKind, Watchpoint
from ui.command import Command, Context, Parser, Takes, at_most_one, many, number, one, whole
from ui.integers import integer
from ui.render import stops
from ui.render.line import Line, note
from vm.errors import UserError

_FAMILY = "breakpoints"
_IF = re.compile(r"(?:^|\s+)if\s+(?P<condition>.+)$")


def _at(context: Context, text: str, **options: str | bool | int) -> Breakpoint:
    """A breakpoint from `LOCATION [if CONDITION]`; no location: where the program stands."""
    m = _IF.search(text)
    location = text[: m.start()].strip() if m else text.strip()
    if m:
        options["condition"] = m["condition"].strip()
    return context.session.add_breakpoint(location or _here(context), **options)


def _here(context: Context) -> str:
    frame = context.session.frame()
    if frame is None or frame.offset is None:
        raise UserError("there is no instruction to break at", "name a place: b main")
    return f"@{frame.offset:#x}"


def _break(context: Context, args: Namespace) -> list[Line]:
    return [stops.breakpoint_set(_at(context, args.where))]


def _tbreak(context: Context, args: Namespace) -> list[Line]:
    return [stops.breakpoint_set(_at(context, args.where, temporary=True))]


def _rbreak(context: Context, args: Namespace) -> list[Line]:
    pattern = args.pattern if "*" in args.pattern else f"*{args.pattern}*"
    return [stops.breakpoint_set(_at(context, pattern))]


def _dprintf(context: Context, args: Namespace) -> list[Line]:
    location, comma, text = args.what.partition(",")
    text = _unquoted(text.strip())
    if not comma or not text:
        raise UserError("dprintf: the text is missing", 'dprintf $fib, "n is {n}"')
    return [stops.breakpoint_set(_at(context, location, log=text))]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _set(context: Context, args: Namespace) -> list[Line]:
    """The lldb form."""
    if args.file and args.line:
        location = f"{args.file}:{args.line}"
    else:
        location = args.name or (f"@{args.address:#x}" if args.address is not None else "")
    if not location:
        raise UserError("breakpoint set: no place was named", "-n NAME, -a OFFSET, or -f FILE -l LINE")
    made = context.session.add_breakpoint(
        location, condition=args.condition, ignore=args.ignore, temporary=args.one_shot
    )
    return [stops.breakpoint_set(made)]


def _condition(context: Context, args: Namespace) -> list[Line]:
    breakpoint_, condition = _numbered(context, args.what)
    if condition:
        context.session.evaluator().check(condition)
    breakpoint_.condition = condition
    return [_described(breakpoint_)]


def _ignore(context: Context, args: Namespace) -> list[Line]:
    breakpoint_ = context.session.breakpoints.get(args.id)
    breakpoint_.ignore = args.count
    return [_described(breakpoint_)]


def _hits(context: Context, args: Namespace) -> list[Line]:
    breakpoint_, rule = _numbered(context, args.what)
    check_hit_rule(rule)
    breakpoint_.hit_rule = rule
    return [_described(breakpoint_)]


def _log(context: Context, args: Namespace) -> list[Line]:
    breakpoint_, text = _numbered(context, args.what)
    breakpoint_.log = _unquoted(text)
    return [_described(breakpoint_)]


def _numbered(context: Context, text: str) -> tuple[Breakpoint, str]:
    """`3 rest`, as breakpoint 3 and the rest."""
    first, _, rest = text.partition(" ")
    return context.session.breakpoints.get(_id(first)), rest.strip()


def _id(text: str) -> int:
    id_ = integer(text)
    if id_ is None:
        raise UserError(f"{text!r} is not a breakpoint's number", "info breakpoints lists them")
    return id_


def _described(breakpoint_: Breakpoint) -> Line:
    return stops.breakpoints([breakpoint_])[0]


def _chosen(context: Context, ids: list[str]) -> Iterator[Breakpoint]:
    """Those named, as numbers or ranges `2-5`; all when none is."""
    breakpoints = context.session.breakpoints
    if not ids:
        yield from list(breakpoints)
    for text in ids:
        first, dash, last = text.partition("-")
        if not dash:
            yield breakpoints.get(_id(first))
        else:
            low, high = _id(first), _id(last)
            yield from [b for b in breakpoints if low <= b.id <= high]


def _delete(context: Context, args: Namespace) -> list[Line]:
    chosen = list(_chosen(context, args.ids))
    for breakpoint_ in chosen:
        context.session.breakpoints.delete(breakpoint_.id)
    return [note(f"deleted {len(chosen)} breakpoint{'s' if len(chosen) != 1 else ''}")]


def _clear(context: Context, args: Namespace) -> list[Line]:
    location = args.location or _here(context)
    sites = {r.site for r in context.session.resolver.resolve(location)}
    found = [b for b in context.session.breakpoints if any(r.site in sites for r in b.resolved)]
    if not found:
        raise UserError(f"no breakpoint is at {location}")
    for breakpoint_ in found:
        context.session.breakpoints.delete(breakpoint_.id)
    return [note("deleted " + ", ".join(f"breakpoint {b.id}" for b in found))]


def _toggle(context: Context, args: Namespace) -> list[Line]:
    location = args.location or _here(context)
    sites = {r.site for r in context.session.resolver.resolve(location)}
    if any(r.site in sites for b in context.session.breakpoints for r in b.resolved):
        return _clear(context, Namespace(location=location))
    return [stops.breakpoint_set(context.session.add_breakpoint(location))]


def _switch(context: Context, ids: list[str], enabled: bool) -> Iterable[Line]:
    for breakpoint_ in _chosen(context, ids):
        breakpoint_.enabled = enabled
        yield _described(breakpoint_)


def _enable(context: Context, args: Namespace) -> list[Line]:
    return list(_switch(context, args.ids, enabled=True))


def _disable(context: Context, args: Namespace) -> list[Line]:
    return list(_switch(context, args.ids, enabled=False))


def _list(context: Context, args: Namespace) -> list[Line]:
    return stops.breakpoints(context.session.breakpoints) or [note("no breakpoints are set")]


def _watching(kind: WatchKind) -> Callable[[Context, Namespace], list[Line]]:
    def run(context: Context, args: Namespace) -> list[Line]:
        return [_watch(context, args.what, kind)]

    return run


def _watch(context: Context, text: str, kind: WatchKind) -> Line:
    """A watchpoint from `EXPR [if CONDITION]`."""
    option, _, rest = text.partition(" ")
    if kind is WatchKind.CHANGE and option in ("-w", "--write"):
        text, kind = rest, WatchKind.WRITE
    m = _IF.search(text)
    expression = text[: m.start()].strip() if m else text.strip()
    if not expression:
        raise UserError("watch: what is to be watched is missing", "watch $g, watch u32@0x1040, watch memory[0][8:4]")
    condition = m["condition"].strip() if m else ""
    return stops.breakpoint_set(context.session.add_watchpoint(expression, kind, condition=condition))


def _watch_set(context: Context, args: Namespace) -> list[Line]:
    """The lldb form."""
    words = args.expression[1:] if args.expression[0] in ("expression", "variable") else args.expression
    return [_watch(context, " ".join(words), _LLDB_KINDS[args.watch])]


def _watch_list(context: Context, args: Namespace) -> list[Line]:
    found = [b for b in context.session.breakpoints if isinstance(b, Watchpoint)]
    return stops.breakpoints(found) or [note("no watchpoints are set")]


def _ignore_parser() -> Parser:
    parser = Parser()
    parser.add_argument("id", metavar="N", type=number)
    parser.add_argument("count", metavar="COUNT", type=number)
    return parser


def _set_parser() -> Parser:
    parser = Parser(options=True)
    parser.add_argument("-n", "--name", metavar="NAME", default="")
    parser.add_argument("-a", "--address", metavar="OFFSET", type=number)
    parser.add_argument("-f", "--file", metavar="FILE", default="")
    parser.add_argument("-l", "--line", metavar="LINE", type=number)
    parser.add_argument("-c", "--condition", metavar="EXPR", default="")
    parser.add_argument("-i", "--ignore-count", dest="ignore", metavar="COUNT", type=number, default=0)
    parser.add_argument("-o", "--one-shot", dest="one_shot", action="store_true")
    return parser


def _watch_set_parser() -> Parser:
    parser = Parser(options=True)
    parser.add_argument("-w", "--watch", choices=sorted(_LLDB_KINDS), default="modify")
    parser.add_argument("expression", metavar="EXPR", nargs="+")
    return parser


_LLDB_KINDS = {
    "modify": WatchKind.CHANGE, "write": WatchKind.WRITE, "read": WatchKind.READ, "read_write": WatchKind.ACCESS,
}  # fmt: skip
_WATCHED = one("EXPR [if COND]", "what")
_PLACES = (
    "watch u32@0x1040 if $n > 3. What has a place can be watched: memory (u32@0x1040, "
    "memory[0][start:size], memory[0].size), globals, locals, "
    "table elements, fields of objects and of the runtime's structures, data[0].dropped"
)
_WHERE = at_most_one("[LOCATION] [if COND]", "where")
_IDS = many("N", "ids")
_LOCATIONS = (
    "A location is $name, name*, func[3], each with +0x1b; @0x19c, a byte offset of the file; file.c:12; "
    "export:name; import:module.name"
)

COMMANDS = (
    Command("break", _FAMILY, "stop at a location, if a condition holds", _break, ("b", "br"), _WHERE, whole,
            details=_LOCATIONS, takes=Takes.LOCATION),
    Command("tbreak", _FAMILY, "stop at a location once", _tbreak, ("tb",), _WHERE, whole, takes=Takes.LOCATION),
    Command("rbreak", _FAMILY, "stop at every function whose name matches; * stands for anything", _rbreak, (),
            one("PATTERN", "pattern"), whole, takes=Takes.LOCATION),
    Command("dprintf", _FAMILY, "print text at a location and go on; {EXPR} is filled in", _dprintf, (),
            one("LOCATION, TEXT", "what"), whole, 'dprintf $fib, "n is {n}"', takes=Takes.LOCATION),
    Command("breakpoint set", _FAMILY, "the lldb form of break", _set, (), _set_parser),
    Command("condition", _FAMILY, "make a breakpoint stop only if a condition holds; none: always", _condition,
            ("cond",), one("N [EXPR]", "what"), whole, takes=Takes.BREAKPOINT),
    Command("ignore", _FAMILY, "pass a breakpoint that many times", _ignore, (), _ignore_parser,
            takes=Takes.BREAKPOINT),
    Command("hits", _FAMILY, "stop by the number of hits: 3, >=3, %10 is every tenth; none: at each", _hits, (),
            one("N [RULE]", "what"), whole, takes=Takes.BREAKPOINT),
    Command("log", _FAMILY, "print text instead of stopping at a breakpoint; none: stop again", _log, (),
            one("N [TEXT]", "what"), whole, takes=Takes.BREAKPOINT),
    Command("delete", _FAMILY, "delete breakpoints by number; without numbers all", _delete,
            ("d", "breakpoint delete"), _IDS, takes=Takes.BREAKPOINT),
    Command("clear", _FAMILY, "delete the breakpoints at a location", _clear, (),
            at_most_one("LOCATION", "location"), whole, takes=Takes.LOCATION),
    Command("toggle", _FAMILY, "set or delete a breakpoint at a location, or where the program stands", _toggle, (),
            at_most_one("LOCATION", "location"), whole, key="f9", takes=Takes.LOCATION),
    Command("enable", _FAMILY, "switch breakpoints on; without numbers all", _enable, ("en", "breakpoint enable"),
            _IDS, takes=Takes.BREAKPOINT),
    Command("disable", _FAMILY, "switch breakpoints off; without numbers all", _disable,
            ("dis", "breakpoint disable"), _IDS, takes=Takes.BREAKPOINT),
    Command("info breakpoints", _FAMILY, "the breakpoints", _list, ("info b", "breakpoint list")),
    Command("watch", _FAMILY, "stop when a value changes; -w: whenever it is written, also with what it was",
            _watching(WatchKind.CHANGE), (), _WATCHED, whole, _PLACES,
            takes=Takes.EXPRESSION),
    Command("rwatch", _FAMILY, "stop when a value is read", _watching(WatchKind.READ), (), _WATCHED, whole,
            details=_PLACES, takes=Takes.EXPRESSION),
    Command("awatch", _FAMILY, "stop when a value is read or written", _watching(WatchKind.ACCESS), (), _WATCHED,
            whole, details=_PLACES, takes=Takes.EXPRESSION),
    Command("watchpoint set", _FAMILY, "the lldb form of watch", _watch_set,
            (), _watch_set_parser),
    Command("info watchpoints", _FAMILY, "the watchpoints", _watch_list, ("watchpoint list",)),
)  # fmt: skip
