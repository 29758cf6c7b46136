"""Which line of a module's text each instruction was written on: comments, folded expressions and all.

The text is read as far as its instructions go, in the order in which they are assembled, and laid beside the code.
Where the two do not agree, a function has no lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vm.errors import DecodeError
from vm.instructions import read_instruction
from vm.module import Body, Module
from vm.ops.table import OPS

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+ | ;;[^\r\n]*)
  | (?P<comment>\(;)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<string>[^\s()";]*"(?:[^"\\]|\\.)*")
  | (?P<atom>[^\s()";]+ | ;)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_ENDS = re.compile(r"\(;|;\)")
_NAMES = frozenset(op.name for op in OPS)
_ASIDE = frozenset(("type", "param", "result", "local", "export", "import", "ref", "catch", "catch_ref", "catch_all",
                    "catch_all_ref"))  # fmt: skip
_CLOSING = ("end", "else", "then")

Place = tuple[str, int]  # an instruction's name, and where it is in the text


@dataclass(slots=True)
class _Form:
    """A parenthesis: words as (text, position), and forms inside."""

    at: int
    items: list[_Form | Place] = field(default_factory=list)

    @property
    def head(self) -> str:
        first = self.items[0] if self.items else ("", 0)
        return first[0] if isinstance(first, tuple) else ""

    def forms(self) -> list[_Form]:
        return [item for item in self.items if isinstance(item, _Form)]


def text_places(module: Module, text: str) -> list[tuple[int, int, int]]:
    """(file offset, line, column) of instructions, by offset; lines and columns count from 1."""
    root = _read(text)
    if root is None:
        return []
    modules = [form for form in root.forms() if form.head == "module"]
    fields = (modules[0] if modules else root).forms()
    functions = [f for f in fields if f.head == "func" and not any(i.head == "import" for i in f.forms())]
    if len(functions) != len(module.bodies):
        return []
    starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]
    found: list[tuple[int, int, int]] = []
    for form, body in zip(functions, module.bodies, strict=True):
        found += _function(module, body, form, starts)
    return found


def _function(module: Module, body: Body, form: _Form, starts: list[int]) -> list[tuple[int, int, int]]:
    try:
        written = list(_sequence(form.items[1:]))
        assembled = list(_assembled(module, body))
    except (RecursionError, DecodeError):
        return []
    if [name for name, _ in written] != [name for name, _ in assembled]:
        return []
    made = []
    for (_, at), (_, offset) in zip(written, assembled, strict=True):
        line = bisect_right(starts, at)
        made.append((offset, line, at - starts[line - 1] + 1))
    return made


def _assembled(module: Module, body: Body) -> Iterator[tuple[str, int]]:
    at = body.code.start
    while at < body.code.end:
        instr = read_instruction(module.bytes, at, body.code.end)
        if instr.op.name not in _CLOSING:
            yield instr.op.name, instr.offset
        at = instr.end


def _read(text: str) -> _Form | None:
    root = _Form(0)
    stack, at = [root], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        start, at = at, found.end()
        match found.lastgroup:
            case "comment":
                at = _after_comment(text, start)
            case "open":
                form = _Form(start)
                stack[-1].items.append(form)
                stack.append(form)
            case "close":
                if len(stack) == 1:
                    return None
                stack.pop()
            case "string" | "atom":
                stack[-1].items.append((found[0], start))
    return root if len(stack) == 1 else None


def _after_comment(text: str, at: int) -> int:
    depth = 0
    for found in _COMMENT_ENDS.finditer(text, at):
        depth += 1 if found[0] == "(;" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _sequence(items: Sequence[_Form | Place]) -> Iterator[Place]:
    """Instructions in the order in which they are assembled."""
    for item in items:
        if isinstance(item, tuple):
            if item[0] in _NAMES and item[0] not in _CLOSING:
                yield item
        elif item.head not in _ASIDE and not item.head.startswith("@"):
            yield from _folded(item)


def _folded(form: _Form) -> Iterator[Place]:
    head, rest = form.head, form.items[1:]
    inner = [i for i in rest if isinstance(i, _Form)]
    own = form.items[0]
    if head in _CLOSING or not isinstance(own, tuple):
        yield from _sequence(rest)
    elif head in ("block", "loop", "try_table"):
        yield own
        yield from _sequence(rest)
    elif head == "if":
        arms = [i for i in inner if i.head in ("then", "else")]
        yield from _sequence([i for i in inner if i.head not in ("then", "else")])
        yield own
        for arm in arms:
            yield from _sequence(arm.items[1:])
    else:
        yield from _sequence(inner)
        if head in _NAMES:
            yield own
