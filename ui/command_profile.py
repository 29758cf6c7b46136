"""Commands about how often things ran: coverage and profiles, from the recording."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from debugger.session import Session
from debugger.traces.coverage import Coverage, coverage, lcov
from debugger.traces.expand import Counts, Place
from debugger.traces.heat import MemoryHeat, memory_heat
from debugger.traces.profile import Node, Profile, by_line, folded, profile
from ui.command import Command, Context, Parser, number
from ui.command_keep import write_file
from ui.render.coverage_page import coverage_page
from ui.render.flame import flame_graph
from ui.render.line import Line, Part, Role, columns, line, note
from ui.tracing import expansion_of, names_of, progress, stack, stopped, stretch, with_file
from vm.errors import UserError
from vm.heat import Heat

_FAMILY = "what ran"
_ROWS = 20
_PATH_ENDS = 4
_PAGES = (".html", ".htm")


# -- coverage --------------------------------------------------------------------------------------


def _counts(session: Session, args: Namespace) -> Counts:
    with expansion_of(session, args) as expansion:
        return expansion.count(progress(session, "coverage"))


def check_file(path: Path) -> None:
    """Raises UserError for a name that says of no format what it is."""
    if path.suffix not in (*_PAGES, ".info", ".lcov"):
        raise UserError(
            f"coverage is not written as {path.suffix or 'a file without a suffix'}", ".info, .lcov or .html"
        )


def _coverage(context: Context, args: Namespace) -> Iterable[Line]:
    if args.file is not None:
        check_file(args.file)
    session = context.session
    counts = _counts(session, args)
    session.heat = counts
    main = session.main
    found = coverage(counts, main, session.lines_of(main), lambda func: session.inspect.func_name(main, func))
    if args.file is None:
        return _coverage_lines(found)
    if args.file.suffix in _PAGES:
        lines = session.lines_of(main)
        search = (session.path.parent, Path.cwd())

        def source(path: str) -> tuple[str, ...] | None:
            return None if lines is None else lines.source(path, search, session.options.source_maps)

        text = coverage_page(found, source, f"coverage of {session.path.name}")
    else:
        text = "\n".join(lcov(found)) + "\n"
    write_file(args.file, text.encode())
    return [note(f"{args.file}: {len(text.encode()):,} bytes{stopped(found.whole)}")]


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
        f"{gone:,} of {ways:,} ways of branches{stopped(found.whole)}"
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


# -- heat ------------------------------------------------------------------------------------------


def _heat(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    if args.what == "off":
        session.heat = session.memory_heat = None
        return [note("no counts are shown")]
    memories = session.instance().memories
    which = int(args.what or 0)
    if which >= len(memories) and args.what:
        raise UserError(f"there is no memory {which}", f"this instance has {len(memories)}")
    heat = Heat(memories[which].region) if memories else None
    with expansion_of(session, args) as expansion:
        session.heat = expansion.count(progress(session, "heat"), heat)
    session.memory_heat = None if heat is None else memory_heat(heat, _ROWS)
    shown = list(_heat_lines(session.heat, session.memory_heat, which))
    return shown[-1:] if args.quiet else shown


def _heat_lines(counts: Counts, found: MemoryHeat | None, which: int) -> Iterator[Line]:
    if found is not None:
        rows = [[(f"{at:#010x}", Role.ADDRESS), f"{reads:,}", f"{writes:,}"] for at, reads, writes in found.hottest]
        yield from columns(rows, headings=(f"memory {which}", "reads", "writes"), right=(1, 2))
        yield line(f"memory {which}: {found.reads:,} reads and {found.writes:,} writes, wide ones at each eight bytes")
    yield line(f"{counts.ticks:,} instructions, shown beside code and bytes{stopped(counts.whole)}; heat off hides it")


# -- profile ---------------------------------------------------------------------------------------


def _profile(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    if args.by == "line":
        return _by_line(session, args)
    with expansion_of(session, args) as expansion:
        session.history.back_to(expansion.start)
        found = profile(expansion, stack(session), progress(session, "profile"))
    name_of = names_of(session)
    if args.file is None:
        return _by_path(found, name_of) if args.by == "path" else _profile_lines(found, name_of)
    if args.file.suffix == ".svg":
        text = flame_graph(found, name_of, session.path.name)
    else:
        text = "\n".join(folded(found, name_of)) + "\n"
    write_file(args.file, text.encode())
    return [note(f"{args.file}: {len(text.encode()):,} bytes{stopped(found.whole)}")]


def _profile_lines(found: Profile, name_of: Callable[[Place], str]) -> list[Line]:
    every = found.by_function()
    rows: list[list[Part]] = [
        [f"{own:,}", _share(own, found.ticks), f"{total:,}", f"{calls:,}", (name_of(place), Role.NAME)]
        for place, own, total, calls in every[:_ROWS]
    ]
    headings = ("own", "", "with callees", "calls", "function")
    return _profiled(rows, headings, len(every), found.ticks, found.whole)


def _by_line(session: Session, args: Namespace) -> list[Line]:
    if args.file is not None:
        raise UserError("a file has paths of calls", "profile FILE, or profile --by line")
    with expansion_of(session, args) as expansion:
        counts = expansion.count(progress(session, "profile"))
    every = by_line(counts, session.machine, session.lines_at)
    rows: list[list[Part]] = [
        [f"{ticks:,}", _share(ticks, counts.ticks), (f"{Path(file).name}:{at}" if at else "no line", Role.NAME)]
        for (file, at), ticks in every[:_ROWS]
    ]
    return _profiled(rows, ("own", "", "line"), len(every), counts.ticks, counts.whole)


def _by_path(found: Profile, name_of: Callable[[Place], str]) -> list[Line]:
    """The paths of calls with the most ticks of their own."""
    every = sorted((node for node in found.root.walk() if node.own), key=lambda node: -node.own)
    rows: list[list[Part]] = [
        [f"{node.own:,}", _share(node.own, found.ticks), f"{node.calls:,}", (_path(node, name_of), Role.NAME)]
        for node in every[:_ROWS]
    ]
    return _profiled(rows, ("own", "", "calls", "path"), len(every), found.ticks, found.whole)


def _path(node: Node, name_of: Callable[[Place], str]) -> str:
    """The functions of a path; of many the outermost and the innermost ones."""
    names = [name_of(place) for place in node.path()]
    left = names if len(names) <= 2 * _PATH_ENDS else [*names[:_PATH_ENDS], "…", *names[-_PATH_ENDS:]]
    return " › ".join(left)


def _share(ticks: int, of: int) -> str:
    return f"{100 * ticks / max(of, 1):.1f} %"


def _profiled(rows: list[list[Part]], headings: tuple[str, ...], count: int, ticks: int, whole: bool) -> list[Line]:
    """A profile's rows, what is left off, and what it is of."""
    more = [note(f"... {count - _ROWS:,} more {headings[-1]}s")] if count > _ROWS else []
    shown = columns(rows, headings=headings, right=range(len(headings) - 1))
    return [*shown, *more, line(f"{ticks:,} instructions{stopped(whole)}")]


def _profile_parser() -> Parser:
    parser = _plain()
    parser.add_argument("--by", choices=("function", "line", "path"), default="function")
    return parser


def _plain() -> Parser:
    return with_file(stretch(Parser(options=True)))


def _heat_parser() -> Parser:
    parser = stretch(Parser(options=True))
    parser.add_argument("--quiet", action="store_true", help="without the hottest bytes")
    parser.add_argument("what", metavar="MEMORY|off", nargs="?", type=_memory_or_off)
    return parser


def _memory_or_off(text: str) -> str:
    return text if text == "off" else str(number(text))


COMMANDS = (
    Command("heat", _FAMILY, "how often code ran and a memory was touched, beside code and bytes; off hides it", _heat,
            (), _heat_parser, details="heat; heat 1; heat --from 1000; heat off"),
    Command("coverage", _FAMILY, "functions, lines and branches that ran; FILE.info (lcov), FILE.html", _coverage, (),
            _plain, details="coverage; coverage out.info; coverage --from 1000 out.html"),
    Command("profile", _FAMILY, "instructions by function, line or path; FILE.svg: flame graph, else folded stacks",
            _profile, (), _profile_parser,
            details="profile; profile --by line; profile --by path; profile out.svg; profile out.folded"),
)  # fmt: skip
