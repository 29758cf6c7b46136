"""Where an expression reads: what has to be watched to know when its value may be another one."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, fields

from debugger.expression.arithmetic import COMPARE
from debugger.expression.evaluate import Evaluator
from debugger.expression.parser import parse
from debugger.expression.tree import Binary, Index, Member, Name, Node, Number, Slice, Text, TypeName
from debugger.expression.types import Array, Group, Record
from debugger.expression.value import Value
from debugger.inspect import Inspector
from debugger.watchpoints import LocalTarget, Target, WatchKind, target_of
from vm.errors import UserError
from vm.stop import Watch

_WITH_DEPTH = ("depth", "frame")
_WORDS = (*_WITH_DEPTH, "tick", "pc")
_PARTS = (Member, Index, Slice)  # of a whole, of which only they are read


@dataclass(frozen=True, slots=True)
class Places:
    """Bytes, and locals of one frame. `ticks`: at which it changes by itself; `depth`: with calls and returns too."""

    targets: tuple[Target, ...]
    ticks: frozenset[int] = frozenset()
    depth: bool = False

    @property
    def may_move(self) -> bool:
        """Whether one may say where another lies."""
        return len(self.targets) > 1

    @property
    def watches(self) -> tuple[Watch, ...]:
        """What to watch: writes to the bytes."""
        plain = (t for t in self.targets if not isinstance(t, LocalTarget))
        return tuple(dict.fromkeys(Watch(t.start, t.size, reads=False, writes=True) for t in plain))

    @property
    def locals(self) -> tuple[LocalTarget, ...]:
        return tuple(t for t in self.targets if isinstance(t, LocalTarget))


def places_of(inspect: Inspector, evaluator: Evaluator, frame_number: int, text: str) -> Places:
    """The places that an expression reads, in a frame. Raises UserError when there is none."""
    tree = parse(text)
    found = [
        target_of(inspect, value, frame_number, text, WatchKind.MADE) for value in _read(evaluator, tree, whole=True)
    ]
    words = set(_words(evaluator, tree))
    _check(inspect, words)
    ticks, depth = frozenset(_ticks(evaluator, tree)), not words.isdisjoint(_WITH_DEPTH)
    if not found and not ticks and not depth:
        evaluator.evaluate(text)  # an unknown name is said as such
        raise UserError(
            f"{text} reads nothing that is written",
            "name memory, globals, locals, table elements, or fields of objects and structures",
        )
    return Places(tuple(found), ticks, depth)


def _is_word(evaluator: Evaluator, node: Node, words: Container[str]) -> bool:
    """Whether a name is that of the machine's own number, and not of something in the program."""
    return isinstance(node, Name) and node.name in words and evaluator.value_of(node).addr is None


def _words(evaluator: Evaluator, node: Node) -> Iterator[str]:
    if isinstance(node, Name) and _is_word(evaluator, node, _WORDS):
        yield node.name
    for child in _children(node):
        yield from _words(evaluator, child)


def _check(inspect: Inspector, words: set[str]) -> None:
    if "pc" in words:
        raise UserError("pc changes with every instruction", "a breakpoint and reverse-continue find the last time")
    if not words.isdisjoint(_WITH_DEPTH) and len(inspect.machine.threads) > 1:
        raise UserError("depth is of one thread, and there are several", "name what one of them writes")


def _ticks(evaluator: Evaluator, node: Node) -> Iterator[int]:
    """The ticks at which a comparison of `tick` may change. Raises UserError where it is used otherwise."""
    if isinstance(node, Binary) and node.op in COMPARE:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if _is_word(evaluator, one, ("tick",)) and isinstance(other, Number):
                yield from (int(other.value), int(other.value) + 1)
                return
    if _is_word(evaluator, node, ("tick",)):
        raise UserError("tick changes with every instruction", "compare it with a number, as in tick > 1000")
    for child in _children(node):
        yield from _ticks(evaluator, child)


def written(inspect: Inspector, evaluator: Evaluator, frame_number: int, text: str) -> Places:
    """The place that an expression names; of one that names none, all that it reads. Raises UserError."""
    value = evaluator.evaluate(text)
    if value.addr is None:
        return places_of(inspect, evaluator, frame_number, text)
    return Places((target_of(inspect, value, frame_number, text, WatchKind.MADE),))


def _read(evaluator: Evaluator, node: Node, whole: bool) -> Iterator[Value]:
    """Values with a place that are read; of what is only gone through on the way to a part, the part alone."""
    for child in _children(node):
        yield from _read(evaluator, child, whole=not isinstance(node, _PARTS))
    if isinstance(node, Number | Text):
        return
    try:
        value = evaluator.value_of(node)
    except UserError:
        return
    is_part_of = not whole and isinstance(value.type, Record | Array | Group)
    if value.addr is not None and not is_part_of and not isinstance(value.type, Group):
        yield value


def _children(node: Node) -> Iterator[Node]:
    for field in fields(node):
        child = getattr(node, field.name)
        if not isinstance(child, int | float | str | TypeName):
            yield child
