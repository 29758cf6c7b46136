"""What "the same state" means: one hash over everything that is live.

Dead bytes (slots above the operands, padding, records popped) are left out; pointers count as (region, offset), so
that two machines at different addresses can be in the same state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vm.control import Record
from vm.layout import StructView
from vm.machine import Machine, ThreadState
from vm.memory import RegionKind
from vm.threads import GuestThread
from vm.types import SLOT_BYTES, Addr, RefType, ValType, slots, total_slots

if TYPE_CHECKING:
    from vm.instance import Instance

_RAW_REGIONS = (RegionKind.HOST, RegionKind.GC_HEAP, RegionKind.GC_OBJECTS)


def state_hash(machine: Machine) -> str:
    """A hash of the machine's live state, as 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(machine):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(machine: Machine) -> Iterator[bytes]:
    yield from _struct(machine, machine.state)
    yield from _struct(machine, machine.store_context)
    for thread in machine.threads:
        yield from _struct(machine, thread.record)
        yield from _frames(machine, thread)
    for instance in machine.instances:
        yield from _instance(machine, instance)
    for memory in machine.memories.values():
        yield memory.region.view[: memory.size_bytes].tobytes() if memory.size_bytes else b""
    for table in machine.tables.values():
        for i in range(table.size):
            element = table.peek(i)
            yield element.state.encode() + _pointer(machine, element.target if table.is_func else 0)
            yield b"" if table.is_func else str(element.target).encode()
    for region in sorted(machine.space.regions(), key=lambda region: region.number):  # wherever each found room
        if region.kind in _RAW_REGIONS and region.size:
            yield bytes(region.view[: region.size])
        elif region.kind is RegionKind.FUNC_REF_IDS:
            yield from (_pointer(machine, addr) for addr in region.view[: region.size].cast("Q"))


def _pointer(machine: Machine, addr: int) -> bytes:
    region = machine.space.region_at(addr)
    return f"{region.number}+{addr - region.base}".encode() if region else str(addr).encode()


def _struct(machine: Machine, view: StructView) -> Iterator[bytes]:
    for row in view.rows():
        value = machine.space.read(row.addr, row.size)
        if row.type.startswith("ptr<"):
            yield _pointer(machine, int.from_bytes(value, "little"))
        else:
            yield value


def _instance(machine: Machine, instance: Instance) -> Iterator[bytes]:
    size = machine.layouts.pointer_bytes
    pointers = [
        g.storage
        for g in instance.globals
        if isinstance(g.type.value, RefType) and (g.type.value.is_func or machine.gc.by_address)
    ]
    bytes_of = {addr + i for addr in pointers for i in range(size)}  # however the era's fields divide them
    for addr in pointers:
        yield _pointer(machine, machine.space.load(addr, size))
    for row in (*instance.vmctx.rows(), *(instance.beside.rows() if instance.beside is not None else ())):
        value = machine.space.read(row.addr, row.size)
        if row.type.startswith("ptr<"):
            yield _pointer(machine, int.from_bytes(value[:size], "little"))
        elif bytes_of.isdisjoint(range(row.addr, row.addr + row.size)):
            yield value
    for row in instance.record.rows():
        if row.path != "vmctx":
            yield machine.space.read(row.addr, row.size)


def _frames(machine: Machine, thread: GuestThread) -> Iterator[bytes]:
    control = thread.control
    depth = control.depth
    for i in range(depth):
        record = control[i]
        above = control[i + 1] if i + 1 < depth else None
        words = (record.func, record.pc, record.base - thread.values.base, record.flags, record.callee_results)
        yield _pointer(machine, record.vmctx) + _pointer(machine, record.caller) + str(words).encode()
        yield from _slots(machine, record.base, live_types(machine, record, above))
    if thread.record.get("state") == ThreadState.FINISHED:
        yield machine.space.read(thread.values.base, thread.record.get("entry_results") * SLOT_BYTES)


def live_types(machine: Machine, record: Record, above: Record | None) -> tuple[ValType, ...]:
    """Types of the values that a frame holds, locals first; what it passed to the frame above is that one's."""
    if record.is_host:
        return machine.hosts[record.func].type.params
    instance = machine.instance_at(record.vmctx)
    assert instance is not None
    facts = instance.facts(record.func)
    if above is None:
        return facts.frame_types + (facts.instrs[record.pc].stack or ())
    types = facts.frame_types + (facts.instrs[record.pc - 1].stack or ())  # at the call
    held = (above.base - record.base) // SLOT_BYTES
    while total_slots(types) > held:
        types = types[:-1]
    return types


def _slots(machine: Machine, base: Addr, types: tuple[ValType, ...]) -> Iterator[bytes]:
    at = base
    for type_ in types:
        size = slots(type_) * SLOT_BYTES
        value = machine.space.read(at, size)
        if isinstance(type_, RefType) and type_.is_func:
            yield _pointer(machine, int.from_bytes(value, "little"))
        else:
            yield value
        at = Addr(at + size)
