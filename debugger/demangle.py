"""Names as the source has them: from what C++ and Rust compilers make of them for linkers.

Itanium's C++ names as far as functions, templates and the usual types go, Rust's older names whole and its newer ones
without their generic arguments. What is not understood stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from vm.errors import WasmscopeError

_MOST_CHARACTERS = 4096
_MOST_DEPTH = 100
_MOST_OUTPUT = 16_384
_RUST_HASH = re.compile(r"^h[0-9a-f]{16}$")
_RUST_ESCAPES = {
    "SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ",",
}  # fmt: skip
_BUILTIN = {
    "v": "void", "w": "wchar_t", "b": "bool", "c": "char", "a": "signed char", "h": "unsigned char", "s": "short",
    "t": "unsigned short", "i": "int", "j": "unsigned int", "l": "long", "m": "unsigned long", "x": "long long",
    "y": "unsigned long long", "n": "__int128", "o": "unsigned __int128", "f": "float", "d": "double",
    "e": "long double", "z": "...",
}  # fmt: skip
_BUILTIN_D = {"i": "char32_t", "s": "char16_t", "u": "char8_t", "n": "std::nullptr_t", "a": "auto"}
_STANDARD = {
    "St": "std", "Sa": "std::allocator", "Sb": "std::basic_string", "Ss": "std::string", "Si": "std::istream",
    "So": "std::ostream", "Sd": "std::iostream",
}  # fmt: skip
_OPERATORS = {
    "nw": " new", "na": " new[]", "dl": " delete", "da": " delete[]", "ps": "+", "ng": "-", "ad": "&", "de": "*",
    "co": "~", "pl": "+", "mi": "-", "ml": "*", "dv": "/", "rm": "%", "an": "&", "or": "|", "eo": "^", "aS": "=",
    "pL": "+=", "mI": "-=", "mL": "*=", "dV": "/=", "rM": "%=", "aN": "&=", "oR": "|=", "eO": "^=", "ls": "<<",
    "rs": ">>", "lS": "<<=", "rS": ">>=", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
    "ss": "<=>", "nt": "!", "aa": "&&", "oo": "||", "pp": "++", "mm": "--", "cm": ",", "pm": "->*", "pt": "->",
    "cl": "()", "ix": "[]", "qu": "?",
}  # fmt: skip
_SPECIAL = {
    "TV": "vtable for ", "TT": "VTT for ", "TI": "typeinfo for ", "TS": "typeinfo name for ",
    "GV": "guard variable for ", "TW": "thread-local wrapper routine for ",
}  # fmt: skip


class _Unknown(WasmscopeError):
    """A name of a form that is not known here."""


def is_mangled(name: str) -> bool:
    """Whether a name may be other than its source has it."""
    return name.startswith(("_Z", "__ZN", "_R")) or (
        name[-19:-16] == "::h" and _RUST_HASH.match(name[-17:]) is not None
    )


@lru_cache(maxsize=65_536)
def demangled(name: str) -> str:
    """A name as the source has it; as it is when it is not mangled, or not understood."""
    if len(name) > _MOST_CHARACTERS:
        return name
    if not name.startswith("_") and is_mangled(name):
        return name[:-19]  # a linker did the rest
    try:
        if name.startswith(("_ZN", "__ZN")) and (rust := _rust_legacy(name.lstrip("_"))):
            return rust
        if name.startswith("_Z"):
            return _Itanium(name[2:]).whole()
        if name.startswith("_R"):
            return _RustV0(name[2:]).whole()
    except (_Unknown, IndexError, ValueError, RecursionError):
        pass
    return name


# -- Rust ------------------------------------------------------------------------------------------


def _rust_legacy(name: str) -> str:
    """`_ZN4tree4main17h0123456789abcdefE`; empty when it is no name of Rust's."""
    parts: list[str] = []
    at = 2
    while at < len(name) and name[at].isdigit():
        m = re.match(r"\d{1,4}", name[at:])
        assert m is not None
        start = at + len(m[0])
        parts.append(name[start : start + int(m[0])])
        at = start + int(m[0])
    if len(parts) < 2 or name[at : at + 1] != "E" or not _RUST_HASH.match(parts[-1]):
        return ""
    return "::".join(_rust_unescaped(p) for p in parts[:-1])


def _rust_unescaped(part: str) -> str:
    part = part.removeprefix("_") if part.startswith("_$") else part
    part = re.sub(r"\$u([0-9a-f]{1,6})\$", lambda m: chr(min(int(m[1], 16), 0x10FFFF)), part)
    part = re.sub(r"\$([A-Z]{1,2})\$", lambda m: _RUST_ESCAPES.get(m[1], m[0]), part)
    return part.replace("..", "::")


class _RustV0:
    """`_RNvCs1234_7mycrate3foo`: paths; generic arguments are left out."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    def whole(self) -> str:
        while self._text[self._at : self._at + 1].isdigit():
            self._at += 1
        return self._path()

    def _path(self) -> str:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise _Unknown
        kind = self._next()
        if kind == "C":
            return self._identifier()
        if kind == "N":
            space = self._next()
            outer, name = self._path(), self._identifier()
            inner = {"C": "{closure}", "S": "{shim}"}.get(space, name)
            return f"{outer}::{inner}" + (f":{name}" if space in "CS" and name else "")
        if kind == "I":
            return self._path()
        if kind in "MX":
            self._disambiguator()
            self._path()
            raise _Unknown  # an impl: its type would have to be read
        raise _Unknown

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _disambiguator(self) -> None:
        if self._text[self._at : self._at + 1] == "s":
            self._at = self._text.index("_", self._at) + 1

    def _identifier(self) -> str:
        self._disambiguator()
        m = re.match(r"u?(\d{1,4})_?", self._text[self._at :])
        if m is None:
            raise _Unknown
        start = self._at + len(m[0])
        self._at = start + int(m[1])
        return self._text[start : self._at]


# -- C++ -------------------------------------------------------------------------------------------


class _Itanium:
    """The Itanium C++ ABI's names, without expressions in templates beyond literals."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        self._known: list[str] = []  # what substitutions stand for
        self._arguments: list[str] = []  # of the template around

    def whole(self) -> str:
        special = _SPECIAL.get(self._text[:2])
        if special is not None:
            self._at = 2
            return special + self._type()
        name, is_template = self._encoding_name()
        if self._at >= len(self._text) or self._text[self._at] in ".$":
            return name
        if is_template and not _is_constructor(name):
            self._type()  # a template's result type comes first
        parameters = self._parameters()
        return f"{name}({parameters}){self._qualifiers}"

    _qualifiers = ""

    def _encoding_name(self) -> tuple[str, bool]:
        """A name, and whether it ends in template arguments."""
        if self._peek("N"):
            return self._nested()
        if self._peek("Z"):
            return self._local()
        name = self._unscoped()
        if self._peek("I"):
            self._learn(name)
            return name + self._template_arguments(), True
        return name, False

    def _local(self) -> tuple[str, bool]:
        self._at += 1
        inner, is_template = self._encoding_name()
        if is_template and not self._peek("E"):
            self._type()
        parameters = "" if self._peek("E") else self._parameters()
        self._expect("E")
        if self._peek("s"):
            return f"{inner}({parameters})::string literal", False
        name, is_template = self._encoding_name()
        m = re.match(r"_\d|__\d+_", self._text[self._at :])
        self._at += len(m[0]) if m else 0
        return f"{inner}({parameters})::{name}", is_template

    def _unscoped(self) -> str:
        if self._text.startswith("St", self._at):
            self._at += 2
            return "std::" + self._unqualified("")
        if self._peek("S"):
            return self._substitution()
        return self._unqualified("")

    def _nested(self) -> tuple[str, bool]:
        self._at += 1
        qualifiers = ""
        while self._text[self._at] in "rVK":
            qualifiers = " const" if self._text[self._at] == "K" else qualifiers
            self._at += 1
        for reference, text in (("O", " &&"), ("R", " &")):
            if self._peek(reference):
                self._at += 1
                qualifiers += text
        parts, is_template = "", False
        while not self._peek("E"):
            if self._peek("I"):
                parts += self._template_arguments()
                is_template = True
            elif self._peek("S") and not parts:
                parts = self._substitution()
                continue
            elif self._peek("T") and not parts:
                parts = self._template_parameter()
            else:
                part = self._unqualified(_last(parts))
                parts = f"{parts}::{part}" if parts else part
                is_template = False
            self._learn(parts)
            self._enter()
        self._at += 1
        if self._known and self._known[-1] == parts:
            self._known.pop()  # the whole name is no substitution
        self._qualifiers = qualifiers
        return parts, is_template

    def _unqualified(self, around: str) -> str:
        c = self._text[self._at]
        if c.isdigit():
            name = self._source_name()
        elif c in "CD" and self._text[self._at + 1] in "0123459":
            name = around.partition("<")[0] if c == "C" else "~" + around.partition("<")[0]
            self._at += 2
        elif c == "L":
            self._at += 1
            return self._unqualified(around)
        elif self._text.startswith("Ul", self._at) or self._text.startswith("Ut", self._at):
            return self._unnamed()
        else:
            name = self._operator()
        while self._peek("B"):
            self._at += 1
            self._source_name()
        return name

    def _unnamed(self) -> str:
        is_lambda = self._text[self._at + 1] == "l"
        self._at += 2
        parameters = ""
        if is_lambda:
            parameters = self._parameters()
            self._expect("E")
        m = re.match(r"(\d*)_", self._text[self._at :])
        if m is None:
            raise _Unknown
        self._at += len(m[0])
        number = int(m[1]) + 2 if m[1] else 1
        return f"{{lambda({parameters})#{number}}}" if is_lambda else f"{{unnamed type#{number}}}"

    def _operator(self) -> str:
        code = self._text[self._at : self._at + 2]
        if code == "cv":
            self._at += 2
            return f"operator {self._type()}"
        if code == "li":
            self._at += 2
            return f'operator""{self._source_name()}'
        if code not in _OPERATORS:
            raise _Unknown
        self._at += 2
        return f"operator{_OPERATORS[code]}"

    def _source_name(self) -> str:
        m = re.match(r"\d{1,4}", self._text[self._at :])
        if m is None:
            raise _Unknown
        start = self._at + len(m[0])
        self._at = start + int(m[0])
        if self._at > len(self._text):
            raise _Unknown
        name = self._text[start : self._at]
        return "(anonymous namespace)" if name.startswith("_GLOBAL__N") else name

    # -- types -----------------------------------------------------------------------------------

    def _parameters(self) -> str:
        found: list[str] = []
        while self._at < len(self._text) and self._text[self._at] not in "E.$":
            found.append(self._type())
        return "" if found == ["void"] else ", ".join(found)

    def _type(self) -> str:
        self._enter()
        c = self._text[self._at]
        if c in _BUILTIN:
            self._at += 1
            return _BUILTIN[c]
        if c == "u":
            self._at += 1
            return self._source_name()
        if c in "PROKV":
            self._at += 1
            inner = self._type()
            made = _decorated(inner, {"P": "*", "R": "&", "O": "&&", "K": " const", "V": " volatile"}[c])
        elif c == "D" and self._text[self._at + 1] in _BUILTIN_D:
            self._at += 2
            return _BUILTIN_D[self._text[self._at - 1]]
        elif c == "D" and self._text[self._at + 1] == "p":
            self._at += 2
            return self._type()
        elif c == "F":
            made = self._function()
        elif c == "A":
            made = self._array()
        elif c == "T":
            made = self._template_parameter()
            made = self._with_arguments(made)
        elif c == "S" and self._text[self._at : self._at + 2] != "St":
            made = self._substitution()
            if not self._peek("I"):
                return made
            made += self._template_arguments()
        elif c == "M":
            self._at += 1
            owner = self._type()
            made = f"{self._type()} {owner}::*"
        else:
            made, _ = self._encoding_name()
        self._learn(made)
        return made

    def _with_arguments(self, made: str) -> str:
        if not self._peek("I"):
            return made
        self._learn(made)
        return made + self._template_arguments()

    def _function(self) -> str:
        self._at += 1
        result = self._type()
        parameters = self._parameters()
        self._expect("E")
        return f"{result} ({parameters})"

    def _array(self) -> str:
        m = re.match(r"A(\d*)_", self._text[self._at :])
        if m is None:
            raise _Unknown
        self._at += len(m[0])
        return f"{self._type()} [{m[1]}]"

    def _template_arguments(self) -> str:
        self._expect("I")
        found: list[str] = []
        while not self._peek("E"):
            found += self._argument()
        self._at += 1
        self._arguments = found
        return f"<{', '.join(found)}>"

    def _argument(self) -> list[str]:
        self._enter()
        if self._peek("J"):
            self._at += 1
            pack: list[str] = []
            while not self._peek("E"):
                pack += self._argument()
            self._at += 1
            return pack
        if not self._peek("L"):
            return [self._type()]
        self._at += 1
        if self._text.startswith("_Z", self._at):
            self._at += 2
            name, _ = self._encoding_name()
            self._parameters()
            self._expect("E")
            return [name]
        kind = self._type()
        end = self._text.index("E", self._at)
        value = self._text[self._at : end].replace("n", "-")
        self._at = end + 1
        return [{"0": "false", "1": "true"}.get(value, value) if kind == "bool" else value]

    def _template_parameter(self) -> str:
        m = re.match(r"T(\d*)_", self._text[self._at :])
        if m is None:
            raise _Unknown
        self._at += len(m[0])
        number = int(m[1]) + 1 if m[1] else 0
        return self._arguments[number] if number < len(self._arguments) else f"T{number}"

    def _substitution(self) -> str:
        two = self._text[self._at : self._at + 2]
        if two in _STANDARD:
            self._at += 2
            if two == "St":
                name = f"std::{self._unqualified('')}"
                self._learn(name)
                return name
            return _STANDARD[two]
        m = re.match(r"S([0-9A-Z]*)_", self._text[self._at :])
        if m is None:
            raise _Unknown
        self._at += len(m[0])
        number = int(m[1], 36) + 1 if m[1] else 0
        return self._known[number]

    # -- pieces ----------------------------------------------------------------------------------

    def _learn(self, text: str) -> None:
        if len(text) > _MOST_OUTPUT:
            raise _Unknown
        self._known.append(text)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH * 20:
            raise _Unknown

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _expect(self, text: str) -> None:
        if not self._peek(text):
            raise _Unknown
        self._at += len(text)


def _decorated(inner: str, sign: str) -> str:
    m = re.match(r"(.*\S) (\(.*\)|\[\d*\])$", inner) if sign in ("*", "&", "&&") else None
    if m is not None and not inner.startswith("("):
        return f"{m[1]} ({sign}){m[2]}" if m[2].startswith("(") else f"{m[1]} ({sign}) {m[2]}"
    return inner + sign


def _is_constructor(name: str) -> bool:
    parts = name.split("::")
    return len(parts) > 1 and parts[-1].lstrip("~").partition("<")[0] == parts[-2].partition("<")[0]


def _last(parts: str) -> str:
    """The last name of a path, whatever its template arguments hold."""
    depth = 0
    for i in range(len(parts) - 1, -1, -1):
        depth += (parts[i] == ">") - (parts[i] == "<")
        if depth == 0 and parts[i - 1 : i + 1] == "::":
            return parts[i + 1 :]
    return parts
