"""Commands about what ran: coverage, profiles and traces, from the recording."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from debugger.events import Message
from debugger.history import BrokenOff
from debugger.session import Session
from debugger.traces.coverage import Coverage, coverage, lcov
from debugger.traces.expand import Counts, Expansion, Place
from debugger.traces.profile import Profile, folded, profile
from debugger.traces.trace import Format, Texts, with_operands, write_binary, write_jsonl, write_parquet
from ui.command import Command, Context, Parser
from ui.command_keep import write_file
from ui.render.coverage_page import coverage_page
from ui.render.flame import flame_graph
from ui.render.line import Line, Role, columns, line, note
from vm.errors import UserError
from vm.types import Addr, Tick

_FAMILY = "what ran"
_ROWS = 20
_SAID_EVERY_S = 2.0


@contextmanager
def _expansion(session: Session, args: Namespace) -> Iterator[Expansion]:
    """A stretch of the recording; afterwards the program stands where it stood."""
    now, first = session.tick, session.history.first_tick
    start = first if args.start is None else session.moment(args.start)
    end = now if args.end is None else session.moment(args.end)
    if not first <= start <= end <= now:
        raise UserError(f"ticks {start:,} to {end:,} are not in the recording", f"it has {first:,} to {now:,}")
    with session.history.excursion():
        yield Expansion(session.machine, session.history, Tick(start), Tick(end))


def _progress(session: Session, what: str) -> Callable[[int, int], bool]:
    """Says now and then how far it has come; a pause (Ctrl-C) stops it."""
    said = time.monotonic()

    def goes_on(done: int, of: int) -> bool:
        nonlocal said
        if time.monotonic() - said > _SAID_EVERY_S:
            said = time.monotonic()
            session.emit(Message(f"{what}: {100 * done // max(of, 1)} %"))
        return not session.pause_wanted

    return goes_on


def _stretch(parser: Parser) -> Parser:
    parser.add_argument("--from", dest="start", metavar="TICK", help="not from the beginning of the recording")
    parser.add_argument("--to", dest="end", metavar="TICK", help="not to now")
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path)
    return parser


def _names(session: Session) -> Callable[[Place], str]:
    def name_of(place: Place) -> str:
        instance = session.machine.instance_at(place[0])
        if instance is None:
            return "?"
        name = session.inspect.func_name(instance, place[1])
        return name if instance is session.main else f"{name} of {instance.name}"

    return name_of


# -- coverage --------------------------------------------------------------------------------------


def _counts(session: Session, args: Namespace) -> Counts:
    with _expansion(session, args) as expansion:
        return expansion.count(_progress(session, "coverage"))


def _coverage(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    counts = _counts(session, args)
    session.heat = counts
    main = session.main
    found = coverage(counts, main, session.lines_of(main), lambda func: session.inspect.func_name(main, func))
    if args.file is None:
        return _coverage_lines(found)
    if args.file.suffix in (".html", ".htm"):
        lines = session.lines_of(main)
        search = (session.path.parent, Path.cwd())

        def source(path: str) -> tuple[str, ...] | None:
            return None if lines is None else lines.source(path, search, session.options.source_maps)

        text = coverage_page(found, source, f"coverage of {session.path.name}")
    elif args.file.suffix in (".info", ".lcov"):
        text = "\n".join(lcov(found)) + "\n"
    else:
        raise UserError(
            f"coverage is not written as {args.file.suffix or 'a file without a suffix'}", ".info, .lcov or .html"
        )
    write_file(args.file, text.encode())
    return [note(f"{args.file}: {len(text):,} bytes{_stopped(found.whole)}")]


def _stopped(whole: bool) -> str:
    return "" if whole else "; it was stopped before the end"


def _coverage_lines(found: Coverage) -> list[Line]:
    rows = [
        [
            (f.name, Role.NAME),
            f"{f.calls:,}",
            f"{100 * f.ran // max(f.instructions, 1)} %",
            f"{f.ways_gone} of {f.ways}" if f.ways else "",
            _lines_of(found, f.file),
        ]
        for f in sorted(found.functions, key=lambda f: (-f.calls, f.name))
        if f.ran
    ]
    ran, of = sum(f.ran for f in found.functions), sum(f.instructions for f in found.functions)
    gone, ways = sum(f.ways_gone for f in found.functions), sum(f.ways for f in found.functions)
    called = sum(1 for f in found.functions if f.ran)
    total = (
        f"{called:,} of {len(found.functions):,} functions, {ran:,} of {of:,} instructions, "
        f"{gone:,} of {ways:,} ways of branches{_stopped(found.whole)}"
    )
    headings = ("function", "calls", "code", "branches", "lines of its file")
    shown = columns(rows[:_ROWS], headings=headings, right=(1, 2, 3))
    more = [note(f"... {len(rows) - _ROWS} more functions ran")] if len(rows) > _ROWS else []
    return [*shown, *more, line(total)]


def _lines_of(found: Coverage, path: str) -> str:
    if not path:
        return ""
    lines = found.files[path].lines
    return f"{Path(path).name} {sum(1 for c in lines.values() if c)} of {len(lines)}"


# -- profile ---------------------------------------------------------------------------------------


def _profile(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    with _expansion(session, args) as expansion:
        session.history.back_to(expansion.start)
        frames = [(f.instance.addr, f.func) for f in session.inspect.frames() if f.instance is not None][::-1]
        found = profile(expansion, frames, _progress(session, "profile"))
    name_of = _names(session)
    if args.file is None:
        return _profile_lines(found, name_of)
    if args.file.suffix == ".svg":
        text = flame_graph(found, name_of, session.path.name)
    else:
        text = "\n".join(folded(found, name_of)) + "\n"
    write_file(args.file, text.encode())
    return [note(f"{args.file}: {len(text):,} bytes{_stopped(found.whole)}")]


def _profile_lines(found: Profile, name_of: Callable[[Place], str]) -> list[Line]:
    every = found.by_function()
    of = max(found.ticks, 1)
    rows = [
        [f"{own:,}", f"{100 * own / of:.1f} %", f"{total:,}", f"{calls:,}", (name_of(place), Role.NAME)]
        for place, own, total, calls in every[:_ROWS]
    ]
    more = [note(f"... {len(every) - _ROWS} more functions")] if len(every) > _ROWS else []
    headings = ("own", "", "with callees", "calls", "function")
    return [*columns(rows, headings=headings, right=(0, 1, 2, 3)), *more,
            line(f"{found.ticks:,} instructions{_stopped(found.whole)}")]  # fmt: skip


# -- trace -----------------------------------------------------------------------------------------


def _line_of(session: Session) -> Callable[[Addr, int], str]:
    def at(vmctx: Addr, offset: int) -> str:
        table = session.lines_at(vmctx)
        found = None if table is None else table.find(offset)
        return "" if found is None else f"{Path(found.file).name}:{found.line}"

    return at


def _trace(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    texts = Texts(session.machine, session.inspect, _line_of(session))
    goes_on = _progress(session, "trace")
    if args.file is None:
        if args.start is None:
            args.start = str(max(session.history.first_tick, session.tick - _ROWS))
        with _expansion(session, args) as expansion:
            return [_traced(row) for row in with_operands(expansion, session.inspect, texts, goes_on)]
    path = args.file.expanduser()
    chosen = Format(args.format)
    if args.operands and chosen is not Format.JSONL:
        raise UserError("operands are written as JSON lines", "--trace-format jsonl")
    try:
        with _expansion(session, args) as expansion:
            count = _written(session, expansion, path, chosen, args.operands, texts, goes_on)
    except BrokenOff:
        return [note(f"{path}: stopped before the end")]
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    return [note(f"{path}: {count:,} instructions, {path.stat().st_size:,} bytes")]


def _written(
    session: Session, expansion: Expansion, path: Path, chosen: Format, operands: bool, texts: Texts,
    goes_on: Callable[[int, int], bool],
) -> int:  # fmt: skip
    if chosen is Format.PARQUET:
        return write_parquet(expansion, str(path), texts, goes_on)
    with path.open("wb") as file:
        if chosen is Format.BINARY:
            machine = session.machine
            names = {"module": session.path.name, "start": int(expansion.start),
                     "instances": [i.name for i in machine.instances]}  # fmt: skip
            return write_binary(expansion, file, names, goes_on)
        if not operands:
            return write_jsonl(expansion, file, texts, goes_on)
        count = 0
        for row in with_operands(expansion, session.inspect, texts, goes_on):
            file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            count += 1
        return count


def _traced(row: dict[str, object]) -> Line:
    operands = row["operands"]
    assert isinstance(operands, list)
    depth = int(str(row["depth"]))
    return line(
        (f"{row['tick']:>10,}  ", Role.LABEL), (f"{row['offset']:#08x}  ", Role.ADDRESS), "  " * min(depth - 1, 12),
        (str(row["op"]), Role.KEYWORD), (f"  [{' '.join(map(str, operands[-4:]))}]", Role.NUMBER),
        (f"  {row['function']}", Role.NAME), (f"  {row['line']}", Role.STRING),
    )  # fmt: skip


def _plain() -> Parser:
    return _stretch(Parser(options=True))


def _trace_parser() -> Parser:
    parser = _stretch(Parser(options=True))
    parser.add_argument("--trace-format", dest="format", choices=[f.value for f in Format], default=Format.JSONL.value)
    parser.add_argument("--operands", action="store_true", help="with what each instruction takes; slow")
    return parser


COMMANDS = (
    Command("coverage", _FAMILY, "functions, lines and branches that ran; FILE.info (lcov), FILE.html", _coverage, (),
            _plain, details="coverage; coverage out.info; coverage --from 1000 out.html"),
    Command("profile", _FAMILY, "instructions by function; FILE.svg (flame graph), other FILE: folded stacks", _profile,
            (), _plain, details="profile; profile out.svg; profile out.folded"),
    Command("trace", _FAMILY, "what ran last with operands; FILE: every instruction of the recording", _trace, (),
            _trace_parser, details="trace; trace --from 1000 --to 2000 out.jsonl; trace --trace-format binary out.bin"),
)  # fmt: skip
