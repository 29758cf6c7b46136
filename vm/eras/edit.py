"""How one era differs from its neighbour: fields that come, go, move and are called otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vm.layout import Align, Array, Era, Field, Optional, Struct

Item = Field | Align | Array | Optional


def name_of(item: Item) -> str:
    """A field's name; alignments have none."""
    match item:
        case Align():
            return ""
        case Optional(_, inner):
            return inner.name
        case _:
            return item.name


def without(struct: Struct, *names: str) -> Struct:
    """The struct without some fields."""
    return tuple(item for item in struct if name_of(item) not in names)


def field_of(struct: Struct, name: str) -> Item:
    """A field of a struct."""
    return next(item for item in struct if name_of(item) == name)


def after(struct: Struct, name: str, *items: Item) -> Struct:
    """The struct with more items behind the field `name`."""
    at = [name_of(item) for item in struct].index(name) + 1
    return (*struct[:at], *items, *struct[at:])


def moved(struct: Struct, after_name: str, *names: str) -> Struct:
    """The struct with some fields moved behind the field `after_name`, in the order named."""
    return after(without(struct, *names), after_name, *(field_of(struct, name) for name in names))


def retyped(struct: Struct, name: str, type_: str) -> Struct:
    """The struct with another type of one field."""
    return tuple(
        replace(item, type=type_) if isinstance(item, Field | Array) and item.name == name else item for item in struct
    )


def renamed(struct: Struct, old: str, new: str) -> Struct:
    """The struct with another name of one field."""
    return tuple(
        replace(item, name=new) if isinstance(item, Field | Array) and item.name == old else item for item in struct
    )


def everywhere(structs: Mapping[str, Struct], old: str, new: str) -> dict[str, Struct]:
    """All structs with a type called otherwise; a struct of that name too."""

    def named(item: Item) -> Item:
        if isinstance(item, Field | Array):
            return replace(item, type=re.sub(rf"\b{old}\b", new, item.type))
        return item

    return {new if name == old else name: tuple(map(named, struct)) for name, struct in structs.items()}


def before(
    newer: Era, id: str, first: str, last: str, changed: str, *,
    structs: Mapping[str, Struct] | None = None, gone: tuple[str, ...] = (), **rest: Any,
) -> Era:  # fmt: skip
    """The era before `newer`. `changed` is what came with it; `structs` are those that are other than in `newer`."""
    kept = {name: struct for name, struct in {**newer.structs, **(structs or {})}.items() if name not in gone}
    return replace(
        newer, id=id, first_version=first, last_version=last, changed=changed, structs=kept, **rest
    )  # fmt: skip
