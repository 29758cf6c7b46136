"""A copy of everything the guest can change, to go back to."""

from __future__ import annotations

from dataclasses import dataclass

from vm.machine import Machine
from vm.memory import RegionKind
from vm.threads import GuestThread
from vm.types import SLOT_BYTES

_STACKS = (RegionKind.CONTROL, RegionKind.VALUES)


@dataclass(frozen=True)
class Snapshot:
    """Bytes of every writable region by its number; of the stacks what was in use."""

    regions: dict[int, bytes]


def take(machine: Machine) -> Snapshot:
    """Copies the machine's writable regions; it costs their size."""
    used = {t.control.region.number: t.control.used_bytes for t in machine.threads}
    used |= {t.values.number: values_in_use(machine, t) for t in machine.threads}
    saved = {
        region.number: bytes(region.view[: used.get(region.number, region.size)])
        for region in machine.space.regions()
        if region.writable
    }
    return Snapshot(saved)


def restore(machine: Machine, snapshot: Snapshot) -> None:
    """Puts the bytes back; what grew since shrinks, and the bytes behind are zero again."""
    for region in machine.space.regions():
        data = snapshot.regions.get(region.number)
        if data is None:
            continue
        region.view[: len(data)] = data
        region.mark(0, len(data))
        if region.kind not in _STACKS and region.size > len(data):
            region.view[len(data) : region.size] = bytes(region.size - len(data))
            region.size = len(data)
    for memory in machine.memories.values():
        memory.publish_base()  # it may have moved since


def values_in_use(machine: Machine, thread: GuestThread) -> int:
    """Bytes of the value stack up to the end of the innermost frame, or of the results of a finished call."""
    if thread.control.depth == 0:
        return thread.record.get("entry_results") * SLOT_BYTES
    return machine.frame_end(thread.control.top) - thread.values.base
