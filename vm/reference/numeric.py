"""Steps for constants, arithmetic, comparisons and conversions: an adaptor per signature around a row's `run`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from vm.ops.row import Op
from vm.reference.step import Floats, Site, Slots, Step
from vm.semantics.table import BITWISE, NUMERIC
from vm.semantics.wide import WIDE

# How a value of a type is read from and written to a frame: its view, and its index there.
_VIEW = {"i32": "q", "i64": "q", "f64": "d", "f32": "f"}
_WIDE = ("i64", "f64")


def constant(site: Site) -> Step:
    """[] → [c]"""
    to, value, after = site.push, site.imm(), site.next

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[to] = value
        return after

    return step


def numeric(site: Site) -> Step:
    """[a] → [run(a)] or [a b] → [run(a, b)]"""
    params, result = _signature(site.instr.op)
    slots = [site.operand(len(params) - 1 - i) for i in range(len(params))]
    indexes = [2 * s if p == "f32" else s for s, p in zip(slots, params, strict=True)]
    to = 2 * slots[0] if result == "f32" else slots[0]
    make = _adaptor(params, result)
    return make(NUMERIC[site.instr.op.name], indexes[0], indexes[-1], to, slots[0], site.next)


def wide(site: Site) -> Step:
    """[i64 ...] → [low high]"""
    run, count, after = WIDE[site.instr.op.name], len(_signature(site.instr.op)[0]), site.next
    end = site.push
    first = end - count

    def step(q: Slots, d: Floats, f: Floats) -> int:
        q[first], q[first + 1] = run(*q[first:end])
        return after

    return step


def _signature(op: Op) -> tuple[tuple[str, ...], str]:
    left, right = op.sig.split("->")
    params, result = tuple(left.split()), right.strip()
    if op.name in BITWISE:  # floats as bits: the integer view has them
        return tuple(p.replace("f", "i") for p in params), result.replace("f", "i")
    return params, result


@cache
def _adaptor(params: tuple[str, ...], result: str) -> Callable[..., Step]:
    """A maker of steps for a signature, written out as source: each view and index in its place.

    An f32 is written as half a slot, so where its operand was wider the slot is cleared first.
    """
    reads = ", ".join(f"{_VIEW[p]}[{index}]" for p, index in zip(params, ("a", "b"), strict=False))
    if result == "f32" and params[0] in _WIDE:
        body = f"value = run({reads}); q[slot] = 0; f[to] = value"
    else:
        body = f"{_VIEW[result]}[to] = run({reads})"
    source = f"def make(run, a, b, to, slot, after):\n def step(q, d, f):\n  {body}\n  return after\n return step"
    scope: dict[str, Callable[..., Step]] = {}
    exec(source, scope)
    return scope["make"]
