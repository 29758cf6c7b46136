"""From an expression's text to tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from debugger.expression.errors import ExpressionError


class Kind(Enum):
    """What a token is."""

    INT = auto()
    FLOAT = auto()
    CHAR = auto()
    STRING = auto()
    NAME = auto()
    OPERATOR = auto()
    END = auto()


class Token(NamedTuple):
    """`text` is a name without quotes, a string's contents, else as written; `column` counts from 1."""

    kind: Kind
    text: str
    column: int


_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<float>\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)? | \d[\d_]*[eE][+-]?\d+)
  | (?P<int>0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+ | \d[\d_]*)
  | (?P<char>'(?:\\(?:x[0-9a-fA-F]{2}|.)|[^'\\])')
  | (?P<quoted>\$"(?:[^"\\]|\\.)*")
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<name>\$?[A-Za-z_][\w$]*(?:::[\w$]+)* | \$\d+)
  | (?P<operator>->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~<>!?:()\[\].@,])
    """,
    re.VERBOSE,
)
_KINDS = {"int": Kind.INT, "float": Kind.FLOAT, "name": Kind.NAME, "operator": Kind.OPERATOR}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, END last. Raises ExpressionError."""
    at = 0
    while at < len(text):
        m = _TOKEN.match(text, at)
        if m is None:
            raise ExpressionError(_complaint(text, at), at + 1)
        column, at = at + 1, m.end()
        group = m.lastgroup
        assert group is not None
        if group in _KINDS:
            _check_number(m, text)
            yield Token(_KINDS[group], m[0], column)
        elif group == "quoted":
            yield Token(Kind.NAME, "$" + unescaped(m[0][2:-1]), column)
        elif group != "space":
            yield Token(Kind.CHAR if group == "char" else Kind.STRING, unescaped(m[0][1:-1]), column)
    yield Token(Kind.END, "", len(text) + 1)


def _check_number(m: re.Match[str], text: str) -> None:
    following = text[m.end() : m.end() + 1]
    if m.lastgroup in ("int", "float") and (following.isalnum() or following == "_"):
        raise ExpressionError(f"{m[0] + following!r} is not a number", m.start() + 1)


def _complaint(text: str, at: int) -> str:
    if text[at] in "\"'":
        return "a quote is not closed"
    return f"{text[at]!r} means nothing here"


def unescaped(text: str) -> str:
    """A literal's contents with its escapes replaced."""
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)
