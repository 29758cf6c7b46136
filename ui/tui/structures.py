"""The runtime's structures as rows that are made one at a time: a VMContext may have a hundred thousand fields."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from debugger.inspect import Inspector, VmctxRow
from vm.instance import Instance
from vm.layout import Placed, Row, StructView
from vm.machine import Machine
from vm.types import Addr, RefType

_OTHER_INSTANCES = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A field with its value. `leads_to` is where following it ends up, 0 for nowhere."""

    field: VmctxRow
    section: int  # number of the top-level field it belongs to
    leads_to: int


class Block(Protocol):
    """Rows that belong together under a title."""

    title: str
    name_width: int  # of the longest path

    def __len__(self) -> int: ...
    def entry(self, index: int) -> Entry: ...
    def index_of(self, addr: int) -> int | None:
        """The row of the field that holds an address."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    """A top-level field: its first row, and the fields of one element when it is a struct."""

    placed: Placed
    first: int
    leaves: tuple[Row, ...]

    @property
    def rows_each(self) -> int:
        return len(self.leaves) or 1

    @property
    def count(self) -> int:
        return 1 if self.placed.count is None else self.placed.count


class StructBlock:
    """All fields of a struct, arrays element by element, nested structs field by field."""

    def __init__(self, title: str, view: StructView, inspect: Inspector) -> None:
        self.title, self._view, self._inspect = title, view, inspect
        self._parts: list[_Part] = []
        self._rows = 0
        for placed in view.layout.fields.values():
            part = _Part(placed, self._rows, self._leaves(placed))
            self._parts.append(part)
            self._rows += part.rows_each * part.count
        self._starts = [p.first for p in self._parts]
        self.name_width = max((_name_width(p) for p in self._parts if p.count), default=0)

    def _leaves(self, placed: Placed) -> tuple[Row, ...]:
        layouts = self._view.layouts
        if placed.type not in layouts.era.structs:
            return ()
        return tuple(StructView(self._view.memory, layouts, layouts.struct(placed.type), Addr(0)).rows())

    def __len__(self) -> int:
        return self._rows

    def entry(self, index: int) -> Entry:
        number = bisect_right(self._starts, index) - 1
        row = self._row(self._parts[number], index)
        value = self._view.memory.read(row.addr, row.size)
        if not row.type.startswith("ptr<"):
            return Entry(VmctxRow(row, value, ""), number, 0)
        target = int.from_bytes(value, "little")
        return Entry(VmctxRow(row, value, self._inspect.describe_address(target)), number, target)

    def _row(self, part: _Part, index: int) -> Row:
        element, leaf = divmod(index - part.first, part.rows_each)
        placed = part.placed
        path = placed.name if placed.count is None else f"{placed.name}[{element}]"
        at = placed.at(self._view.addr, element)
        if not part.leaves:
            return Row(path, at, at - self._view.addr, placed.stride, placed.type, placed.doc)
        inner = part.leaves[leaf]
        at = Addr(at + inner.offset)
        return replace(inner, path=f"{path}.{inner.path}", addr=at, offset=at - self._view.addr)

    def index_of(self, addr: int) -> int | None:
        for part in self._parts:
            start = part.placed.at(self._view.addr)
            if start <= addr < start + part.placed.size:
                element, within = divmod(addr - start, part.placed.stride)
                inside = (i for i, r in enumerate(part.leaves) if r.offset <= within < r.offset + r.size)
                return part.first + element * part.rows_each + next(inside, 0)
        return None


class TableBlock:
    """The elements of a table."""

    def __init__(self, title: str, instance: Instance, number: int, inspect: Inspector) -> None:
        self.title, self._instance, self._number, self._inspect = title, instance, number, inspect
        self._table = instance.tables[number]
        self.name_width = len(f"[{max(0, len(self) - 1)}]")
        elem = self._table.type.elem
        is_func = isinstance(elem, RefType) and elem.is_func
        self._type = "ptr<VMFuncRef>" if is_func else str(elem)

    def __len__(self) -> int:
        return self._table.size

    def entry(self, index: int) -> Entry:
        table, size = self._table, self._table.element_bytes
        addr = Addr(table.region.base + index * size)
        element = self._inspect.table_element(self._instance, self._number, index)
        doc = "an element; its lowest bit says that it was resolved" if "VMFuncRef" in self._type else "an element"
        row = Row(f"[{index}]", addr, index * size, size, self._type, doc)
        target = "" if element.state == "null" else element.text
        return Entry(VmctxRow(row, element.word.to_bytes(size, "little"), target), index, element.func_ref or 0)

    def index_of(self, addr: int) -> int | None:
        offset = addr - self._table.region.base
        return offset // self._table.element_bytes if 0 <= offset < self._table.region.size else None


def blocks(machine: Machine, inspect: Inspector, instance: Instance) -> Iterator[Block]:
    """What the pane shows of an instance: its VMContext, its tables, the VMStoreContext, then other instances."""
    yield StructBlock(f"VMContext of {instance.name}, {instance.vmctx.size:,} bytes", instance.vmctx, inspect)
    for number, table in enumerate(instance.tables):
        name = inspect.symbols(instance).table(number)
        yield TableBlock(f"elements of table {name}, {table.size:,}", instance, number, inspect)
    yield StructBlock("VMStoreContext", machine.store_context, inspect)
    others = [i for i in machine.instances if i is not instance][:_OTHER_INSTANCES]
    for other in others:
        yield StructBlock(f"VMContext of {other.name}, {other.vmctx.size:,} bytes", other.vmctx, inspect)


def _name_width(part: _Part) -> int:
    index = 0 if part.placed.count is None else len(f"[{part.count - 1}]")
    return len(part.placed.name) + index + max((len(r.path) + 1 for r in part.leaves), default=0)
