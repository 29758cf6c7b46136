"""Disassembly in the text format, driven by the instruction table alone.

A line's tokens are (text, role) and join to its text without separators. Roles: keyword, number, name,
type, comment, punct, label. The text of a function's lines assembles to the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vm.branch_hints import SECTION, branch_hints
from vm.instruction_text import InstructionText, Token, Words, type_text
from vm.instructions import instructions
from vm.module import Module
from vm.naming import Naming
from vm.ops.row import Has
from vm.types import ValType

_LOCALS_IN_LINE = 8
_OUTDENTED = ("else", "catch", "catch_all", "end", "delegate")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: bytes [offset, end) of the file. `index` counts retiring instructions as `vm.facts` does;
    None for lines that never retire. `depth` is the nesting, the function's own lines at 0."""

    offset: int
    end: int
    depth: int
    tokens: tuple[Token, ...]
    index: int | None

    @property
    def text(self) -> str:
        """Without indentation."""
        return "".join(text for text, _ in self.tokens)


def _declare(words: Words, keyword: str, name: str, type_: ValType, naming: Naming) -> None:
    """`(param $x i32)`, or `(param i32)` without a name."""
    words.open(keyword)
    if name.startswith("$"):
        words.word(name, "name")
    words.word(type_text(type_, naming), "type")
    words.close()


def _header(module: Module, func: int, naming: Naming) -> Line:
    type_, body, name = module.func_type(func), module.body(func), naming.func(func)
    words = Words()
    words.open("func")
    words.word(*((name, "name") if name.startswith("$") else (f"(;{name};)", "comment")))
    words.open("type")
    words.name(naming.type_(module.func_type_indexes[func]))
    words.close()
    for index, param in enumerate(type_.params):
        _declare(words, "param", naming.local(func, index), param, naming)
    words.group("result", type_.results, naming)
    return Line(body.span.start, body.span.start, 0, tuple(words.tokens), None)


def _locals(module: Module, func: int, naming: Naming) -> Iterator[Line]:
    """The locals that are not parameters, some on each line."""
    body = module.body(func)
    types = [type_ for count, type_ in body.locals for _ in range(count)]
    first = len(module.func_type(func).params)
    for start in range(0, len(types), _LOCALS_IN_LINE):
        words = Words()
        for index, type_ in enumerate(types[start : start + _LOCALS_IN_LINE], first + start):
            _declare(words, "local", naming.local(func, index), type_, naming)
        yield Line(body.span.start, body.code.start, 1, tuple(words.tokens), None)


def _code(module: Module, func: int, naming: Naming) -> Iterator[Line]:
    text = InstructionText(naming, func)
    hints = branch_hints(module)
    index = 0
    for found in instructions(module.bytes, module.body(func).code):
        before = text.depth
        tokens = text.tokens(found)
        if found.offset in hints:
            tokens = (*_hint(hints[found.offset]), *tokens)
        last = text.depth < 0
        if last:
            tokens = ((")", "punct"), (" ", "punct"), (";; end", "comment"))
        outdented = found.op.name in _OUTDENTED
        silent = not last and (Has.SILENT in found.op.has or found.op.name == "end")
        depth = before if outdented else before + 1
        yield Line(found.offset, found.end, depth, tokens, None if silent else index)
        index += not silent


def _hint(likely: bool) -> tuple[Token, ...]:
    return ((f'(@{SECTION} "\\{int(likely):02x}")', "comment"), (" ", "punct"))


def disassemble(module: Module, func: int, naming: Naming) -> list[Line]:
    """A function defined here: its header, its locals, an instruction a line.

    The last line, `)`, stands for the function's last `end`. Raises DecodeError for damaged bodies.
    """
    return list(disassembly(module, func, naming))


def disassembly(module: Module, func: int, naming: Naming) -> Iterator[Line]:
    """The same, a line when it is asked for."""
    yield _header(module, func, naming)
    yield from _locals(module, func, naming)
    yield from _code(module, func, naming)
