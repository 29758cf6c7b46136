"""One instruction as text, driven by the instruction table alone (spec: Text Format, Instructions)."""

from __future__ import annotations

from vm.floats import hex_float, short_float
from vm.instructions import EMPTY_BLOCK, Catch, Immediate, Immediates, Instruction, block_type
from vm.module import Module
from vm.naming import Naming
from vm.ops.row import Imm, Op
from vm.types import (
    ArrayType,
    CompositeType,
    FieldType,
    FuncType,
    NumType,
    RefType,
    StorageType,
    StructType,
    ValType,
)

Token = tuple[str, str]


class Words:
    """Tokens of a line under construction: words with a space between them."""

    __slots__ = ("tokens",)

    def __init__(self) -> None:
        self.tokens: list[Token] = []

    def word(self, text: str, role: str) -> None:
        """A word; its space comes in front, but not after a parenthesis."""
        if self.tokens and self.tokens[-1][0] != "(":
            self.tokens.append((" ", "punct"))
        self.tokens.append((text, role))

    def open(self, keyword: str) -> None:
        """`(keyword`."""
        self.word("(", "punct")
        self.word(keyword, "keyword")

    def close(self) -> None:
        """`)`."""
        self.tokens.append((")", "punct"))

    def name(self, text: str, role: str = "name") -> None:
        """A name, or an index when there is none."""
        self.word(text, role if text.startswith("$") else "number")

    def group(self, keyword: str, types: tuple[ValType, ...], naming: Naming) -> None:
        """`(result i32 i32)`; nothing when there are no types."""
        if types:
            self.open(keyword)
            for type_ in types:
                self.word(type_text(type_, naming), "type")
            self.close()


def type_text(type_: StorageType, naming: Naming) -> str:
    """A type as the text format writes it, type indices by name."""
    if isinstance(type_, RefType) and isinstance(type_.heap, int):
        return f"(ref {'null ' if type_.nullable else ''}{naming.type_(type_.heap)})"
    return str(type_)


def composite_text(type_: CompositeType, naming: Naming) -> str:
    """`(func (param i32))`, `(struct (field (mut i32)))`, `(array i8)`."""

    def field(f: FieldType) -> str:
        text = type_text(f.storage, naming)
        return f"(mut {text})" if f.mutable else text

    match type_:
        case FuncType(params, results):
            groups = (("param", params), ("result", results))
            parts = [f"({word} {' '.join(type_text(t, naming) for t in types)})" for word, types in groups if types]
            return f"(func{''.join(f' {part}' for part in parts)})"
        case StructType(fields):
            return f"(struct{''.join(f' (field {field(f)})' for f in fields)})"
        case ArrayType(element):
            return f"(array {field(element)})"


def definition_text(module: Module, index: int, naming: Naming) -> str:
    """A type with what it declares: `(sub $above (struct (field i32)))`."""
    text, said = composite_text(module.types[index], naming), module.declared.get(index)
    if said is None:
        return text
    supers = "".join(f" {naming.type_(i)}" for i in said.supers)
    return f"(sub{' final' if said.final else ''}{supers} {text})"


def _integer(value: Immediate, bits: int) -> str:
    assert isinstance(value, int)
    return str(value - (1 << bits) if value >> (bits - 1) else value)


def _index(value: Immediate) -> int:
    assert isinstance(value, int)
    return value


_TEXT_NAMES = {"select_t": "select", "ref.test_null": "ref.test", "ref.cast_null": "ref.cast"}
_BARE_TYPES = ("gc", "function-references")  # whose instructions name a type without `(type ...)`

# Pairs of immediates that the text format writes the other way round.
_SWAPPED = ((Imm.DATA, Imm.MEMORY), (Imm.ELEM, Imm.TABLE), (Imm.TYPE, Imm.TABLE))


class InstructionText:
    """Writes the instructions of one expression in file order, keeping track of labels."""

    def __init__(self, naming: Naming, func: int) -> None:
        self._naming, self._func = naming, func
        self._labels: list[str] = [""]  # of the open structures, outermost first; the function has none
        self._opened = 0

    @property
    def depth(self) -> int:
        """Open structures, the expression itself not counted; -1 once it is over."""
        return len(self._labels) - 1

    def tokens(self, found: Instruction) -> tuple[Token, ...]:
        """The tokens of the next instruction."""
        words = Words()
        words.word(_TEXT_NAMES.get(found.op.name, found.op.name), "keyword")
        if found.op.name == "end":
            self._labels.pop()
        elif found.op.name == "delegate":
            self._labels.pop()
            self._label(words, _index(found.imm[0]))
        elif Imm.BLOCK in found.op.imm:
            self._open(words, found.imm)
        else:
            self._immediates(words, found.op, found.imm)
        return tuple(words.tokens)

    def _open(self, words: Words, imm: Immediates) -> None:
        label = self._naming.label(self._func, self._opened)
        self._opened += 1
        own = label if label.startswith("$") else ""
        if own:
            words.word(label, "label")
        self._block_type(words, imm)
        for clause in imm[1:]:
            assert isinstance(clause, Catch)
            self._catch(words, clause)
        self._labels.append(own)

    def _catch(self, words: Words, clause: Catch) -> None:
        """`(catch_ref $e $l)`; its label is counted from outside."""
        words.open(f"catch{'_all' if clause.tag is None else ''}{'_ref' if clause.with_ref else ''}")
        if clause.tag is not None:
            words.name(self._naming.tag(clause.tag))
        self._label(words, clause.label)
        words.close()

    def _block_type(self, words: Words, imm: Immediates) -> None:
        if isinstance(imm[0], RefType):
            words.group("result", (imm[0],), self._naming)
            return
        number = _index(imm[0])
        if number >= 0:
            words.open("type")
            words.name(self._naming.type_(number))
            words.close()
        elif number != EMPTY_BLOCK:
            words.group("result", block_type(number, ()).results, self._naming)

    def _immediates(self, words: Words, op: Op, imm: Immediates) -> None:
        match op.imm:
            case (Imm.MEMARG, *lane):
                self._memarg(words, op, imm[:3])
                for value in imm[3 : 3 + len(lane)]:
                    words.word(str(value), "number")
            case (Imm.LANES,):
                for value in imm:
                    words.word(str(value), "number")
            case (Imm.LABEL,) | (Imm.LABELS,):
                for depth in imm:
                    self._label(words, _index(depth))
            case (Imm.TYPES,):
                types = tuple([type_ for type_ in imm if isinstance(type_, NumType | RefType)])
                words.group("result", types, self._naming)
            case (Imm.CAST,):
                self._label(words, _index(imm[0]))
                for type_ in imm[1:]:
                    assert isinstance(type_, RefType)
                    words.word(type_text(type_, self._naming), "type")
            case (Imm.TYPE, *_) if op.proposal in _BARE_TYPES:
                for kind, value in zip(op.imm, imm, strict=True):
                    if kind is Imm.TYPE:
                        words.name(self._naming.type_(_index(value)))
                    else:
                        self._one(words, kind, value)
            case (Imm.ZERO,):
                pass
            case (Imm.MEMORY,) | (Imm.MEMORY, Imm.MEMORY) if not any(imm):
                pass
            case (first, second) if (first, second) in _SWAPPED:
                if imm[1]:
                    self._one(words, second, imm[1])
                self._one(words, first, imm[0])
            case kinds:
                for kind, value in zip(kinds, imm, strict=True):
                    self._one(words, kind, value)

    def _memarg(self, words: Words, op: Op, imm: Immediates) -> None:
        align, memory, offset = map(_index, imm)
        if memory:
            words.name(self._naming.memory(memory))
        if offset:
            words.word(f"offset={offset}", "number")
        if 1 << align != op.width:
            words.word(f"align={1 << align}", "number")

    def _label(self, words: Words, depth: int) -> None:
        name = self._labels[-1 - depth] if depth < len(self._labels) else ""
        hidden = name in self._labels[len(self._labels) - depth :]
        words.word(*((name, "label") if name and not hidden else (str(depth), "number")))

    def _one(self, words: Words, kind: Imm, value: Immediate) -> None:
        naming = self._naming
        match kind:
            case Imm.I32 | Imm.I64:
                words.word(_integer(value, 32 if kind is Imm.I32 else 64), "number")
            case Imm.F32 | Imm.F64:
                _float(words, _index(value), 32 if kind is Imm.F32 else 64)
            case Imm.V128:
                _vector(words, _index(value))
            case Imm.LANE:
                words.word(str(value), "number")
            case Imm.LOCAL:
                words.name(naming.local(self._func, _index(value)))
            case Imm.TYPE:
                words.open("type")
                words.name(naming.type_(_index(value)))
                words.close()
            case Imm.HEAP if isinstance(value, int):
                words.name(naming.type_(value))
            case Imm.HEAP:
                words.word(str(value), "type")
            case Imm.REF | Imm.REF_NULL:
                assert isinstance(value, RefType)
                words.word(type_text(value, naming), "type")
            case Imm.FIELD | Imm.COUNT:
                words.word(str(value), "number")
            case Imm.TAG:
                words.name(naming.tag(_index(value)))
            case Imm.FUNC:
                words.name(naming.func(_index(value)))
            case Imm.GLOBAL:
                words.name(naming.global_(_index(value)))
            case Imm.TABLE:
                words.name(naming.table(_index(value)))
            case Imm.MEMORY:
                words.name(naming.memory(_index(value)))
            case Imm.DATA:
                words.name(naming.data(_index(value)))
            case Imm.ELEM:
                words.name(naming.elem(_index(value)))
            case _:
                raise AssertionError(kind)


def _vector(words: Words, bits: int) -> None:
    words.word("i32x4", "type")
    for lane in range(4):
        words.word(f"{bits >> 32 * lane & 0xFFFF_FFFF:#010x}", "number")


def _float(words: Words, bits: int, width: int) -> None:
    exact, short = hex_float(bits, width), short_float(bits, width)
    words.word(exact, "number")
    if short != exact:
        words.word(f"(;={short};)", "comment")
