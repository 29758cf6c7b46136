"""Constant expressions, read and evaluated from their bytes (spec: Validation, Constant Expressions)."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from vm.gc_heap import GcHeap
from vm.instructions import Instruction, instructions
from vm.layout import GcRules
from vm.module import Module, Span
from vm.ops.table import BY_NAME
from vm.plain_constant import plain_constant
from vm.semantics.table import NUMERIC

_REF_FUNC = bytes((BY_NAME["ref.func"].code[1],))


def steps(module: Module, span: Span) -> tuple[Instruction, ...]:
    """The instructions of a constant expression, its `end` left out; they count offsets from its start."""
    return _steps(module.bytes[span.start : span.end])


@lru_cache(maxsize=4096)
def _steps(expression: bytes) -> tuple[Instruction, ...]:
    return tuple(instructions(expression, Span(0, len(expression))))[:-1]


def static_value(module: Module, span: Span) -> int | None:
    """The value when the expression is a single number constant, else None."""
    if (plain := plain_constant(module.bytes, *span)) is not None:
        return plain.value
    found = steps(module, span)
    if len(found) == 1 and found[0].op.name.endswith(".const"):
        value = found[0].imm[0]
        return value if isinstance(value, int) else None
    return None


def mentioned_funcs(module: Module, span: Span) -> tuple[int, ...]:
    """The functions a constant expression takes references to."""
    if _REF_FUNC not in module.bytes[span.start : span.end]:
        return ()
    return tuple(_index(i) for i in steps(module, span) if i.op.name == "ref.func")


class Surroundings(Protocol):
    """What a constant expression may reach: its instance."""

    @property
    def heap(self) -> GcHeap:
        """Where structs and arrays are made."""
        ...

    def global_value(self, index: int) -> int: ...
    def func_ref(self, func: int) -> int: ...
    def type_id(self, type_index: int) -> int: ...


def evaluate(module: Module, span: Span, around: Surroundings) -> int:
    """The slot a constant expression yields. The module is valid, so nothing is checked here."""
    stack: list[int] = []
    for step in steps(module, span):
        match step.op.name:
            case "global.get":
                stack.append(around.global_value(_index(step)))
            case "ref.func":
                stack.append(around.func_ref(_index(step)))
            case "ref.null":
                stack.append(0)
            case "ref.i31":
                stack.append(i31(around.heap.rules, stack.pop()))
            case "any.convert_extern" | "extern.convert_any":
                pass
            case name if name.startswith(("struct.", "array.")):
                _make(around, step, stack)
            case name if name.endswith(".const"):
                stack.append(_index(step))
            case name:
                right, left = stack.pop(), stack.pop()
                stack.append(int(NUMERIC[name](left, right)))
    return stack[-1]


def _make(around: Surroundings, step: Instruction, stack: list[int]) -> None:
    """struct.new, array.new and their like."""
    heap, type_id = around.heap, around.type_id(_index(step))
    match step.op.name:
        case "struct.new":
            layout = heap.struct_layout(type_id)
            first = len(stack) - len(layout.parts)
            values = stack[first:]
            del stack[first:]
            ref = heap.new_struct(type_id)
            for part, value in zip(layout.parts, values, strict=True):
                heap.store(ref, part, value)
        case "struct.new_default":
            ref = heap.new_struct(type_id)
        case "array.new_default":
            ref = heap.new_array(type_id, stack.pop())
        case "array.new":
            length, value = stack.pop(), stack.pop()
            ref = heap.new_array(type_id, length)
            part = heap.array_layout(type_id).element
            heap.fill(ref, part, heap.func_ref_id(value) if part.is_func else value, 0, length)
        case _:
            count = _index(step, 1)
            first = len(stack) - count
            values = stack[first:]
            del stack[first:]
            ref = heap.new_array(type_id, count)
            for i, value in enumerate(values):
                heap.store(ref, heap.array_layout(type_id).element, value, i)
    stack.append(ref)


def i31(rules: GcRules, value: int) -> int:
    """The reference that stands for the low 31 bits of a number."""
    return (value << 1 | rules.i31_bit) & 0xFFFF_FFFF


def _index(step: Instruction, which: int = 0) -> int:
    value = step.imm[which]
    assert isinstance(value, int)
    return value
