"""Commands about values: print, display, set, call."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterable

from debugger.expression.arithmetic import convert
from debugger.expression.types import VECTOR_TYPE, Array, of_value
from debugger.values import counted_arguments
from ui.command import Command, Context, Takes, at_most_one, formatted, many, one, slashed, whole
from ui.integers import integer
from ui.render.frame import lanes
from ui.render.line import Line, Role, line, note
from vm.errors import UserError
from vm.types import ValType

_FAMILY = "values"
_LANES_CELLS = 80  # of a row of lanes
_ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)")
_CALL = re.compile(r"^\s*(?P<name>[^\s(]+)\s*(?:\((?P<args>.*)\)\s*)?$", re.DOTALL)


def _print(context: Context, args: Namespace) -> list[Line]:
    evaluator = context.session.evaluator()
    shown = [line((evaluator.show(args.expression, _letter(args.format)), Role.NUMBER))]
    if args.format:
        return shown
    value = evaluator.evaluate(args.expression)
    if value.type is VECTOR_TYPE and isinstance(value.value, bytes):  # sixteen bytes in memory are another type
        return lanes(int.from_bytes(value.value, "little"), _LANES_CELLS)
    return shown


def _letter(fmt: str) -> str:
    """The letter of a format such as `x`; counts and sizes are for x."""
    letters = fmt.strip("0123456789bhwg")
    return letters or fmt


def _set(context: Context, args: Namespace) -> list[Line]:
    text = re.sub(r"^var(iable)?\s+", "", args.assignment)
    m = _ASSIGNMENT.search(text)
    if m is None:
        raise UserError("set: there is no = in it", "set x = 3")
    target, value = text[: m.start()].strip(), text[m.end() :].strip()
    if not target or not value:
        raise UserError("set: one side of = is missing", "set x = 3")
    return [line((context.session.evaluator().assign(target, value), Role.CHANGED))]


def _call(context: Context, args: Namespace) -> list[Line]:
    return _called(context, args.call, keep=False)


def _call_keep(context: Context, args: Namespace) -> list[Line]:
    return _called(context, args.call, keep=True)


def _called(context: Context, text: str, keep: bool) -> list[Line]:
    """`name(1, x + 2)`, `name 1 2` or `name`."""
    name, arguments = _call_parts(text)
    func = _function(context, name)
    params = context.session.instance().module.func_type(func).params
    if len(arguments) != len(params):
        wanted = ", ".join(map(str, params)) or "none"
        raise UserError(f"{name} takes {counted_arguments(len(params))} ({wanted}), {len(arguments)} given")
    slots = tuple(_slot(context, a, p) for a, p in zip(arguments, params, strict=True))
    results = context.session.call(func, slots, keep)
    shown = line((", ".join(results), Role.NUMBER)) if results else note("(no result)")
    return [shown] if keep else [shown, note("what the call changed was put back; call! keeps it")]


def _slot(context: Context, text: str, type_: ValType) -> int:
    """An argument's slot. Raises UserError."""
    wanted = of_value(type_)
    if isinstance(wanted, Array):
        raise UserError(f"a value of type {type_} cannot be passed here")
    return convert(context.session.evaluator().evaluate(text), wanted).bits


def _call_parts(text: str) -> tuple[str, list[str]]:
    m = _CALL.match(text)
    if m is not None:
        return m["name"], _arguments(m["args"] or "")
    name, *rest = text.split()
    return name, rest


def _arguments(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [p.strip() for p in parts] if text.strip() else []


def _function(context: Context, name: str) -> int:
    instance = context.session.instance()
    found = next(iter(context.session.inspect.symbols(instance).functions_called(name.removeprefix("$"))), None)
    m = re.fullmatch(r"func\[(\d{1,9})\]", name)
    if found is None and m and int(m[1]) < len(instance.module.func_type_indexes):
        return int(m[1])
    if found is None:
        raise UserError(f"no function of {instance.name} is called {name!r}", "info functions lists them")
    return found


def _display(context: Context, args: Namespace) -> list[Line]:
    if not args.expression:
        return context.views.watches() or [note("nothing is displayed")]
    context.session.evaluator().check(args.expression)
    context.session.watches.add(args.expression)
    return context.views.watches()[-1:]


def _undisplay(context: Context, args: Namespace) -> list[Line]:
    watches = context.session.watches
    for id_ in args.ids or [str(w.id) for w in watches]:
        number = integer(id_)
        if number is None:
            raise UserError(f"{id_!r} is not a number", "info display lists them")
        watches.delete(number)
    return []


def _info_display(context: Context, args: Namespace) -> Iterable[Line]:
    return context.views.watches() or [note("nothing is displayed")]


COMMANDS = (
    Command("print", _FAMILY, "the value of an expression; /x /d /u /o /t /a /c /f /s choose how", _print,
            ("p", "expression", "expr", "inspect"), formatted("EXPR", "expression", optional=False), slashed,
            takes=Takes.EXPRESSION, details="p n + 1; p/x memory[0].u32[16]; p vmctx.memories[0].base"),
    Command("display", _FAMILY, "show an expression at every stop; without one: show them now", _display,
            ("contextwatch", "cwatch"), at_most_one("EXPR", "expression"), whole, takes=Takes.EXPRESSION),
    Command("undisplay", _FAMILY, "stop displaying by number; without numbers all", _undisplay,
            ("contextunwatch", "cunwatch"), many("N", "ids")),
    Command("info display", _FAMILY, "the displayed expressions", _info_display),
    Command("set", _FAMILY, "change a local, a global, memory or a field: set x = 3", _set, (),
            one("PLACE = VALUE", "assignment"), whole, takes=Takes.EXPRESSION),
    Command("call", _FAMILY, "call a function here and put everything back", _call, (),
            one("NAME(ARGS)", "call"), whole, takes=Takes.EXPRESSION, details="call fib(n - 1)"),
    Command("call!", _FAMILY, "call a function here and keep what it changed", _call_keep, (),
            one("NAME(ARGS)", "call"), whole, takes=Takes.EXPRESSION),
)  # fmt: skip
