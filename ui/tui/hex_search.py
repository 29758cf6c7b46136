"""A search of a region that runs on a thread of its own and can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from debugger.search import Cancelled, Pattern, find_next, find_previous, written_spans
from vm.errors import MemoryFault
from vm.memory import AddressSpace, Region


@dataclass
class Search:
    """One search. `run` is called on a thread; the rest may be read and set from another."""

    space: AddressSpace
    region: Region
    pattern: Pattern
    start: int  # an address
    backwards: bool
    may_go_on: Callable[[], bool]  # False: the guest runs
    cancelled: bool = False
    done_bytes: int = 0
    total_bytes: int = 0
    found: int | None = None
    ended: bool = False

    def run(self) -> None:
        """Looks; the outcome is in `found`, `cancelled` and `ended`."""
        spans = written_spans(self.region, self.pattern.size - 1)
        find = find_previous if self.backwards else find_next
        try:
            self.found = find(self.space, spans, self.pattern, self.start, self._progress)
        except (Cancelled, MemoryFault):  # a fault: the region shrank meanwhile
            self.cancelled = True
        self.ended = True

    def _progress(self, done: int, total: int) -> bool:
        self.done_bytes, self.total_bytes = done, total
        return not self.cancelled and self.may_go_on()

    @property
    def fraction(self) -> float:
        return self.done_bytes / self.total_bytes if self.total_bytes else 0.0

    @property
    def way(self) -> str:
        """What is to be said of how the match was found."""
        if self.found == self.start:
            return ", there is no other"
        went_around = self.found is not None and (self.found > self.start) is self.backwards
        return ", around the end" if went_around else ""
