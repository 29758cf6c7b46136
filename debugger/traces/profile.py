"""Profiles: ticks by function, line and path of calls, from what ran in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from debugger.dwarf.lines import LineTable
from debugger.traces.expand import Counts, Expansion, Place, Progress
from debugger.traces.follow import Follower, Stack
from vm.machine import Machine
from vm.types import Addr

_MOST_DEPTH = 500  # frames of a path that are told apart
_MOST_NODES = 500_000


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
    """Makes the tree, told of calls."""

    def __init__(self, thread: int) -> None:
        self.root = Node(None, None)
        self._thread = thread
        self._others: dict[int, tuple[Node, int]] = {}  # where other threads are
        self._at = self.root
        self._nodes = 1
        self._beneath = 0  # calls that are too deep to be told apart
        self._since = 0  # when the one under way was entered or returned to

    @property
    def innermost(self) -> Node:
        """The one under way."""
        return self._at

    def entered(self, place: Place, tick: int) -> None:
        """See `Sink`."""
        self._spent(tick)
        child = None if self._beneath else self._at.children.get(place)
        if child is None:
            if self._beneath or self._at.depth >= _MOST_DEPTH or self._nodes >= _MOST_NODES:
                self._beneath += 1
                return
            child = self._at.children[place] = Node(place, self._at, self._at.depth + 1)
            self._nodes += 1
        child.calls += 1
        self._at = child

    def left(self, tick: int) -> None:
        """See `Sink`."""
        self._spent(tick)
        if self._beneath:
            self._beneath -= 1
        else:
            assert self._at.parent is not None
            self._at = self._at.parent

    def switched(self, thread: int, tick: int) -> None:
        """See `Sink`."""
        self._spent(tick)
        self._others[self._thread] = self._at, self._beneath
        self._thread, (self._at, self._beneath) = thread, self._others.pop(thread, (self.root, 0))

    def ended(self, tick: int) -> None:
        """The stretch is over."""
        self._spent(tick)

    def _spent(self, tick: int) -> None:
        self._at.own += tick - self._since
        self._since = tick


def profile(expansion: Expansion, stack: Stack, goes_on: Progress = lambda done, of: True) -> Profile:
    """Repeats a stretch and makes its tree of calls. `stack`: with which it begins."""
    made = Profiler(stack.thread)
    follower = Follower(expansion, made, stack)
    for node in made.root.walk():
        node.calls = 0  # they were called before
    made.innermost.calls += stack.is_entry
    whole = follower.through(goes_on)
    made.ended(follower.tick)
    return Profile(made.root, follower.tick, whole)


def by_line(
    counts: Counts, machine: Machine, lines_at: Callable[[Addr], LineTable | None]
) -> list[tuple[tuple[str, int], int]]:
    """((file, line), ticks) of what has lines, the most ticks first; ("", 0) is all the rest."""
    found: Counter[tuple[str, int]] = Counter()
    for (vmctx, func), times in counts.by_function.items():
        instance, lines = machine.instance_at(vmctx), lines_at(vmctx)
        for instr, count in zip(instance.facts(func).instrs if instance is not None else (), times, strict=False):
            place = lines.find(instr.offset) if lines is not None and count else None
            found["" if place is None else place.file, 0 if place is None else place.line] += count
    return [(place, ticks) for place, ticks in found.most_common() if ticks]


def folded(found: Profile, name_of: Callable[[Place], str]) -> Iterator[str]:
    """A line a path, as flame graph tools read it: `main;fib;fib 120`."""
    for node in found.root.walk():
        if node.own:
            yield f"{';'.join(name_of(p).replace(';', ':') for p in node.path())} {node.own}"
