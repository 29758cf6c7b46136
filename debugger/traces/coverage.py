"""Coverage: functions, lines and branches, from how often instructions ran."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from debugger.dwarf.lines import LineTable
from debugger.traces.expand import Counts
from vm.facts import FunctionFacts
from vm.instance import Instance

_Ways = Mapping[tuple[int, int], int]  # how often an instruction went on with another one
_TWO_WAYS = ("br_if", "br_on_null", "br_on_non_null", "br_on_cast", "br_on_cast_fail")


@dataclass(frozen=True, slots=True)
class Branch:
    """A conditional branch: how often it went each way. Of two ways the first is that the condition held."""

    line: int
    pc: int
    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function's coverage. `line` is its first one, 0 when there is no source."""

    name: str
    func: int
    file: str
    line: int
    calls: int
    instructions: int
    ran: int
    branches: tuple[Branch, ...]

    @property
    def ways(self) -> int:
        """How many ways its branches may go."""
        return sum(len(b.ways) for b in self.branches)

    @property
    def ways_gone(self) -> int:
        """How many of them one did go."""
        return sum(1 for b in self.branches for times in b.ways if times)


@dataclass
class File:
    """A source file: how often each line that has code ran."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)


@dataclass
class Coverage:
    """Coverage of an instance's functions; files by path, "" for functions without lines."""

    files: dict[str, File] = field(default_factory=dict)
    whole: bool = True

    @property
    def functions(self) -> list[Function]:
        return [f for file in self.files.values() for f in file.functions]


def coverage(
    counts: Counts, instance: Instance, lines: LineTable | None, name_of: Callable[[int], str]
) -> Coverage:  # fmt: skip
    """What ran of an instance, by file, line and function."""
    made = Coverage(whole=counts.whole)
    first = instance.module.num_imported_funcs
    ways: dict[int, dict[tuple[int, int], int]] = {}
    for way, times in counts.ways.items():
        if way.vmctx == instance.addr:
            ways.setdefault(way.func, {})[way.pc, way.target] = times
    for func in range(first, first + len(instance.module.bodies)):
        ran = counts.by_function.get((instance.addr, func))
        _function(made, instance, func, ran, ways.get(func, {}), lines, name_of(func))
    return made


def _function(
    made: Coverage, instance: Instance, func: int, ran: list[int] | None, ways: _Ways, lines: LineTable | None,
    name: str,
) -> None:  # fmt: skip
    facts = instance.facts(func)
    counts = ran or [0] * len(facts.instrs)
    places = [None if lines is None else lines.find(i.offset) for i in facts.instrs]
    found = next((p for p in places if p is not None and p.line), None)
    path = "" if found is None else found.file
    for place, count in zip(places, counts, strict=False):
        if place is not None and place.line:
            in_file = made.files.setdefault(place.file, File()).lines
            in_file[place.line] = max(in_file.get(place.line, 0), count)
    at = [0 if place is None else place.line for place in places]
    branches = tuple(_branches(facts, counts, ways, at))
    entry = Function(
        name, func, path, found.line if found else 0, counts[0] if counts else 0, len(facts.instrs),
        sum(1 for c in counts if c), branches,
    )  # fmt: skip
    made.files.setdefault(path, File()).functions.append(entry)


def _branches(facts: FunctionFacts, counts: list[int], ways: _Ways, lines: list[int]) -> Iterator[Branch]:
    for pc, instr in enumerate(facts.instrs):
        if instr.op.name == "br_table":
            targets = dict.fromkeys(branch.target for branch in instr.branches)
            if len(targets) > 1:
                yield Branch(lines[pc], pc, tuple(ways.get((pc, target), 0) for target in targets))
        elif instr.op.name == "if" or instr.op.name in _TWO_WAYS:
            held, other = pc + 1, instr.branches[0].target
            if held == other:  # it goes on in the same way
                continue
            if instr.op.name != "if":
                held = other
            times = ways.get((pc, held), 0)
            yield Branch(lines[pc], pc, (times, counts[pc] - times))


def lcov(found: Coverage) -> Iterator[str]:
    """The lines of a tracefile as `geninfo` writes them."""
    for path, file in sorted(found.files.items()):
        if not path:
            continue
        yield from ("TN:", f"SF:{path}")
        for f in file.functions:
            yield from (f"FN:{f.line},{f.name}", f"FNDA:{f.calls},{f.name}")
        yield from (f"FNF:{len(file.functions)}", f"FNH:{sum(1 for f in file.functions if f.calls)}")
        branches = [(f, b) for f in file.functions for b in f.branches if b.line]
        for _, b in branches:
            ran = any(b.ways)
            yield from (f"BRDA:{b.line},{b.pc},{i},{times if ran else '-'}" for i, times in enumerate(b.ways))
        yield f"BRF:{sum(len(b.ways) for _, b in branches)}"
        yield f"BRH:{sum(1 for _, b in branches for times in b.ways if times)}"
        yield from (f"DA:{line},{count}" for line, count in sorted(file.lines.items()))
        yield from (f"LF:{len(file.lines)}", f"LH:{sum(1 for c in file.lines.values() if c)}", "end_of_record")
