"""Text that a module or a guest chose, made safe to show.

Names, strings, messages and output are untrusted: on a terminal they could move the cursor, change colours or reverse
the reading direction. `safe` shows such characters instead of acting on them. Rich markup needs no care: nothing here
is ever parsed as markup.
"""

from __future__ import annotations

import codecs
import re

# Letters and marks that take no room or join others invisibly, though Unicode calls them printable.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe(text: str) -> str:
    """One line in which every character is visible: control, bidi, zero-width and lone surrogates as escapes."""
    if text.isascii() and text.isprintable():
        return text
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    return _INVISIBLE.sub(lambda m: _escape(m[0]), text)


def safe_lines(text: str) -> str:
    """As `safe`, but newlines and tabs keep their meaning, and `\\r\\n` is one newline."""
    parts = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(safe(cell) for cell in part.split("\t")) for part in parts)


def _escape(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class OutputText:
    """Output of a guest as it comes in pieces of bytes; a character cut in two is put together again."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def feed(self, data: bytes) -> str:
        """The next piece as safe text; newlines and tabs stay."""
        return safe_lines(self._decoder.decode(data))

    def finish(self) -> str:
        """What was left of a cut character."""
        return safe_lines(self._decoder.decode(b"", final=True))
