"""Source files in colour: a lexer of Pygments chosen by the file's name, its tokens turned into roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

from ui.render.line import Part, Role

_MOST_CHARACTERS = 400_000  # of a file that is coloured; longer ones are plain

# The nearest ancestor of a token's type that stands here gives its role.
_ROLES: Mapping[_TokenType, Role] = MappingProxyType(
    {
        Token: Role.PLAIN,
        Token.Keyword: Role.KEYWORD,
        Token.Keyword.Type: Role.TYPE,
        Token.Name.Function: Role.NAME,
        Token.Name.Class: Role.TYPE,
        Token.Literal.String: Role.STRING,
        Token.Literal.Number: Role.NUMBER,
        Token.Comment: Role.COMMENT,
        Token.Comment.Preproc: Role.LABEL,
        Token.Comment.PreprocFile: Role.STRING,
    }
)

SourceLine = tuple[Part, ...]


def coloured(file: str, lines: Sequence[str]) -> tuple[SourceLine, ...]:
    """The lines of a source file as parts; plain where no lexer knows the file or it is too long."""
    expanded = [text.expandtabs() for text in lines]
    lexer = _lexer(file) if sum(map(len, expanded)) <= _MOST_CHARACTERS else None
    if lexer is None:
        return tuple((text,) for text in expanded)
    text = "".join(f"{line}\n" for line in expanded)
    found = _by_line((value, _role(type_)) for type_, value in lexer.get_tokens(text))
    return tuple(found[: len(lines)]) + ((),) * (len(lines) - len(found))


def _lexer(file: str) -> Lexer | None:
    try:
        return get_lexer_for_filename(file, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _role(type_: _TokenType) -> Role:
    while type_ not in _ROLES:
        assert type_.parent is not None
        type_ = type_.parent
    return _ROLES[type_]


def _by_line(pieces: Iterable[tuple[str, Role]]) -> list[SourceLine]:
    out: list[list[Part]] = [[]]
    for text, role in pieces:
        first, *more = text.split("\n")
        out[-1].append((first, role))
        out += [[(part, role)] for part in more]
    return [tuple(parts) for parts in out]
