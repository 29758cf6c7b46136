"""Composites as text, no deeper and no longer than a line can hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from debugger.expression.types import Array
from debugger.expression.value import Value
from debugger.source.objects import Object
from debugger.source.pretty import Summary, summary
from vm.errors import UserError

_MOST_DEPTH = 4
_MOST_PARTS = 24
_MOST_ELEMENTS = 32
_MOST_CHARACTERS = 600


class _Budget:
    """How many characters may still be written."""

    def __init__(self) -> None:
        self.left = _MOST_CHARACTERS


def describe(shown: Object) -> str:
    """`{x = 3, y = 4}`, `[1, 2, 3]`, `"text"`, `Some(7)`."""
    return _text(shown, 0, _Budget())


def _value(value: Value, depth: int, budget: _Budget) -> str:
    if isinstance(value.value, Object):
        return _text(value.value, depth + 1, budget)
    budget.left -= len(value.text)
    return value.text


def _text(shown: Object, depth: int, budget: _Budget) -> str:
    if depth > _MOST_DEPTH or budget.left <= 0:
        return "…"
    found = summary(shown, lambda value: _value(value, depth, budget))
    if found is not None and found.element is None:
        budget.left -= len(found.text)
        return found.text
    if found is not None:
        return _elements(shown, found, depth, budget)
    if isinstance(shown.type, Array):
        return _array(shown, shown.type, depth, budget)
    return _members(shown, depth, budget)


def _elements(shown: Object, found: Summary, depth: int, budget: _Budget) -> str:
    """`[1, 2]` of a sequence, `{1, 2}` of a set, `{1: 2}` of a map."""
    texts: list[str] = []
    for entry in found.elements(shown, _MOST_ELEMENTS):
        if budget.left <= 0:
            break
        key = "" if entry.key is None else f"{_value(entry.key, depth, budget)}: "
        texts.append(key + _value(entry.value, depth, budget))
    return _listed(texts, found.count, "[]" if found.held is None else "{}")


def _array(shown: Object, type_: Array, depth: int, budget: _Budget) -> str:
    texts: list[str] = []
    for i in range(min(type_.count, _MOST_ELEMENTS)):
        if budget.left <= 0:
            break
        texts.append(_tried(partial(shown.index, i), depth, budget))
    return _listed(texts, type_.count, "[]")


def _members(shown: Object, depth: int, budget: _Budget) -> str:
    texts: list[str] = []
    fields = shown.fields()
    for field in fields[:_MOST_PARTS]:
        if budget.left <= 0:
            break
        text = _tried(partial(shown.field, field), depth, budget)
        budget.left -= len(field.name) + 5
        texts.append(text if field.is_base or not field.name else f"{field.name} = {text}")
    return _listed(texts, len(fields), "{}")


def _listed(texts: list[str], count: int, brackets: str) -> str:
    more = ["…"] if len(texts) < count else []
    return brackets[0] + ", ".join([*texts, *more]) + brackets[1]


def _tried(read: Callable[[], Value], depth: int, budget: _Budget) -> str:
    try:
        return _value(read(), depth, budget)
    except UserError as error:
        return f"<{error.text.partition(':')[0]}>"
