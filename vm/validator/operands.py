"""The operand stack as it was before each instruction: linked, so that what stays the same is kept once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsIndex

from vm.types import ValType, slots

Operand = ValType | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Operands:
    """The operands from one down. `below` is None for the empty stack, which has no `type`."""

    type: Operand = None
    below: Operands | None = None
    total_slots: int = 0

    def types(self) -> tuple[Operand, ...]:
        """All types, bottom first."""
        found: list[Operand] = []
        at = self
        while at.below is not None:
            found.append(at.type)
            at = at.below
        return tuple(reversed(found))


class NotedStack(list[Operand]):
    """An operand stack that notes how much of it stayed since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._untouched = 0
        self._operands = [Operands()]  # by height

    def pop(self, index: SupportsIndex = -1) -> Operand:
        found = super().pop(index)
        self._untouched = min(self._untouched, len(self))
        return found

    def __delitem__(self, where: SupportsIndex | slice) -> None:
        super().__delitem__(where)
        self._untouched = min(self._untouched, len(self))

    def operands(self) -> Operands:
        """The operands now."""
        del self._operands[self._untouched + 1 :]
        for type_ in self[self._untouched :]:
            below = self._operands[-1]
            width = 1 if type_ is None else slots(type_)
            self._operands.append(Operands(type_, below, below.total_slots + width))
        self._untouched = len(self)
        return self._operands[-1]


def operands_of(types: tuple[ValType, ...]) -> Operands:
    """These and no more."""
    stack = NotedStack()
    stack += types
    return stack.operands()
