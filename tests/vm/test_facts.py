from __future__ import annotations

import pytest

from tests.vm.samples import NAMES, sample
from tests.worlds import module
from vm.facts import Branch, FactsCache, FunctionFacts, Instr, function_facts
from vm.types import F32, I32, I64, total_slots


def _facts(wat: str) -> FunctionFacts:
    return function_facts(module(wat), 0)


def _names(facts: FunctionFacts) -> list[str]:
    return [instr.op.name for instr in facts.instrs]


def test_what_does_not_retire_is_left_out() -> None:
    facts = _facts("(func nop (block (loop nop)) (if (i32.const 1) (then nop)))")
    assert _names(facts) == ["i32.const", "if", "end"]


def test_slots() -> None:
    facts = _facts("(func (param i32 i64) (result i32) (local f32) (i32.add (local.get 0) (i32.const 2)))")
    assert (facts.local_types, tuple(facts.local_slots)) == ((I32, I64, F32), (0, 1, 2))
    assert (facts.param_slots, facts.num_local_slots, facts.result_slots) == (2, 3, 1)
    assert (facts.max_height, facts.frame_slots) == (2, 5)


def test_a_frame_has_room_for_the_results() -> None:
    facts = _facts("(func (result i32 i32 i32) unreachable)")
    assert facts.frame_slots == 3


def test_heights_and_stacks_are_those_before_the_instruction() -> None:
    facts = _facts("(func (result i64) i64.const 1 i32.const 2 i64.extend_i32_u i64.add)")
    assert [i.height for i in facts.instrs] == [0, 1, 2, 2, 1]
    assert facts.instrs[2].stack == (I64, I32)


def test_if_and_else_skip() -> None:
    facts = _facts(
        "(func (param i32) (result i32) i32.const 9"
        " (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))) i32.add)"
    )
    assert _names(facts) == ["i32.const", "local.get", "if", "i32.const", "else", "i32.const", "i32.add", "end"]
    assert facts.instrs[2].branches == (Branch(target=5, keep=0, drop_to=1),)
    assert facts.instrs[4].branches == (Branch(target=6, keep=0, drop_to=2),)
    assert [facts.instrs[i].label.kind for i in (2, 3, 4, 5)] == ["func", "if", "if", "else"]


def test_an_if_without_else_goes_past_its_end() -> None:
    facts = _facts("(func (if (i32.const 0) (then (drop (i32.const 1)))))")
    assert facts.instrs[1].branches == (Branch(target=4, keep=0, drop_to=0),)


def test_a_branch_out_moves_results_down() -> None:
    facts = _facts("(func (result i32) i64.const 5 (block (result i32) i32.const 1 i32.const 2 br 0) i32.eqz return)")
    branch = next(i for i in facts.instrs if i.op.name == "br")
    assert branch.branches == (Branch(target=4, keep=1, drop_to=1),)
    assert facts.instrs[4].op.name == "i32.eqz"


def test_a_branch_to_a_loop_goes_to_its_first_instruction_with_its_parameters() -> None:
    facts = _facts(
        "(func (local i32) f32.const 0 i32.const 7"
        " (loop $l (param i32) nop local.tee 0 local.get 0 br_if $l drop) drop)"
    )
    jump = next(i for i in facts.instrs if i.op.name == "br_if")
    assert jump.label.kind == "loop"
    assert jump.branches == (Branch(target=2, keep=1, drop_to=1),)
    assert facts.instrs[2].op.name == "local.tee"


def test_a_branch_to_the_function_goes_to_its_last_end() -> None:
    facts = _facts("(func (result i32) i64.const 1 i32.const 2 br 0)")
    assert facts.instrs[2].branches == (Branch(target=3, keep=1, drop_to=0),)
    assert (facts.instrs[3].op.name, facts.instrs[3].stack) == ("end", (I32,))


def test_br_table_lists_targets_then_default() -> None:
    facts = _facts("(func (block (block (br_table 0 2 1 (i32.const 0))) (drop (i32.const 1))))")
    assert [b.target for b in facts.instrs[1].branches] == [2, 4, 4]
    assert facts.instrs[1].imm == ()


def test_unreachable_code_has_no_stack() -> None:
    facts = _facts("(func (block return i32.const 1 drop (block nop i32.const 2 drop)) i32.const 3 drop)")
    assert [i.stack for i in facts.instrs] == [(), None, None, None, None, (), (I32,), ()]


def test_immediates() -> None:
    facts = _facts(
        "(memory 1) (memory 1) (func i32.const -1 drop i64.const -1 drop f32.const 1 drop"
        " (drop (i32.load8_u 1 offset=300 (i32.const 0))))"
    )
    imms = {i.op.name: i.imm for i in reversed(facts.instrs)}
    assert imms["i32.const"] == (0xFFFF_FFFF,)
    assert imms["i64.const"] == (0xFFFF_FFFF_FFFF_FFFF,)
    assert imms["f32.const"] == (0x3F80_0000,)
    assert imms["i32.load8_u"] == (1, 300)


def test_index_at_slips_forward() -> None:
    facts = _facts("(func nop (block i32.const 300 drop) nop)")
    start = facts.instrs[0].label.parent.offset  # type: ignore[union-attr]
    const, drop, end = facts.instrs
    assert facts.index_at(start) == 0
    assert facts.index_at(const.offset + 1) == 0  # inside
    assert facts.index_at(drop.end) == 2  # the block's end does not retire
    assert facts.index_at(end.end) is None


def test_a_cache_keeps_the_most_recent() -> None:
    cache = FactsCache(module("(func) (func) (func)"), capacity=2)
    first, second = cache(0), cache(1)
    assert cache(0) is first
    cache(2)
    assert cache(0) is first
    assert cache(1) is not second


_LEAVES = ("br", "br_table", "return", "unreachable", "return_call", "return_call_indirect", "else")


def _lands(facts: FunctionFacts, instr: Instr, branch: Branch) -> None:
    """After a branch, the target finds the height it was typed with."""
    target = facts.instrs[branch.target]
    if target.stack is not None:
        assert target.height == branch.drop_to + branch.keep, (facts.func, instr, target)


@pytest.mark.parametrize("name", NAMES)
def test_every_branch_lands_at_the_height_its_target_was_typed_with(name: str) -> None:
    found = sample(name)
    cache = FactsCache(found)
    for func in range(found.num_imported_funcs, len(found.func_type_indexes)):
        facts = cache(func)
        for at, instr in enumerate(facts.instrs):
            if instr.stack is None:
                continue
            assert instr.height == total_slots(instr.stack) <= facts.max_height
            for branch in instr.branches:
                _lands(facts, instr, branch)
            if instr.op.name not in _LEAVES and at + 1 < len(facts.instrs):
                assert facts.instrs[at + 1].stack is not None


def test_a_deep_operand_stack_is_kept_once() -> None:
    deep = 20_000  # with a copy for each instruction: 3 GB
    facts = _facts(f"(func {'(i32.const 0)' * deep} {'(drop)' * deep})")
    assert facts.max_height == deep
    before, after = facts.instrs[deep - 1], facts.instrs[deep]
    assert before.operands is not None and after.operands is not None
    assert after.operands.below is before.operands
    assert after.stack == (I32,) * deep
