"""Expressions as trees. Every node knows the column that an error in it points at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as written: `u32`, `u32*` (stars 1), `u8[16]` (count 16)."""

    column: int
    name: str
    stars: int = 0
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    column: int
    value: int | float


@dataclass(frozen=True, slots=True)
class Text:
    column: int
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    column: int
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    column: int
    target: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    column: int
    target: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Slice:
    """`target[start:size]`."""

    column: int
    target: Node
    start: Node
    size: Node


@dataclass(frozen=True, slots=True)
class Unary:
    column: int
    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    column: int
    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    column: int
    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Cast:
    """`(type) operand` or `type(operand)`."""

    column: int
    type: TypeName
    operand: Node


@dataclass(frozen=True, slots=True)
class At:
    """`type@address`: what lies there, read as the type."""

    column: int
    type: TypeName
    address: Node


Node = Number | Text | Name | Member | Index | Slice | Unary | Binary | Choice | Cast | At
