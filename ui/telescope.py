"""Chains of pointers: from a table slot, a funcref or any address to what they lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from debugger.session import Session
from ui.examine import place_of
from ui.integers import integer
from ui.render.runtime import Hop
from vm.errors import UserError
from vm.instance import Instance
from vm.memory import RegionKind
from vm.types import Addr

_SLOT = re.compile(r"^\s*tables?(?:\[(?P<table>\d{1,9})\])?\[(?P<index>\w+)\]\s*$")
_MOST_HOPS = 8


def chain(session: Session, text: str) -> list[Hop]:
    """`table[0][3]` or `table[3]`, else an address expression. Raises UserError."""
    m = _SLOT.match(text)
    if m is not None:
        return list(_from_slot(session, int(m["table"] or 0), _index(m["index"])))
    if not text:
        return list(_from_address(session, session.instance().addr))
    return list(_from_address(session, _absolute(session, text)))


def _index(text: str) -> int:
    index = integer(text)
    if index is None:
        raise UserError(f"{text!r} is not an index", "telescope table[0][3]")
    return index


def _absolute(session: Session, text: str) -> Addr:
    place = place_of(session, text)
    base = place.memory.region.base if place.memory is not None else 0
    return Addr(base + place.at)


def _from_slot(session: Session, table: int, index: int) -> Iterator[Hop]:
    instance = session.instance()
    if table >= len(instance.tables):
        raise UserError(f"there is no table {table}", f"{instance.name} has {len(instance.tables)}")
    found = instance.tables[table]
    if index >= found.size:
        raise UserError(f"table {table} has {found.size:,} elements")
    element = session.inspect.table_element(instance, table, index)
    addr = found.region.base + index * found.element_bytes
    yield Hop(addr, f"table[{table}][{index}]", element.word, element.text)
    if element.func_ref is not None and element.state == "func":
        yield from _func_ref(session, element.func_ref, 1)
    elif element.func_ref is not None:
        yield Hop(element.func_ref, "VMFuncRef", None, "written when the slot is first used", 1)


def _func_ref(session: Session, addr: Addr, depth: int) -> Iterator[Hop]:
    """A VMFuncRef and its words."""
    machine, view = session.machine, session.machine.view("VMFuncRef", addr)
    yield Hop(addr, "VMFuncRef", None, session.inspect.describe_func_ref(addr), depth)
    for name in machine.call_fields:
        code = view.get(name)
        yield Hop(view.at(name), name, code, session.inspect.describe_code(code) if code else "", depth + 1)
    type_id = view.get("type_index")
    yield Hop(view.at("type_index"), "type_index", type_id, str(machine.type_of(type_id) or ""), depth + 1)
    vmctx = view.get("vmctx")
    owner = machine.instance_at(vmctx)
    meaning = f"VMContext of {owner.name}" if owner else session.inspect.describe_address(vmctx)
    yield Hop(view.at("vmctx"), "vmctx", vmctx, meaning, depth + 1)


def _from_address(session: Session, addr: Addr) -> Iterator[Hop]:
    """Word by word: what lies there, and whether that is an address again."""
    func_ref = _known_func_ref(session, addr)
    if func_ref is not None:
        yield from _func_ref(session, addr, 0)
        return
    seen: set[int] = set()
    for depth in range(_MOST_HOPS):
        region = session.machine.space.region_at(addr)
        if region is None or addr in seen or addr + 8 > region.end:
            return
        seen.add(addr)
        value = session.machine.space.load(addr, 8)
        yield Hop(addr, session.inspect.describe_address(addr), value, session.inspect.describe_address(value)
                  if session.machine.space.region_at(value) else "", depth)  # fmt: skip
        if region.kind in (RegionKind.MEMORY, RegionKind.CODE):
            return
        addr = Addr(value)


def _known_func_ref(session: Session, addr: int) -> Instance | None:
    """The instance in whose func_refs an address lies at the start of a record."""
    for instance in session.machine.instances:
        if any(info.addr == addr for info in session.inspect.func_refs(instance)):
            return instance
    return None
