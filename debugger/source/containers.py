"""Containers that are looked up in: C++'s ordered and hashed maps and sets (libc++), Rust's HashMap and HashSet.

Their elements lie in nodes of types that only the allocator's description names, or in a table behind control bytes.
What does not look so is left to be shown as it is. A damaged container ends where it makes no sense any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from debugger.expression.types import Composite, Pointer, Type, size_of
from debugger.expression.value import Value
from debugger.source.objects import Object
from vm.errors import UserError

_CPP = re.compile(r"^std::(?:__\w+::)*(?P<hashed>unordered_)?(?:multi)?(?P<kind>map|set)<")
_NODE = re.compile(r"\b__(?:tree|hash)_node<")
_RUST = re.compile(r"^(?:\w+::)*Hash(?P<kind>Map|Set)<")
_MOST_NESTED = 8
_MOST_CLIMBED = 200  # nodes of a tree between one and the next
_MOST_COUNT = 1 << 28
_FULL_BELOW = 0x80  # a control byte of a bucket in use


@dataclass(frozen=True, slots=True)
class Entry:
    """An element: a set's has no key."""

    key: Value | None
    value: Value


@dataclass(frozen=True, slots=True)
class Container:
    """`count` elements of a type; `keyed`: each is a pair of key and value."""

    whole: Object
    count: int
    element: Type
    keyed: bool
    places: Iterator[int]  # of elements in the program's memory, in order; to be gone through once

    def entries(self, most: int) -> Iterator[Entry]:
        """The first elements. Raises UserError."""
        memory = self.whole.memory
        for number, place in enumerate(self.places):
            if number >= min(most, self.count):
                return
            found = memory.load(self.element, memory.native(place), f"[{number}]")
            if not self.keyed:
                yield Entry(None, found)
                continue
            if not isinstance(found.value, Object):
                raise UserError("an element is no pair")
            key = found.value.deep("first") or found.value.deep("__0")
            value = found.value.deep("second") or found.value.deep("__1")
            if key is None or value is None:
                raise UserError("an element is no pair")
            yield Entry(key, value)


def container(shown: Object, type_: Composite) -> Container | None:
    """What a composite contains, if it is such a container. Raises UserError."""
    if (m := _CPP.match(type_.name)) and type_.language == "C++":
        return _hashed(shown, m["kind"] == "map") if m["hashed"] else _tree(shown, m["kind"] == "map")
    if (m := _RUST.match(type_.name)) and type_.language == "Rust":
        return _rust(shown, m["kind"] == "Map")
    return None


# -- where members are -----------------------------------------------------------------------------


def _found(type_: Type, name: str) -> tuple[int, Type] | None:
    """A member by name, however deep inside, the least deep one first: its offset and type."""
    level = [(0, type_)]
    for _ in range(_MOST_NESTED):
        inner: list[tuple[int, Type]] = []
        for start, each in level:
            for field in each.shape.fields() if isinstance(each, Composite) else ():
                if field.name == name:
                    return start + field.offset, field.type
                inner.append((start + field.offset, field.type))
        level = inner
    return None


def _value(shown: Object, name: str) -> int:
    """An integer or pointer inside. Raises UserError."""
    found = _found(shown.type, name)
    if found is None:
        raise UserError(f"it has no {name}")
    return shown.at(found[1], found[0]).integer


def _word(shown: Object, at: int, offset: int, size: int) -> int:
    """A pointer in the program's memory. Raises UserError."""
    return int.from_bytes(shown.memory.read(shown.memory.native(at + offset), size), "little")


def _node(shown: Object) -> Composite | None:
    """The type of nodes: what the allocator is for."""
    found = _found(shown.type, "__node_alloc_")
    arguments = found[1].shape.arguments() if found is not None and isinstance(found[1], Composite) else ()
    types = (type_ for _, type_ in arguments if isinstance(type_, Composite) and _NODE.search(type_.name))
    return next(types, None)


# -- C++ -------------------------------------------------------------------------------------------


def _tree(shown: Object, keyed: bool) -> Container | None:
    node, end = _node(shown), _found(shown.type, "__end_node_")
    if node is None or end is None or (value := _found(node, "__value_")) is None:
        return None
    links = [_found(node, name) for name in ("__left_", "__right_", "__parent_")]
    if any(link is None or not isinstance(link[1], Pointer) for link in links):
        return None
    offsets = [link[0] for link in links if link is not None]
    places = _in_order(shown, _value(shown, "__begin_node_"), offsets, value[0])
    return _made(shown, value[1], keyed, places)


def _in_order(shown: Object, first: int, links: list[int], value: int) -> Iterator[int]:
    """Places of the values of a tree, from its first node on."""
    (left, right, parent), size = links, links[1] - links[0]
    at = first
    while True:
        yield at + value
        below = _word(shown, at, right, size)
        if below:
            at = below
            for _ in range(_MOST_CLIMBED):
                if not (further := _word(shown, at, left, size)):
                    break
                at = further
            continue
        for _ in range(_MOST_CLIMBED):
            above = _word(shown, at, parent, size)
            is_left = _word(shown, above, left, size) == at
            at = above
            if is_left:
                break
        else:
            return


def _hashed(shown: Object, keyed: bool) -> Container | None:
    node, first = _node(shown), _found(shown.type, "__first_node_")
    if node is None or first is None or not isinstance(first[1], Composite):
        return None
    link, value = _found(node, "__next_"), _found(node, "__value_")
    if link is None or value is None or not isinstance(link[1], Pointer):
        return None
    begin = shown.at(first[1], first[0]).value
    at = begin.deep("__next_") if isinstance(begin, Object) else None
    if at is None:
        return None
    return _made(shown, value[1], keyed, _chained(shown, at.integer, link[0], link[1].size, value[0]))


def _chained(shown: Object, first: int, link: int, size: int, value: int) -> Iterator[int]:
    at = first
    while at:
        yield at + value
        at = _word(shown, at, link, size)


def _made(shown: Object, element: Type, keyed: bool, places: Iterator[int]) -> Container | None:
    count = _value(shown, "__size_")
    return Container(shown, count, element, keyed, places) if 0 <= count < _MOST_COUNT else None


# -- Rust ------------------------------------------------------------------------------------------


def _rust(shown: Object, keyed: bool) -> Container | None:
    table = next((t for t in _inside(shown.type) if re.match(r"^(?:\w+::)*RawTable<", t.name)), None)
    element = None if table is None else dict(table.shape.arguments()).get("T")
    control = _found(shown.type, "ctrl")
    if element is None or control is None:
        return None
    pointer = shown.at(control[1], control[0])
    inner = pointer.value.deep("pointer") if isinstance(pointer.value, Object) else pointer
    buckets, count = _value(shown, "bucket_mask") + 1, _value(shown, "items")
    if inner is None or not 0 <= count <= buckets <= _MOST_COUNT:
        return None
    places = _buckets(shown, inner.integer, buckets, max(size_of(element), 1))
    if not keyed and isinstance(element, Composite):  # a set is a map to ()
        element = next((field.type for field in element.shape.fields() if field.name == "__0"), element)
    return Container(shown, count, element, keyed, places)


def _inside(type_: Type, depth: int = 0) -> Iterator[Composite]:
    """A composite and those inside of it."""
    if isinstance(type_, Composite) and depth < _MOST_NESTED:
        yield type_
        for field in type_.shape.fields():
            yield from _inside(field.type, depth + 1)


def _buckets(shown: Object, control: int, buckets: int, stride: int) -> Iterator[int]:
    """Places of buckets in use: they lie before the control bytes, the first one last."""
    chunk = 1 << 12
    for start in range(0, buckets, chunk):
        data = shown.memory.read(shown.memory.native(control + start), min(chunk, buckets - start))
        for number, byte in enumerate(data, start):
            if byte < _FULL_BELOW:
                yield control - (number + 1) * stride
