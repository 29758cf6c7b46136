"""Typing rules of exceptions: `try_table`, and the older `try` (spec: Control Instructions; legacy exceptions)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.instructions import Catch, Immediates
from vm.types import EXNREF, Heap, RefType, ValType
from vm.validator.lookup import tag_at
from vm.validator.rules import Rule
from vm.validator.typing import Frame, Typing

_EXN = RefType(Heap.EXN, nullable=False)
_CATCHING = ("catch", "catch_all")


def _throw(t: Typing, imm: Immediates) -> None:
    t.pop_all(tag_at(t, imm[0]).params)
    t.unreachable()


def _throw_ref(t: Typing, imm: Immediates) -> None:
    t.pop(EXNREF)
    t.unreachable()


def caught_types(t: Typing, clause: Catch) -> tuple[ValType, ...]:
    """What a catch clause pushes for its label."""
    carried = () if clause.tag is None else tag_at(t, clause.tag).params
    return (*carried, _EXN) if clause.with_ref else carried


def _try_table(t: Typing, imm: Immediates) -> None:
    type_ = t.block_type(imm[0])
    t.pop_all(type_.params)
    for clause in imm[1:]:
        assert isinstance(clause, Catch)
        caught, label = caught_types(t, clause), t.label(clause.label)
        if not t.matching.values(caught, label):
            pushed, wanted = (" ".join(map(str, types)) or "nothing" for types in (caught, label))
            t.fail(f"a catch clause pushes {pushed}, its label takes {wanted}")
    t.open("try_table", type_)


def _try(t: Typing, imm: Immediates) -> None:
    type_ = t.block_type(imm[0])
    t.pop_all(type_.params)
    t.open("try", type_)


def _next_clause(t: Typing, kind: str) -> Frame:
    """Ends the clause before; the new one starts with nothing on its operand stack."""
    if t.frames[-1].kind not in ("try", "catch"):
        t.malformed(f"{kind} without a try")
    frame = t.close()
    t.open(kind, frame.type)
    del t.stack[t.floor :]
    return frame


def _catch(t: Typing, imm: Immediates) -> None:
    caught = tag_at(t, imm[0]).params
    _next_clause(t, "catch")
    t.stack += caught


def _catch_all(t: Typing, imm: Immediates) -> None:
    _next_clause(t, "catch_all")


def _rethrow(t: Typing, imm: Immediates) -> None:
    if t.frame(imm[0]).kind not in _CATCHING:
        t.fail(f"rethrow must name a catch, label {imm[0]} is a {t.frame(imm[0]).kind}")
    t.unreachable()


def _delegate(t: Typing, imm: Immediates) -> None:
    if t.frames[-1].kind != "try":
        t.malformed("delegate without a try")
    frame = t.close()
    t.frame(imm[0])  # counted from outside the try
    t.stack += frame.type.results


EXCEPTION_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "throw": _throw,
        "throw_ref": _throw_ref,
        "try_table": _try_table,
        "try": _try,
        "catch": _catch,
        "catch_all": _catch_all,
        "rethrow": _rethrow,
        "delegate": _delegate,
    }
)
