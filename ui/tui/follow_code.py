"""Where an instruction leads: a call to its function, a branch to its target, a block's end to its start."""

from __future__ import annotations

from collections.abc import Sequence

from debugger.inspect import Frame
from debugger.operands import index_of, taken
from debugger.session import Session
from ui.tui.messages import AtAddress, AtCode, Target
from ui.tui.module_listing import Position
from vm.disasm import Line
from vm.facts import Instr
from vm.instance import Instance
from vm.ops.row import Imm
from vm.stop import Site

_INDIRECT = ("call_indirect", "return_call_indirect")


def follow(
    session: Session, instance: Instance, lines: Sequence[Line], position: Position, now: Frame | None
) -> Target | None:
    """What the instruction on a line leads to. `now` is the frame that stands at it, whose operands tell more."""
    here = lines[position.line : position.line + 1]
    if not here:
        return None
    row = here[0]
    if row.index is None:
        return _matching(instance, lines, position)
    instr = instance.facts(position.func).instrs[row.index]
    if instr.op.imm == (Imm.FUNC,):
        return _function(session, instance, index_of(instr, 0))
    if instr.op.name in _INDIRECT:
        return None if now is None else _element(session, instance, instr, now)
    if instr.branches:
        chosen = _chosen(session, instr, now)
        return AtCode(Site(instance.addr, position.func, instr.branches[chosen].target))
    return None


def _function(session: Session, instance: Instance, func: int) -> Target:
    if instance.is_imported(func):
        return AtAddress(session.machine.read_import(instance, func).code)
    return AtCode(Site(instance.addr, func, 0))


def _element(session: Session, instance: Instance, instr: Instr, now: Frame) -> Target | None:
    """The function an indirect call is about to reach."""
    number, index = index_of(instr, 1), taken(session.inspect, now)[-1][1].slot
    if index >= instance.tables[number].size:
        return None
    found = session.inspect.table_element(instance, number, index)
    element = instance.tables[number].peek(index)
    if element.func is not None:
        return _function(session, instance, element.func)
    return None if found.func_ref is None else AtAddress(session.machine.read_func_ref(found.func_ref).code)


def _chosen(session: Session, instr: Instr, now: Frame | None) -> int:
    """Which of a br_table's labels; its default when that is not known."""
    last = len(instr.branches) - 1
    if now is None or not last:
        return last
    return min(taken(session.inspect, now)[0][1].slot, last)


def _matching(instance: Instance, lines: Sequence[Line], position: Position) -> Target | None:
    """A block's end, or the start of the block that ends here."""
    row = lines[position.line]
    word = row.tokens[0][0] if row.tokens else ""
    if word in ("block", "loop", "try_table"):
        way = range(position.line + 1, len(lines))
    elif word == "end":
        way = range(position.line - 1, -1, -1)
    else:
        return None
    other = next((i for i in way if lines[i].depth == row.depth), None)
    pc = None if other is None else next((r.index for r in lines[other:] if r.index is not None), None)
    return None if pc is None else AtCode(Site(instance.addr, position.func, pc))
