"""Variables as a tree that is opened step by step: each node with the expression that names it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from debugger.expression.types import Array, Composite, Pointer, Type
from debugger.expression.value import Value
from debugger.source.objects import Object
from debugger.source.pretty import short_name, summary
from debugger.source.variables import SourceFrame, SourceVariable
from vm.errors import UserError

_MOST_CHILDREN = 200
_MOST_DEPTH = 24
_GROUPS = frozenset(
    ("local", "stack", "global", "memory", "table", "vmctx", "store", "instance", "source")
)  # names that expressions keep for themselves


@dataclass(frozen=True, slots=True)
class Node:
    """A row: a variable, or a part of one. `value` is None where it is not known; `text` then says why."""

    expression: str
    name: str
    type: str
    text: str
    depth: int
    value: Value | None
    opens: bool


def nodes(frame: SourceFrame, opened: Collection[str]) -> Iterator[Node]:
    """All rows, with what is below the expressions that are opened."""
    for variable in frame.variables():
        yield from _below(frame, _of_variable(variable), opened)


def _of_variable(variable: SourceVariable) -> Node:
    name = variable.name
    expression = f"source.{name}" if name in _GROUPS else name
    shown = f"{name}  [{variable.function}]" if variable.function else name
    value = None if isinstance(variable.value, UserError) else variable.value
    return Node(expression, shown, short_name(variable.type), variable.text, 0, value, _opens(value))


def _below(frame: SourceFrame, node: Node, opened: Collection[str]) -> Iterator[Node]:
    yield node
    if node.expression in opened and node.value is not None and node.depth < _MOST_DEPTH:
        for child in _children(frame, node):
            yield from _below(frame, child, opened)


def _opens(value: Value | None) -> bool:
    if value is None:
        return False
    if isinstance(value.value, Object):
        return True
    return isinstance(value.type, Pointer) and value.guest and bool(value.value) and value.type.target is not None


def _children(frame: SourceFrame, node: Node) -> Iterator[Node]:
    value = node.value
    assert value is not None
    if isinstance(value.value, Object):
        yield from _parts(node, value.value)
    elif isinstance(value.type, Pointer) and value.type.target is not None:
        yield from _pointed(frame, node, value.type.target, value.integer)


def _pointed(frame: SourceFrame, node: Node, target: Type, at: int) -> Iterator[Node]:
    try:
        found = frame.memory.load(target, frame.memory.native(at))
    except UserError as error:
        yield Node(f"*{node.expression}", "*", short_name(target), f"<{error.text}>", node.depth + 1, None, False)
        return
    if isinstance(found.value, Object) and isinstance(target, Composite):
        yield from _parts(node, found.value)
    else:
        yield _node(f"*{node.expression}", "*", found, node.depth + 1)


def _parts(node: Node, shown: Object) -> Iterator[Node]:
    """Elements of a sequence, else members or the alternative that holds."""
    expression = f"({node.expression})" if node.expression.startswith("*") else node.expression
    found = summary(shown, lambda value: value.text)
    try:
        if found is not None and found.element is not None:
            for i, entry in enumerate(found.elements(shown, _MOST_CHILDREN)):
                key = _key(entry.key)
                yield _node(f"{expression}[{key or i}]", f"[{key or i}]", entry.value, node.depth + 1)
            return
        active = shown.variant()
        if active is not None and isinstance(active.value, Object):
            shown = active.value
        for i, (name, part) in enumerate(shown.parts()):
            if i == _MOST_CHILDREN:
                return
            inner = f"{expression}{name}" if isinstance(shown.type, Array) else f"{expression}.{name}"
            yield _part(inner, name, part, node.depth + 1)
    except UserError as error:
        yield Node(expression, "", "", f"<{error.text}>", node.depth + 1, None, False)


def _key(key: Value | None) -> str:
    """A key as expressions write it; empty where they cannot, and elements are numbered."""
    if key is None or (isinstance(key.value, Object) and not key.text.startswith('"')):
        return ""
    return key.text if isinstance(key.value, Object) else str(key.integer)


def _part(expression: str, name: str, part: Value | UserError, depth: int) -> Node:
    if isinstance(part, UserError):
        return Node(expression, name, "", f"<{part.text}>", depth, None, False)
    return _node(expression, name, part, depth)


def _node(expression: str, name: str, value: Value, depth: int) -> Node:
    try:
        text = value.text
    except UserError as error:
        text = f"<{error.text}>"
    return Node(expression, name, short_name(value.type), text, depth, value, _opens(value))
