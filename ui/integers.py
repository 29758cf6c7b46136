"""Integers as users write them."""

from __future__ import annotations


def integer(text: str) -> int | None:
    """A number in any base, with `_` or `,` between digits; None when it is none."""
    try:
        return int(text.strip().replace(",", ""), 0)
    except ValueError:
        return None
