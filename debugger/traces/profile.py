"""Profiles: ticks by function, line and path of calls, from what ran in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from debugger.history import BrokenOff
from debugger.traces.expand import Expansion, Place, Progress
from vm.machine import Machine
from vm.trace import Ran

_MOST_DEPTH = 500  # frames of a path that are told apart
_MOST_NODES = 500_000
_CALLS = ("call", "call_indirect", "call_ref")
_TAIL_CALLS = ("return_call", "return_call_indirect", "return_call_ref")


@dataclass(eq=False)
class Node:
    """A function as it was called by a path. `own` ticks are its own, `calls` how often it was entered so."""

    place: Place | None
    parent: Node | None
    depth: int = 0
    own: int = 0
    calls: int = 0
    children: dict[Place, Node] = field(default_factory=dict)

    def total(self) -> int:
        """Ticks with all that it called."""
        pending, found = [self], 0
        while pending:
            node = pending.pop()
            found += node.own
            pending += node.children.values()
        return found

    def path(self) -> list[Place]:
        """The functions from the outermost to this one."""
        found: list[Place] = []
        node: Node | None = self
        while node is not None and node.place is not None:
            found.append(node.place)
            node = node.parent
        return found[::-1]

    def walk(self) -> Iterator[Node]:
        """This node and all below."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending += reversed(node.children.values())


@dataclass
class Profile:
    """A tree of calls. `whole`: it was not stopped before the end."""

    root: Node
    ticks: int
    whole: bool = True

    def by_function(self) -> list[tuple[Place, int, int, int]]:
        """(function, own ticks, ticks with what it called, calls), the most ticks of its own first."""
        own: dict[Place, int] = {}
        calls: dict[Place, int] = {}
        totals: dict[Place, int] = {}
        for node in self.root.walk():
            if node.place is None:
                continue
            own[node.place] = own.get(node.place, 0) + node.own
            calls[node.place] = calls.get(node.place, 0) + node.calls
        for place, ticks in _totals(self.root):
            totals[place] = totals.get(place, 0) + ticks
        return sorted(((p, t, totals[p], calls[p]) for p, t in own.items()), key=lambda row: -row[1])


def _totals(root: Node) -> Iterator[tuple[Place, int]]:
    """Ticks with what was called, for the outermost of recursive calls alone."""
    sums: dict[int, int] = {}
    order = list(root.walk())
    for node in reversed(order):
        sums[id(node)] = node.own + sum(sums[id(c)] for c in node.children.values())
    for node in order:
        above = node.parent
        while above is not None and above.place != node.place:
            above = above.parent
        if node.place is not None and above is None:
            yield node.place, sums[id(node)]


class Profiler:
    """Follows calls through runs of instructions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.root = Node(None, None)
        self._at = self.root
        self._nodes = 1
        self._beneath = 0  # calls that are too deep to be told apart
        self._last = ""  # the instruction that ran last

    def begin(self, frames: list[Place]) -> None:
        """The stack that the stretch begins with, the outermost first."""
        for place in frames:
            self._enter(place)
            self._at.calls = 0

    def add(self, run: Ran) -> None:
        """The next instructions of a function."""
        place = (run.vmctx, run.func)
        called = run.pc == 0 and (self._last in _CALLS or self._at.place is None)
        if called:
            self._enter(place)
        elif run.pc == 0 and self._last in _TAIL_CALLS and self._at.parent is not None:
            self._at = self._at.parent
            self._enter(place)
        elif self._at.place != place or self._last in ("return", "end"):
            self._back_to(place)
        self._at.own += run.length
        instance = self._machine.instance_at(run.vmctx)
        instrs = instance.facts(run.func).instrs if instance is not None else ()
        last = run.pc + run.length - 1
        self._last = instrs[last].op.name if last < len(instrs) else ""

    def _enter(self, place: Place) -> None:
        child = self._at.children.get(place)
        if child is None:
            if self._at.depth >= _MOST_DEPTH or self._nodes >= _MOST_NODES:
                self._beneath += 1
                return
            child = self._at.children[place] = Node(place, self._at, self._at.depth + 1)
            self._nodes += 1
        child.calls += 1
        self._at = child

    def _back_to(self, place: Place) -> None:
        """A call has returned, or was left by an exception."""
        node: Node | None = self._at
        if self._last in ("return", "end") and node is not None and node.parent is not None:
            if self._beneath:
                self._beneath -= 1
            else:
                node = node.parent
        while node is not None and node.place != place:
            node = node.parent
        if node is None:  # called by the host
            self._at = self.root
            self._enter(place)
        else:
            self._at = node


def profile(expansion: Expansion, frames: list[Place], goes_on: Progress = lambda done, of: True) -> Profile:
    """Repeats a stretch and makes its tree of calls. `frames`: the stack that it begins with."""
    made = Profiler(expansion.machine)
    made.begin(frames)
    whole = True
    try:
        for runs in expansion.runs(goes_on):
            for run in runs:
                made.add(run)
    except BrokenOff:
        whole = False
    return Profile(made.root, expansion.machine.tick - expansion.start, whole)


def folded(found: Profile, name_of: Callable[[Place], str]) -> Iterator[str]:
    """A line a path, as flame graph tools read it: `main;fib;fib 120`."""
    for node in found.root.walk():
        if node.own:
            yield f"{';'.join(name_of(p).replace(';', ':') for p in node.path())} {node.own}"
