"""Typing rules of the basic instructions whose signature is not fixed, by the name the table gives them.

A rule gets the state and the instruction's immediates; it raises through `Typing.fail`
(spec: Validation, Instructions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vm.instructions import Immediates
from vm.types import FUNCREF, I32, I64, FuncType, Heap, NumType, RefType
from vm.validator.lookup import (
    elem_at,
    func_at,
    global_at,
    local_at,
    memory_addr,
    ref_to,
    signature_at,
    table_at,
)
from vm.validator.typing import Typing

Rule = Callable[[Typing, Immediates], None]


def _unreachable(t: Typing, imm: Immediates) -> None:
    t.unreachable()


def _block(t: Typing, imm: Immediates) -> None:
    type_ = t.block_type(imm[0])
    if type_.params:
        t.pop_all(type_.params)
    t.open("block", type_)


def _loop(t: Typing, imm: Immediates) -> None:
    type_ = t.block_type(imm[0])
    if type_.params:
        t.pop_all(type_.params)
    t.open("loop", type_)


def _if(t: Typing, imm: Immediates) -> None:
    type_ = t.block_type(imm[0])
    t.pop(I32)
    t.pop_all(type_.params)
    t.open("if", type_)


def _else(t: Typing, imm: Immediates) -> None:
    if t.frames[-1].kind != "if":
        t.malformed("else without an if")
    frame = t.close()
    t.open("else", frame.type)


def _end(t: Typing, imm: Immediates) -> None:
    frame = t.close()
    if frame.kind == "if" and not t.matching.values(frame.type.params, frame.type.results):
        t.fail(f"an if without else must leave what it takes, its type is {frame.type}")
    t.stack += frame.type.results


def _br(t: Typing, imm: Immediates) -> None:
    t.pop_all(t.label(imm[0]))
    t.unreachable()


def _br_if(t: Typing, imm: Immediates) -> None:
    label = t.label(imm[0])
    t.pop(I32)
    if label:
        t.pop_all(label)
        t.stack += label


def _br_table(t: Typing, imm: Immediates) -> None:
    t.pop(I32)
    default = t.label(imm[-1])
    for depth in dict.fromkeys(imm[:-1]):
        label = t.label(depth)
        if len(label) != len(default):
            t.fail(f"br_table's labels take {len(label)} and {len(default)} values: they must agree")
        t.push_all(t.pop_all(label))
    t.pop_all(default)
    t.unreachable()


def _return(t: Typing, imm: Immediates) -> None:
    t.pop_all(t.results)
    t.unreachable()


def _call(t: Typing, imm: Immediates) -> None:
    type_ = func_at(t, imm[0])
    t.pop_all(type_.params)
    t.stack += type_.results


def _callee(t: Typing, imm: Immediates) -> FuncType:
    """[t1* addr] → [t1*] of an indirect call."""
    table, type_ = table_at(t, imm[1]), signature_at(t, imm[0])
    if not t.matching.value(table.elem, FUNCREF):
        t.fail(f"an indirect call needs a table of funcref, table {imm[1]} holds {table.elem}")
    t.pop(table.addr)
    return type_


def _call_indirect(t: Typing, imm: Immediates) -> None:
    type_ = _callee(t, imm)
    t.pop_all(type_.params)
    t.stack += type_.results


def check_tail(t: Typing, type_: FuncType) -> None:
    """A call of this type in the function's place: [params] → unreachable."""
    if not t.matching.values(type_.results, t.results):
        t.fail(f"a tail call's results must be the caller's, {type_} is called")
    t.pop_all(type_.params)
    t.unreachable()


def _return_call(t: Typing, imm: Immediates) -> None:
    check_tail(t, func_at(t, imm[0]))


def _return_call_indirect(t: Typing, imm: Immediates) -> None:
    check_tail(t, _callee(t, imm))


def _drop(t: Typing, imm: Immediates) -> None:
    t.pop_any()


def _select(t: Typing, imm: Immediates) -> None:
    t.pop(I32)
    second, first = t.pop_any(), t.pop_any()
    for type_ in (first, second):
        if isinstance(type_, RefType):
            t.fail(f"select without a type takes numbers, found {type_}")
    if first is not None and second is not None and first is not second:
        t.fail(f"select needs two values of one type, found {first} and {second}")
    t.push(second if first is None else first)


def _select_t(t: Typing, imm: Immediates) -> None:
    if len(imm) != 1:
        t.fail(f"select names {len(imm)} types, 1 is allowed")
    type_ = imm[0]
    assert isinstance(type_, NumType | RefType)
    type_ = t.resolved(type_)
    t.pop(I32)
    t.pop(type_)
    t.pop(type_)
    t.push(type_)


def _local_get(t: Typing, imm: Immediates) -> None:
    type_ = local_at(t, imm[0])
    if imm[0] in t.unset:
        t.fail(f"local {imm[0]} of type {type_} is read before it is set")
    t.stack.append(type_)


def _local_set(t: Typing, imm: Immediates) -> None:
    t.pop(local_at(t, imm[0]))
    t.mark_set(imm[0])


def _local_tee(t: Typing, imm: Immediates) -> None:
    type_ = local_at(t, imm[0])
    t.pop(type_)
    t.stack.append(type_)
    t.mark_set(imm[0])


def _global_get(t: Typing, imm: Immediates) -> None:
    global_ = global_at(t, imm[0])
    if t.func is None and global_.mutable:
        t.fail(f"constant expression required: global {imm[0]} is mutable")
    t.push(global_.value)


def _global_set(t: Typing, imm: Immediates) -> None:
    global_ = global_at(t, imm[0])
    if not global_.mutable:
        t.fail(f"global {imm[0]} is immutable")
    t.pop(global_.value)


def _memory_copy(t: Typing, imm: Immediates) -> None:
    to, source = memory_addr(t, imm[0]), memory_addr(t, imm[1])
    t.pop_all((to, source, _shorter(to, source)))


def _shorter(one: NumType, other: NumType) -> NumType:
    return I64 if one is I64 and other is I64 else I32


def _ref_null(t: Typing, imm: Immediates) -> None:
    assert isinstance(imm[0], Heap | int)
    t.push(t.resolved(RefType(imm[0])))


def _ref_is_null(t: Typing, imm: Immediates) -> None:
    type_ = t.pop_any("a reference")
    if isinstance(type_, NumType):
        t.fail(f"expected a reference, found {type_}")
    t.push(I32)


def _ref_func(t: Typing, imm: Immediates) -> None:
    func_at(t, imm[0])
    if t.func is not None and imm[0] not in t.context.refs:
        t.fail(f"function {imm[0]} is not declared outside function bodies, as ref.func needs")
    assert isinstance(imm[0], int)
    t.push(ref_to(t, t.context.module.func_type_indexes[imm[0]], nullable=False))


def _table_get(t: Typing, imm: Immediates) -> None:
    table = table_at(t, imm[0])
    t.pop(table.addr)
    t.push(table.elem)


def _table_set(t: Typing, imm: Immediates) -> None:
    table = table_at(t, imm[0])
    t.pop_all((table.addr, table.elem))


def _table_init(t: Typing, imm: Immediates) -> None:
    elem, table = elem_at(t, imm[0]), table_at(t, imm[1])
    if not t.matching.value(elem, table.elem):
        t.fail(f"a table of {table.elem} cannot take elements of {elem}")
    t.pop_all((table.addr, I32, I32))


def _table_copy(t: Typing, imm: Immediates) -> None:
    to, source = table_at(t, imm[0]), table_at(t, imm[1])
    if not t.matching.value(source.elem, to.elem):
        t.fail(f"a table of {to.elem} cannot take elements of {source.elem}")
    t.pop_all((to.addr, source.addr, _shorter(to.addr, source.addr)))


def _table_grow(t: Typing, imm: Immediates) -> None:
    table = table_at(t, imm[0])
    t.pop_all((table.elem, table.addr))
    t.push(table.addr)


def _table_fill(t: Typing, imm: Immediates) -> None:
    table = table_at(t, imm[0])
    t.pop_all((table.addr, table.elem, table.addr))


BASIC_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "unreachable": _unreachable,
        "block": _block,
        "loop": _loop,
        "if": _if,
        "else": _else,
        "end": _end,
        "br": _br,
        "br_if": _br_if,
        "br_table": _br_table,
        "return": _return,
        "call": _call,
        "call_indirect": _call_indirect,
        "return_call": _return_call,
        "return_call_indirect": _return_call_indirect,
        "drop": _drop,
        "select": _select,
        "select_t": _select_t,
        "local.get": _local_get,
        "local.set": _local_set,
        "local.tee": _local_tee,
        "global.get": _global_get,
        "global.set": _global_set,
        "memory.copy": _memory_copy,
        "ref.null": _ref_null,
        "ref.is_null": _ref_is_null,
        "ref.func": _ref_func,
        "table.get": _table_get,
        "table.set": _table_set,
        "table.init": _table_init,
        "table.copy": _table_copy,
        "table.grow": _table_grow,
        "table.fill": _table_fill,
    }
)
