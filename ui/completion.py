"""What the end of a command line may go on as: commands, functions, names in expressions, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ui.command import Command, Context, Takes
from vm.errors import UserError
from vm.types import ExternKind

_MOST = 200
_WORDS = (
    "local", "stack", "global", "memory", "table", "vmctx", "store", "instance", "tick", "depth", "pc", "frame",
)  # fmt: skip
_NAME = re.compile(r"[$A-Za-z_][\w.$\[\]:<>-]*$")
_COMMAND = re.compile(r"^\s*\S*$|^\s*\S+ \S*$")


class Completion(NamedTuple):
    """Replaces the last `length` characters before the cursor by `text`; `about` says what it is."""

    length: int
    text: str
    about: str = ""


def complete(context: Context, text: str) -> list[Completion]:
    """What may follow `text`, the line up to the cursor."""
    line = text.lstrip()
    found = list(_commands(context, line)) if _COMMAND.match(line) else []
    return list(islice((*found, *_arguments(context, line)), _MOST))


def _commands(context: Context, line: str) -> Iterator[Completion]:
    for name in context.table.completions(line):
        known = context.table.by_name.get(name)
        yield Completion(len(line), name, known.help if known else "")


def _arguments(context: Context, line: str) -> Iterable[Completion]:
    if " " not in line:
        return ()
    try:
        command, rest = context.table.find(line)
    except UserError:
        return ()
    if line.endswith(" ") and rest and not rest.endswith(" "):
        rest += " "
    return _of(context, command, rest)


def _of(context: Context, command: Command, rest: str) -> Iterable[Completion]:
    word = rest.rpartition(" ")[2]
    match command.takes:
        case Takes.LOCATION:
            return _locations(context, rest)
        case Takes.EXPRESSION:
            return _names(context, rest)
        case Takes.COMMAND:
            return (Completion(len(rest), n) for n in context.table.completions(rest))
        case Takes.EXPORT:
            exports = context.session.main.module.exports
            return _starting(word, (e.name for e in exports if e.kind is ExternKind.FUNC), "export")
        case Takes.BREAKPOINT:
            return _starting(word, (str(b.id) for b in context.session.breakpoints), "breakpoint")
        case Takes.FILE:
            return _files(rest)
        case Takes.NOTHING:
            return ()


def _starting(word: str, names: Iterable[str], about: str) -> Iterator[Completion]:
    return (Completion(len(word), name, about) for name in names if name.startswith(word))


def _locations(context: Context, rest: str) -> Iterable[Completion]:
    if re.search(r"\bif ", rest):
        return _names(context, rest)
    symbols = context.session.inspect.symbols(context.session.instance())
    dollar = rest[:1] == "$"
    found = sorted(symbols.matching(rest.removeprefix("$")))
    return (Completion(len(rest), ("$" if dollar else "") + name, "function") for name in found)


def _names(context: Context, text: str) -> Iterator[Completion]:
    """Names an expression may go on with, by its last word."""
    m = _NAME.search(text)
    word = m[0] if m else ""
    session = context.session
    if word.startswith("vmctx."):
        typed = word.removeprefix("vmctx.")
        paths = (row.path for row in session.instance().vmctx.rows())
        yield from (Completion(len(typed), path, "field") for path in paths if path.startswith(typed))
        return
    frame = session.frame()
    if frame is not None:
        named = (v.name for v in session.inspect.locals(frame) if v.name.startswith("$"))
        yield from _plain(word, named, "local")
    symbols = session.inspect.symbols(session.instance())
    yield from _plain(word, (f"${n}" for n in symbols.by_global_name), "global")
    yield from _starting(word, _WORDS, "")
    yield from _plain(word, (f"${n}" for n in sorted(symbols.by_function_name)), "function")


def _plain(word: str, names: Iterable[str], about: str) -> Iterator[Completion]:
    """`$x` completes both `$` and `x`, as both are the same in expressions."""
    for name in names:
        text = name if word.startswith("$") else name.removeprefix("$")
        if text.startswith(word):
            yield Completion(len(word), text, about)


def _files(rest: str) -> Iterator[Completion]:
    folder, _, start = rest.rpartition("/")
    try:
        entries = sorted(Path(folder + "/" if "/" in rest else ".").expanduser().iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(start):
            yield Completion(len(start), entry.name + ("/" if entry.is_dir() else ""), "")
