"""Constant expressions, read and evaluated from their bytes (spec: Validation, Constant Expressions)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from vm.instructions import Instruction, instructions
from vm.module import Module, Span
from vm.semantics.table import NUMERIC


def steps(module: Module, span: Span) -> tuple[Instruction, ...]:
    """The instructions of a constant expression, its `end` left out."""
    return _steps(module.bytes, span)


@lru_cache(maxsize=4096)
def _steps(data: bytes, span: Span) -> tuple[Instruction, ...]:
    return tuple(instructions(data, span))[:-1]


def static_value(module: Module, span: Span) -> int | None:
    """The value when the expression is a single number constant, else None."""
    found = steps(module, span)
    if len(found) == 1 and found[0].op.name.endswith(".const"):
        value = found[0].imm[0]
        return value if isinstance(value, int) else None
    return None


def mentioned_funcs(module: Module, span: Span) -> tuple[int, ...]:
    """The functions a constant expression takes references to."""
    return tuple(_index(i) for i in steps(module, span) if i.op.name == "ref.func")


def evaluate(module: Module, span: Span, global_value: Callable[[int], int], func_ref: Callable[[int], int]) -> int:
    """The slot a constant expression yields. The module is valid, so nothing is checked here."""
    stack: list[int] = []
    for step in steps(module, span):
        match step.op.name:
            case "global.get":
                stack.append(global_value(_index(step)))
            case "ref.func":
                stack.append(func_ref(_index(step)))
            case "ref.null":
                stack.append(0)
            case name if name.endswith(".const"):
                stack.append(_index(step))
            case name:
                right, left = stack.pop(), stack.pop()
                stack.append(int(NUMERIC[name](left, right)))
    return stack[-1]


def _index(step: Instruction) -> int:
    value = step.imm[0]
    assert isinstance(value, int)
    return value
