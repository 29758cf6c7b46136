"""A global's value in its VMGlobalDefinition."""

from __future__ import annotations

from vm.instance import GlobalExtern
from vm.machine import Machine
from vm.types import GlobalType, NumType


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
            return machine.layouts.pointer_bytes if type_.value.is_func else 4


def read_global(machine: Machine, extern: GlobalExtern) -> int:
    """A global's value as a slot."""
    return machine.space.load(extern.storage, global_width(machine, extern.type))
