"""The runtime's functions for memories and data segments. `memory` and `data` are the module's indexes."""

from __future__ import annotations

from vm.errors import Trap, TrapKind
from vm.instance import Instance
from vm.libcalls.libcall import libcall
from vm.machine import Machine
from vm.memories import LinearMemory, out_of_bounds
from vm.segments import drop_data
from vm.threads import Waiting, notify_waiters
from vm.types import Addr

_DIFFERS = 1  # what a wait answers when the memory holds another value


@libcall("memory_grow", "memory32_grow")
def memory_grow(machine: Machine, instance: Instance, memory: int, delta: int) -> int | None:
    """The old size in pages; None past a limit."""
    return instance.memories[memory].grow(delta, machine.memory_budget())


@libcall("memory_copy")
def memory_copy(
    machine: Machine, instance: Instance, to_memory: int, to: int, from_memory: int, start: int, size: int, done: int
) -> None:
    """Goes on after `done` bytes. Raises Trap, PausedInBulk."""
    source = instance.memories[from_memory]
    instance.memories[to_memory].copy(to, source, start, size, done, machine.pause_requested)


@libcall("memory_fill")
def memory_fill(machine: Machine, instance: Instance, memory: int, to: int, value: int, size: int, done: int) -> None:
    """Goes on after `done` bytes. Raises Trap, PausedInBulk."""
    instance.memories[memory].fill(to, value, size, done, machine.pause_requested)


@libcall("memory_init")
def memory_init(machine: Machine, instance: Instance, memory: int, data: int, to: int, start: int, size: int) -> None:
    """Raises Trap."""
    instance.memories[memory].init(to, instance.data_bytes(data), start, size)


@libcall("data_drop")
def data_drop(machine: Machine, instance: Instance, data: int) -> None:
    """The segment is empty from now on."""
    drop_data(instance, data)


# -- atomics -----------------------------------------------------------------------------------------


def checked(memory: LinearMemory, address: int, width: int) -> int:
    """The address. Raises the unaligned and out-of-bounds traps."""
    if address % width:
        raise Trap(TrapKind.UNALIGNED_ATOMIC, f"{width} bytes at {address:#x}", at=address, size=width)
    if address + width > memory.size_bytes:
        raise out_of_bounds(address, width, memory.size_bytes)
    return address


def memory32_atomic_check32(memory: LinearMemory, address: int, expected: int) -> int:
    """0 when the 4 bytes at an address are the expected value, else 1 (Wasmer: vmcontext.rs). Raises Trap."""
    return _check(memory, address, 4, expected)


def memory32_atomic_check64(memory: LinearMemory, address: int, expected: int) -> int:
    """The same of 8 bytes."""
    return _check(memory, address, 8, expected)


def _check(memory: LinearMemory, address: int, width: int, expected: int) -> int:
    at = checked(memory, address, width)
    if not memory.type.shared:
        raise Trap(TrapKind.UNSHARED_WAIT)
    found = int.from_bytes(memory.region.view[at : at + width], "little")
    return 0 if found == expected else _DIFFERS


@libcall("memory_atomic_notify")
def memory_atomic_notify(machine: Machine, instance: Instance, memory: int, address: int, count: int) -> int:
    """How many of at most `count` waiting threads were woken. Raises Trap."""
    found = instance.memories[memory]
    at = checked(found, address, 4)
    return notify_waiters(machine, Addr(found.region.base + at), count)


@libcall("memory_atomic_wait32")
def memory_atomic_wait32(
    machine: Machine, instance: Instance, memory: int, address: int, expected: int, timeout_ns: int
) -> int | Waiting:
    """What the wait answers at once, or what for the thread waits. Raises Trap."""
    found = instance.memories[memory]
    differs = memory32_atomic_check32(found, address, expected)
    return differs or Waiting(Addr(found.region.base + address), timeout_ns)


@libcall("memory_atomic_wait64")
def memory_atomic_wait64(
    machine: Machine, instance: Instance, memory: int, address: int, expected: int, timeout_ns: int
) -> int | Waiting:
    """The same for 8 bytes."""
    found = instance.memories[memory]
    differs = memory32_atomic_check64(found, address, expected)
    return differs or Waiting(Addr(found.region.base + address), timeout_ns)
