"""Library types as their users think of them: strings, sequences, options, by what their members are called.

What does not look as expected is shown as it is: these read memory that may not be initialised yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from debugger.expression.types import Array, Composite, Pointer, Type, size_of
from debugger.expression.value import Value, quoted
from debugger.source.containers import Container, Entry, container
from debugger.source.objects import Object
from vm.errors import UserError

_MOST_TEXT, _MOST_SEARCHED = 4096, 10_000
_CPP_STRING = re.compile(r"^(?:std::)(?:__\w+::)*basic_string<char\b")
_CPP_SEQUENCE = re.compile(r"^(?:std::)(?:__\w+::)*vector<")
_CPP_OPTIONAL = re.compile(r"^(?:std::)(?:__\w+::)*optional<")
_CPP_OWNER = re.compile(r"^(?:std::)(?:__\w+::)*(?:unique_ptr|shared_ptr)<")
_CPP_TREE = re.compile(r"^(?:std::)(?:__\w+::)*(?:unordered_)?(?:multi)?(?:map|set)<")
_CPP_DEFAULT = re.compile(
    r", ?(?:std::)?(?:allocator|char_traits|default_delete|less|hash|equal_to)"
    r"<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>(?=[ ,>])"
)
_CPP_STRING_NAME = re.compile(r"\bstd::basic_string<char ?>")
_MOST_DEFAULTS = 8  # in one another
_RUST_SLICE = re.compile(r"^&(?:mut )?(?:\[|str$)")
_RUST_PATH = re.compile(r"\b(?:\w+::)+(?=\w)")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a value is to its user: `text`, or `count` elements, that begin at `first` or are in a container."""

    text: str = ""
    first: int = 0
    count: int = 0
    element: Type | None = None
    held: Container | None = None

    def elements(self, whole: Object, most: int) -> Iterator[Entry]:
        """The first elements. Raises UserError."""
        if self.held is not None:
            yield from self.held.entries(most)
            return
        for i in range(min(self.count, most)):
            yield Entry(None, self._at(whole, i))

    def find(self, whole: Object, wanted: Value) -> Value:
        """The element of a key, or of a number where keys are none that can be written. Raises UserError."""
        if self.held is None:
            return self._at(whole, wanted.integer)
        for number, entry in enumerate(self.held.entries(_MOST_SEARCHED)):
            if _is_key(entry.key, wanted, number):
                return entry.value
        within = "" if self.count <= _MOST_SEARCHED else f" among the first {_MOST_SEARCHED:,}"
        raise UserError(f"there is no element {wanted.text}{within}", f"it has {self.count:,}")

    def _at(self, whole: Object, index: int) -> Value:
        assert self.element is not None
        if not 0 <= index < self.count:
            raise UserError(f"there is no element {index}", f"it has {self.count}")
        stride = max(size_of(self.element), 1)
        found = whole.memory.load(self.element, whole.memory.native(self.first + index * stride), f"[{index}]")
        return replace(found, guest=True)


Show = Callable[[Value], str]


def _is_key(key: Value | None, wanted: Value, number: int) -> bool:
    """Whether an element is the one that is wanted; `number` counts them."""
    if isinstance(wanted.value, str):
        return key is not None and key.text == quoted(wanted.value)
    is_scalar = key is not None and not isinstance(key.value, Object)
    return (key.integer if key is not None and is_scalar else number) == wanted.integer


def summary(shown: Object, show: Show) -> Summary | None:
    """What a value is to its user; None: its members say it best. `show` writes a value inside."""
    if not isinstance(shown.type, Composite):
        return None
    find = {"C++": _cpp, "Rust": _rust, "Zig": _zig}.get(shown.type.language)
    try:
        held = container(shown, shown.type)
        if held is not None:
            return Summary(count=held.count, element=held.element, held=held)
        return None if find is None else find(shown, shown.type, show)
    except (UserError, AssertionError):
        return None


def _sequence(whole: Object, first: Value | None, count: int, element: Type | None = None) -> Summary | None:
    """`count` elements from a pointer on."""
    if first is None or not isinstance(first.type, Pointer):
        return None
    element = element or first.type.target
    if element is None or count < 0 or count * max(size_of(element), 1) > 1 << 32:
        return None
    return Summary(first=first.integer, count=count, element=element)


def _string(whole: Object, first: int, size: int) -> Summary | None:
    """Text in memory."""
    if not 0 <= size <= 1 << 30:
        return None
    data = whole.memory.read(whole.memory.native(first), min(size, _MOST_TEXT)) if size else b""
    return Summary(quoted(data.decode(errors="replace")) + ("…" if size > _MOST_TEXT else ""))


# -- C++: libc++, and libstdc++ where it differs ---------------------------------------------------


def _cpp(shown: Object, type_: Composite, show: Show) -> Summary | None:
    if _CPP_STRING.match(type_.name):
        return _cpp_string(shown)
    if _CPP_SEQUENCE.match(type_.name):
        first = shown.deep("__begin_") or shown.deep("_M_start")
        last = shown.deep("__end_") or shown.deep("_M_finish")
        if first is None or last is None or not isinstance(first.type, Pointer) or first.type.target is None:
            return None
        return _sequence(shown, first, (last.integer - first.integer) // max(size_of(first.type.target), 1))
    if _CPP_OPTIONAL.match(type_.name):
        engaged = shown.deep("__engaged_") or shown.deep("_M_engaged")
        value = shown.deep("__val_") or shown.deep("_M_value")
        if engaged is None or value is None:
            return None
        return Summary(f"optional({show(value)})" if engaged.truth else "nullopt")
    if _CPP_TREE.match(type_.name):
        size = shown.deep("__size_") or shown.deep("_M_node_count")
        return None if size is None else Summary(f"{size.integer:,} element{'s' if size.integer != 1 else ''}")
    if _CPP_OWNER.match(type_.name):
        pointer = shown.deep("__ptr_") or shown.deep("_M_ptr") or shown.deep("__value_")
        return None if pointer is None else Summary(show(pointer))
    return None


def _cpp_string(shown: Object) -> Summary | None:
    local = shown.deep("_M_local_buf")
    if local is not None:
        at, size = shown.deep("_M_p"), shown.deep("_M_string_length")
        return None if at is None or size is None else _string(shown, at.integer, size.integer)
    short, long = shown.deep("__s"), shown.deep("__l")
    if short is None or long is None or not isinstance(short.value, Object) or not isinstance(long.value, Object):
        return None
    is_long = short.value.deep("__is_long_")
    if is_long is not None and is_long.truth:
        at, size = long.value.deep("__data_"), long.value.deep("__size_")
        return None if at is None or size is None else _string(shown, at.integer, size.integer)
    size = short.value.deep("__size_")
    data = next((f for f in short.value.fields() if f.name == "__data_"), None)
    if size is None or data is None or size.integer > size_of(data.type):
        return None
    return Summary(quoted(short.value.content(data.offset, size.integer).decode(errors="replace")))


# -- Rust ------------------------------------------------------------------------------------------


def _rust(shown: Object, type_: Composite, show: Show) -> Summary | None:
    name = type_.name
    if _RUST_SLICE.match(name):
        first, length = shown.deep("data_ptr"), shown.deep("length")
        if first is None or length is None:
            return None
        if name.endswith("str"):
            return _string(shown, first.integer, length.integer)
        return _sequence(shown, first, length.integer)
    base = name.partition("<")[0].rpartition("::")[2]
    if base == "String" and (inner := shown.deep("vec")) is not None and isinstance(inner.value, Object):
        first, length = _rust_pointer(inner.value), inner.value.deep("len")
        return None if first is None or length is None else _string(shown, first.integer, length.integer)
    if base == "Vec":
        first, length = _rust_pointer(shown), shown.deep("len")
        element = dict(type_.shape.arguments()).get("T")
        return None if length is None else _sequence(shown, first, length.integer, element)
    active = shown.variant()
    if active is not None:
        return Summary(_rust_variant(active, show))
    fields = shown.fields()
    if fields and all(re.fullmatch(r"__\d+", f.name) for f in fields):  # a tuple, or a struct like one
        inside = ", ".join(show(shown.field(f)) for f in fields)
        return Summary(f"({inside}{',' if len(fields) == 1 and name.startswith('(') else ''})"
                       if name.startswith("(") else f"{base}({inside})")  # fmt: skip
    return None


def _rust_pointer(shown: Object) -> Value | None:
    """The pointer deep inside a Vec's buffer."""
    found = shown.deep("pointer")
    while found is not None and isinstance(found.value, Object):
        found = found.value.deep("pointer")
    return found


def _rust_variant(active: Value, show: Show) -> str:
    """`None`, `Some(7)`, `Rect { width: 3, height: 4 }`."""
    name, inside = active.label, active.value
    if not isinstance(inside, Object) or not isinstance(inside.type, Composite):
        return f"{name}({show(active)})"
    fields = inside.fields()
    if not fields:
        return name
    if all(re.fullmatch(r"__\d+", f.name) for f in fields):
        return f"{name}({', '.join(show(inside.field(f)) for f in fields)})"
    return f"{name} {{{', '.join(f'{f.name}: {show(inside.field(f))}' for f in fields)}}}"


# -- Zig -------------------------------------------------------------------------------------------


def _zig(shown: Object, type_: Composite, show: Show) -> Summary | None:
    fields = {f.name: f for f in shown.fields()}
    if set(fields) == {"ptr", "len"} and type_.name.startswith("["):
        first, length = shown.field(fields["ptr"]), shown.field(fields["len"])
        if re.match(r"^\[(?::0)?\](?:const )?u8$", type_.name):
            return _string(shown, first.integer, length.integer)
        return _sequence(shown, first, length.integer)
    if set(fields) in ({"payload", "some"}, {"data", "some"}):
        payload_name = next(name for name in fields if name != "some")
        return Summary(show(shown.field(fields[payload_name])) if shown.field(fields["some"]).truth else "null")
    if set(fields) == {"payload", "tag"}:
        tag = shown.field(fields["tag"])
        payload = shown.field(fields["payload"]).value
        active = payload.member(tag.text) if isinstance(payload, Object) and tag.text in _names(payload) else None
        return Summary(f".{{ .{tag.text} = {'{}' if active is None else show(active)} }}")
    if set(fields) == {"value", "tag"} and "!" in type_.name:
        error = shown.field(fields["tag"])
        return Summary(f"error {error.text}" if error.truth else show(shown.field(fields["value"])))
    return None


def _names(shown: Object) -> set[str]:
    return {f.name for f in shown.fields()}


def short_name(type_: Type | None) -> str:
    """A type's name without what its users leave out: inline namespaces, allocators, Rust's paths."""
    text = str(type_ or "void")
    if isinstance(type_, Composite) and type_.language == "C++":
        text = re.sub(r"\bstd::__\w+::", "std::", text)
        for _ in range(_MOST_DEFAULTS):
            shorter = _CPP_STRING_NAME.sub("std::string", _CPP_DEFAULT.sub("", text))
            if shorter == text:
                break
            text = shorter
        return text.replace(" >", ">").replace(" *", "*")
    if isinstance(type_, Composite) and type_.language == "Rust":
        return _RUST_PATH.sub("", text).replace(", Global>", ">")
    if isinstance(type_, Pointer) and type_.target is not None:
        named = _RUST_PATH.sub("", type_.name).replace(", Global>", ">")
        return named or f"{short_name(type_.target)}{'&' if type_.is_reference else '*'}"
    if isinstance(type_, Array):
        return f"{short_name(type_.element)}[{type_.count}]"
    return text
