"""What a unit declares: functions by address, names of functions, variables and types. One pass over its entries."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from debugger.dwarf.constants import At, Tag
from debugger.dwarf.entries import Entry, Unit
from debugger.dwarf.ranges import ranges_of
from vm.errors import DecodeError

_MOST_DEPTH = 60  # of namespaces and types in one another
_TYPES = (Tag.STRUCTURE, Tag.CLASS, Tag.UNION, Tag.ENUMERATION, Tag.TYPEDEF, Tag.BASE_TYPE, Tag.UNSPECIFIED)
_SCOPES = (Tag.NAMESPACE, Tag.STRUCTURE, Tag.CLASS, Tag.UNION, Tag.ENUMERATION)


class Kind(Enum):
    """What a name stands for."""

    FUNCTION = "function"
    VARIABLE = "variable"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Named:
    """A name of a unit: where its entry stands."""

    kind: Kind
    name: str  # with the namespaces around it
    at: int


@dataclass
class UnitIndex:
    """Functions as (start, end, position of the entry), by start; names; and namespaces around entries."""

    functions: list[tuple[int, int, int]] = field(default_factory=list)
    names: list[Named] = field(default_factory=list)
    prefixes: dict[int, str] = field(default_factory=dict)

    def function_at(self, address: int) -> int | None:
        """Position of the entry of the function around an address."""
        i = bisect_right(self.functions, address, key=lambda f: f[0]) - 1
        return self.functions[i][2] if i >= 0 and address < self.functions[i][1] else None


def index_of(unit: Unit) -> UnitIndex:
    """Reads a unit's outline; what is damaged ends it."""
    made = UnitIndex()
    with suppress(DecodeError, RecursionError):
        _Pass(unit, made).run()
    made.functions.sort()
    return made


class _Pass:
    """One pass over a unit."""

    def __init__(self, unit: Unit, into: UnitIndex) -> None:
        self.unit, self.into = unit, into

    def run(self) -> None:
        for entry, prefix in self._entries(self.unit.top, "", 0):
            self._note(entry, prefix)

    def _entries(self, parent: Entry, prefix: str, depth: int) -> Iterator[tuple[Entry, str]]:
        for child in parent.children():
            yield child, prefix
            if child.tag in _SCOPES and child.has_children and depth < _MOST_DEPTH:
                name = child.name or ("{anonymous}" if child.tag == Tag.NAMESPACE else "")
                yield from self._entries(child, f"{prefix}{name}::" if name else prefix, depth + 1)

    def _note(self, entry: Entry, prefix: str) -> None:
        if prefix:
            self.into.prefixes[entry.at] = prefix
        if entry.tag == Tag.SUBPROGRAM:
            ranges = ranges_of(entry)
            self.into.functions += [(start, end, entry.at) for start, end in ranges]
            if ranges:
                self._name(Kind.FUNCTION, entry, prefix)
        elif entry.tag == Tag.VARIABLE and (At.LOCATION in entry.attributes or At.CONST_VALUE in entry.attributes):
            self._name(Kind.VARIABLE, entry, prefix)
        elif entry.tag in _TYPES and not entry.flag(At.DECLARATION):
            self._name(Kind.TYPE, entry, prefix)

    def _name(self, kind: Kind, entry: Entry, prefix: str) -> None:
        declared = entry
        for link in (At.ABSTRACT_ORIGIN, At.SPECIFICATION):
            found = None if declared.name else declared.follow(link)
            declared = found if found is not None else declared
        if declared.name:
            around = prefix if declared is entry else self.into.prefixes.get(declared.at, "")
            self.into.names.append(Named(kind, around + declared.name, entry.at))
