"""References to functions among a call's values as numbers that mean the same in every process.

A funcref's slot holds the address of a VMFuncRef. In the journal it is the region that this lies in, by number, and the
offset: regions are mapped in the same order in every run, whatever their addresses.
"""

from __future__ import annotations

from collections.abc import Callable

from vm.errors import UserError
from vm.memory import AddressSpace
from vm.types import RefType, ValType, slots

_OFFSET_BITS = 48


def func_ref_slots(types: tuple[ValType, ...]) -> tuple[int, ...]:
    """Which slots of values of these types hold references to functions."""
    found, at = [], 0
    for type_ in types:
        if isinstance(type_, RefType) and type_.is_func:
            found.append(at)
        at += slots(type_)
    return tuple(found)


def placed(space: AddressSpace, values: tuple[int, ...], where: tuple[int, ...]) -> tuple[int, ...]:
    """Values with the funcrefs in some of their slots by region and offset; null stays 0."""

    def place(addr: int) -> int:
        region = space.region_at(addr)
        assert region is not None, "a funcref leads to a record of this store"
        return region.number + 1 << _OFFSET_BITS | addr - region.base

    return _changed(values, where, place)


def addressed(space: AddressSpace, values: tuple[int, ...], where: tuple[int, ...]) -> tuple[int, ...]:
    """The opposite. Raises UserError where there is no such region."""

    def address(place: int) -> int:
        number = (place >> _OFFSET_BITS) - 1
        region = next((r for r in space.regions() if r.number == number), None)
        if region is None:
            raise UserError("a reference leads to memory that is not there")
        return region.base + (place & (1 << _OFFSET_BITS) - 1)

    return _changed(values, where, address)


def _changed(values: tuple[int, ...], where: tuple[int, ...], change: Callable[[int], int]) -> tuple[int, ...]:
    if not where:
        return values
    return tuple(change(value) if i in where and value else value for i, value in enumerate(values))
