"""Text of a module or a guest where the toolkit would read markup."""

from __future__ import annotations

from rich.markup import escape

from ui.text import safe


def literal(text: str) -> str:
    """Safe text that stands for itself in a title."""
    return escape(safe(text)).replace("\\[", "\\[")
