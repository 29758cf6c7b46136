"""Bytes to `Module` (spec: Binary Format, Modules). Well-formedness only: types are `vm.validate`'s.

Function bodies, constant expressions and payloads are not copied or read, only located.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from vm.binary_types import (
    global_type,
    memory_type,
    ref_type,
    table_type,
    tag_type_index,
    type_section,
    value_type,
)
from vm.errors import DecodeError
from vm.instructions import skip_expression
from vm.module import (
    Body,
    Custom,
    Data,
    Elem,
    Export,
    Global,
    Import,
    Memory,
    Module,
    Names,
    Span,
    Table,
    Tag,
)
from vm.names import decode_names
from vm.plain_constant import plain_constant
from vm.reader import Reader
from vm.types import (
    FUNCREF,
    CompositeType,
    ExternKind,
    ExternType,
    FuncType,
    Heap,
    RefType,
    SubType,
    TagType,
)

MAGIC = b"\0asm"
MODULE_VERSION = b"\x01\0\0\0"
_COMPONENT_LAYER = b"\x01\0"  # the version field's upper half in a component

# What engines accept; a module over these limits runs nowhere.
MAX_ITEMS = 1_000_000
MAX_SEGMENTS = 100_000
MAX_MEMORIES = 100
MAX_TABLES = 100
MAX_SEGMENT_ITEMS = 10_000_000
MAX_BODY_BYTES = 7_654_321
MAX_LOCALS = 50_000

_WITH_INIT = 0x40
_OF_FUNCTIONS = RefType(Heap.FUNC, nullable=False)  # the type of a segment that lists function indices

T = TypeVar("T")


@dataclass(slots=True)
class _Draft:
    """A module while its sections are being read."""

    data: bytes
    sections: list[tuple[int, Span]] = field(default_factory=list)
    types: tuple[CompositeType, ...] = ()
    declared: Mapping[int, SubType] = field(default_factory=dict)
    groups: Mapping[int, int] = field(default_factory=dict)
    imports: tuple[Import, ...] = ()
    funcs: tuple[int, ...] = ()
    tables: tuple[Table, ...] = ()
    memories: tuple[Memory, ...] = ()
    tags: tuple[Tag, ...] = ()
    globals: tuple[Global, ...] = ()
    exports: tuple[Export, ...] = ()
    start: int | None = None
    elems: tuple[Elem, ...] = ()
    data_count: int | None = None
    bodies: tuple[Body, ...] = ()
    datas: tuple[Data, ...] = ()
    customs: list[Custom] = field(default_factory=list)
    names: Names = field(default_factory=Names)


def _vector(reader: Reader, what: str, limit: int, item: Callable[[Reader], T]) -> tuple[T, ...]:
    return tuple([item(reader) for _ in range(reader.count(what, limit))])


def _expression(reader: Reader) -> Span:
    start = reader.pos
    plain = plain_constant(reader.data, start, reader.end)
    reader.pos = skip_expression(reader.data, start, reader.end) if plain is None else plain.end
    return Span(start, reader.pos)


def _extern_kind(reader: Reader) -> ExternKind:
    at, byte = reader.pos, reader.byte()
    if byte > 4:
        raise DecodeError(at, f"{byte:#04x} is not a kind of import or export")
    return ExternKind(byte)


def _func_type_at(reader: Reader, types: tuple[CompositeType, ...]) -> tuple[FuncType, int]:
    at, index = reader.pos, reader.u32()
    if index >= len(types):
        raise DecodeError(at, f"unknown type {index}, of {len(types)}")
    type_ = types[index]
    if not isinstance(type_, FuncType):
        raise DecodeError(at, f"expected a function type, type {index} is {type_}")
    return type_, index


def _import(reader: Reader, types: tuple[CompositeType, ...]) -> Import:
    start = reader.pos
    module, name, kind = reader.name(), reader.name(), _extern_kind(reader)
    type_: ExternType
    index: int | None = None
    match kind:
        case ExternKind.FUNC:
            type_, index = _func_type_at(reader, types)
        case ExternKind.TABLE:
            type_ = table_type(reader)
        case ExternKind.MEMORY:
            type_ = memory_type(reader)
        case ExternKind.GLOBAL:
            type_ = global_type(reader)
        case ExternKind.TAG:
            type_, index = _tag_type(reader, types)
    return Import(module, name, kind, type_, index, Span(start, reader.pos))


def _tag_type(reader: Reader, types: tuple[CompositeType, ...]) -> tuple[TagType, int]:
    at, index = reader.pos, tag_type_index(reader)
    if index >= len(types) or not isinstance(type_ := types[index], FuncType):
        raise DecodeError(at, f"a tag's type must be a function type, {index} is none")
    return TagType(type_), index


def _tag(reader: Reader, types: tuple[CompositeType, ...]) -> Tag:
    start = reader.pos
    type_, index = _tag_type(reader, types)
    return Tag(type_, index, Span(start, reader.pos))


def _table(reader: Reader) -> Table:
    """A table; 0x40 0x00 in front says that an initial value follows its type."""
    start = reader.pos
    if reader.done or reader.data[start] != _WITH_INIT:
        return Table(table_type(reader), None, Span(start, reader.pos))
    reader.byte()
    at = reader.pos
    if (reserved := reader.byte()) != 0:
        raise DecodeError(at, f"expected 0x00, found {reserved:#04x}")
    type_ = table_type(reader)
    return Table(type_, _expression(reader), Span(start, reader.pos))


def _memory(reader: Reader) -> Memory:
    start = reader.pos
    return Memory(memory_type(reader), Span(start, reader.pos))


def _global(reader: Reader) -> Global:
    start = reader.pos
    type_, at = global_type(reader), reader.pos
    plain = plain_constant(reader.data, at, reader.end)
    reader.pos = skip_expression(reader.data, at, reader.end) if plain is None else plain.end
    return Global(type_, Span(at, reader.pos), Span(start, reader.pos), plain)


def _export(reader: Reader) -> Export:
    start = reader.pos
    return Export(reader.name(), _extern_kind(reader), reader.u32(), Span(start, reader.pos))


def _elem(reader: Reader) -> Elem:
    """An element segment. Flag bits: 1 not active, 2 declared or an explicit table, 4 expressions."""
    start = reader.pos
    flags = reader.u32()
    if flags > 7:
        raise DecodeError(start, f"{flags} is not a kind of element segment")
    by_expr, explicit = bool(flags & 4), bool(flags & 2)
    table, offset, mode = 0, None, "active"
    if flags & 1:
        mode = "declared" if explicit else "passive"
    else:
        table = reader.u32() if explicit else 0
        offset = _expression(reader)
    type_ = _elem_type(reader, by_expr) if flags & 3 else (FUNCREF if by_expr else _OF_FUNCTIONS)
    items: tuple[int, ...] | tuple[Span, ...]
    if by_expr:
        items = _vector(reader, "elements", MAX_SEGMENT_ITEMS, _expression)
    else:
        items = _vector(reader, "elements", MAX_SEGMENT_ITEMS, Reader.u32)
    return Elem(mode, table, offset, type_, items, by_expr, Span(start, reader.pos))


def _elem_type(reader: Reader, by_expr: bool) -> RefType:
    if by_expr:
        return ref_type(reader)
    at, kind = reader.pos, reader.byte()
    if kind != 0:
        raise DecodeError(at, f"{kind:#04x} is not a kind of element")
    return _OF_FUNCTIONS


def _body(reader: Reader) -> Body:
    at = reader.pos
    body = reader.sized()
    start = body.pos
    if body.end - start > MAX_BODY_BYTES:
        raise DecodeError(at, f"a body of {body.end - start} bytes is over the limit of {MAX_BODY_BYTES}")
    runs, total = [], 0
    for _ in range(body.u32()):
        at = body.pos
        count = body.u32()
        total += count
        if total > MAX_LOCALS:
            raise DecodeError(at, f"{total} locals are more than the limit of {MAX_LOCALS}")
        runs.append((count, value_type(body)))
    return Body(Span(start, body.end), tuple(runs), Span(body.pos, body.end))


def _data(reader: Reader) -> Data:
    start = reader.pos
    flags = reader.u32()
    if flags > 2:
        raise DecodeError(start, f"{flags} is not a kind of data segment")
    memory = reader.u32() if flags == 2 else 0
    offset = None if flags == 1 else _expression(reader)
    payload = reader.take(reader.u32())
    return Data("passive" if flags == 1 else "active", memory, offset, payload, Span(start, reader.pos))


def _types(draft: _Draft, reader: Reader) -> None:
    section = type_section(reader)
    draft.types, draft.declared, draft.groups = tuple(section.types), section.declared, section.groups


def _imports(draft: _Draft, reader: Reader) -> None:
    draft.imports = _vector(reader, "imports", MAX_ITEMS, lambda r: _import(r, draft.types))


def _funcs(draft: _Draft, reader: Reader) -> None:
    draft.funcs = _vector(reader, "functions", MAX_ITEMS, Reader.u32)


def _tables(draft: _Draft, reader: Reader) -> None:
    draft.tables = _vector(reader, "tables", MAX_TABLES, _table)


def _memories(draft: _Draft, reader: Reader) -> None:
    draft.memories = _vector(reader, "memories", MAX_MEMORIES, _memory)


def _tags(draft: _Draft, reader: Reader) -> None:
    draft.tags = _vector(reader, "tags", MAX_ITEMS, lambda r: _tag(r, draft.types))


def _globals(draft: _Draft, reader: Reader) -> None:
    draft.globals = _vector(reader, "globals", MAX_ITEMS, _global)


def _exports(draft: _Draft, reader: Reader) -> None:
    draft.exports = _vector(reader, "exports", MAX_ITEMS, _export)


def _start(draft: _Draft, reader: Reader) -> None:
    draft.start = reader.u32()


def _elems(draft: _Draft, reader: Reader) -> None:
    draft.elems = _vector(reader, "element segments", MAX_SEGMENTS, _elem)


def _data_count(draft: _Draft, reader: Reader) -> None:
    draft.data_count = reader.count("data segments", MAX_SEGMENTS)


def _bodies(draft: _Draft, reader: Reader) -> None:
    at = reader.pos
    count = reader.count("bodies", MAX_ITEMS)
    if count != len(draft.funcs):
        raise DecodeError(at, f"{len(draft.funcs)} functions are declared, {count} bodies follow")
    draft.bodies = tuple([_body(reader) for _ in range(count)])


def _datas(draft: _Draft, reader: Reader) -> None:
    at = reader.pos
    draft.datas = _vector(reader, "data segments", MAX_SEGMENTS, _data)
    if draft.data_count not in (None, len(draft.datas)):
        raise DecodeError(at, f"{draft.data_count} data segments are announced, {len(draft.datas)} follow")


_CUSTOM = 0

# Section id → (name, reader), in the order the sections must have.
_SECTIONS: Mapping[int, tuple[str, Callable[[_Draft, Reader], None]]] = MappingProxyType(
    {
        1: ("type", _types),
        2: ("import", _imports),
        3: ("function", _funcs),
        4: ("table", _tables),
        5: ("memory", _memories),
        13: ("tag", _tags),
        6: ("global", _globals),
        7: ("export", _exports),
        8: ("start", _start),
        9: ("element", _elems),
        12: ("data count", _data_count),
        10: ("code", _bodies),
        11: ("data", _datas),
    }
)
_ORDER: Mapping[int, int] = MappingProxyType({number: rank for rank, number in enumerate(_SECTIONS)})


def _custom(draft: _Draft, reader: Reader, start: int) -> None:
    name = reader.name()
    payload = Span(reader.pos, reader.end)
    draft.customs.append(Custom(name, payload, Span(start, reader.end)))
    if name == "name":
        draft.names = decode_names(draft.data, payload)


def _header(data: bytes) -> None:
    """Raises unless `data` starts as a core module does."""
    if not data:
        raise DecodeError(0, "the file is empty")
    if data[:4] != MAGIC[: len(data)]:
        raise DecodeError(0, f"a module starts with 00 61 73 6d (\\0asm), this with {data[:4].hex(' ')}")
    if len(data) < 8:
        raise DecodeError(len(data), f"the file ends after {len(data)} bytes, inside the 8-byte header")
    if data[6:8] == _COMPONENT_LAYER:
        hint = "give a core module (`wasm-tools component unbundle` takes them out)"
        raise DecodeError(4, f"this is a component where a core module is expected; {hint}")
    if data[4:8] != MODULE_VERSION:
        raise DecodeError(4, f"version is {int.from_bytes(data[4:8], 'little')}, only 1 is known")


def _section(draft: _Draft, reader: Reader, last: int) -> int:
    """Reads one section; `last` and the result are ranks in the required order."""
    start = reader.pos
    number = reader.byte()
    body = reader.sized()
    payload = Span(body.pos, body.end)
    if number == _CUSTOM:
        _custom(draft, body, start)
        draft.sections.append((number, payload))
        return last
    if number not in _SECTIONS:
        raise DecodeError(start, f"{number} is not a section")
    name, read = _SECTIONS[number]
    rank = _ORDER[number]
    if rank <= last:
        raise DecodeError(start, f"the {name} section is {'there twice' if rank == last else 'out of order'}")
    read(draft, body)
    body.finish(f"the {name} section")
    draft.sections.append((number, payload))
    reader.kinds = body.kinds
    return rank


def decode(data: bytes) -> Module:
    """Reads a core module. Raises DecodeError (of which UnsupportedError is one) and nothing else."""
    _header(data)
    draft, reader, last = _Draft(data), Reader(data, 8), -1
    while not reader.done:
        last = _section(draft, reader, last)
    if len(draft.bodies) != len(draft.funcs):
        raise DecodeError(len(data), f"{len(draft.funcs)} functions are declared, no bodies follow")
    if draft.data_count and not draft.datas:
        raise DecodeError(len(data), f"{draft.data_count} data segments are announced, none follow")
    return Module(
        bytes=data,
        sections=tuple(draft.sections),
        types=draft.types,
        declared=draft.declared,
        groups=draft.groups,
        imports=draft.imports,
        defined_funcs=draft.funcs,
        defined_tables=draft.tables,
        defined_memories=draft.memories,
        defined_tags=draft.tags,
        defined_globals=draft.globals,
        exports=draft.exports,
        start=draft.start,
        elems=draft.elems,
        data_count=draft.data_count,
        bodies=draft.bodies,
        datas=draft.datas,
        customs=tuple(draft.customs),
        names=draft.names,
    )
