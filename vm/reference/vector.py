"""Steps for vector instructions. A v128 takes two slots; its 16 bytes are read and written as they lie there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from vm.memories import LinearMemory, out_of_bounds
from vm.memory import CARD_BYTES
from vm.ops.row import Op
from vm.reference.step import Floats, Site, Slots, Step
from vm.semantics.vector import VECTOR, VECTOR_LOADS

_CARD_SHIFT = CARD_BYTES.bit_length() - 1
_BYTES, _SLOTS = 16, 2


def constant(site: Site) -> Step:
    """[] → [c]"""
    to, after = site.push, site.next
    value = memoryview(site.imm().to_bytes(_BYTES, "little")).cast("Q")

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to : to + _SLOTS] = value
        return after

    return step


def vector(site: Site) -> Step:
    """[operands] → [run(operands, lanes)]; floats are handled as their bits"""
    op = site.instr.op
    params, result = _signature(op)
    at = site.push
    slots = []
    for param in reversed(params):
        at -= _SLOTS if param == "v128" else 1
        slots.append(at)
    slots.reverse()
    lanes = tuple(site.imm(i) for i in range(len(site.instr.imm)))
    make = _adaptor(params, result)
    return make(VECTOR[op.name], slots, slots[0], lanes, site.next)


def _signature(op: Op) -> tuple[tuple[str, ...], str]:
    left, right = op.sig.split("->")
    return tuple(left.split()), right.strip()


@cache
def _adaptor(params: tuple[str, ...], result: str) -> Callable[..., Step]:
    """A maker of steps for a signature, written out as source: each operand read from its place."""
    names = [f"s{i}" for i in range(len(params))]
    reads = ", ".join(
        f"q[{n}:{n}+2].tobytes()" if p == "v128" else f"q[{n}]" for n, p in zip(names, params, strict=True)
    )
    value = f"run({reads}, *lanes)"
    write = f"q[to:to+2] = view({value}).cast('Q')" if result == "v128" else f"q[to] = {value}"
    source = (
        f"def make(run, slots, to, lanes, after):\n {', '.join(names)}, = slots\n"
        f" def step(q, d, f):\n  {write}\n  return after\n return step"
    )
    scope: dict[str, Any] = {"view": memoryview}
    exec(source, scope)
    make: Callable[..., Step] = scope["make"]
    return make


def _memory(site: Site) -> tuple[LinearMemory, int]:
    return site.instance.memories[site.imm(0)], site.imm(1)


def load(site: Site) -> Step:
    """[address] → [vector]"""
    memory, offset = _memory(site)
    run, width, at, after = VECTOR_LOADS[site.instr.op.name], site.instr.op.width, site.operand(0), site.next
    view, length = memory.region.view, memory.length_word

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = q[at] + offset
        if address + width > length[0]:
            raise out_of_bounds(address, width, length[0])
        q[at : at + _SLOTS] = memoryview(run(bytes(view[address : address + width]))).cast("Q")
        return after

    return step


def load_lane(site: Site) -> Step:
    """[address vector] → [the vector with one lane loaded]"""
    memory, offset = _memory(site)
    width, lane, after = site.instr.op.width, site.imm(2), site.next
    at = site.push - _SLOTS - 1
    view, length = memory.region.view, memory.length_word

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = q[at] + offset
        if address + width > length[0]:
            raise out_of_bounds(address, width, length[0])
        value = bytearray(q[at + 1 : at + 1 + _SLOTS].tobytes())
        value[lane * width : (lane + 1) * width] = view[address : address + width]
        q[at : at + _SLOTS] = memoryview(value).cast("Q")
        return after

    return step


def store(site: Site) -> Step:
    """[address vector] → []; a lane of it, or all"""
    memory, offset = _memory(site)
    width, after = site.instr.op.width, site.next
    first = site.imm(2) * width if len(site.instr.imm) > 2 else 0
    at = site.push - _SLOTS - 1
    view, length, cards = memory.region.view, memory.length_word, memory.region.cards
    assert cards is not None

    def step(q: Slots, d: Floats, f: Floats) -> int:
        address = q[at] + offset
        if address + width > length[0]:
            raise out_of_bounds(address, width, length[0])
        view[address : address + width] = q[at + 1 : at + 1 + _SLOTS].tobytes()[first : first + width]
        cards[address >> _CARD_SHIFT] = cards[(address + width - 1) >> _CARD_SHIFT] = 1
        return after

    return step
