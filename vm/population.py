"""What a machine consists of at a time: regions, threads, instances; it grows as threads start."""

from __future__ import annotations

from dataclasses import dataclass

from vm.host import HostFunction
from vm.instance import Instance
from vm.machine import Machine
from vm.memories import LinearMemory
from vm.memory import Region
from vm.tables import Table
from vm.threads import GuestThread
from vm.types import Addr


@dataclass(frozen=True)
class Population:
    """All that a machine had at a time; `codes` are the bytes of its code records."""

    regions: tuple[Region, ...]
    mapped: int
    threads: tuple[GuestThread, ...]
    instances: tuple[Instance, ...]
    memories: dict[Addr, LinearMemory]
    tables: dict[Addr, Table]
    hosts: tuple[HostFunction, ...]
    heap: tuple[Region, ...]
    code_count: int
    codes: bytes


def population(machine: Machine, before: Population | None = None) -> Population:
    """What a machine consists of now; `before` itself when nothing has come or gone since."""
    regions = tuple(machine.space.regions())
    if before is not None and _is_same(machine, regions, before):
        return before
    return Population(
        regions, machine.space.mapped, tuple(machine.threads), tuple(machine.instances), dict(machine.memories),
        dict(machine.tables), tuple(machine.hosts), machine.gc.regions, machine.code_count,
        bytes(machine.code.view[: machine.code.size]),
    )  # fmt: skip


def _is_same(machine: Machine, regions: tuple[Region, ...], before: Population) -> bool:
    now = (machine.space.mapped, len(machine.threads), len(machine.instances), len(machine.hosts), machine.code_count)
    then = (before.mapped, len(before.threads), len(before.instances), len(before.hosts), before.code_count)
    return now == then and regions == before.regions


def return_to(machine: Machine, wanted: Population) -> None:
    """Makes a machine consist of what it did then."""
    if population(machine, wanted) is wanted:
        return
    machine.space.return_to(wanted.regions, wanted.mapped)
    machine.threads[:], machine.instances[:], machine.hosts[:] = wanted.threads, wanted.instances, wanted.hosts
    for live, then in ((machine.memories, wanted.memories), (machine.tables, wanted.tables)):
        live.clear()
        live.update(then)  # type: ignore[arg-type]
    machine.code_count, machine.code.size = wanted.code_count, len(wanted.codes)
    machine.code.view[: len(wanted.codes)] = wanted.codes
