"""The program's variables by their addresses: which one an address lies in, or nearest to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from debugger.dwarf.index import Kind
from debugger.expression.types import size_of
from debugger.source.variables import SourceFrame
from vm.errors import DecodeError, UserError

_MOST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Lying:
    """A variable with a fixed place: bytes [start, end) of the native address space."""

    name: str
    start: int
    end: int


def nearest(source: SourceFrame, address: int, clock: Callable[[], float] = time.perf_counter) -> Lying | None:
    """The variable nearest to an address; None: there is none, or there are too many to look at."""
    until = clock() + _MOST_SECONDS
    best: Lying | None = None
    for lying in _fixed(source):
        if clock() > until:
            return None
        if best is None or apart(lying.start, lying.end, address) < apart(best.start, best.end, address):
            best = lying
    return best


def _fixed(source: SourceFrame) -> Iterator[Lying]:
    for unit in source.info.info.units:
        for named in source.info.index(unit).names:
            if named.kind is Kind.VARIABLE:
                try:
                    entry = source.info.info.entry(named.at)
                    value = None if entry is None else source.value_of(entry)
                except (UserError, DecodeError):
                    continue  # it lies nowhere, or its description is damaged
                if value is not None and value.addr is not None and (size := size_of(value.type)):
                    yield Lying(named.name, value.addr, value.addr + size)


def apart(start: int, end: int, address: int) -> int:
    """Bytes between a range and an address; 0: it lies inside."""
    return max(start - address, address - end + 1, 0)
