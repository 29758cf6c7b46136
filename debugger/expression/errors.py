"""What is wrong with an expression, and where."""

from __future__ import annotations

from vm.errors import UserError

_LONGEST = 60


def shortened(text: str) -> str:
    """Text as a message may quote it."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class ExpressionError(UserError):
    """An expression cannot be read or has no value. `column` counts from 1."""

    def __init__(self, text: str, column: int, hint: str = "") -> None:
        super().__init__(text, hint)
        self.column = column

    def __str__(self) -> str:
        return f"{self.text}, column {self.column}" + (f"; {self.hint}" if self.hint else "")
