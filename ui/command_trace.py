"""The command `trace`: what ran, one thing after another, from the recording: instructions, calls, accesses."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from debugger.history import BrokenOff
from debugger.session import Session
from debugger.traces.calls import CallTree, calls
from debugger.traces.expand import Expansion, Progress
from debugger.traces.listings import (
    CALL_COLUMNS,
    HOST_COLUMNS,
    MEMORY_COLUMNS,
    Names,
    access_rows,
    call_rows,
    host_rows,
)
from debugger.traces.observe import Accessed, HostCalled, HostCalls, Listed, MemoryAccesses, Watching
from debugger.traces.operands import write_operands
from debugger.traces.tables import Format, check, format_of, write_table
from debugger.traces.trace import Texts, with_operands, write_binary, write_jsonl, write_parquet
from ui.command import Command, Context, Parser
from ui.render.line import Line, Role, line, note
from ui.render.traces import access_line, call_line, host_line
from ui.tracing import expansion_of, line_of, names_of, progress, stack, stopped, stretch
from vm.errors import UserError

_FAMILY = "what ran"
_ROWS = 20
_LEAST_KEPT = 1000  # rows that a listing goes back for
Row = TypeVar("Row", Accessed, HostCalled)


class What(StrEnum):
    """What is listed."""

    INSTRUCTIONS = "instructions"
    CALLS = "calls"
    MEMORY = "memory"
    HOST = "host"


def names(session: Session) -> Names:
    """What is said of rows."""
    return Names(session.machine, session.inspect, Texts(session.machine, session.inspect, line_of(session)))


def _trace(context: Context, args: Namespace) -> Iterable[Line]:
    what, path = _chosen(args.words)
    if path is None:
        shown = list(_LISTED[what](context.session, args))
        return shown[-1:] if args.quiet else shown
    chosen = format_of(path, args.format)
    check(chosen, what is What.INSTRUCTIONS)
    if args.operands and (chosen is not Format.JSONL or what is not What.INSTRUCTIONS):
        raise UserError("operands are written of instructions as JSON lines", "--trace-format jsonl")
    try:
        count = write_trace(context.session, args, what, path, chosen)
    except BrokenOff:
        return [note(f"{path}: stopped before the end")]
    return [note(f"{path}: {count:,} {_NOUNS[what]}, {path.stat().st_size:,} bytes")]


def _chosen(words: list[str]) -> tuple[What, Path | None]:
    """What to list and the file to write it to, both of which may be missing."""
    what = What(words.pop(0)) if words and words[0] in list(What) else What.INSTRUCTIONS
    if len(words) > 1:
        raise UserError(f"{words[0]!r} is nothing that is traced", "one of: " + ", ".join(What))
    return what, Path(words[0]).expanduser() if words else None


# -- on the screen ---------------------------------------------------------------------------------


def _instructions(session: Session, args: Namespace) -> Iterable[Line]:
    if args.start is None:
        args.start = str(max(session.history.first_tick, session.tick - _ROWS))
    texts = Texts(session.machine, session.inspect, line_of(session))
    found: list[Line] = []
    try:
        with expansion_of(session, args) as expansion:
            for row in with_operands(expansion, session.inspect, texts, progress(session, "trace")):
                found.append(_traced(row))
    except BrokenOff:
        found.append(note("it was stopped before the end"))
    return found


def _traced(row: dict[str, object]) -> Line:
    operands = row["operands"]
    assert isinstance(operands, list)
    depth = int(str(row["depth"]))
    return line(
        (f"{row['tick']:>10,}  ", Role.LABEL), (f"{row['offset']:#08x}  ", Role.ADDRESS), "  " * min(depth - 1, 12),
        (str(row["op"]), Role.KEYWORD), (f"  [{' '.join(map(str, operands[-4:]))}]", Role.NUMBER),
        (f"  {row['function']}", Role.NAME), (f"  {row['line']}", Role.STRING),
    )  # fmt: skip


def _calls(session: Session, args: Namespace) -> Iterable[Line]:
    tree = session.listings.calls = _tree(session, args)
    return list(_call_lines(session, tree))


def _tree(session: Session, args: Namespace) -> CallTree:
    with expansion_of(session, args) as expansion:
        session.history.back_to(expansion.start)
        return calls(expansion, stack(session), progress(session, "calls"))


def _call_lines(session: Session, tree: CallTree) -> Iterator[Line]:
    """The outer calls, as deep as there is room for."""
    name_of, at = names_of(session), Counter(tree.depths)
    depth, room = 1, 2 * _ROWS - at[0]
    while depth < len(at) and room >= at[depth]:
        room -= at[depth]
        depth += 1
    shown = list(islice((n for n, d in enumerate(tree.depths) if d < depth), 2 * _ROWS))
    for number in shown:
        call = tree[number]
        opened = call.within > 0 and call.depth + 1 < depth
        yield call_line(call, name_of(call.place), opened)
    if len(shown) < len(tree):
        yield note(f"... {len(tree) - len(shown):,} more calls: trace calls FILE, or the trace pane")
    if tree.left_off:
        yield note(f"{tree.left_off:,} later calls are left off: --from TICK begins later")
    yield line(f"{len(tree):,} calls in ticks {tree.start:,} to {tree.end:,}{stopped(tree.whole)}")


def _memory(session: Session, args: Namespace) -> Iterable[Line]:
    found = session.listings.accesses = _listed(session, args, MemoryAccesses(session.machine, session.history))
    said, several = names(session), len(session.main.memories) > 1
    return _tail(found, lambda row: access_line(row, said.accessed(row), several))


def _host(session: Session, args: Namespace) -> Iterable[Line]:
    watching = HostCalls(session.machine, session.history, session.descriptors)
    found = session.listings.hosts = _listed(session, args, watching)
    return _tail(found, host_line)


def _listed(session: Session, args: Namespace, watching: Watching[Row]) -> Listed[Row]:
    """The last rows before now; with --from, those from there on."""
    goes_on = progress(session, "trace")
    with expansion_of(session, args) as expansion:
        start, end = expansion.start, expansion.end
        if args.start is None:
            return watching.last(start, end, _LEAST_KEPT, goes_on)
        return watching.first(start, end, goes_on)


def _tail(found: Listed[Row], shown: Callable[[Row], Line]) -> Iterator[Line]:
    if len(found.rows) > _ROWS:
        yield note(f"... {len(found.rows) - _ROWS:,} before these")
    yield from map(shown, found.rows[-_ROWS:])
    yield note(f"{len(found.rows):,} in ticks {found.start:,} to {found.end:,}{stopped(not found.stopped)}")


_Listing = Callable[[Session, Namespace], Iterable[Line]]
_LISTED: dict[What, _Listing] = {
    What.INSTRUCTIONS: _instructions, What.CALLS: _calls, What.MEMORY: _memory, What.HOST: _host,
}  # fmt: skip
_NOUNS = {
    What.INSTRUCTIONS: "instructions", What.CALLS: "calls", What.MEMORY: "accesses", What.HOST: "host calls",
}  # fmt: skip


# -- files -----------------------------------------------------------------------------------------


def write_trace(session: Session, args: Namespace, what: What, path: Path, chosen: Format) -> int:
    """Writes a trace; how many rows. Raises UserError, BrokenOff."""
    goes_on, said = progress(session, "trace"), names(session)
    try:
        with expansion_of(session, args) as expansion:
            start, end, machine, history = expansion.start, expansion.end, session.machine, session.history
            match what:
                case What.INSTRUCTIONS:
                    return _instructions_to(session, expansion, path, chosen, args.operands, said.texts, goes_on)
                case What.CALLS:
                    history.back_to(start)
                    tree = calls(expansion, stack(session), goes_on)
                    return write_table(path, chosen, CALL_COLUMNS, call_rows(tree, said))
                case What.MEMORY:
                    touched = MemoryAccesses(machine, history).through(start, end, goes_on)
                    return write_table(path, chosen, MEMORY_COLUMNS, access_rows(touched, said))
                case What.HOST:
                    made = HostCalls(machine, history, session.descriptors).through(start, end, goes_on)
                    return write_table(path, chosen, HOST_COLUMNS, host_rows(made, said))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def _instructions_to(
    session: Session, expansion: Expansion, path: Path, chosen: Format, operands: bool, texts: Texts, goes_on: Progress
) -> int:
    if chosen is Format.PARQUET:
        return write_parquet(expansion, str(path), texts, goes_on)
    with path.open("wb") as file:
        if chosen is Format.BINARY:
            instances = [i.name for i in session.machine.instances]
            about = {"module": session.path.name, "start": int(expansion.start), "instances": instances}
            return write_binary(expansion, file, about, goes_on)
        return (write_operands if operands else write_jsonl)(expansion, file, texts, goes_on)


class _Intermixed(Parser):
    """Options may stand between words."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See argparse."""
        return super().parse_intermixed_args(args, namespace)


def _parser() -> Parser:
    parser = stretch(_Intermixed(options=True))
    parser.add_argument("words", metavar=("WHAT", "FILE"), nargs="*")
    parser.add_argument("--trace-format", dest="format", choices=[f.value for f in Format])
    parser.add_argument("--quiet", action="store_true", help="only say how much it is: the trace pane shows it")
    parser.add_argument("--operands", action="store_true", help="with the operand stack before each instruction")
    return parser


COMMANDS = (
    Command("trace", _FAMILY, "what ran last: instructions, calls, memory or host; with FILE all of it", _trace, (),
            _parser, details="trace; trace calls; trace memory --from 1000; trace host out.jsonl; "
                             "trace --trace-format binary out.bin; trace memory out.parquet"),
)  # fmt: skip
