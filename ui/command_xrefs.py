"""Commands about who uses what."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from debugger.xrefs import Use, Xrefs
from ui.command import Command, Context, Takes, one, whole
from ui.render.line import Line, Part, Role, columns, heading, note
from vm.errors import UserError
from vm.instance import Instance

_FAMILY = "module"
_NUMBERED = re.compile(r"^(?P<kind>func|global|table|memory|type)\[?\s*(?P<index>\d{1,9})\]?$")

_KINDS: Mapping[str, Callable[[Xrefs, int], tuple[Use, ...]]] = MappingProxyType(
    {
        "func": Xrefs.callers,
        "global": Xrefs.global_users,
        "table": Xrefs.table_users,
        "memory": Xrefs.memory_users,
        "type": Xrefs.type_users,
    }
)


def _xrefs(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    kind, index, name = _thing(context, instance, args.thing)
    uses = _KINDS[kind](Xrefs(instance.module), index)
    return [heading(f"{len(uses):,} uses of {name}"), *_lines(context, instance, uses)] if uses else [
        note(f"nothing in the code names {name}")
    ]  # fmt: skip


def _callees(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    kind, index, name = _thing(context, instance, args.thing)
    if kind != "func":
        raise UserError(f"{name} is no function")
    uses = Xrefs(instance.module).callees(index)
    rows: list[list[Part]] = [
        [(context.session.inspect.func_name(instance, use.func), Role.NAME), (f"{use.offset:#x}", Role.ADDRESS),
         (use.op, Role.KEYWORD)]
        for use in uses
    ]  # fmt: skip
    return columns(rows, indent="  ") or [note(f"{name} calls nothing by name")]


def _thing(context: Context, instance: Instance, text: str) -> tuple[str, int, str]:
    """Kind, index and name of what a text stands for. Raises UserError."""
    symbols = context.session.inspect.symbols(instance)
    plain = text.removeprefix("$")
    if plain in symbols.by_function_name:
        return "func", symbols.by_function_name[plain], text
    if plain in symbols.by_global_name:
        return "global", symbols.by_global_name[plain], text
    m = _NUMBERED.match(text)
    if m is None:
        raise UserError(
            f"{text!r} is no function or global", "xrefs $f, func[3], global[0], table[0], memory[0], type[2]"
        )
    kind, index, module = m["kind"], int(m["index"]), instance.module
    known = {
        "func": len(module.func_type_indexes), "global": len(module.globals), "table": len(module.tables),
        "memory": len(module.memories), "type": len(module.types),
    }[kind]  # fmt: skip
    if index >= known:
        raise UserError(f"there is no {kind} {index}", f"{instance.name} has {known}")
    return kind, index, f"{kind}[{index}]"


def _lines(context: Context, instance: Instance, uses: Iterable[Use]) -> list[Line]:
    rows: list[list[Part]] = []
    for use in uses:
        within = use.offset - instance.module.body(use.func).span.start
        name = context.session.inspect.func_name(instance, use.func)
        rows.append([(f"{name}+{within:#x}", Role.NAME), (f"{use.offset:#x}", Role.ADDRESS), (use.op, Role.KEYWORD)])
    return columns(rows, indent="  ")


_THING = one("NAME | KIND[N]", "thing")

COMMANDS = (
    Command("xrefs", _FAMILY, "where a function, global, table, memory or type is used", _xrefs, ("callers", "users"),
            _THING, whole, takes=Takes.LOCATION, details="xrefs $fib; xrefs global[0]; xrefs memory[0]"),
    Command("callees", _FAMILY, "what a function calls", _callees, (), _THING, whole, takes=Takes.LOCATION),
)  # fmt: skip
