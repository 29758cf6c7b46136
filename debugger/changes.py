"""Which bytes are others than at the stop before.

Every write marks its page; at a stop the pages marked since the last one are compared with a copy. A step so costs a
few pages however large the memory is.
"""

from __future__ import annotations

from vm import memory
from vm.errors import MemoryFault
from vm.machine import Machine
from vm.memory import CARD_BYTES, Region
from vm.types import Addr

NEVER, FRESH, OLD = 0, 1, 2  # what a page's card says: never written, written since the stop before, written earlier
_MOST_PAGES = 4096  # copies kept: 16 MiB
_MARKED = bytes((FRESH,))
_MEANINGS = {memory.NEVER: NEVER, memory.FRESH: FRESH, memory.COPIED: FRESH, memory.SEEN: OLD, memory.OLD: OLD}
_AS_SEEN = bytes(_MEANINGS.get(card, NEVER) for card in range(256))  # for bytes.translate
_LOOKED_AT = bytes({memory.FRESH: memory.SEEN, memory.COPIED: memory.OLD}.get(card, card) for card in range(256))


Page = tuple[int, int]  # a region's number, and which of its pages: a region may move


class Changes:
    """Copies the written pages of a machine's regions, but for its stacks: these mark no pages."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._copies: dict[Page, bytes] = {}  # pages as they are
        self._before: dict[Page, bytes] = {}  # what the pages written since the stop before held then
        self._cards: dict[int, bytes] = {}  # by region, as they were at this stop
        self.turn()
        self._before = {}
        self._cards = {number: cards.replace(_MARKED, bytes((OLD,))) for number, cards in self._cards.items()}

    def turn(self) -> None:
        """A new stop: what was now is before."""
        self._before = {}
        for region in self.machine.space.regions():
            if region.cards is not None:
                self._turn_region(region, region.cards)

    def _turn_region(self, region: Region, live: memoryview) -> None:
        count = -(-region.size // CARD_BYTES)
        known, cards = self._cards.get(region.number, b""), bytes(live[:count]).translate(_AS_SEEN)
        self._cards[region.number] = cards
        page = cards.find(FRESH)
        if page < 0:
            return
        while page >= 0:
            was_written = page < len(known) and known[page] != NEVER
            self._turn_page(region, page, was_written)
            page = cards.find(FRESH, page + 1)
        live[:count] = bytes(live[:count]).translate(_LOOKED_AT)

    def _turn_page(self, region: Region, number: int, was_written: bool) -> None:
        start, page = number * CARD_BYTES, (region.number, number)
        data = self.machine.space.read(Addr(region.base + start), min(CARD_BYTES, region.size - start))
        old = self._copies.get(page)
        if old is not None or not was_written:
            self._before[page] = old or bytes(len(data))
        if old is not None or len(self._copies) < _MOST_PAGES:
            self._copies[page] = data

    def cards(self, region: Region) -> bytes:
        """A card for each page of a region; none for what marks no pages."""
        return self._cards.get(region.number, b"")

    def previous(self, addr: int, size: int) -> bytes | None:
        """What lay there at the stop before; None when that is not known, or nothing changed."""
        try:
            region, offset = self.machine.space.locate(addr, size)
        except MemoryFault:  # it shrank or is gone
            return None
        pages = range(offset // CARD_BYTES, (offset + size - 1) // CARD_BYTES + 1)
        if all((region.number, page) not in self._before for page in pages):
            return None
        now = bytes(region.view[offset : offset + size])
        was = bytearray(now)
        for page in pages:
            old, at = self._before.get((region.number, page)), page * CARD_BYTES
            if old is not None:
                start, end = max(offset, at), min(offset + size, at + len(old))
                was[start - offset : end - offset] = old[start - at : end - at]
        return None if was == now else bytes(was)
