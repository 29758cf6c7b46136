"""The operand and label stacks of one expression (spec: Appendix, Validation Algorithm).

An operand of unknown type, as unreachable code has them, is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn, Protocol

from vm.errors import DecodeError, ValidationError
from vm.instructions import Immediate, Immediates, block_type
from vm.ops.row import Op
from vm.types import FuncType, RefType, ValType, kind_of
from vm.validator.context import Context
from vm.validator.operands import Operand, Operands


class Sink(Protocol):
    """Is told of every instruction once it has been typed.

    `before` is the operands before it; None where the instruction cannot be reached.
    """

    def typed(self, offset: int, end: int, op: Op, imm: Immediates, before: Operands | None) -> None: ...


class Frame:
    """A structured instruction that is open. `height` is in values, below its parameters."""

    __slots__ = ("dead", "height", "kind", "newly_set", "type", "unreachable")

    def __init__(self, kind: str, type_: FuncType, height: int, dead: bool) -> None:
        self.kind, self.type, self.height = kind, type_, height
        self.dead = dead  # the structured instruction itself cannot be reached
        self.unreachable = False  # nor can what comes next inside it
        self.newly_set: list[int] = []  # locals without a default that were first set inside it

    @property
    def label(self) -> tuple[ValType, ...]:
        """What a branch to it takes along."""
        return self.type.params if self.kind == "loop" else self.type.results


class Typing:
    """State of the algorithm. `at` is the offset of the instruction being typed, for errors."""

    __slots__ = (
        "at",
        "context",
        "floor",
        "frames",
        "func",
        "globals_in_reach",
        "locals",
        "matching",
        "results",
        "stack",
        "unset",
    )

    def __init__(
        self,
        context: Context,
        func: int | None,
        locals_: Sequence[ValType],
        results: tuple[ValType, ...],
        at: int,
        globals_in_reach: int | None = None,
    ) -> None:
        self.context, self.func, self.locals, self.results, self.at = context, func, locals_, results, at
        self.globals_in_reach = len(context.globals) if globals_in_reach is None else globals_in_reach
        self.matching = context.matching
        self.unset: set[int] = set()  # locals without a default that were not set yet
        self.stack: list[Operand] = []
        self.frames: list[Frame] = [Frame("func", FuncType((), results), 0, dead=False)]
        self.floor = 0  # height of the innermost frame

    def fail(self, what: str) -> NoReturn:
        """Raises a ValidationError for the instruction being typed."""
        raise ValidationError(self.func, self.at, what)

    def malformed(self, what: str) -> NoReturn:
        """Raises a DecodeError for the instruction being typed."""
        raise DecodeError(self.at, what)

    @property
    def dead(self) -> bool:
        """Whether the next instruction cannot be reached."""
        frame = self.frames[-1]
        return frame.unreachable or frame.dead

    def pop_any(self, wanted: str = "a value") -> Operand:
        """[t] → []; None when the operand is of unknown type."""
        if len(self.stack) > self.floor:
            return self.stack.pop()
        if not self.frames[-1].unreachable:
            self.fail(f"expected {wanted}, found nothing on the operand stack")
        return None

    def pop(self, expected: ValType) -> Operand:
        """[expected] → []."""
        actual = self.pop_any(str(expected))
        if actual is not expected and actual is not None and not self.matching.value(actual, expected):
            self.fail(f"expected {expected}, found {actual}")
        return actual

    def pop_all(self, expected: Sequence[ValType]) -> list[Operand]:
        """[expected*] → []; what was there, bottom first."""
        found = [self.pop(type_) for type_ in reversed(expected)]
        found.reverse()
        return found

    def push(self, type_: Operand) -> None:
        """[] → [t]."""
        self.stack.append(type_)

    def push_all(self, types: Iterable[Operand]) -> None:
        """[] → [t*]."""
        self.stack += types

    def unreachable(self) -> None:
        """The rest of the innermost frame cannot be reached: [t*] → [any*]."""
        del self.stack[self.floor :]
        self.frames[-1].unreachable = True

    def open(self, kind: str, type_: FuncType) -> None:
        """Enters a structured instruction whose parameters have been popped."""
        self.frames.append(Frame(kind, type_, len(self.stack), self.dead))
        self.floor = len(self.stack)
        self.stack += type_.params

    def close(self) -> Frame:
        """Leaves the innermost frame; its results are popped, not pushed again."""
        frame = self.frames[-1]
        self.pop_all(frame.type.results)
        if len(self.stack) != self.floor:
            left = " ".join("any" if t is None else str(t) for t in self.stack[self.floor :])
            self.fail(f"values are left on the operand stack at the end of a {frame.kind}: {left}")
        self.frames.pop()
        self.unset.update(frame.newly_set)
        self.floor = self.frames[-1].height if self.frames else 0
        return frame

    def mark_set(self, local: Immediate) -> None:
        """A local is set from here to the end of the innermost frame."""
        assert isinstance(local, int)
        if local in self.unset:
            self.unset.remove(local)
            self.frames[-1].newly_set.append(local)

    def label(self, depth: Immediate) -> tuple[ValType, ...]:
        """What a branch to the label takes along."""
        return self.frame(depth).label

    def frame(self, depth: Immediate) -> Frame:
        """The structured instruction a label names."""
        assert isinstance(depth, int)
        if depth >= len(self.frames):
            self.fail(f"unknown label {depth}, of {len(self.frames)}")
        return self.frames[-1 - depth]

    def resolved(self, type_: ValType) -> ValType:
        """A type from an immediate, once it is known that its type index is in range."""
        if not isinstance(type_, RefType) or not isinstance(type_.heap, int):
            return type_
        if type_.heap >= len(self.context.types):
            self.fail(f"unknown type {type_.heap}, of {len(self.context.types)}")
        return RefType(type_.heap, type_.nullable, kind_of(self.context.types[type_.heap]))

    def block_type(self, imm: Immediate) -> FuncType:
        """The type a block type stands for (see `vm.instructions`)."""
        if isinstance(imm, RefType):
            return FuncType((), (self.resolved(imm),))
        assert isinstance(imm, int)
        if imm >= len(self.context.types):
            self.fail(f"unknown type {imm}, of {len(self.context.types)}")
        if imm >= 0 and not isinstance(self.context.types[imm], FuncType):
            self.fail(f"a block's type must be a function type, type {imm} is {self.context.types[imm]}")
        return block_type(imm, self.context.types)
