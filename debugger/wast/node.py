"""A parenthesis of a script."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Node:
    """A parenthesis and what is in it: atoms and strings as text (strings with their quotes), and nodes.

    `bare`: a module whose fields stand alone in the file.
    """

    start: int
    end: int
    items: list[Node | str]
    annotation: bool = False
    bare: bool = False

    @property
    def head(self) -> str:
        """Its first word."""
        first = self.items[0] if self.items else ""
        return first if isinstance(first, str) else ""

    def nodes(self) -> list[Node]:
        """The nodes directly inside."""
        return [item for item in self.items if isinstance(item, Node)]
