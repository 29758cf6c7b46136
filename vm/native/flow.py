"""A function's blocks as words: operands that are locals or constants are read in place, results go where they are set.

Within a block the operand stack is followed: what a `local.get` or a constant pushes is *pending*, not yet written to
its slot. A row takes pending operands straight from where they are. What is still pending where a block ends, or where
a local changes, is written then; where native code leaves in the middle, the driver writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from vm.native.emit.numeric import VALUES, is_comparison
from vm.native.emit.table import FAMILY_OF, signature, takes_constant
from vm.native.scope import At, Scope, Word
from vm.native.words import RUNTIME_ROWS, word
from vm.ops.row import Has
from vm.ops.table import BY_NAME, OPS
from vm.types import SLOT_BYTES, slots

_OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_COMMUTATIVE = frozenset(
    f"{t}.{n}" for t in ("i32", "i64") for n in ("add", "mul", "and", "or", "xor", "eq", "ne")
)  # fmt: skip
_BINARY = frozenset(n for n in VALUES if len(signature(BY_NAME[n])[0]) == 2)
_LOADS = frozenset(n for n in BY_NAME if n + ".indexed" in FAMILY_OF)
_STORES = frozenset(n for n in BY_NAME if n + ".const" in FAMILY_OF and n not in VALUES)
_UNARY = (frozenset(VALUES) - _BINARY) | {"ref.is_null"}
_ENDS = frozenset(op.name for op in OPS if Has.CONTROL in op.has)
_SHORT = 6  # instructions that are rather copied than gone to


class Kind(Enum):
    """Where a pending value is."""

    LOCAL = auto()  # in the slot `value`
    CONST = auto()  # it is `value`
    SUM = auto()  # the 32-bit sum of the slots `value` and `other`


class Pending(NamedTuple):
    """A value of the operand stack that is not in its slot."""

    kind: Kind
    value: int
    other: int = 0


@dataclass
class Block:
    """Where a block begins among the words, and which instructions it stands for."""

    first_word: int
    first: int
    end: int = 0

    @property
    def ticks(self) -> int:
        return self.end - self.first


@dataclass
class Flow:
    """A function's words. `indexes` says which instruction a word is for."""

    words: list[Word] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    blocks: dict[int, Block] = field(default_factory=dict)  # by first instruction
    pending: dict[int, tuple[tuple[int, Pending], ...]] = field(default_factory=dict)  # by word: slot, value


def leaders(scope: Scope) -> set[int]:
    """Instructions at which a block begins."""
    found = {0}
    for i, instr in enumerate(scope.facts.instrs):
        found.update(branch.target for branch in instr.branches)
        if instr.op.name in _ENDS or instr.op.name in RUNTIME_ROWS:
            found.add(i + 1)
    return found


def flow(scope: Scope) -> Flow:
    """The words of a function."""
    return _Follower(scope).followed()


class _Follower:
    def __init__(self, scope: Scope) -> None:
        self._scope, self._flow = scope, Flow()
        self._leaders = leaders(scope)
        self._pending: dict[int, Pending] = {}
        self._made: int | None = None  # the slot that the last word has written, if nothing else needs it there
        self._index = 0

    def followed(self) -> Flow:
        instrs = self._scope.facts.instrs
        for first in sorted(self._leaders):
            if first < len(instrs) and instrs[first].operands is not None:
                self._block(first)
        return self._flow

    def _block(self, first: int) -> None:
        """One block, up to where it ends or another one begins; a short one is taken in, in a copy of its own."""
        flow, instrs = self._flow, self._scope.facts.instrs
        flow.blocks[first] = block = Block(len(flow.words), first)
        self._index = first
        while self._index == first or self._index not in self._leaders or self._is_short(self._index):
            instr = instrs[self._index]
            self._follow(At(self._scope, instr, self._index))
            if instr.op.name in _ENDS or instr.op.name in RUNTIME_ROWS:
                block.end = self._index + 1
                return
            self._index += 1
        following = block.end = self._index
        self._index -= 1
        self._write_pending()
        self._emit(Word("br", to=following))

    def _is_short(self, first: int) -> bool:
        """Whether a block ends within a few instructions."""
        names = (i.op.name for i in self._scope.facts.instrs[first : first + _SHORT])
        return any(name in _ENDS or name in RUNTIME_ROWS for name in names)

    # -- words -----------------------------------------------------------------------------------

    def _emit(self, made: Word, result: int | None = None) -> None:
        self._flow.words.append(made)
        self._flow.indexes.append(self._index)
        self._made = result

    def _may_leave(self, before: Mapping[int, Pending]) -> None:
        """The next word may leave: the driver then has to write what was pending before its instruction."""
        if before:
            self._flow.pending[len(self._flow.words)] = tuple(before.items())

    def _write(self, slot: int, value: Pending) -> None:
        if value.kind is Kind.LOCAL:
            self._emit(Word("copy", slot, value.value))
        else:
            self._emit(Word("const", slot, imm=value.value))

    def _write_pending(self) -> None:
        """Writes what is pending to its slots, neighbours together."""
        order, i = sorted(self._pending), 0
        while i < len(order):
            slot, value = order[i], self._pending[order[i]]
            following = self._pending.get(slot + 1)
            if value.kind is Kind.LOCAL and following is not None:
                if following.kind is Kind.LOCAL:
                    self._emit(Word("copy.both", slot, value.value, following.value))
                else:
                    self._emit(Word("copy.const", slot, value.value, imm=following.value))
                i += 2
            else:
                self._write(slot, value)
                i += 1
        self._pending.clear()

    def _slot_of(self, slot: int) -> int:
        """Takes an operand off: the slot it can be read from."""
        value = self._pending.pop(slot, None)
        if value is None:
            return slot
        if value.kind is Kind.LOCAL:
            return value.value
        self._write(slot, value)
        return slot

    # -- instructions ----------------------------------------------------------------------------

    def _follow(self, at: At) -> None:
        made = word(at)
        maker = _MAKERS.get(at.instr.op.name)
        if maker is not None and made.handler != "runtime":
            maker(self, at, made)
        else:
            self._plain(at, made)

    def _plain(self, at: At, made: Word) -> None:
        """A row that finds its operands on the stack, as when it stands alone."""
        self._write_pending()
        self._emit(made)

    def local_get(self, at: At, made: Word) -> None:
        if made.handler == "copy":
            self._pending[made.d] = Pending(Kind.LOCAL, made.a)
        else:
            self._emit(made)

    def constant(self, at: At, made: Word) -> None:
        self._pending[made.d] = Pending(Kind.CONST, made.imm)

    def drop(self, at: At, made: Word) -> None:
        operands = at.instr.operands
        assert operands is not None and operands.type is not None
        for slot in range(at.push - slots(operands.type), at.push):
            self._pending.pop(slot, None)

    def local_set(self, at: At, made: Word) -> None:
        """A local gets the operand on top, if it can be by the word that makes it."""
        if made.handler != "copy":
            self._settle({made.d, made.d + 1})
            self._emit(made)
            return
        source, local = made.a, made.d
        value = self._pending.pop(source, None)
        changed = self._settle({local})
        if value is None:
            if self._made == source and not changed:
                self._flow.words[-1] = self._flow.words[-1]._replace(d=local)
                self._made = None
            else:
                self._emit(made)
        elif value != Pending(Kind.LOCAL, local):
            self._write(local, value)
        if at.instr.op.name == "local.tee":
            self._pending[source] = Pending(Kind.LOCAL, local)

    def _settle(self, locals_: set[int]) -> bool:
        """Writes what is pending and reads locals that are about to change; whether there was something."""
        read = [s for s, v in self._pending.items() if v.kind is Kind.LOCAL and v.value in locals_]
        for slot in read:
            self._write(slot, self._pending.pop(slot))
        return bool(read)

    def binary(self, at: At, made: Word) -> None:
        name, before = made.handler, dict(self._pending)
        x, y, result = made.a, made.b, made.d
        left, right = self._pending.get(x), self._pending.get(y)
        if name in _COMMUTATIVE and _is_constant(left) and not _is_constant(right):
            x, y, left, right = y, x, right, left
        if right is not None and _is_constant(right) and takes_constant(name):
            del self._pending[y]
            made = made._replace(handler=name + ".const", a=self._slot_of(x), imm=right.value)
        else:
            first = self._slot_of(x)
            made = made._replace(a=first, b=self._slot_of(y))
        self._finish(at, made, before, result)

    def _finish(self, at: At, made: Word, before: Mapping[int, Pending], result: int | None) -> None:
        if Has.TRAPS in at.instr.op.has:
            self._may_leave(before)
        self._emit(made, result)

    def unary(self, at: At, made: Word) -> None:
        before, result = dict(self._pending), made.d
        if at.instr.op.name == "i32.eqz" and self._made == made.a and (turned := _turned(self._flow.words[-1])):
            self._flow.words[-1] = turned
            return
        self._finish(at, made._replace(a=self._slot_of(made.a)), before, result)

    def load(self, at: At, made: Word) -> None:
        name, before, result = at.instr.op.name, dict(self._pending), made.d
        if made.handler == name and self._made == made.a and self._flow.words[-1].handler == "i32.add":
            total = self._flow.words.pop()
            self._flow.indexes.pop()
            before[made.a] = Pending(Kind.SUM, total.a, total.b)
            made = made._replace(handler=name + ".indexed", a=total.a, b=total.b)
        else:
            made = made._replace(a=self._slot_of(made.a))
        self._finish(at, made, before, result)

    def store(self, at: At, made: Word) -> None:
        before = dict(self._pending)
        value = self._pending.get(made.b)
        address = self._slot_of(made.a)
        if value is not None and value.kind is Kind.CONST and not value.value >> 32 and made.handler in _STORES:
            del self._pending[made.b]
            together = address * SLOT_BYTES | value.value << 32  # the constant where the value's slot would be
            made = made._replace(handler=made.handler + ".const", pair=together)
        else:
            made = made._replace(a=address, b=self._slot_of(made.b))
        self._finish(at, made, before, None)

    def select(self, at: At, made: Word) -> None:
        if made.handler != "select":
            self._plain(at, made)
            return
        condition = self._slot_of(made.imm // SLOT_BYTES)
        first = self._slot_of(made.a)
        made = made._replace(a=first, b=self._slot_of(made.b), imm=condition * SLOT_BYTES)
        self._emit(made, made.d)

    def result(self, at: At, made: Word) -> None:
        """A row without operands."""
        self._emit(made, made.d if made.handler != "global.get.v128" else None)

    def global_set(self, at: At, made: Word) -> None:
        self._emit(made._replace(d=self._slot_of(made.d)))

    def fork(self, at: At, made: Word) -> None:
        """if, br_if: joined to the comparison that makes the condition."""
        last = self._flow.words[-1] if self._made == made.d else None
        joined = None if last is None or made.handler != "if" else _joined(last, made)
        if joined is not None:
            self._flow.words.pop()
            self._flow.indexes.pop()
            self._write_pending()
            self._emit(joined)
            return
        condition = self._pending.get(made.d)
        if condition is not None and condition.kind is Kind.LOCAL:
            del self._pending[made.d]
            made = made._replace(d=condition.value)
        self._plain(at, made)

    def br_table(self, at: At, made: Word) -> None:
        index = self._slot_of(made.d)
        self._plain(at, made._replace(d=index))

    def return_(self, at: At, made: Word) -> None:
        if made.handler == "return.many":
            self._write_pending()
        before = dict(self._pending)
        if made.handler == "return.one":
            made = made._replace(a=self._slot_of(made.a))
        self._may_leave(before)
        self._pending.clear()
        self._emit(made)


def _is_constant(value: Pending | None) -> bool:
    return value is not None and value.kind is Kind.CONST


def _turned(made: Word) -> Word | None:
    """The word of the opposite comparison of integers."""
    name = made.handler.removesuffix(".const")
    if name not in VALUES or not is_comparison(name) or name[0] == "f":
        return None
    type_, _, what = name.partition(".")
    test, _, sign = what.partition("_")
    opposite = f"{type_}.{_OPPOSITE[test]}{'_' + sign if sign else ''}"
    return made._replace(handler=opposite + (".const" if made.handler.endswith(".const") else ""))


def _joined(made: Word, fork: Word) -> Word | None:
    """A comparison and the fork that it decides as one word."""
    if made.handler.endswith(".eqz"):
        return fork._replace(handler="if." + made.handler, d=made.a)
    return made._replace(handler="if." + made.handler, fork=fork.fork) if "if." + made.handler in FAMILY_OF else None


_Maker = Callable[[_Follower, At, Word], None]
_MAKERS: Mapping[str, _Maker] = {
    **dict.fromkeys(_BINARY, _Follower.binary),
    **dict.fromkeys(_UNARY, _Follower.unary),
    **dict.fromkeys(_LOADS, _Follower.load),
    **dict.fromkeys(_STORES, _Follower.store),
    **dict.fromkeys(("i32.const", "i64.const", "f32.const", "f64.const", "ref.null"), _Follower.constant),
    "local.get": _Follower.local_get,
    "local.set": _Follower.local_set,
    "local.tee": _Follower.local_set,
    "drop": _Follower.drop,
    "select": _Follower.select,
    "select_t": _Follower.select,
    "global.get": _Follower.result,
    "memory.size": _Follower.result,
    "global.set": _Follower.global_set,
    "if": _Follower.fork,
    "br_if": _Follower.fork,
    "br_table": _Follower.br_table,
    "return": _Follower.return_,
    "end": _Follower.return_,
}
