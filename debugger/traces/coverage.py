"""Coverage: functions, lines and branches, from how often instructions ran."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from debugger.dwarf.lines import LineTable
from debugger.traces.expand import Counts
from vm.facts import FunctionFacts
from vm.instance import Instance


@dataclass(frozen=True, slots=True)
class Branch:
    """A conditional branch: how often it went each way; None: not known, as other code leads there, too."""

    line: int
    pc: int
    taken: int | None
    passed: int | None


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
    for func in range(first, first + len(instance.module.bodies)):
        ran = counts.by_function.get((instance.addr, func))
        _function(made, instance, func, ran, lines, name_of(func))
    return made


def _function(
    made: Coverage, instance: Instance, func: int, ran: list[int] | None, lines: LineTable | None, name: str
) -> None:
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
    branches = tuple(_branches(facts, counts, at))
    entry = Function(
        name, func, path, found.line if found else 0, counts[0] if counts else 0, len(facts.instrs),
        sum(1 for c in counts if c), branches,
    )  # fmt: skip
    made.files.setdefault(path, File()).functions.append(entry)


def _branches(facts: FunctionFacts, counts: list[int], lines: list[int]) -> Iterator[Branch]:
    targets = {b.target for i in facts.instrs for b in i.branches}
    for pc, instr in enumerate(facts.instrs):
        if instr.op.name not in ("if", "br_if", "br_on_null", "br_on_non_null") or pc + 1 >= len(counts):
            continue
        into = None if pc + 1 in targets else counts[pc + 1]
        other = None if into is None else counts[pc] - into
        taken, passed = (into, other) if instr.op.name == "if" else (other, into)
        if not counts[pc]:
            taken = passed = 0
        yield Branch(lines[pc], pc, taken, passed)


def lcov(found: Coverage) -> Iterator[str]:
    """The lines of a tracefile as `geninfo` writes them."""
    for path, file in sorted(found.files.items()):
        if not path:
            continue
        yield from ("TN:", f"SF:{path}")
        for f in file.functions:
            yield from (f"FN:{f.line},{f.name}", f"FNDA:{f.calls},{f.name}")
        yield from (f"FNF:{len(file.functions)}", f"FNH:{sum(1 for f in file.functions if f.calls)}")
        branches = [(f, b) for f in file.functions for b in f.branches if b.taken is not None and b.line]
        for f, b in branches:
            yield f"BRDA:{b.line},{f.func},{b.pc * 2},{b.taken if b.taken or b.passed else '-'}"
            yield f"BRDA:{b.line},{f.func},{b.pc * 2 + 1},{b.passed if b.taken or b.passed else '-'}"
        yield f"BRF:{2 * len(branches)}"
        yield f"BRH:{sum(bool(b.taken) + bool(b.passed) for _, b in branches)}"
        yield from (f"DA:{line},{count}" for line, count in sorted(file.lines.items()))
        yield from (f"LF:{len(file.lines)}", f"LH:{sum(1 for c in file.lines.values() if c)}", "end_of_record")
