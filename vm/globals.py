"""A global's value in its VMGlobalDefinition."""

from __future__ import annotations

from vm.instance import GlobalExtern
from vm.machine import Machine
from vm.types import GlobalType, NumType, RefType, ValType


def global_width(machine: Machine, type_: GlobalType) -> int:
    """How many bytes of a global's storage hold its value."""
    match type_.value:
        case NumType.I64 | NumType.F64:
            return 8
        case NumType.V128:
            return 16
        case NumType():
            return 4
        case _:
            return machine.layouts.pointer_bytes if type_.value.is_func else machine.layouts.reference_bytes


def read_global(machine: Machine, extern: GlobalExtern) -> int:
    """A global's value as a slot."""
    word = machine.space.load(extern.storage, global_width(machine, extern.type))
    return machine.gc.slot_of(word) if is_heap_reference(extern.type.value) else word


def word_of_global(machine: Machine, type_: GlobalType, slot: int) -> int:
    """A slot as it stands in a global's storage."""
    return machine.gc.word_of(slot) if is_heap_reference(type_.value) else slot


def is_heap_reference(type_: ValType) -> bool:
    """Whether values of a type are references that are no funcrefs."""
    return isinstance(type_, RefType) and not type_.is_func
