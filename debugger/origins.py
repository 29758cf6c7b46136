"""Which instructions of a function make an operand."""

from __future__ import annotations

from collections.abc import Iterator

from vm.facts import FunctionFacts, Instr
from vm.validator.operands import Operands

_LEAVES = (
    "br", "br_table", "return", "unreachable", "throw", "throw_ref", "rethrow", "return_call", "return_call_indirect",
    "return_call_ref",
)  # fmt: skip


def writers(facts: FunctionFacts, slot: int) -> Iterator[int]:
    """Indexes of the instructions that may write an operand slot, counted from the lowest operand."""
    for index, instr in enumerate(facts.instrs):
        following = facts.instrs[index + 1] if index + 1 < len(facts.instrs) else None
        if _puts(instr, following, slot) or _carries(instr, slot):
            yield index


def maker(facts: FunctionFacts, slot: int, pc: int) -> int | None:
    """The instruction that put the operand in a slot before an instruction; None where it may be one of several."""
    wanted = _operand_at(facts.instrs[pc].operands, slot)
    for index in range(pc):
        if _operand_at(facts.instrs[index + 1].operands, slot) is wanted:
            joins = any(b.target == index + 1 for i in facts.instrs for b in i.branches)
            puts = _operand_at(facts.instrs[index].operands, slot) is not wanted
            return index if puts and not joins and facts.instrs[index].op.name not in _LEAVES else None
    return None


def _puts(instr: Instr, following: Instr | None, slot: int) -> bool:
    """Whether going on behind an instruction another operand is in the slot."""
    if following is None or instr.op.name in _LEAVES:
        return False
    after = _operand_at(following.operands, slot)
    return after is not None and after is not _operand_at(instr.operands, slot)


def _operand_at(operands: Operands | None, slot: int) -> Operands | None:
    while operands is not None and operands.below is not None:
        if operands.below.total_slots <= slot:
            return operands if slot < operands.total_slots else None
        operands = operands.below
    return None


def _carries(instr: Instr, slot: int) -> bool:
    return any(b.drop_to <= slot < b.drop_to + b.keep for b in instr.branches)
