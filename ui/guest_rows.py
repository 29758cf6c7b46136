"""Rows about objects, exceptions and threads: what commands print and panes show."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.heap import Field, HeapObject
from debugger.session import Session
from ui.render.line import Part, Role
from ui.render.runtime import address
from vm.machine import ThreadState
from vm.threads import GuestThread

Row = list[Part]


def object_row(item: HeapObject) -> Row:
    """`0x10  struct  $point  24  $point {x=1, y=2}`."""
    return [(f"{item.ref:#x}", Role.ADDRESS), (item.kind, Role.KEYWORD), (item.type_name, Role.TYPE),
            (f"{item.size_bytes:,}", Role.NUMBER), item.text]  # fmt: skip


def field_row(field: Field) -> Row:
    """`x  i32  1  0x2000_0000_1060`."""
    return [(field.name, Role.NAME), (field.type, Role.TYPE), field.text, (address(field.addr), Role.ADDRESS)]


def thread_row(session: Session, thread: GuestThread) -> Row:
    """`▶  0  blocked at memory 0 +0x10  2  $wait+0x8`."""
    state = ThreadState(thread.record.get("state"))
    waits = thread.record.get("wait_addr")
    until = f" at {session.inspect.describe_address(waits) or address(waits)}" if waits else ""
    return [
        ("▶" if thread is session.machine.current else "", Role.PC), (str(thread.number), Role.LABEL),
        state.name.lower() + until, (f"{thread.control.depth:,}", Role.NUMBER),
        (session.inspect.innermost(thread), Role.NAME),
    ]  # fmt: skip


def tag_rows(session: Session) -> Iterator[tuple[Row, int]]:
    """Each tag of the selected frame's instance, and where it lies."""
    instance = session.instance()
    symbols = session.inspect.symbols(instance)
    imported = len(instance.module.tags) - len(instance.module.defined_tags)
    for i, tag in enumerate(instance.tags):
        origin: Part = ("imported" if i < imported else "", Role.DIM)
        name, type_ = (symbols.tag(i), Role.NAME), (str(tag.type), Role.TYPE)
        yield [(f"[{i}]", Role.LABEL), name, type_, origin, (address(tag.definition), Role.ADDRESS)], tag.definition
