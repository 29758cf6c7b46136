"""Joining rows into one word: operands that are locals or constants are read in place, results go where they are set.

A joined word stands at its first instruction; the ones it stands for keep their own words, so that a run may begin at
any of them. It does all it does or, leaving for the runtime, nothing. What would be on the operand stack in
between is dead afterwards and need not be written.
"""

from __future__ import annotations

from collections.abc import Sequence

from vm.facts import Instr
from vm.native.emit.memory import HANDLERS as MEMORY
from vm.native.emit.numeric import VALUES, is_comparison
from vm.native.emit.table import signature, takes_constant
from vm.native.words import Word
from vm.ops.table import BY_NAME
from vm.types import SLOT_BYTES

_OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_BINARY = frozenset(n for n in VALUES if len(signature(BY_NAME[n])[0]) == 2)
_UNARY = frozenset(VALUES) - _BINARY
_LOADS = frozenset(n for n in MEMORY if n + ".indexed" in MEMORY)
_STORES = frozenset(n for n in MEMORY if n + ".const" in MEMORY)
_CONSTANTS = frozenset(("i32.const", "i64.const", "f32.const", "f64.const"))


def joined(instrs: Sequence[Instr], words: Sequence[Word]) -> dict[int, Word]:
    """The joined words of a function, by the index that they stand at."""
    leaders = {branch.target for instr in instrs for branch in instr.branches}
    joiner, found, at = _Joiner(instrs, words, leaders), {}, 0
    while at < len(words):
        made = joiner.at(at)
        if made is None or made.ticks < 2:
            at += 1
        else:
            found[at] = made
            at += made.ticks
    return found


class _Joiner:
    def __init__(self, instrs: Sequence[Instr], words: Sequence[Word], leaders: set[int]) -> None:
        self._names = ["" if i.operands is None else i.op.name for i in instrs]
        self._words, self._leaders, self._end = words, leaders, len(words)

    def _name(self, i: int) -> str:
        """The row of an instruction that may be joined to the one before it."""
        return self._names[i] if i < self._end and i not in self._leaders else ""

    def _source(self, i: int) -> Word | None:
        """A `local.get` or a constant of one slot."""
        name = self._names[i] if i < self._end else ""
        found = name in _CONSTANTS or (name == "local.get" and self._words[i].handler == "copy")
        return self._words[i] if found else None

    def at(self, first: int) -> Word | None:
        """The longest word that begins at an instruction."""
        sources: list[Word] = []
        while len(sources) < 2 and (first + len(sources) not in self._leaders or not sources):
            found = self._source(first + len(sources))
            if found is None:
                break
            sources.append(found)
        made = self._consumed(first, first + len(sources), sources)
        if made is None and len(sources) == 2 and self._consumed(first + 1, first + 2, sources[1:]) is None:
            return self._pair(sources)
        return made

    def _pair(self, sources: list[Word]) -> Word | None:
        """Two sources that nothing takes at once."""
        one, two = sources
        if one.handler != "copy":
            return None
        if two.handler == "copy":
            return Word("copy.both", one.d, one.a, two.a, ticks=2)
        return Word("copy.const", one.d, one.a, imm=two.imm, ticks=2)

    def _consumed(self, first: int, at: int, sources: list[Word]) -> Word | None:
        """The instruction at `at` with the sources before it as its last operands."""
        name = self._names[at] if not sources and at < self._end else self._name(at)
        word = self._words[at] if name else None
        if word is None or word.handler == "runtime":
            return None
        if name in _BINARY:
            return self._binary(first, at, name, word, sources)
        if len(sources) == 2 and name not in _STORES:
            return None
        last = sources[-1] if sources else None
        if name in _UNARY:
            return self._unary(first, at, name, word, last)
        if name in _LOADS and word.handler == name:
            return None if last is not None and last.handler != "copy" else self._to_local(
                first, at, word._replace(a=word.a if last is None else last.a)
            )  # fmt: skip
        if name in _STORES and word.handler == name:
            return self._store(word, sources)
        return None if last is None else self._single(name, word, last)

    def _single(self, name: str, word: Word, last: Word) -> Word | None:
        """What takes one operand and is the last of its word."""
        if name == "local.set" and word.handler == "copy":
            return last._replace(d=word.d, ticks=2)
        if last.handler != "copy":
            return None
        if word.handler in ("if", "br_table"):
            return word._replace(d=last.a, ticks=2)
        if word.handler == "select":
            return word._replace(imm=last.a * SLOT_BYTES, ticks=2)
        if word.handler == "return.one":
            return word._replace(a=last.a, ticks=2)
        return None

    def _binary(self, first: int, at: int, name: str, word: Word, sources: list[Word]) -> Word | None:
        if len(sources) == 2:
            left, right = sources
            if left.handler != "copy":
                return None
            word = word._replace(d=left.d, a=left.a)
        elif sources:
            right = sources[0]
        else:
            right = None
        handler = name
        if right is not None and right.handler == "const":
            if not takes_constant(name):
                return None
            handler, word = name + ".const", word._replace(imm=right.imm)
        elif right is not None:
            word = word._replace(b=right.a)
        if is_comparison(name):
            fork = self._fork(first, at, name, handler, word)
            if fork is not None:
                return fork
        if name == "i32.add" and handler == name:
            following = self._name(at + 1)
            if following in _LOADS and self._words[at + 1].handler == following:
                load = self._words[at + 1]._replace(handler=following + ".indexed", a=word.a, b=word.b)
                return self._to_local(first, at + 1, load)
        return self._to_local(first, at, word._replace(handler=handler))

    def _fork(self, first: int, at: int, name: str, handler: str, word: Word) -> Word | None:
        """A comparison and the branch after it; an `i32.eqz` between them turns it round."""
        branch = at + 1
        if self._name(branch) == "i32.eqz" and name[0] == "i":
            type_, _, what = name.partition(".")
            test, _, sign = what.partition("_")
            handler = handler.replace(name, f"{type_}.{_OPPOSITE[test]}{'_' + sign if sign else ''}")
            branch += 1
        if not self._name(branch) or self._words[branch].handler != "if":
            return None
        return word._replace(handler="if." + handler, ticks=branch + 1 - first)

    def _unary(self, first: int, at: int, name: str, word: Word, last: Word | None) -> Word | None:
        if last is not None and last.handler != "copy":
            return None
        operand = word.a if last is None else last.a
        if name.endswith(".eqz") and self._name(at + 1) and self._words[at + 1].handler == "if":
            return Word(f"if.{name}", operand, ticks=at + 2 - first)
        return self._to_local(first, at, word._replace(a=operand))

    def _to_local(self, first: int, at: int, word: Word) -> Word:
        """The word with its result where a `local.set` puts it."""
        if self._name(at + 1) == "local.set" and self._words[at + 1].handler == "copy":
            return word._replace(d=self._words[at + 1].d, ticks=at + 2 - first)
        return word._replace(ticks=at + 1 - first)

    def _store(self, word: Word, sources: list[Word]) -> Word | None:
        if not sources:
            return None
        value = sources[-1]
        if len(sources) == 2:
            if sources[0].handler != "copy":
                return None
            word = word._replace(a=sources[0].a)
        if value.handler == "copy":
            return word._replace(b=value.a, ticks=len(sources) + 1)
        if value.imm >> 32:
            return None
        together = word.a * SLOT_BYTES | value.imm << 32  # the constant stands where the value's slot would
        return word._replace(handler=word.handler + ".const", address=together, ticks=len(sources) + 1)
