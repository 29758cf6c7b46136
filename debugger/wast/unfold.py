"""Folded `(try (do ...) (catch ...))` written flat: the assembler knows the older exceptions in flat form only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from debugger.wast.node import Node

_NO_INSTRUCTIONS = frozenset(
    ("type", "param", "result", "local", "export", "import", "ref", "item", "offset", "catch_ref", "catch_all_ref")
)
_CLAUSES = ("catch", "catch_all", "delegate")


def unfolded(text: str, module: Node) -> str | None:
    """The module's text with every function body flat; None when it has no folded try."""
    if not any(node.head == "try" for node in _all(module)):
        return None
    return _Flat(text).module(module)


def _all(node: Node) -> Iterator[Node]:
    yield node
    for inner in node.nodes():
        yield from _all(inner)


class _Flat:
    def __init__(self, text: str) -> None:
        self.text = text

    def _source(self, item: Node | str) -> str:
        return item if isinstance(item, str) else self.text[item.start : item.end]

    def module(self, node: Node) -> str:
        parts = [
            self._function(item) if isinstance(item, Node) and item.head == "func" else self._source(item)
            for item in node.items
            if item != "definition"
        ]
        return f"({' '.join(parts)})" if node.head == "module" else " ".join(parts)

    def _function(self, node: Node) -> str:
        return f"({' '.join(self._sequence(node.items))})"

    def _sequence(self, items: Sequence[Node | str]) -> Iterator[str]:
        for item in items:
            if isinstance(item, str) or item.head in _NO_INSTRUCTIONS:
                yield self._source(item)
            else:
                yield from self._instruction(item)

    def _instruction(self, node: Node) -> Iterator[str]:
        head, rest = node.head, node.items[1:]
        own = [i for i in rest if isinstance(i, str) or i.head in _NO_INSTRUCTIONS]
        inner = [i for i in rest if isinstance(i, Node) and i.head not in _NO_INSTRUCTIONS]
        match head:
            case "block" | "loop":
                yield from (head, *map(self._source, own), *self._sequence(inner), "end")
            case "try_table":
                yield from (head, *map(self._source, (*own, *(i for i in inner if i.head in _CLAUSES))))
                yield from (*self._sequence([i for i in inner if i.head not in _CLAUSES]), "end")
            case "if":
                yield from self._if(own, inner)
            case "try":
                yield from self._try(own, inner)
            case _:
                yield from (*self._sequence(inner), head, *map(self._source, own))

    def _if(self, own: list[Node | str], inner: list[Node]) -> Iterator[str]:
        arms = [i for i in inner if i.head in ("then", "else")]
        yield from self._sequence([i for i in inner if i not in arms])
        yield from ("if", *map(self._source, own))
        for arm in arms:
            if arm.head == "else":
                yield "else"
            yield from self._sequence(arm.items[1:])
        yield "end"

    def _try(self, own: list[Node | str], inner: list[Node]) -> Iterator[str]:
        yield from ("try", *map(self._source, own))
        for clause in inner:
            match clause.head:
                case "do":
                    yield from self._sequence(clause.items[1:])
                case "catch":
                    yield from ("catch", self._source(clause.items[1]), *self._sequence(clause.items[2:]))
                case "catch_all":
                    yield from ("catch_all", *self._sequence(clause.items[1:]))
                case _:
                    yield from ("delegate", *map(self._source, clause.items[1:]))
                    return
        yield "end"
