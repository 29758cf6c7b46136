"""Vectors as LLVM sees them: shapes, and the operands of a handler in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vm.native.ir import Code

BYTES = "<16 x i8>"


@dataclass(frozen=True, slots=True)
class Shape:
    """Lanes of a vector, as LLVM types."""

    name: str
    count: int
    bits: int
    is_float: bool

    @property
    def lane(self) -> str:
        return {32: "float", 64: "double"}[self.bits] if self.is_float else f"i{self.bits}"

    @property
    def type(self) -> str:
        return f"<{self.count} x {self.lane}>"

    @property
    def ints(self) -> str:
        return f"<{self.count} x i{self.bits}>"

    @property
    def suffix(self) -> str:
        """How an intrinsic's name says it."""
        return f"v{self.count}{'f' if self.is_float else 'i'}{self.bits}"

    def splat(self, value: int) -> str:
        """A constant in every lane."""
        return f"<{', '.join([f'i{self.bits} {value}'] * self.count)}>"


SHAPES = {
    f"{letter}{bits}x{128 // bits}": Shape(f"{letter}{bits}x{128 // bits}", 128 // bits, bits, letter == "f")
    for letter, widths in (("i", (8, 16, 32, 64)), ("f", (32, 64)))
    for bits in widths
}


class Vectors:
    """The operands of a handler under way, seen in the shapes that it needs."""

    def __init__(self, c: Code, operands: list[str]) -> None:
        self.c, self._operands = c, operands

    def __getitem__(self, i: int) -> str:
        return self._operands[i]

    def seen(self, shape: Shape, i: int) -> str:
        """An operand in a shape."""
        return self.cast(self._operands[i], BYTES, shape.type)

    def ints(self, shape: Shape, i: int) -> str:
        return self.cast(self._operands[i], BYTES, shape.ints)

    def cast(self, value: str, frm: str, to: str) -> str:
        return value if frm == to else self.c.let(f"bitcast {frm} {value} to {to}")

    def call(self, intrinsic: str, result: str, *arguments: str) -> str:
        """Calls an intrinsic, which is declared along the way."""
        types = ", ".join(a[: a.index(">") + 1] if a[0] == "<" else a.split()[0] for a in arguments)
        self.c.declarations.add(f"declare {result} @llvm.{intrinsic}({types})")
        return self.c.let(f"call {result} @llvm.{intrinsic}({', '.join(arguments)})")


# What a row computes: the operands and the row's shape to (LLVM type, value).
Compute = Callable[[Vectors, Shape], tuple[str, str]]


def splatted(c: Code, type_: str, lane: str, count: int, value: str) -> str:
    """A value in every lane of a vector."""
    first = c.let(f"insertelement {type_} poison, {lane} {value}, i32 0")
    return c.let(f"shufflevector {type_} {first}, {type_} poison, <{count} x i32> zeroinitializer")
