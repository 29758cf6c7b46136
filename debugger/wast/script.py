"""Scripts as nodes with spans, and the binary of a module form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from debugger.wast.node import Node
from debugger.wast.unfold import unfolded
from vm.errors import DecodeError, UserError
from vm.text import assemble

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+ | ;;[^\r\n]*)
  | (?P<comment>\(;)
  | (?P<open>\((?:@)?)
  | (?P<close>\))
  | (?P<string>[^\s()";]*"(?:[^"\\]|\\.)*")
  | (?P<atom>[^\s()";]+ | ;)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_ENDS = re.compile(r"\(;|;\)")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_ESCAPE = re.compile(rb"\\(?:([0-9a-fA-F]{2})|u\{([0-9a-fA-F_]+)\}|(.))", re.DOTALL)
_SIMPLE = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}
COMMANDS = frozenset(
    ("module", "register", "invoke", "get", "assert_return", "assert_trap", "assert_exhaustion", "assert_exception",
     "assert_invalid", "assert_malformed", "assert_unlinkable", "assert_malformed_custom", "assert_invalid_custom",
     "thread", "wait")
)  # fmt: skip


@dataclass(frozen=True)
class Script:
    """A script's text and its top-level commands."""

    name: str
    text: str
    commands: tuple[Node, ...]

    def line(self, node: Node) -> int:
        """The line on which a node starts, from 1."""
        return len(_LINE_ENDS.findall(self.text, 0, node.start)) + 1


def read_script(text: str, name: str) -> Script:
    """Reads a script. A file of bare module fields is one module. Raises UserError: `file:line: what`."""
    root = _read(text, name)
    commands = tuple(root.nodes())
    if commands and not any(node.head in COMMANDS or node.head.startswith("assert_") for node in commands):
        return Script(name, text, (Node(0, len(text), ["module", *root.items], bare=True),))
    return Script(name, text, commands)


def _read(text: str, name: str) -> Node:
    root = Node(0, len(text), [])
    stack, pos = [root], 0

    def fail(what: str, at: int) -> UserError:
        return UserError(f"{name}:{len(_LINE_ENDS.findall(text, 0, at)) + 1}: {what}")

    while pos < len(text):
        found = _TOKEN.match(text, pos)
        if found is None:
            raise fail(f"no token starts with {text[pos : pos + 12]!r}", pos)
        start, pos = pos, found.end()
        match found.lastgroup:
            case "comment":
                end = _after_comment(text, start)
                if end is None:
                    raise fail("this comment is not closed", start)
                pos = end
            case "open":
                node = Node(start, 0, [], annotation=found[0] == "(@")
                if not node.annotation:
                    stack[-1].items.append(node)
                stack.append(node)
            case "close":
                if len(stack) == 1:
                    raise fail("this parenthesis was never opened", start)
                stack.pop().end = pos
            case "string" | "atom":
                stack[-1].items.append(found[0])
    if len(stack) > 1:
        raise fail("this parenthesis is not closed", stack[-1].start)
    return root


def _after_comment(text: str, pos: int) -> int | None:
    depth = 0
    for found in _COMMENT_ENDS.finditer(text, pos):
        depth += 1 if found[0] == "(;" else -1
        if depth == 0:
            return found.end()
    return None


def string_bytes(literal: str) -> bytes:
    """The bytes a quoted string stands for."""

    def unescape(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 16)])
        if found[2]:
            return chr(int(found[2].replace(b"_", b""), 16)).encode()
        return _SIMPLE.get(found[3], found[3])

    return _ESCAPE.sub(unescape, literal[literal.index('"') + 1 : -1].encode())


def _ascii_only(text: str) -> str:
    """Strings' other characters as escapes: the assembler takes some for confusing."""
    return "".join(c if ord(c) < 128 else "".join(f"\\{b:02x}" for b in c.encode()) for c in text)


def words_of(node: Node) -> list[str]:
    """The plain words behind a module form's head: `definition`, `binary`, `quote`, `instance`, names."""
    return [item for item in node.items[1:4] if isinstance(item, str) and not item.endswith('"')]


def module_bytes(script: Script, node: Node) -> bytes:
    """The binary of a `(module ...)` form. Raises UserError when the assembler refuses its text."""
    words = words_of(node)
    strings = [item for item in node.items if isinstance(item, str) and item.endswith('"')]
    if "binary" in words:
        return b"".join(map(string_bytes, strings))
    if "quote" in words:
        try:
            quoted = b" ".join(map(string_bytes, strings)).decode()
        except UnicodeDecodeError as error:
            raise DecodeError(error.start, "quoted text is not UTF-8") from None
        return _assemble(quoted, script.name, lambda: unfolded(quoted, _read(quoted, script.name)))
    source = script.text[node.start : node.end]
    if "definition" in words:
        source = source.replace("definition", "", 1)
    return _assemble(_ascii_only(source), script.name, lambda: unfolded(script.text, node))


def _assemble(source: str, name: str, otherwise: Callable[[], str | None]) -> bytes:
    """Assembles; what is refused once more with the older folded `try` forms written flat."""
    try:
        return assemble(source, name)
    except UserError:
        flat = otherwise()
        if flat is None:
            raise
        return assemble(flat, name)
