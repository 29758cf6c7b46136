"""Commands about the GC heap and exceptions."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator

from debugger.exceptions import in_flight, kept
from ui.command import Command, Context, Takes, at_most_one, whole
from ui.guest_rows import field_row, object_row, tag_rows
from ui.render.line import Line, Part, Role, columns, heading, line, note
from ui.render.runtime import address, size
from vm.errors import UserError

_FAMILY = "GC heap and exceptions"
_MOST_ROWS = 200


def _gc(context: Context, args: Namespace) -> Iterator[Line]:
    machine = context.session.machine
    if machine.gc.region is None:
        yield note("there is no GC heap: no object was ever made")
        return
    done = context.session.collect_garbage()
    yield line(f"freed {done.objects_freed:,} objects, {done.bytes_freed:,} bytes; "
               f"kept {done.objects_kept:,}, {done.bytes_kept:,} bytes")  # fmt: skip


def _heap(context: Context, args: Namespace) -> Iterator[Line]:
    machine, wanted = context.session.machine, args.pattern
    region = machine.gc.region
    if region is None:
        yield note("there is no GC heap: no object was ever made")
        return
    yield line(f"GC heap at {address(region.base)}, {size(region.size)} of at most {size(region.reserved)}")
    found = [o for o in context.session.inspect.heap.objects() if wanted in o.type_name]
    yield from columns([object_row(o) for o in found[:_MOST_ROWS]], ("object", "kind", "type", "bytes"), right=(3,))
    if len(found) > _MOST_ROWS:
        yield note(f"... {len(found) - _MOST_ROWS:,} more: info heap TYPE narrows it down")
    if not found:
        yield note("no objects" + (f" of a type like {wanted!r}" if wanted else ""))


def _reference(context: Context, text: str) -> int:
    """The object an expression leads to. Raises UserError."""
    if not text:
        raise UserError("an object is missing", "name one: info object $p, or info object 0x10")
    return context.session.evaluator().evaluate(text).integer


def _object(context: Context, args: Namespace) -> Iterator[Line]:
    heap, ref = context.session.inspect.heap, _reference(context, args.expression)
    found = heap.object(ref)
    yield line(
        f"{ref:#x}: ", (found.kind, Role.KEYWORD), " ", (found.type_name, Role.TYPE), f", {found.size_bytes} bytes"
    )
    rows = [field_row(field) for field in heap.fields(ref)]
    yield from columns(rows, indent="  ") if rows else [note(f"  {found.text}")]


def _referrers(context: Context, args: Namespace) -> Iterator[Line]:
    heap, ref = context.session.inspect.heap, _reference(context, args.expression)
    heap.object(ref)
    found = list(heap.referrers(ref))
    yield heading("referred to by")
    yield from [line(f"  {text}") for text in found[:_MOST_ROWS]] or [note("  nothing")]
    why = heap.why(ref)
    yield heading("alive because of")
    yield from [line(f"  {text}") for text in why] or [note("  nothing: the next collection frees it")]


def _exceptions(context: Context, args: Namespace) -> Iterator[Line]:
    machine, inspect = context.session.machine, context.session.inspect
    flying = in_flight(machine, inspect)
    if flying is not None:
        made = "" if flying.exception is None else f" at {flying.exception:#x}"
        yield line("about to be thrown: ", (flying.tag, Role.NAME), made)
        yield line("  goes to " + flying.handler if flying.handler else "  nothing catches it: a trap")
    rows: list[list[Part]] = [[k.where, (f"{k.exception:#x}", Role.ADDRESS), k.text] for k in kept(machine, inspect)]
    yield from columns(rows, indent="  ")
    if flying is None and not rows:
        yield note("no exception is in flight, and no frame keeps one")


def _tags(context: Context, args: Namespace) -> Iterable[Line]:
    return columns([row for row, _ in tag_rows(context.session)], indent="  ") or [note("no tags")]


_EXPRESSION = at_most_one("REFERENCE", "expression")
_TYPE = at_most_one("TYPE", "pattern")

COMMANDS = (
    Command("gc", _FAMILY, "collect garbage now", _gc),
    Command("info heap", _FAMILY, "the objects of the GC heap, or those of a type", _heap, (), _TYPE, whole),
    Command("info object", _FAMILY, "one object, field by field", _object, (), _EXPRESSION, whole,
            takes=Takes.EXPRESSION),
    Command("info referrers", _FAMILY, "who refers to an object, and why it is alive", _referrers, (), _EXPRESSION,
            whole, takes=Takes.EXPRESSION),
    Command("info exceptions", _FAMILY, "the exception about to be thrown, its handler, and those frames keep",
            _exceptions),
    Command("info tags", _FAMILY, "exception tags", _tags),
)  # fmt: skip
