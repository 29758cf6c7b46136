"""Simple conditions made into guards: what decides at a site, without stopping, that the condition is false.

A guard is for integers in locals, globals and memory, with arithmetic, comparisons and logic on them. It may say True
too often, never False: where it says True, or does not know, the evaluator has the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from debugger.expression.arithmetic import COMPARE, common, compares_wrapped, integer, literal, promoted
from debugger.expression.parser import parse
from debugger.expression.tree import At, Binary, Index, Member, Name, Node, Number, Unary
from debugger.expression.types import BOOL, I32_TYPE, I64_TYPE, LITERAL, SCALARS, Scalar, of_value
from debugger.inspect import Inspector
from vm.errors import MemoryFault, UserError
from vm.instance import Instance
from vm.machine import Machine
from vm.stop import Guard, Site
from vm.types import ValType

Read = Callable[[memoryview], int]  # a value, by the slots of the frame


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a condition: `constant` when it is the same everywhere."""

    type: Scalar
    read: Read
    constant: int | None = None


class Unknown(Exception):
    """A condition has a part that guards don't know."""


def guard(condition: str, machine: Machine, inspect: Inspector, site: Site) -> Guard | None:
    """A guard for a condition at a site; None: the condition is not simple. Raises UserError for nonsense."""
    instance = machine.instance_at(site.vmctx)
    if instance is None:
        return None
    try:
        term = _Compiler(machine, inspect, instance, site.func).term(parse(condition))
    except (Unknown, UserError):
        return None
    read = term.read

    def decide(frame: memoryview) -> bool:
        try:
            return read(frame) != 0
        except (UserError, MemoryFault):
            return True

    return decide


class _Compiler:
    """Makes terms of a function's conditions."""

    def __init__(self, machine: Machine, inspect: Inspector, instance: Instance, func: int) -> None:
        self._machine, self._inspect, self._instance, self._func = machine, inspect, instance, func
        self._facts = instance.facts(func)

    def term(self, node: Node) -> Term:
        match node:
            case Number(_, int(value)):
                return _constant(literal(value).type, value)
            case Name(_, name):
                return self._name(name)
            case Member(_, Name(_, "local"), name):
                return self._named_local(name.removeprefix("$"))
            case Index(_, Name(_, "local"), Number(_, int(index))):
                return self._local(index)
            case Index(_, Name(_, "global"), Number(_, int(index))):
                return self._global(index)
            case Unary(_, "not", operand):
                read = self.term(operand).read
                return Term(BOOL, lambda q: int(not read(q)))
            case Unary(_, "-", Number(_, int(value))) if value < 1 << 63:
                return _constant(literal(value).type, -value)
            case Binary():
                return self._binary(node.op, self.term(node.left), self.term(node.right))
            case At(_, type_, address) if not type_.stars and type_.count is None and type_.name in SCALARS:
                return self._at(SCALARS[type_.name], self.term(address))
            case _:
                raise Unknown

    # -- names -----------------------------------------------------------------------------------

    def _name(self, name: str) -> Term:
        if name in ("true", "false"):
            return _constant(literal(0).type, int(name == "true"))
        bare = name.removeprefix("$")
        index = self._index_of(bare)
        if index is not None:
            return self._local(index)
        symbols = self._inspect.symbols(self._instance)
        if bare in symbols.by_global_name:
            return self._global(symbols.by_global_name[bare])
        number = bare.removeprefix("var")
        if name.startswith("$var") and number.isdigit() and bare not in symbols.by_function_name:
            return self._local(int(number))
        raise Unknown

    def _index_of(self, name: str) -> int | None:
        """The local of a name; of several, the last."""
        symbols = self._inspect.symbols(self._instance)
        names = [symbols.local(self._func, i) for i in range(len(self._facts.local_types))]
        found = [i for i, each in enumerate(names) if each in (f"${name}", name) and not each.isdigit()]
        return found[-1] if found else None

    def _named_local(self, name: str) -> Term:
        index = self._index_of(name)
        if index is None:
            raise Unknown
        return self._local(index)

    def _local(self, index: int) -> Term:
        types = self._facts.local_types
        type_ = _integer_type(types[index]) if index < len(types) else None
        if type_ is None:
            raise Unknown
        slot, bits, sign = self._facts.local_slots[index], (1 << type_.bits) - 1, 1 << type_.bits - 1
        return Term(type_, lambda q: ((q[slot] & bits) ^ sign) - sign)

    def _global(self, index: int) -> Term:
        globals_ = self._instance.globals
        type_ = _integer_type(globals_[index].type.value) if index < len(globals_) else None
        if type_ is None:
            raise Unknown
        word, sign = self._machine.space.words(globals_[index].storage, 1, type_.size), 1 << type_.bits - 1
        return Term(type_, lambda q: (word[0] ^ sign) - sign)

    # -- operators -------------------------------------------------------------------------------

    def _binary(self, op: str, left: Term, right: Term) -> Term:
        x, y = left.read, right.read
        if op == "and":
            return Term(BOOL, lambda q: int(x(q) != 0 and y(q) != 0))
        if op == "or":
            return Term(BOOL, lambda q: int(x(q) != 0 or y(q) != 0))
        type_ = common(left.type, right.type)
        if op in COMPARE:
            return _comparison(op, type_, left, right)
        if op in ("<<", ">>") and left.type != LITERAL:
            type_ = promoted(left.type)
        return Term(type_, lambda q: type_.wrap(integer(op, type_, x(q), y(q))))

    def _at(self, type_: Scalar, address: Term) -> Term:
        """A number in memory 0; what lies beyond is the evaluator's."""
        if not type_.is_integer or type_ == BOOL or not self._instance.memories:
            raise Unknown
        memory, size, at = self._instance.memories[0], type_.size, address.read
        view = memory.region.view
        address_bits = (1 << address.type.bits) - 1

        def read(q: memoryview) -> int:
            start = at(q) & address_bits
            if start + size > memory.size_bytes:
                raise UserError("this is past the memory's end")
            return type_.wrap(int.from_bytes(view[start : start + size], "little"))

        return Term(type_, read)


def _integer_type(type_: ValType) -> Scalar | None:
    found = of_value(type_)
    return found if found in (I32_TYPE, I64_TYPE) and isinstance(found, Scalar) else None


def _constant(type_: object, value: int) -> Term:
    assert isinstance(type_, Scalar)
    return Term(type_, lambda q: value, value)


def _comparison(op: str, type_: Scalar, left: Term, right: Term) -> Term:
    compare, x, y = COMPARE[op], left.read, right.read
    if not compares_wrapped(op, left.type, right.type):
        return Term(BOOL, lambda q: compare(x(q), y(q)))
    wrap = type_.wrap
    if left.type == type_ and right.constant is not None:
        value = wrap(right.constant)
        return Term(BOOL, lambda q: compare(x(q), value))
    return Term(BOOL, lambda q: compare(wrap(x(q)), wrap(y(q))))
