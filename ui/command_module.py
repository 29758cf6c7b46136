"""Commands about what the module declares."""

from __future__ import annotations

import fnmatch
from argparse import Namespace
from collections.abc import Iterable, Iterator

from ui.command import Command, Context, at_most_one, whole
from ui.render import module as contents
from ui.render.frame import value_role
from ui.render.line import Line, Part, Role, columns, heading, note
from ui.render.runtime import address

_FAMILY = "module"


def _functions(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    symbols = context.session.inspect.symbols(instance)
    pattern = args.pattern.removeprefix("$")
    if pattern and "*" not in pattern:
        pattern = f"*{pattern}*"
    every = range(len(instance.module.func_type_indexes))
    wanted = [f for f in every if not pattern or fnmatch.fnmatchcase(symbols.func(f).removeprefix("$"), pattern)]
    return contents.functions(instance.module, symbols, wanted) or [note("no functions")]


def _types(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    return contents.types(instance.module, context.session.inspect.symbols(instance)) or [note("no types")]


def _imports(context: Context, args: Namespace) -> Iterable[Line]:
    return contents.imports(context.session.instance().module) or [note("no imports")]


def _exports(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    return contents.exports(instance.module, context.session.inspect.symbols(instance)) or [note("no exports")]


def _globals(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    rows: list[list[Part]] = [
        [
            (v.name, Role.NAME),
            (f"(mut {v.type_name})" if g.type.mutable else v.type_name, Role.TYPE),
            (v.text, value_role(v)),
            (address(v.addr), Role.ADDRESS),
        ]
        for v, g in zip(context.session.inspect.globals(instance), instance.globals, strict=True)
    ]
    return columns(rows, indent="  ") or [note("no globals")]


def _program(context: Context, args: Namespace) -> Iterator[Line]:
    session = context.session
    options = session.options
    yield heading(str(session.path))
    rows: list[list[Part]] = [
        ["module", f"{len(session.loaded.module.bytes):,} bytes"],
        ["arguments", " ".join(options.args) or "none"],
        ["entry", " ".join(options.invoke) or ("_start" if session.loaded.module.export("_start") else "none")],
        ["laid out as", session.machine.layouts.era.title],
        ["tick", f"{session.tick:,}"],
        ["thread", session.machine.thread_state.name.lower()],
    ]
    rows += [["directory", f"{r.host.decode(errors='replace')} as {r.guest.decode(errors='replace')}"]
             for r in options.roots]  # fmt: skip
    yield from columns(rows, indent="  ")


_PATTERN = at_most_one("PATTERN", "pattern")

COMMANDS = (
    Command("info functions", _FAMILY, "functions, or those whose name matches", _functions,
            ("image lookup",), _PATTERN, whole),
    Command("info types", _FAMILY, "types: functions, structs and arrays", _types),
    Command("info imports", _FAMILY, "imports", _imports),
    Command("info exports", _FAMILY, "exports", _exports),
    Command("info globals", _FAMILY, "globals and their values", _globals, ("info variables",)),
    Command("info program", _FAMILY, "what is being run, and how", _program, ("process status",)),
)  # fmt: skip
