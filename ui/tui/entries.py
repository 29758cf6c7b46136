"""What the palette can find: commands, keys, panes, looks, symbols. Finding is a filter over plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

_MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to choose. `kind` is what it is, `key` what does the same; `action` is for whoever opened the list."""

    kind: str
    text: str
    about: str = ""
    key: str = ""
    action: str = ""


class Entries:
    """A list to search. Names that begin with what is typed come first, then those that hold it, then those that have
    its letters in order."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Sequence[Entry] = tuple(entries)

    @cached_property
    def _folded(self) -> Sequence[str]:
        return [entry.text.casefold() for entry in self.entries]

    @cached_property
    def _about(self) -> Sequence[str]:
        return [f"{entry.kind} {entry.about}".casefold() for entry in self.entries]

    def find(self, typed: str) -> list[Entry]:
        """The best matches, not too many."""
        wanted = typed.casefold().strip()
        if not wanted:
            return list(self.entries[:_MOST_FOUND])
        found = sorted(self._holding(wanted))
        if len(found) < _MOST_FOUND:
            seen = {i for _, _, i in found}
            found += [(3, 0, i) for i, text in enumerate(self._about) if wanted in text and i not in seen]
        if len(found) < _MOST_FOUND:
            seen = {i for _, _, i in found}
            found += [(4, length, i) for length, i in sorted(self._with_letters(wanted)) if i not in seen]
        return [self.entries[i] for _, _, i in found[:_MOST_FOUND]]

    def _holding(self, wanted: str) -> Iterator[tuple[int, int, int]]:
        for i, text in enumerate(self._folded):
            if wanted in text:
                at = text.find(wanted)
                rank = 0 if at == 0 else 1 if not text[at - 1].isalnum() else 2
                yield rank, len(text), i

    def _with_letters(self, wanted: str) -> Iterator[tuple[int, int]]:
        pattern = re.compile(".*?".join(re.escape(letter) for letter in wanted.replace(" ", "")))
        for i, text in enumerate(self._folded):
            if (m := pattern.search(text)) is not None:
                yield m.end() - m.start(), i
