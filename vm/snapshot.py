"""A copy of everything the guest can change, to go back to.

Pages that are as in the copy before are shared with it. Of memories, tables and the GC heap only those are looked at
whose cards say that they were written since: a copy costs in proportion to what was written, however large a memory is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from vm.machine import Machine
from vm.memory import CARD_BYTES, COPIED, FRESH, OLD, SEEN, Region, RegionKind
from vm.population import Population, population, return_to
from vm.threads import GuestThread
from vm.types import SLOT_BYTES

_STACKS = (RegionKind.CONTROL, RegionKind.VALUES)
_BY_CARDS = (
    RegionKind.MEMORY,
    RegionKind.TABLE,
    RegionKind.GC_HEAP,
    RegionKind.HOST,
)  # of these every write marks its card
_GROUP = 64  # pages
_ZERO = bytes(CARD_BYTES)
_ZEROS = (_ZERO,) * _GROUP
_FEW = 64  # one page in so many: then its cards are taken one by one
_TAKEN = bytes({FRESH: COPIED, SEEN: OLD}.get(card, card) for card in range(256))  # for bytes.translate
_REFERENCE_BYTES, _OBJECT_BYTES = 8, 48  # of Python

Group = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pages:
    """A region's first `size` bytes in groups of pages, the last page filled up with zeros."""

    size: int
    groups: tuple[Group, ...]

    def page(self, number: int) -> bytes:
        """A page; zeros behind the end."""
        group = number // _GROUP
        return self.groups[group][number % _GROUP] if group < len(self.groups) else _ZERO

    def differing(self, other: Pages) -> Iterator[int]:
        """Numbers of the pages that are not shared with another one."""
        for group in range(max(len(self.groups), len(other.groups))):
            mine, its = (p.groups[group] if group < len(p.groups) else _ZEROS for p in (self, other))
            if mine is not its:
                yield from (group * _GROUP + i for i in range(_GROUP) if mine[i] is not its[i])


_EMPTY = Pages(0, ())


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a machine consists of, and the bytes of its writable regions; of the stacks what was in use."""

    population: Population
    regions: dict[Region, Pages]

    def new_bytes(self, before: Snapshot | None) -> int:
        """How many bytes it has that an earlier one does not share with it."""
        total = 0
        for region, pages in self.regions.items():
            other = before.regions.get(region, _EMPTY) if before is not None else _EMPTY
            if other is not pages:
                total += _new_bytes(pages, other)
        return total


def _new_bytes(pages: Pages, other: Pages) -> int:
    total = _OBJECT_BYTES + len(pages.groups) * _REFERENCE_BYTES
    groups = {number // _GROUP for number in pages.differing(other)}
    for number in pages.differing(other):
        if pages.page(number) is not _ZERO:
            total += CARD_BYTES + _OBJECT_BYTES
    return total + len(groups) * (_OBJECT_BYTES + _GROUP * _REFERENCE_BYTES)


# -- taking ----------------------------------------------------------------------------------------


def take(machine: Machine) -> Snapshot:
    """Copies the machine's writable regions; pages that are as in the copy before are shared with it."""
    before = machine.copied
    used = {t.control.region: t.control.used_bytes for t in machine.threads}
    used |= {t.values: values_in_use(machine, t) for t in machine.threads}
    saved = {}
    for region in machine.space.regions():
        if region.writable:
            old = before.regions.get(region) if before is not None else None
            saved[region] = _copied(region, used.get(region, region.size), old)
    machine.copied = Snapshot(population(machine, before.population if before is not None else None), saved)
    return machine.copied


def bytes_to_copy(machine: Machine) -> int:
    """How much `take` would copy of what has cards, about."""
    pages = 0
    for region in machine.space.regions():
        if region.kind in _BY_CARDS and region.cards is not None:
            cards = bytes(region.cards[: -(-region.size // CARD_BYTES)])
            is_known = machine.copied is not None and region in machine.copied.regions
            pages += sum(cards.count(card) for card in (FRESH, SEEN)) if is_known else len(cards) - cards.count(0)
    return pages * CARD_BYTES


def _copied(region: Region, size: int, old: Pages | None) -> Pages:
    numbers = _to_copy(region, size, old)
    found = _with_pages(old or _EMPTY, size, ((n, _read(region, n, size)) for n in numbers))
    _taken(region)
    return found


def _to_copy(region: Region, size: int, old: Pages | None) -> Iterable[int]:
    count = -(-size // CARD_BYTES)
    if region.kind not in _BY_CARDS or region.cards is None:
        return range(count)
    cards = bytes(region.cards[:count])
    if old is None:
        return [m.start() for m in re.finditer(rb"[^\0]", cards)]
    return list(_new(cards))


def _new(cards: bytes) -> Iterator[int]:
    """Numbers of the pages that were written since the last copy."""
    for card in (FRESH, SEEN):
        number = cards.find(card)
        while number >= 0:
            yield number
            number = cards.find(card, number + 1)


def _read(region: Region, number: int, size: int) -> bytes:
    start = number * CARD_BYTES
    data = bytes(region.view[start : min(start + CARD_BYTES, size)])
    return data if len(data) == CARD_BYTES else data + bytes(CARD_BYTES - len(data))


def _with_pages(old: Pages, size: int, pages: Iterable[tuple[int, bytes]]) -> Pages:
    """Pages of which some are others. What is as it was stays the same object."""
    count = -(-size // (CARD_BYTES * _GROUP))
    groups: list[Group] = [*old.groups[:count], *[_ZEROS] * (count - len(old.groups))]
    changed: dict[int, list[bytes]] = {}
    for number, data in pages:
        group, place = divmod(number, _GROUP)
        now = changed[group] if group in changed else groups[group]
        if now[place] != data:
            changed.setdefault(group, list(groups[group]))[place] = _ZERO if data == _ZERO else data
    for group, found in changed.items():
        groups[group] = tuple(found)
    if size == old.size and not changed:
        return old
    return Pages(size, tuple(groups))


def _taken(region: Region) -> None:
    """All that was written is copied."""
    if region.cards is None:
        return
    count = -(-region.size // CARD_BYTES)
    cards = bytes(region.cards[:count])
    numbers = list(islice(_new(cards), count // _FEW + 1))
    if len(numbers) <= count // _FEW:
        for number in numbers:
            region.cards[number] = _TAKEN[cards[number]]
    else:
        region.cards[:count] = cards.translate(_TAKEN)


# -- putting back ----------------------------------------------------------------------------------


def restore(machine: Machine, snapshot: Snapshot) -> None:
    """Puts the bytes back; what grew since shrinks, and the bytes behind are zero again."""
    before = machine.copied
    return_to(machine, snapshot.population)
    for region, pages in snapshot.regions.items():
        if region.size < pages.size and region.kind not in _STACKS:
            machine.space.grow(region, pages.size)
        _put_back(region, pages, before.regions.get(region) if before is not None else None)
    machine.copied = snapshot
    machine.gc.restored(snapshot.population.heap)
    for memory in machine.memories.values():
        memory.publish_base()  # it may have moved since
    machine.switch(machine.state.get("current_thread"))


def _put_back(region: Region, pages: Pages, before: Pages | None) -> None:
    if region.kind in _STACKS:
        for number in range(-(-pages.size // CARD_BYTES)):
            _write(region, number, pages)
        return
    for number in sorted(_to_put_back(region, pages, before)):
        _write(region, number, pages)
    if region.size > pages.size:  # once nobody asks the cards any more
        _cut(region, pages.size)
    _taken(region)


def _to_put_back(region: Region, pages: Pages, before: Pages | None) -> set[int]:
    count = -(-pages.size // CARD_BYTES)
    if region.kind not in _BY_CARDS or region.cards is None:
        return set(range(count))
    cards = bytes(region.cards[:count])
    if before is None:
        written = {m.start() for m in re.finditer(rb"[^\0]", cards)}
        return written | {n for n in pages.differing(_EMPTY) if n < count}
    return set(_new(cards)) | {n for n in pages.differing(before) if n < count}


def _write(region: Region, number: int, pages: Pages) -> None:
    start, data = number * CARD_BYTES, pages.page(number)
    size = min(CARD_BYTES, pages.size - start)
    if region.view[start : start + size] != data[:size]:
        region.view[start : start + size] = data[:size]
        region.mark(start, size)


def _cut(region: Region, size: int) -> None:
    """Bytes behind the end are zero, where they were written."""
    if region.cards is None or region.kind not in _BY_CARDS:
        region.view[size : region.size] = bytes(region.size - size)
        region.mark(size, region.size - size)
    else:
        first = size // CARD_BYTES
        cards = bytes(region.cards[first : -(-region.size // CARD_BYTES)])
        for m in re.finditer(rb"[^\0]", cards):
            start = max(size, (first + m.start()) * CARD_BYTES)
            end = min(region.size, (first + m.start() + 1) * CARD_BYTES)
            region.view[start:end] = bytes(end - start)
            region.mark(start, end - start)
        _taken(region)
    region.size = size


def values_in_use(machine: Machine, thread: GuestThread) -> int:
    """Bytes of the value stack up to the end of the innermost frame, or of the results of a finished call."""
    if thread.control.depth == 0:
        return thread.record.get("entry_results") * SLOT_BYTES
    return machine.frame_end(thread.control.top) - thread.values.base
