"""Commands about memory and the runtime's structures."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ui import telescope
from ui.command import Again, Command, Context, Parser, Takes, at_most_one, formatted, number, slashed, whole
from ui.command_look import selected_place
from ui.examine import examine, parse_format, place_of
from ui.integers import integer
from ui.render import code, hexdump, lab, runtime
from ui.render.line import Line, columns, heading, note
from vm.errors import UserError
from vm.instance import Instance

_FAMILY = "memory and runtime"
_HEXDUMP_BYTES = 256
_TABLE_ELEMENTS = 32


def _examine(context: Context, args: Namespace) -> Iterable[Line]:
    fmt = parse_format(args.format, context.listing.examine_format)
    if fmt.letter == "i":
        return _instructions(context, args.address, fmt.count)
    text = args.address or context.listing.examine_at
    if text is None:
        raise UserError("x: an address is missing", "x/16xb 0x1040")
    place = place_of(context.session, str(text))
    lines, size = examine(place, fmt)
    context.listing.examine_at = place.at + size
    context.listing.examine_format = replace(fmt, count=1)
    return lines


def _instructions(context: Context, location: str, count: int) -> list[Line]:
    """x/i: instructions at a location, or at an offset of the module file."""
    text = location if location not in ("", "$pc", "pc") else ""
    if text[:1].isdigit():
        text = f"@{text}"
    instance, site = selected_place(context, text)
    rows = context.views.listings.function(instance, site.func)
    first = code.position_of(rows, site.pc)
    marks = context.views.marks(instance, site.func)
    return [code.code_line(row, marks) for row in rows[first : first + count]]


def _hexdump(context: Context, args: Namespace) -> Iterable[Line]:
    text, _, size = args.what.partition(",")
    place = place_of(context.session, text)
    wanted = _size(size) if size else _HEXDUMP_BYTES
    data = place.read(0, min(wanted, place.left()) if place.left() else 1)
    digits = 8 if place.memory is not None else 12
    context.listing.examine_at = place.at + len(data)
    return hexdump.hexdump(place.at, data, context.settings.bytes_per_row, digits=digits)


def _size(text: str) -> int:
    size = integer(text)
    if size is None:
        raise UserError(f"{text.strip()!r} is not a size", "hexdump 0x1040, 64")
    return max(1, size)


def _regions(context: Context, args: Namespace) -> Iterable[Line]:
    owners = {i.addr: i.name for i in context.session.machine.instances}
    return runtime.regions(context.session.inspect.regions(), owners)


def _instance(context: Context, name: str) -> Instance:
    """An instance by number or name; the selected one without a name."""
    if not name:
        return context.session.instance()
    for instance in context.session.machine.instances:
        if name in (instance.name, str(instance.number)):
            return instance
    known = ", ".join(f"{i.number} {i.name}" for i in context.session.machine.instances)
    raise UserError(f"no instance is called {name!r}", f"there are {known}")


def _vmctx(context: Context, args: Namespace) -> Iterator[Line]:
    instance = _instance(context, args.instance)
    yield heading(f"VMContext of {instance.name} at {runtime.address(instance.addr)}, {instance.vmctx.size} bytes")
    if instance.vmctx.layouts.era.from_source_alone:
        yield note(lab.FROM_SOURCE)
    yield from runtime.vmctx_rows(context.session.inspect.vmctx(instance))


def _store(context: Context, args: Namespace) -> Iterator[Line]:
    machine = context.session.machine
    yield heading(f"store: {machine.layouts.era.described}")
    rows = [
        [str(i.number), i.name, runtime.address(i.addr), f"{len(i.module.func_type_indexes)} functions"]
        for i in machine.instances
    ]
    yield from columns(rows, ("", "instance", "VMContext", ""))
    yield heading(f"VMStoreContext at {runtime.address(machine.store_context.addr)}")
    yield from runtime.vmctx_rows(context.session.inspect.store_context())


def _func_refs(context: Context, args: Namespace) -> Iterable[Line]:
    found = context.session.inspect.func_refs(_instance(context, args.instance))
    return runtime.func_refs(found) or [note("no function of this instance has a funcref")]


def _tables(context: Context, args: Namespace) -> Iterator[Line]:
    """All tables in a line each with their first elements, or one from an index on."""
    instance = context.session.instance()
    if not instance.tables:
        yield note("no tables")
    if args.table is not None and args.table >= len(instance.tables):
        raise UserError(f"there is no table {args.table}", f"{instance.name} has {len(instance.tables)}")
    symbols = context.session.inspect.symbols(instance)
    for index, table in enumerate(instance.tables):
        if args.table in (None, index):
            yield heading(f"table {symbols.table(index)}: {table.type}, {table.size:,} elements now")
            shown = context.session.inspect.table_elements(instance, index, args.start, args.count)
            yield from runtime.table_elements(shown)
            if (left := table.size - args.start - len(shown)) > 0:
                yield note(f"  ... {left:,} more: info tables {index} {args.start + len(shown)}")


def _memories(context: Context, args: Namespace) -> Iterable[Line]:
    instance = context.session.instance()
    symbols = context.session.inspect.symbols(instance)
    rows = [
        [symbols.memory(i), str(m.type), runtime.size(m.size_bytes), f"{m.pages} pages",
         runtime.address(m.region.base)]
        for i, m in enumerate(instance.memories)
    ]  # fmt: skip
    return columns(rows, ("memory", "type", "size", "", "at")) or [note("no memories")]


def _telescope(context: Context, args: Namespace) -> Iterable[Line]:
    return runtime.telescope(telescope.chain(context.session, args.what))


def _tables_parser() -> Parser:
    parser = Parser()
    parser.add_argument("table", metavar="TABLE", nargs="?", type=number)
    parser.add_argument("start", metavar="FROM", nargs="?", type=number, default=0)
    parser.add_argument("count", metavar="COUNT", nargs="?", type=number, default=_TABLE_ELEMENTS)
    return parser


_INSTANCE = at_most_one("INSTANCE", "instance")

COMMANDS = (
    Command("x", _FAMILY, "memory in units: x/16xb ADDRESS; /i instructions, /s strings; again: what follows",
            _examine, ("examine", "memory read"), formatted("ADDRESS", "address"), slashed, again=Again.ONWARDS,
            takes=Takes.EXPRESSION,
            details="Count, letter (xduotacfsi), unit (b 1, h 2, w 4, g 8 bytes). A small address is an offset into "
                    "the selected instance's memory 0; one of the machine is taken as it is."),
    Command("hexdump", _FAMILY, "memory as hex digits and characters: hexdump ADDRESS[, SIZE]", _hexdump, ("hd",),
            at_most_one("ADDRESS[, SIZE]", "what"), whole, takes=Takes.EXPRESSION),
    Command("telescope", _FAMILY, "follow pointers: a table slot to its function, or any address", _telescope,
            ("dereference", "dps"), at_most_one("ADDRESS | table[0][3]", "what"), whole, takes=Takes.EXPRESSION),
    Command("vmmap", _FAMILY, "the regions of the machine's address space", _regions,
            ("lm", "info regions", "memory region")),
    Command("vmctx", _FAMILY, "an instance's VMContext, field by field", _vmctx, ("info vmctx",), _INSTANCE, whole),
    Command("info store", _FAMILY, "the store: its instances and its VMStoreContext", _store, ("image list",)),
    Command("info funcrefs", _FAMILY, "an instance's VMFuncRefs", _func_refs, (), _INSTANCE, whole),
    Command("info tables", _FAMILY, "tables and their elements: info tables [TABLE [FROM [COUNT]]]", _tables, (),
            _tables_parser),
    Command("info memories", _FAMILY, "linear memories", _memories),
)  # fmt: skip
