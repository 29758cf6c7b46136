"""A copy of everything the guest can change, to go back to."""

from __future__ import annotations

from dataclasses import dataclass

from vm.machine import Machine
from vm.memory import RegionKind
from vm.types import SLOT_BYTES

_STACKS = (RegionKind.CONTROL, RegionKind.VALUES)


@dataclass(frozen=True)
class Snapshot:
    """Bytes of every writable region by its number; of the stacks what was in use."""

    regions: dict[int, bytes]


def take(machine: Machine) -> Snapshot:
    """Copies the machine's writable regions; it costs their size."""
    used = {RegionKind.CONTROL: machine.control.used_bytes, RegionKind.VALUES: values_in_use(machine)}
    saved = {
        region.number: bytes(region.view[: used.get(region.kind, region.size)])
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


def values_in_use(machine: Machine) -> int:
    """Bytes of the value stack up to the end of the innermost frame, or of the results of a finished call."""
    if machine.control.depth == 0:
        return machine.thread.get("entry_results") * SLOT_BYTES
    return machine.frame_end(machine.control.top) - machine.values.base
