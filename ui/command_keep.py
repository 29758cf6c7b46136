"""Commands that keep what was found: in files, for later and for others."""

from __future__ import annotations

from argparse import REMAINDER, Namespace
from dataclasses import replace
from pathlib import Path

from debugger.coredump.dump import written
from debugger.coredump.take import take
from debugger.kept import Note, save
from debugger.session import Session
from ui.command import Command, Context, Parser, at_most_one, one, whole
from ui.render.export import SUFFIXES, exported
from ui.render.line import Line, Role, columns, note
from vm.errors import UserError

_FAMILY = "keeping"


def write_file(path: Path, data: bytes) -> None:
    """Raises UserError."""
    try:
        path.expanduser().write_bytes(data)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None


def core_dump(session: Session) -> tuple[bytes, str]:
    """A core dump of a session as it is, and why it cannot be resumed; empty when it can."""
    dump = take(session.machine, session.inspect, session.path.name)
    return written(dump), str(dump.state["why_not"])


def _coredump(context: Context, args: Namespace) -> list[Line]:
    data, why_not = core_dump(context.session)
    write_file(Path(args.file), data)
    resumes = "it can be resumed" if not why_not else f"it can be looked at, not resumed: {why_not}"
    return [note(f"{args.file}: {len(data):,} bytes; {resumes} (wasmscope core {context.session.path} {args.file})")]


def _save(context: Context, args: Namespace) -> list[Line]:
    size = save(Path(args.file).expanduser(), context.session)
    return [note(f"{args.file}: {size:,} bytes (wasmscope open {args.file})")]


def _note(context: Context, args: Namespace) -> list[Line]:
    if not args.text:
        return _notes(context, args)
    context.session.notes.append(Note(int(context.session.tick), args.text))
    return []


def _notes(context: Context, args: Namespace) -> list[Line]:
    notes = context.session.notes
    if not notes:
        return [note("nothing is noted")]
    return columns([[(f"tick {n.tick:,}", Role.LABEL), n.text] for n in notes])


def _export(context: Context, args: Namespace) -> list[Line]:
    path = Path(args.file).expanduser()
    if path.suffix.lower() not in (*SUFFIXES, ".htm", ".text"):
        exported((), "", path.suffix)
    shown: list[Line] = []
    inner = replace(context, write=shown.append)
    context.table.execute(inner, " ".join(args.command))
    write_file(path, exported(shown, " ".join(args.command), path.suffix).encode())
    return [note(f"{path}: {len(shown):,} lines")]


def _export_parser() -> Parser:
    parser = Parser()
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("command", metavar="COMMAND", nargs=REMAINDER)
    return parser


COMMANDS = (
    Command("export", _FAMILY, "what a command shows to a file: .txt, .svg or .html", _export, (), _export_parser,
            details="export frames.svg bt; export-pane FILE in the full screen"),
    Command("save", _FAMILY, "write this session to a file: run, breakpoints, watches, notes, position", _save,
            ("save session",), one("FILE", "file"), whole, details="wasmscope open FILE goes on there, elsewhere too"),
    Command("note", _FAMILY, "write something down about this moment; without words: list the notes", _note, (),
            at_most_one("TEXT", "text"), whole),
    Command("info notes", _FAMILY, "what was written down, and when", _notes),
    Command("coredump", _FAMILY, "write a core dump of the program as it stands", _coredump,
            ("generate-core-file", "gcore", "process save-core"), one("FILE", "file"), whole,
            details="WebAssembly's standard format, with what it lacks in sections of our own"),
)  # fmt: skip
