"""Classes of instructions, to stop before the next, or the last, of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from vm.facts import FunctionFacts, Instr
from vm.ops.row import Has, Imm

_CALLS = ("call", "call_indirect", "call_ref", "return_call", "return_call_indirect", "return_call_ref")
_RETURNS = ("return", "return_call", "return_call_indirect", "return_call_ref")
_BRANCHES = (
    "br", "br_if", "br_table", "if", "else", "br_on_null", "br_on_non_null", "br_on_cast", "br_on_cast_fail",
)  # fmt: skip
_THROWS = ("throw", "throw_ref", "rethrow")
_WAITS = ("memory.atomic.wait32", "memory.atomic.wait64")


class Class(Enum):
    """A class of instructions; the value is its name in commands."""

    CALL = "call"
    RETURN = "ret"
    BRANCH = "branch"  # those that are taken
    LOAD = "load"
    STORE = "store"
    GROW = "grow"
    THROW = "throw"
    WAIT = "wait"


def _load(instr: Instr) -> bool:
    return Has.LOADS in instr.op.has and Imm.MEMARG in instr.op.imm


def _store(instr: Instr) -> bool:
    bulk = instr.op.name in ("memory.fill", "memory.copy", "memory.init")
    return bulk or (Has.STORES in instr.op.has and Imm.MEMARG in instr.op.imm)


def _return(instr: Instr) -> bool:
    return instr.op.name in _RETURNS or (instr.op.name == "end" and instr.label.kind == "func")


_TESTS: Mapping[Class, Callable[[Instr], bool]] = MappingProxyType(
    {
        Class.CALL: lambda instr: instr.op.name in _CALLS,
        Class.RETURN: _return,
        Class.BRANCH: lambda instr: instr.op.name in _BRANCHES,
        Class.LOAD: _load,
        Class.STORE: _store,
        Class.GROW: lambda instr: instr.op.name == "memory.grow",
        Class.THROW: lambda instr: instr.op.name in _THROWS,
        Class.WAIT: lambda instr: instr.op.name in _WAITS,
    }
)


@dataclass(frozen=True, slots=True)
class Picked:
    """Chooses the instructions of some classes."""

    classes: frozenset[Class]

    def __call__(self, facts: FunctionFacts, pc: int) -> bool:
        instr = facts.instrs[pc]
        return any(_TESTS[class_](instr) for class_ in self.classes)


def is_taken(facts: FunctionFacts, pc: int, frame: memoryview) -> bool:
    """Whether a branch about to run is taken, as far as its operand says it; `frame` has its frame's slots."""
    instr = facts.instrs[pc]
    top = frame[facts.num_local_slots + instr.height - 1] if instr.height else 0
    match instr.op.name:
        case "br_if" | "br_on_non_null":
            return bool(top & 0xFFFF_FFFF) if instr.op.name == "br_if" else bool(top)
        case "if":
            return not top & 0xFFFF_FFFF
        case "br_on_null":
            return not top
        case _:
            return True
