"""What a module declares and what became of it, as sections of items that are made one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from debugger.session import Session
from ui.render.line import Part, Role
from ui.render.module import import_name
from ui.render.runtime import address, size
from vm import constant
from vm.instance import Instance
from vm.module import Export, Module
from vm.naming import Naming
from vm.stop import Site
from vm.types import Addr, ExternKind
from vm.wasi.descriptors import Descriptor, Kind


class Shown(Enum):
    """How the place that an item is about is to be shown."""

    CODE = auto()
    FIELD = auto()
    BYTES = auto()


@dataclass(frozen=True, slots=True)
class About:
    """A place: an address, or an instruction."""

    how: Shown
    where: int | Site


@dataclass(frozen=True, slots=True)
class Item:
    """Cells of a row, and what it is about; None where there is nothing to go to."""

    cells: tuple[Part, ...]
    about: About | None = None


@dataclass(frozen=True)
class Section:
    """Items of one kind; those of another instance or stop are another section."""

    title: str
    count: int
    item: Callable[[int], Item]


def tables(session: Session) -> Iterator[Section]:
    """Elements of every table, then the funcrefs."""
    instance = session.instance()
    symbols = session.inspect.symbols(instance)
    for number, table in enumerate(instance.tables):
        title = f"table {symbols.table(number)}  {table.type.elem}, {table.size:,} elements"
        yield Section(title, table.size, _elements(session, instance, number))
    slots = tuple(instance.shape.func_ref_slots)
    yield Section(f"funcrefs  {len(slots):,}", len(slots), lambda i: _func_ref(session, instance, slots[i]))


def _elements(session: Session, instance: Instance, number: int) -> Callable[[int], Item]:
    table = instance.tables[number]

    def item(index: int) -> Item:
        element = session.inspect.table_element(instance, number, index)
        role = Role.ZERO if element.state == "null" else Role.POINTER
        word = (f"{element.word:#x}", Role.NUMBER if element.word else Role.ZERO)
        at = table.region.base + index * table.element_bytes
        return Item(((f"[{index}]", Role.LABEL), word, (element.text, role)), About(Shown.FIELD, at))

    return item


def _func_ref(session: Session, instance: Instance, func: int) -> Item:
    addr = instance.func_ref_at(func)
    assert addr is not None
    ref = session.machine.read_func_ref(addr)
    written = session.machine.code_at(ref.code) is not None
    type_ = session.machine.type_of(ref.type_id)
    code: Part = (f"{address(ref.code)}  {type_ or ''}", Role.POINTER) if written else ("not written yet", Role.DIM)
    name = (session.inspect.func_name(instance, func), Role.NAME)
    return Item(((address(addr), Role.ADDRESS), name, code), About(Shown.FIELD, addr))


def module(session: Session) -> Iterator[Section]:
    """Imports, exports, types, segments."""
    instance = session.instance()
    found = instance.module
    naming = session.inspect.symbols(instance)
    indexes = _import_indexes(found)
    yield Section(f"imports  {len(found.imports):,}", len(found.imports), lambda i: _import(instance, i, indexes[i]))
    yield Section(f"exports  {len(found.exports):,}", len(found.exports), lambda i: _export(instance, naming, i))
    yield Section(f"types  {len(found.types):,}", len(found.types), lambda i: _type(session, instance, naming, i))
    yield Section(f"data segments  {len(found.datas):,}", len(found.datas), lambda i: _data(instance, naming, i))
    yield Section(f"element segments  {len(found.elems):,}", len(found.elems), lambda i: _elem(instance, naming, i))


def _import_indexes(module: Module) -> list[int]:
    """Of each import among those of its kind."""
    seen: Counter[ExternKind] = Counter()
    out = []
    for item in module.imports:
        out.append(seen[item.kind])
        seen[item.kind] += 1
    return out


def _import(instance: Instance, number: int, index: int) -> Item:
    item = instance.module.imports[number]
    cells: tuple[Part, ...] = (
        (import_name(item), Role.STRING), (str(item.kind), Role.KEYWORD), (str(item.type), Role.TYPE)
    )  # fmt: skip
    if item.kind is ExternKind.FUNC:
        return Item(cells, About(Shown.FIELD, instance.import_record(index).addr))
    return Item(cells, _entity_at(instance, item.kind, index))


def _export(instance: Instance, naming: Naming, number: int) -> Item:
    item = instance.module.exports[number]
    cells: tuple[Part, ...] = (
        (item.name, Role.STRING), (str(item.kind), Role.KEYWORD), (_entity_name(naming, item), Role.NAME)
    )  # fmt: skip
    if item.kind is ExternKind.FUNC and not instance.is_imported(item.index):
        return Item(cells, About(Shown.CODE, Site(instance.addr, item.index, 0)))
    return Item(cells, _entity_at(instance, item.kind, item.index))


def _entity_name(naming: Naming, item: Export) -> str:
    names = {
        ExternKind.FUNC: naming.func, ExternKind.TABLE: naming.table, ExternKind.MEMORY: naming.memory,
        ExternKind.GLOBAL: naming.global_,
    }  # fmt: skip
    return names[item.kind](item.index) if item.kind in names else str(item.index)


def _entity_at(instance: Instance, kind: ExternKind, index: int) -> About | None:
    """Where an entity lies: a memory's bytes, a table's or a global's definition."""
    match kind:
        case ExternKind.MEMORY:
            return About(Shown.BYTES, instance.memories[index].region.base)
        case ExternKind.TABLE:
            return About(Shown.FIELD, instance.tables[index].definition)
        case ExternKind.GLOBAL:
            return About(Shown.FIELD, instance.globals[index].storage)
        case ExternKind.FUNC:
            return About(Shown.FIELD, instance.import_record(index).addr)
        case _:
            return None


def _type(session: Session, instance: Instance, naming: Naming, number: int) -> Item:
    machine = session.machine
    path, counts = machine.layouts.era.paths["type_ids"], instance.shape.counts
    base = machine.layouts.follow(machine.space, path, instance.addr, 0, counts)
    width = machine.layouts.size_of("VMSharedTypeIndex")
    type_id = machine.space.load(Addr(base + number * width), width)
    type_ = (str(instance.module.types[number]), Role.TYPE)
    cells: tuple[Part, ...] = ((naming.type_(number), Role.NAME), (f"id {type_id}", Role.NUMBER), type_)
    return Item(cells, About(Shown.FIELD, base + number * width))


def _data(instance: Instance, naming: Naming, number: int) -> Item:
    segment = instance.module.datas[number]
    count = segment.bytes.end - segment.bytes.start
    about, where = None, ""
    if segment.mode == "active" and segment.offset is not None:
        offset = constant.static_value(instance.module, segment.offset)
        where = f"memory {naming.memory(segment.memory)} +" + ("?" if offset is None else f"{offset:#x}")
        memory = instance.memories[segment.memory]
        if offset is not None and offset < memory.size_bytes:
            about = About(Shown.BYTES, memory.region.base + offset)
    cells: tuple[Part, ...] = (
        (naming.data(number), Role.NAME), (segment.mode, Role.KEYWORD), (size(count), Role.NUMBER),
        _state(instance.data_dropped(number), segment.mode), (where, Role.ADDRESS),
    )  # fmt: skip
    return Item(cells, about)


def _elem(instance: Instance, naming: Naming, number: int) -> Item:
    segment = instance.module.elems[number]
    about, where = None, ""
    if segment.mode == "active" and segment.offset is not None:
        offset, table = constant.static_value(instance.module, segment.offset), instance.tables[segment.table]
        where = f"table {naming.table(segment.table)} +" + ("?" if offset is None else f"{offset:,}")
        if offset is not None and offset < table.size:
            about = About(Shown.FIELD, table.region.base + offset * table.element_bytes)
    items = (f"{len(segment.items):,} × {segment.type}", Role.TYPE)
    cells: tuple[Part, ...] = (
        (naming.elem(number), Role.NAME), (segment.mode, Role.KEYWORD), items,
        _state(instance.elem_dropped(number), segment.mode), (where, Role.ADDRESS),
    )  # fmt: skip
    return Item(cells, about)


def _state(dropped: bool, mode: str) -> Part:
    """Active and declared segments are dropped once the instance is made."""
    if mode != "passive":
        return ("used up", Role.DIM)
    return ("dropped", Role.WARNING) if dropped else ("usable", Role.OK)


def files(session: Session) -> Iterator[Section]:
    """The open WASI descriptors, from the machine's bytes."""
    opened = session.descriptors.open()

    def item(number: int) -> Item:
        fd, descriptor = opened[number]
        return Item(tuple(_descriptor(fd, descriptor)), About(Shown.BYTES, session.descriptors.view(fd).addr))

    yield Section(f"WASI descriptors  {len(opened)}", len(opened), item)


def _descriptor(fd: int, found: Descriptor) -> Iterator[Part]:
    """`3  preopen  /data  from ./data  at 0  append  rights fd_read fd_seek`."""
    yield f"{fd}", Role.LABEL
    yield found.kind.name.lower(), Role.KEYWORD
    path = found.path.decode("utf-8", "replace")
    if found.kind is Kind.PREOPEN:
        yield f"{found.guest.decode('utf-8', 'replace')} from {path}", Role.STRING
    else:
        yield path, Role.STRING
    yield "" if found.stream or found.is_directory else f"at {found.offset:,}", Role.NUMBER
    yield _flags(found.fdflags), Role.TYPE
    rights = _flags(found.rights)
    yield f"may {rights}" if rights else "may nothing", Role.DIM


def _flags(value: object) -> str:
    """`append nonblock` of a flag enum."""
    name = getattr(value, "name", None) or ""
    return " ".join(part.lower() for part in str(name).split("|"))
