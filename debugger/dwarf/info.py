"""A module's debug information: functions around addresses, variables in scope, types and globals by name.

Each unit is read when something in it is first asked for.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from debugger.dwarf import index_cache
from debugger.dwarf.constants import At, Tag
from debugger.dwarf.entries import Entry, Info, Unit, info_of, is_type_unit, section
from debugger.dwarf.index import Kind, Named, UnitIndex, index_of
from debugger.dwarf.ranges import ranges_of, unit_ranges
from debugger.dwarf.types import Types, language_of
from debugger.dwarf.units import code_start
from vm.errors import DecodeError
from vm.module import Module

_MOST_SCOPES = 200  # in one another
_MOST_VARIABLES = 5000
_SAID_EVERY_S = 1.0
_LINKS = (At.ABSTRACT_ORIGIN, At.SPECIFICATION)


@dataclass(frozen=True)
class Block:
    """A function, an inlined one, or a block inside: its variables, parameters first."""

    entry: Entry
    name: str  # of the function; empty for a block
    call: tuple[int, int] | None  # file number and line of the call, for an inlined function
    variables: tuple[Entry, ...]


@dataclass(frozen=True)
class FunctionScope:
    """What is in scope at an address: the function first, the innermost block last."""

    unit: Unit
    entry: Entry
    blocks: tuple[Block, ...]

    @property
    def inlined(self) -> tuple[Block, ...]:
        """The functions inlined here, the outermost first."""
        return tuple(b for b in self.blocks if b.call is not None)


Progress = Callable[[int, int], bool]


def said_elsewhere(module: Module, info: DebugInfo | None, offset: int | None) -> str:
    """Where the debug information of code was put, when that is another file; empty when it is not."""
    external = section(module, "external_debug_info")
    if info is None and external:
        size = external[0]
        return (
            f"debug information was split off to {external[1 : 1 + size].decode(errors='replace')}, which is not read"
        )
    unit = None if info is None or offset is None else info.unit_at(offset)
    try:
        name = "" if unit is None else unit.dwo_name
    except DecodeError:
        return ""
    return f"variables and types were split off to {name}, which is not read" if name else ""


def debug_info(module: Module, cache: Path | None = None) -> DebugInfo | None:
    """What the module carries; None when that is nothing. `cache`: a folder where names are kept between runs."""
    info = info_of(module)
    return DebugInfo(module, info, cache) if info.data else None


class DebugInfo:
    """Answers questions about one module. Offsets count from the module file's start."""

    def __init__(self, module: Module, info: Info, cache: Path | None = None) -> None:
        self.module = module
        self.start = code_start(module)
        self.info = info
        self.types = Types(self.qualified)
        self.types.definition = self._definition
        self._indexes: dict[int, UnitIndex] = {}
        self._by_name: dict[str, list[Named]] | None = None
        self._scopes: dict[int, FunctionScope | None] = {}
        self._cache = None if cache is None else index_cache.place(cache, info.sections)
        self.telling: Callable[[str], None] = lambda text: None  # told about work that takes long

    # -- by address ------------------------------------------------------------------------------

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int, Unit], ...]:
        """(start, end, unit), by start; a unit that does not say where its code is counts for all of it."""
        found: list[tuple[int, int, Unit]] = []
        for unit in self.info.units:
            try:
                if not is_type_unit(unit):
                    found += [(start, end, unit) for start, end in unit_ranges(unit)]
            except DecodeError:
                continue
        return tuple(sorted(found, key=lambda r: r[:2]))

    def unit_at(self, offset: int) -> Unit | None:
        """The unit whose code is at a file offset."""
        address = offset - self.start
        i = bisect_right(self._ranges, address, key=lambda r: r[0]) - 1
        return self._ranges[i][2] if i >= 0 and address < self._ranges[i][1] else None

    def scope_at(self, offset: int) -> FunctionScope | None:
        """What is in scope at the instruction at a file offset; None where nothing is known of it."""
        if offset not in self._scopes:
            try:
                self._scopes[offset] = self._scope(offset)
            except DecodeError:
                self._scopes[offset] = None
        return self._scopes[offset]

    def _scope(self, offset: int) -> FunctionScope | None:
        unit = self.unit_at(offset)
        address = offset - self.start
        at = None if unit is None else self.index(unit).function_at(address)
        entry = None if unit is None or at is None else unit.entry(at)
        if unit is None or entry is None:
            return None
        blocks = tuple(self._blocks(entry, address, self.name_of(entry), None))
        return FunctionScope(unit, entry, blocks)

    def _blocks(self, entry: Entry, address: int, name: str, call: tuple[int, int] | None) -> Iterator[Block]:
        """A scope and those in it around an address."""
        for _ in range(_MOST_SCOPES):
            variables: list[Entry] = []
            inner: Entry | None = None
            for child in entry.children():
                if child.tag in (Tag.FORMAL_PARAMETER, Tag.VARIABLE) and len(variables) < _MOST_VARIABLES:
                    variables.append(child)
                elif child.tag in (Tag.LEXICAL_BLOCK, Tag.INLINED) and inner is None:
                    inner = child if any(a <= address < b for a, b in ranges_of(child)) else None
            yield Block(entry, name, call, tuple(variables))
            if inner is None:
                return
            entry, name, call = inner, "", None
            if inner.tag == Tag.INLINED:
                call = inner.number(At.CALL_FILE) or 0, inner.number(At.CALL_LINE) or 0
                name = self.name_of(inner)

    # -- names -----------------------------------------------------------------------------------

    def declared(self, entry: Entry, wanted: At) -> Entry:
        """The entry among an entry and what it completes that has an attribute; the entry itself when none has."""
        at = entry
        for _ in range(8):
            if wanted in at.attributes:
                return at
            found = next((f for link in _LINKS if (f := at.follow(link)) is not None), None)
            if found is None:
                return entry
            at = found
        return entry

    def name_of(self, entry: Entry) -> str:
        """A function's or variable's name with the namespaces around it."""
        named = self.declared(entry, At.NAME)
        return self.qualified(named)

    def qualified(self, entry: Entry) -> str:
        """An entry's name with the namespaces around it; C has none."""
        name = entry.name
        if not name or language_of(entry.unit) in ("C", "Zig"):
            return name
        return self.index(entry.unit).prefixes.get(entry.at, "") + name

    def index(self, unit: Unit) -> UnitIndex:
        if unit.at not in self._indexes:
            self._indexes[unit.at] = index_of(unit)
        return self._indexes[unit.at]

    # -- by name ---------------------------------------------------------------------------------

    @property
    def is_indexed(self) -> bool:
        return self._by_name is not None

    def read_all(self, goes_on: Progress = lambda done, of: True) -> bool:
        """Reads the names of all units, so that they can be found; False when it was stopped."""
        kept = None if self._cache is None else index_cache.load(self._cache, len(self.info.data))
        found = self._read_names(goes_on) if kept is None else kept
        if found is None:
            return False
        made: dict[str, list[Named]] = {}
        for named in found:
            made.setdefault(named.name, []).append(named)
        self._by_name = made
        if kept is None and self._cache is not None:
            index_cache.save(self._cache, found)
        return True

    def _read_names(self, goes_on: Progress) -> list[Named] | None:
        """The names of every unit; None when it was stopped."""
        found: list[Named] = []
        units, said = self.info.units, time.monotonic()
        for number, unit in enumerate(units):
            if not goes_on(number, len(units)):
                return None
            if time.monotonic() - said > _SAID_EVERY_S:
                said = time.monotonic()
                self.telling(f"names in the debug information: {100 * number // len(units)} %")
            index = self._indexes.get(unit.at)
            found += (index_of(unit) if index is None else index).names
            unit.forget()
        return found

    def by_name(self) -> Mapping[str, list[Named]]:
        """What every name stands for."""
        if self._by_name is None:
            self.read_all()
        assert self._by_name is not None
        return self._by_name

    def find(self, name: str, kind: Kind, unit: Unit | None = None) -> Entry | None:
        """What a name stands for: in a unit first, then anywhere, first with all its namespaces, then without."""
        for names in self._places(name, unit):
            found = [n for n in names if n.kind is kind]
            if found:
                return self.info.entry(found[0].at)
        return None

    def _places(self, name: str, unit: Unit | None) -> Iterator[list[Named]]:
        tail = f"::{name}"
        if unit is not None:
            names = self.index(unit).names
            yield [n for n in names if n.name == name]
            yield [n for n in names if n.name.endswith(tail)]
        if not self._may_occur(name):
            return
        by_name = self.by_name()
        yield by_name.get(name, [])
        last = name.rpartition("::")[2]
        yield [n for full, found in by_name.items() if full.endswith(tail) for n in found] if last else []

    def _may_occur(self, name: str) -> bool:
        """Whether the bytes of a name are there at all: so that a typing error does not read every unit."""
        if self._by_name is not None:
            return True
        last = name.rpartition("::")[2].encode() + b"\0"
        return last in self.info.sections.str or last in self.info.data

    def _definition(self, name: str) -> Entry | None:
        return self.find(name, Kind.TYPE) if name else None
