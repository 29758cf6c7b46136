"""The instruction table made ready for the validator's loop.

Each row becomes a `Step`. A fixed signature that names no memory, table or segment is applied by the loop
itself; every other instruction has a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from vm.instructions import READERS, Immediate, Immediates, ReadImmediates
from vm.ops.row import Has, Imm, Op
from vm.ops.table import OPS
from vm.types import F32, F64, I32, I64, V128, NumType
from vm.validator.exception_rules import EXCEPTION_RULES
from vm.validator.gc_rules import GC_RULES
from vm.validator.lookup import check_data, elem_at, memory_addr, table_at
from vm.validator.operands import Operand
from vm.validator.rules import BASIC_RULES, Rule
from vm.validator.typing import Typing

RULES: Mapping[str, Rule] = MappingProxyType({**BASIC_RULES, **EXCEPTION_RULES, **GC_RULES})
_NUMBERS: Mapping[str, NumType] = MappingProxyType({"i32": I32, "i64": I64, "f32": F32, "f64": F64, "v128": V128})
_INDICES = frozenset(
    (Imm.LABEL, Imm.LOCAL, Imm.GLOBAL, Imm.FUNC, Imm.TYPE, Imm.TABLE, Imm.MEMORY, Imm.DATA, Imm.ELEM, Imm.TAG)
)


class Step(NamedTuple):
    """How the loop treats one instruction. With a rule, the signature is not looked at."""

    op: Op
    by_index: bool  # one index is the only immediate
    read: ReadImmediates | None  # None: no immediates
    arity: int  # number of parameters
    params: list[Operand]  # lists, because the loop compares them with a slice of the operand stack
    results: list[Operand]
    rule: Rule | None


def _signature(op: Op, addr: NumType) -> tuple[list[Operand], list[Operand]]:
    params, results = op.sig.split("->")
    names = {**_NUMBERS, "addr": addr}
    return [names[name] for name in params.split()], [names[name] for name in results.split()]


def _apply(t: Typing, params: list[Operand], results: list[Operand]) -> None:
    for expected in reversed(params):
        assert expected is not None
        t.pop(expected)
    t.stack += results


def _access(op: Op) -> Rule:
    """The rule of a load or store."""
    limit = op.width.bit_length() - 1
    exact = op.proposal == "threads"
    narrow, wide = _signature(op, I32), _signature(op, I64)

    def rule(t: Typing, imm: Immediates) -> None:
        align, memory, offset = imm
        assert isinstance(align, int) and isinstance(offset, int)
        addr = memory_addr(t, memory)
        if align > limit:
            t.fail(f"alignment {1 << align} is larger than the {op.width} bytes that {op.name} touches")
        if exact and align != limit:
            t.fail(f"the alignment of {op.name} must be {op.width}, it is {1 << align}")
        if addr is I64:
            _apply(t, *wide)
            return
        if offset >> 32:
            t.fail(f"offset {offset:#x} is beyond a 32-bit memory")
        _apply(t, *narrow)

    return rule


def _lane_count(op: Op) -> int:
    """How many lanes there are to choose from: of the shape, of two vectors, or as many as an access is wide."""
    if op.imm == (Imm.LANES,):
        return 32
    return 16 // op.width if op.width else int(op.name.partition(".")[0].partition("x")[2])


def _with_lanes(op: Op) -> Rule:
    """The rule of an instruction that names lanes, an access among them."""
    count, signature = _lane_count(op), _signature(op, I32)
    access = _access(op) if op.imm[0] is Imm.MEMARG else None

    def rule(t: Typing, imm: Immediates) -> None:
        lanes = imm if access is None else imm[3:]
        for lane in lanes:
            assert isinstance(lane, int)
            if lane >= count:
                t.fail(f"lane {lane} is past the {count} of {op.name}")
        if access is None:
            _apply(t, *signature)
        else:
            access(t, imm[:3])

    return rule


def _named_addr(kind: Imm, t: Typing, index: Immediate) -> NumType | None:
    """Checks an index; answers the address type when it names a memory or table."""
    match kind:
        case Imm.MEMORY:
            return memory_addr(t, index)
        case Imm.TABLE:
            return table_at(t, index).addr
        case Imm.DATA:
            check_data(t, index)
        case Imm.ELEM:
            elem_at(t, index)
        case _:
            raise AssertionError(kind)
    return None


def _indexed(op: Op) -> Rule:
    """The rule of a fixed signature about a memory, table or segment."""
    narrow, wide = _signature(op, I32), _signature(op, I64)

    def rule(t: Typing, imm: Immediates) -> None:
        addrs = [_named_addr(kind, t, index) for kind, index in zip(op.imm, imm, strict=True)]
        _apply(t, *(wide if I64 in addrs else narrow))

    return rule


def _rule_of(op: Op) -> Rule | None:
    if op.rule is not None:
        return RULES[op.rule]
    if Imm.LANE in op.imm or Imm.LANES in op.imm:
        return _with_lanes(op)
    if op.imm == (Imm.MEMARG,):
        return _access(op)
    return _indexed(op) if _INDICES.intersection(op.imm) else None


def _step(op: Op) -> Step:
    rule = _rule_of(op)
    params, results = ([], []) if rule else _signature(op, I32)
    by_index = len(op.imm) == 1 and op.imm[0] in _INDICES
    return Step(op, by_index, READERS[op.code] if op.imm else None, len(params), params, results, rule)


def _not_constant(op: Op) -> Step:
    def rule(t: Typing, imm: Immediates) -> None:
        t.fail(f"constant expression required: {op.name} is not allowed")

    return _step(op)._replace(rule=rule)


class Steps(NamedTuple):
    """Steps by opcode: `single` by the only byte (None where there is no such instruction)."""

    single: tuple[Step | None, ...]
    prefixed: Mapping[tuple[int, int], Step]


def _steps(make: Callable[[Op], Step]) -> Steps:
    made = {op.code: make(op) for op in OPS}
    return Steps(tuple([made.get((0, byte)) for byte in range(256)]), MappingProxyType(made))


BODY_STEPS = _steps(_step)
CONSTANT_STEPS = _steps(lambda op: _step(op) if Has.CONST in op.has else _not_constant(op))
