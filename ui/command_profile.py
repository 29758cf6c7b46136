"""Commands about how often things ran: coverage and profiles, from the recording."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path

from debugger.session import Session
from debugger.traces.coverage import Coverage, coverage, lcov
from debugger.traces.expand import Counts, Place
from debugger.traces.profile import Profile, folded, profile
from ui.command import Command, Context, Parser
from ui.command_keep import write_file
from ui.render.coverage_page import coverage_page
from ui.render.flame import flame_graph
from ui.render.line import Line, Role, columns, line, note
from ui.tracing import expansion_of, names_of, progress, stack, stopped, stretch, with_file
from vm.errors import UserError

_FAMILY = "what ran"
_ROWS = 20
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
    return [note(f"{args.file}: {len(text):,} bytes{stopped(found.whole)}")]


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


# -- profile ---------------------------------------------------------------------------------------


def _profile(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    with expansion_of(session, args) as expansion:
        session.history.back_to(expansion.start)
        found = profile(expansion, stack(session), progress(session, "profile"))
    name_of = names_of(session)
    if args.file is None:
        return _profile_lines(found, name_of)
    if args.file.suffix == ".svg":
        text = flame_graph(found, name_of, session.path.name)
    else:
        text = "\n".join(folded(found, name_of)) + "\n"
    write_file(args.file, text.encode())
    return [note(f"{args.file}: {len(text):,} bytes{stopped(found.whole)}")]


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
            line(f"{found.ticks:,} instructions{stopped(found.whole)}")]  # fmt: skip


def _plain() -> Parser:
    return with_file(stretch(Parser(options=True)))


COMMANDS = (
    Command("coverage", _FAMILY, "functions, lines and branches that ran; FILE.info (lcov), FILE.html", _coverage, (),
            _plain, details="coverage; coverage out.info; coverage --from 1000 out.html"),
    Command("profile", _FAMILY, "instructions by function; FILE.svg (flame graph), other FILE: folded stacks", _profile,
            (), _plain, details="profile; profile out.svg; profile out.folded"),
)  # fmt: skip
