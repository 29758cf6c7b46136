"""What things are called in text: `$fib`, or the index when there is no name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from vm.module import Names

_PLAIN = re.compile(r"[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]+")


class Naming(Protocol):
    """Display text for the items of one module; a name starts with `$`, a bare index is its digits.

    Names must be unique in their index space, else the text does not assemble to the same code.
    """

    def func(self, index: int) -> str: ...
    def local(self, func: int, index: int) -> str: ...
    def label(self, func: int, index: int) -> str: ...
    def global_(self, index: int) -> str: ...
    def table(self, index: int) -> str: ...
    def memory(self, index: int) -> str: ...
    def type_(self, index: int) -> str: ...
    def data(self, index: int) -> str: ...
    def elem(self, index: int) -> str: ...
    def tag(self, index: int) -> str: ...


def identifier(name: str) -> str:
    """A name as the text format writes it: `$x`, or `$"..."` where it has other characters."""
    if _PLAIN.fullmatch(name):
        return f"${name}"
    escaped = "".join(_escaped(c) for c in name)
    return f'$"{escaped}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


def _unique(names: Mapping[int, str]) -> dict[int, str]:
    """Identifiers by index; a name that was there before gets `#index` appended."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for index, name in sorted(names.items()):
        if not name:
            continue
        text = identifier(name)
        if text in taken:
            text = identifier(f"{name}#{index}")
        if text not in taken:
            taken.add(text)
            found[index] = text
    return found


class IndexNaming:
    """Bare indices."""

    def func(self, index: int) -> str:
        return str(index)

    def local(self, func: int, index: int) -> str:
        return str(index)

    def label(self, func: int, index: int) -> str:
        return str(index)

    def global_(self, index: int) -> str:
        return str(index)

    def table(self, index: int) -> str:
        return str(index)

    def memory(self, index: int) -> str:
        return str(index)

    def type_(self, index: int) -> str:
        return str(index)

    def data(self, index: int) -> str:
        return str(index)

    def elem(self, index: int) -> str:
        return str(index)

    def tag(self, index: int) -> str:
        return str(index)


class SectionNaming:
    """Names from a module's name section, made unique."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._funcs, self._globals = _unique(names.functions), _unique(names.globals)
        self._tables, self._memories = _unique(names.tables), _unique(names.memories)
        self._types, self._datas, self._elems = _unique(names.types), _unique(names.datas), _unique(names.elems)
        self._tags = _unique(names.tags)
        self._locals: dict[int, dict[int, str]] = {}

    def func(self, index: int) -> str:
        return self._funcs.get(index, str(index))

    def local(self, func: int, index: int) -> str:
        if func not in self._locals:
            self._locals[func] = _unique(self._names.locals.get(func, {}))
        return self._locals[func].get(index, str(index))

    def label(self, func: int, index: int) -> str:
        """Labels may repeat: an inner one hides an outer."""
        name = self._names.labels.get(func, {}).get(index)
        return identifier(name) if name else str(index)

    def global_(self, index: int) -> str:
        return self._globals.get(index, str(index))

    def table(self, index: int) -> str:
        return self._tables.get(index, str(index))

    def memory(self, index: int) -> str:
        return self._memories.get(index, str(index))

    def type_(self, index: int) -> str:
        return self._types.get(index, str(index))

    def data(self, index: int) -> str:
        return self._datas.get(index, str(index))

    def elem(self, index: int) -> str:
        return self._elems.get(index, str(index))

    def tag(self, index: int) -> str:
        return self._tags.get(index, str(index))
