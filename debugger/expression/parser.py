"""The grammar: a Pratt parser.

    c ? a : b                                weakest
    or ||    and &&    not
    == != < <= > >=
    |    ^    &    << >>    + -    * / %     tighter than comparisons, so `x & 1 == 0` tests a bit
    - ~ ! * & (type) type@                   prefixes
    x.name  x->name  x[i]  x[start:size]              strongest

Types are i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 bool char cstr, `T*`, `T[n]`, the runtime's structs by name, and those
of the program's source. `p->x` is `p.x`.
"""

from __future__ import annotations

from debugger.expression.errors import ExpressionError
from debugger.expression.lexer import Kind, Token, tokens
from debugger.expression.tree import (
    At,
    Binary,
    Cast,
    Choice,
    Index,
    Member,
    Name,
    Node,
    Number,
    Slice,
    Text,
    TypeName,
    Unary,
)
from debugger.expression.types import WORDS

_MOST_OPERATORS = 150  # and brackets: keeps the tree as shallow as evaluation can follow
_INFIX = {
    "?": 1,
    "or": 2, "||": 2,
    "and": 3, "&&": 3,
    "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5,
    "|": 6, "^": 7, "&": 8,
    "<<": 9, ">>": 9,
    "+": 10, "-": 10,
    "*": 11, "/": 11, "%": 11,
}  # fmt: skip
_NOT, _PREFIX = 4, 12
_SAME = {"||": "or", "&&": "and", "!": "not"}
_TYPE_WORDS = ("struct", "class", "union", "enum", "const", "volatile", "unsigned", "signed", "long", "short", "int",
               "float", "double", "char", "i128", "u128", "isize")  # fmt: skip
_PREFIXES = ("-", "+", "~", "!", "*", "&")


def parse(text: str) -> Node:
    """An expression's tree. Raises ExpressionError."""
    return _Parser(text).whole()


class _Parser:
    """Reads one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._at = 0
        self._operators = 0

    # -- tokens ----------------------------------------------------------------------------------

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._peek()
        self._at += token.kind is not Kind.END
        return token

    def _is(self, text: str, ahead: int = 0) -> bool:
        """Whether an operator or a word stands `ahead` tokens further."""
        if self._at + ahead >= len(self._tokens):
            return False
        token = self._tokens[self._at + ahead]
        return token.text == text and token.kind in (Kind.OPERATOR, Kind.NAME)

    def _expect(self, text: str) -> None:
        if not self._is(text):
            raise self._unexpected(f"{text!r} is missing")
        self._next()

    def _unexpected(self, what: str) -> ExpressionError:
        token = self._peek()
        found = "the end" if token.kind is Kind.END else repr(token.text)
        return ExpressionError(f"{what}, found {found}", token.column)

    def _count(self) -> None:
        self._operators += 1
        if self._operators > _MOST_OPERATORS:
            raise ExpressionError(f"more than {_MOST_OPERATORS} operators", self._peek().column)

    # -- expressions -----------------------------------------------------------------------------

    def whole(self) -> Node:
        if self._peek().kind is Kind.END:
            raise ExpressionError("an expression is missing", 1, "try $name, local[0] or memory[0][0x10:4]")
        node = self._expression(0)
        if self._peek().kind is not Kind.END:
            raise self._unexpected("an operator is missing")
        return node

    def _expression(self, least: int) -> Node:
        """An expression whose infix operators bind at least as tightly as `least`."""
        left = self._prefix()
        while self._peek().kind in (Kind.OPERATOR, Kind.NAME):
            token = self._peek()
            power = _INFIX.get(token.text)
            if power is None or power < least:
                break
            self._count()
            self._next()
            if token.text == "?":
                left = self._choice(token.column, left)
            else:
                right = self._expression(power + 1)
                left = Binary(token.column, _SAME.get(token.text, token.text), left, right)
        return left

    def _choice(self, column: int, condition: Node) -> Node:
        yes = self._expression(0)
        self._expect(":")
        return Choice(column, condition, yes, self._expression(1))

    def _prefix(self) -> Node:
        token = self._peek()
        if token.kind is Kind.NAME and token.text == "not":
            self._count()
            self._next()
            return Unary(token.column, "not", self._expression(_NOT))
        if token.kind is Kind.OPERATOR and token.text in _PREFIXES:
            self._count()
            self._next()
            return Unary(token.column, _SAME.get(token.text, token.text), self._expression(_PREFIX))
        if self._is("(") and self._is_cast():
            return self._cast()
        return self._postfix(self._primary())

    def _postfix(self, node: Node) -> Node:
        while True:
            column = self._peek().column
            if self._is(".") or self._is("->"):
                self._count()
                self._next()
                node = Member(column, node, self._member())
            elif self._is("["):
                self._count()
                self._next()
                node = self._subscript(column, node)
            else:
                return node

    def _member(self) -> str:
        token = self._next()
        if token.kind is not Kind.NAME:
            raise ExpressionError("a name is missing after '.'", token.column)
        return token.text

    def _subscript(self, column: int, target: Node) -> Node:
        first = self._expression(0)
        if self._is(":"):
            self._next()
            size = self._expression(0)
            self._expect("]")
            return Slice(column, target, first, size)
        self._expect("]")
        return Index(column, target, first)

    def _primary(self) -> Node:
        token = self._peek()
        match token.kind:
            case Kind.INT:
                self._next()
                return Number(token.column, _integer(token))
            case Kind.FLOAT:
                self._next()
                return Number(token.column, float(token.text.replace("_", "")))
            case Kind.CHAR:
                self._next()
                return Number(token.column, ord(token.text))
            case Kind.STRING:
                self._next()
                return Text(token.column, token.text)
            case Kind.NAME:
                return self._name()
        if self._is("("):
            self._count()
            self._next()
            node = self._expression(0)
            self._expect(")")
            return node
        raise self._unexpected("a value is missing")

    # -- names and types -------------------------------------------------------------------------

    def _name(self) -> Node:
        token = self._peek()
        if token.text in WORDS or self._is("@", 1) or (self._is("*", 1) and self._is("@", 2)):
            return self._typed()
        self._next()
        if token.text in _INFIX:
            raise ExpressionError(f"a value is missing before {token.text!r}", token.column)
        return Name(token.column, token.text)

    def _typed(self) -> Node:
        """`type@address` or `type(value)`."""
        column = self._peek().column
        type_ = self._type()
        self._count()
        if self._is("@"):
            self._next()
            return At(column, type_, self._expression(_PREFIX))
        if self._is("("):
            self._next()
            operand = self._expression(0)
            self._expect(")")
            return Cast(column, type_, operand)
        raise self._unexpected(f"'@' or '(' is missing after type {type_.name}")

    def _type(self) -> TypeName:
        token = self._next()
        name, stars, count = token.text, 0, None
        while self._peek().kind is Kind.NAME and (token.text in _TYPE_WORDS or self._peek().text in _TYPE_WORDS):
            name += f" {self._next().text}"
        while self._is("*"):
            self._next()
            stars += 1
        if self._is("["):
            self._next()
            size = self._next()
            if size.kind is not Kind.INT:
                raise ExpressionError("a number is missing between brackets", size.column)
            count = _integer(size)
            self._expect("]")
        return TypeName(token.column, name, stars, count)

    def _is_cast(self) -> bool:
        """Whether `(` opens a type: a type's word, or a name with `*` and then `)`."""
        if self._at + 1 >= len(self._tokens) or self._tokens[self._at + 1].kind is not Kind.NAME:
            return False
        words = ahead = 1
        while self._at + ahead < len(self._tokens) and self._tokens[self._at + ahead].kind is Kind.NAME:
            ahead += 1
        words, first = ahead - 1, self._tokens[self._at + 1].text
        if words > 1 and not any(self._tokens[self._at + 1 + i].text in _TYPE_WORDS for i in range(words)):
            return False
        while self._is("*", ahead):
            ahead += 1
        is_type = first in WORDS or first in _TYPE_WORDS or words > 1
        return self._is(")", ahead) and (ahead > words + 1 or is_type)

    def _cast(self) -> Node:
        column = self._next().column
        self._count()
        type_ = self._type()
        self._expect(")")
        return Cast(column, type_, self._expression(_PREFIX))


def _integer(token: Token) -> int:
    try:
        value = int(token.text.replace("_", ""), 0 if token.text[1:2].isalpha() else 10)
    except ValueError:
        raise ExpressionError(f"{token.text!r} is not a number", token.column) from None
    if value >= 1 << 64:
        raise ExpressionError(f"{token.text} does not fit 64 bits", token.column)
    return value
