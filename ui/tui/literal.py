"""Text of a module or a guest where the toolkit would read markup."""

from __future__ import annotations

from textual.content import Content

from ui.text import safe


def literal(text: str) -> Content:
    """Safe text that stands for itself in a title: no markup is read from it."""
    return Content(safe(text))
