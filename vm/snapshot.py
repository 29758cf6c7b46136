"""A copy of everything the guest can change, to go back to."""

from __future__ import annotations

from dataclasses import dataclass

from vm.machine import Machine
from vm.memory import CARD_BYTES, Region, RegionKind
from vm.threads import GuestThread
from vm.types import SLOT_BYTES

_STACKS = (RegionKind.CONTROL, RegionKind.VALUES)
_CHUNK_BYTES = 1 << 14
_CHUNK_CARDS = _CHUNK_BYTES // CARD_BYTES
_UNTOUCHED, _NO_CARD = bytes(_CHUNK_BYTES), bytes(_CHUNK_CARDS)  # memory that nobody has written costs nothing

Chunks = tuple[bytes, ...]


@dataclass(frozen=True)
class Snapshot:
    """Bytes of every writable region by its number, in chunks; of the stacks what was in use."""

    regions: dict[int, Chunks]

    def new_bytes(self, before: Snapshot | None) -> int:
        """How many bytes it has that an earlier one does not share with it."""
        shared = {id(chunk) for chunks in before.regions.values() for chunk in chunks} if before else set()
        shared.add(id(_UNTOUCHED))
        return sum(len(c) for chunks in self.regions.values() for c in chunks if id(c) not in shared)


def take(machine: Machine, before: Snapshot | None = None) -> Snapshot:
    """Copies the machine's writable regions; chunks that are as in an earlier snapshot are shared with it."""
    used = {t.control.region.number: t.control.used_bytes for t in machine.threads}
    used |= {t.values.number: values_in_use(machine, t) for t in machine.threads}
    known = before.regions if before is not None else {}
    saved = {
        region.number: _copied(region, used.get(region.number, region.size), known.get(region.number, ()))
        for region in machine.space.regions()
        if region.writable
    }
    return Snapshot(saved)


def _copied(region: Region, size: int, before: Chunks) -> Chunks:
    chunks, view = [], region.view
    for number, start in enumerate(range(0, size, _CHUNK_BYTES)):
        if _is_untouched(region, start) and start + _CHUNK_BYTES <= size:
            chunks.append(_UNTOUCHED)
            continue
        chunk = bytes(view[start : min(start + _CHUNK_BYTES, size)])
        old = before[number] if number < len(before) else None
        chunks.append(old if old == chunk else chunk)
    return tuple(chunks)


def _is_untouched(region: Region, start: int) -> bool:
    """Whether no byte of a chunk of a linear memory was ever written."""
    if region.kind is not RegionKind.MEMORY or region.cards is None:
        return False
    first = start // CARD_BYTES
    return region.cards[first : first + _CHUNK_CARDS] == _NO_CARD


def restore(machine: Machine, snapshot: Snapshot) -> None:
    """Puts the bytes back; what grew since shrinks, and the bytes behind are zero again."""
    for region in machine.space.regions():
        if region.writable:
            _put_back(region, snapshot.regions.get(region.number, ()))
    for memory in machine.memories.values():
        memory.publish_base()  # it may have moved since
    machine.switch(machine.state.get("current_thread"))
    machine.gc.restored()


def _put_back(region: Region, chunks: Chunks) -> None:
    size = 0
    for chunk in chunks:
        same = chunk is _UNTOUCHED and _is_untouched(region, size)
        if not same and bytes(region.view[size : size + len(chunk)]) != chunk:
            region.view[size : size + len(chunk)] = chunk
            region.mark(size, len(chunk))
        size += len(chunk)
    if region.kind not in _STACKS and region.size > size:
        region.view[size : region.size] = bytes(region.size - size)
        region.mark(size, region.size - size)
        region.size = size


def values_in_use(machine: Machine, thread: GuestThread) -> int:
    """Bytes of the value stack up to the end of the innermost frame, or of the results of a finished call."""
    if thread.control.depth == 0:
        return thread.record.get("entry_results") * SLOT_BYTES
    return machine.frame_end(thread.control.top) - thread.values.base
