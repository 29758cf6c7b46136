"""Reads official test scripts (`.wast`): nodes with spans, and the binary of a module form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vm.errors import WasmscopeError
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
_ESCAPE = re.compile(rb"\\(?:([0-9a-fA-F]{2})|u\{([0-9a-fA-F_]+)\}|(.))", re.DOTALL)
_SIMPLE = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}


@dataclass(slots=True)
class Node:
    """A parenthesis and what is in it: atoms and strings as text (strings with their quotes), and nodes."""

    start: int
    end: int
    items: list[Node | str]
    annotation: bool = False

    @property
    def head(self) -> str:
        """Its first word."""
        first = self.items[0] if self.items else ""
        return first if isinstance(first, str) else ""

    def nodes(self) -> list[Node]:
        """The nodes directly inside."""
        return [item for item in self.items if isinstance(item, Node)]


def _after_comment(text: str, pos: int) -> int:
    depth = 0
    for found in re.compile(r"\(;|;\)").finditer(text, pos):
        depth += 1 if found[0] == "(;" else -1
        if depth == 0:
            return found.end()
    raise ValueError("a block comment is not closed")


def read_script(text: str) -> list[Node]:
    """The top-level nodes of a script, in order."""
    root = Node(0, len(text), [])
    stack, pos = [root], 0
    while pos < len(text):
        found = _TOKEN.match(text, pos)
        if found is None:
            raise ValueError(f"no token at {pos}: {text[pos : pos + 20]!r}")
        start, pos = pos, found.end()
        match found.lastgroup:
            case "comment":
                pos = _after_comment(text, start)
            case "open":
                node = Node(start, 0, [], annotation=found[0] == "(@")
                if not node.annotation:
                    stack[-1].items.append(node)
                stack.append(node)
            case "close":
                stack.pop().end = pos
            case "string" | "atom":
                stack[-1].items.append(found[0])
    return root.nodes()


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
    return "".join(c if ord(c) < 128 else "".join(f"\\{b:02x}" for b in c.encode()) for c in text)


def module_bytes(text: str, node: Node, name: str) -> bytes:
    """The binary of a `(module ...)` form. Raises UserError when the assembler refuses its text."""
    words = [item for item in node.items[1:4] if isinstance(item, str)]
    strings = [item for item in node.items if isinstance(item, str) and item.endswith('"')]
    if "binary" in words:
        return b"".join(map(string_bytes, strings))
    if "quote" in words:
        quoted = b" ".join(map(string_bytes, strings))
        try:
            return assemble(quoted.decode(), name)
        except UnicodeDecodeError as error:
            raise WasmscopeError(f"quoted text is not UTF-8: {error}") from None
    source = text[node.start : node.end]
    if "definition" in words:
        source = source.replace("definition", "", 1)
    return assemble(_ascii_only(source), name)


def module_forms(script: list[Node]) -> Iterator[tuple[Node, str]]:
    """The modules of a script with what must become of them: valid, invalid or malformed."""
    for node in script:
        match node.head:
            case "module" if "instance" not in node.items[1:2]:
                yield node, "valid"
            case "assert_invalid":
                yield node.nodes()[0], "invalid"
            case "assert_malformed":
                yield node.nodes()[0], "malformed"
            case "assert_unlinkable" | "assert_trap" | "assert_exhaustion" if node.nodes()[0].head == "module":
                yield node.nodes()[0], "valid"
