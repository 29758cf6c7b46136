"""Where an expression reads: what has to be watched to know when its value may be another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from debugger.expression.evaluate import Evaluator
from debugger.expression.parser import parse
from debugger.expression.tree import Index, Member, Node, Number, Slice, Text, TypeName
from debugger.expression.types import Array, Group, Record
from debugger.expression.value import Value
from debugger.inspect import Inspector
from debugger.watchpoints import LocalTarget, Target, WatchKind, target_of
from vm.errors import UserError
from vm.stop import Watch

_PARTS = (Member, Index, Slice)  # of a whole, of which only they are read


@dataclass(frozen=True, slots=True)
class Places:
    """Bytes, and locals of one frame."""

    targets: tuple[Target, ...]

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
    found = [
        target_of(inspect, value, frame_number, text, WatchKind.MADE)
        for value in _read(evaluator, parse(text), whole=True)
    ]
    if not found:
        evaluator.evaluate(text)  # an unknown name is said as such
        raise UserError(
            f"{text} reads nothing that is written",
            "name memory, globals, locals, table elements, or fields of objects and structures",
        )
    return Places(tuple(found))


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
