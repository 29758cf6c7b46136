"""Listings that were made of the recording, as they are kept for a screen, and as rows of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from debugger.allocations import Allocations
from debugger.inspect import Inspector
from debugger.traces.calls import CallTree
from debugger.traces.observe import Accessed, HostCalled, Listed
from debugger.traces.tables import Batch, Kind
from debugger.traces.trace import Texts
from vm.machine import Machine
from vm.types import Addr

_ROWS_AT_ONCE = 1 << 14

CALL_COLUMNS = (
    ("tick", Kind.NUMBER), ("end", Kind.NUMBER), ("thread", Kind.NUMBER), ("depth", Kind.NUMBER),
    ("instance", Kind.TEXT), ("function", Kind.TEXT), ("calls", Kind.NUMBER), ("returned", Kind.TRUTH),
)  # fmt: skip
MEMORY_COLUMNS = (
    ("tick", Kind.NUMBER), ("instance", Kind.TEXT), ("function", Kind.TEXT), ("offset", Kind.NUMBER),
    ("op", Kind.TEXT), ("line", Kind.TEXT), ("memory", Kind.NUMBER), ("address", Kind.NUMBER), ("size", Kind.NUMBER),
    ("reads", Kind.TRUTH), ("writes", Kind.TRUTH), ("old", Kind.TEXT), ("new", Kind.TEXT),
)  # fmt: skip
HOST_COLUMNS = (
    ("tick", Kind.NUMBER), ("instance", Kind.TEXT), ("name", Kind.TEXT), ("call", Kind.TEXT), ("answer", Kind.TEXT),
    ("changed", Kind.NUMBER),
)  # fmt: skip


@dataclass
class Listings:
    """What was asked for last of each kind."""

    calls: CallTree | None = None
    accesses: Listed[Accessed] | None = None
    hosts: Listed[HostCalled] | None = None
    blocks: Allocations | None = None


@dataclass(frozen=True)
class Names:
    """What is said of the functions and instructions of rows."""

    machine: Machine
    inspect: Inspector
    texts: Texts

    def instance(self, vmctx: Addr) -> str:
        found = self.machine.instance_at(vmctx)
        return "" if found is None else found.name

    def function(self, vmctx: Addr, func: int) -> str:
        found = self.machine.instance_at(vmctx)
        return "?" if found is None else self.inspect.func_name(found, func)

    def accessed(self, row: Accessed) -> tuple[str, int, str, str]:
        """Function, offset in the file, instruction and line; of a host function's write its name alone."""
        if row.pc is None:
            return self.machine.hosts[row.func].label, 0, "", ""
        about = self.texts.rows(row.vmctx, row.func)[row.pc]
        return about["function"], about["offset"], about["op"], about["line"]


def call_rows(tree: CallTree, names: Names) -> Iterator[Batch]:
    """A row a call."""
    for first in range(0, len(tree), _ROWS_AT_ONCE):
        batch: Batch = []
        for number in range(first, min(first + _ROWS_AT_ONCE, len(tree))):
            c = tree[number]
            named = (names.instance(c.place[0]), names.function(*c.place))
            batch.append((int(c.start), int(c.end), tree.thread(number), c.depth, *named, c.within, not c.open))
        yield batch


def access_rows(slices: Iterable[list[Accessed]], names: Names) -> Iterator[Batch]:
    """A row an access; bytes as a number in hex, which little-endian bytes in a memory are."""
    for rows in slices:
        batch: Batch = []
        for r in rows:
            function, offset, op, line = names.accessed(r)
            batch.append((
                int(r.tick), names.instance(r.vmctx), function, offset, op, line, r.memory, r.offset, r.size, r.reads,
                r.writes, value_text(r.old), value_text(r.new),
            ))  # fmt: skip
        yield batch


def host_rows(slices: Iterable[list[HostCalled]], names: Names) -> Iterator[Batch]:
    """A row a call of a host function."""
    for rows in slices:
        yield [(int(r.tick), names.instance(r.caller), r.name, r.text, r.answer, r.changed) for r in rows]


def value_text(data: bytes) -> str:
    """`0x0000002a`: what lies in a memory as a number."""
    return f"0x{data[::-1].hex()}" if data else ""
