"""VMFuncRefs by address: which addresses are one, and whose. Executors call through them without a further check."""

from __future__ import annotations

from dataclasses import dataclass

from vm.instance import Instance
from vm.machine import Machine
from vm.memory import RegionKind
from vm.types import Addr


@dataclass(frozen=True, slots=True)
class FuncRefPlace:
    """A VMFuncRef of this store. `instance` and `func` say who writes it when it was not written yet."""

    addr: Addr
    instance: Instance | None = None  # None: a host function's
    func: int = 0

    def is_written(self, machine: Machine) -> bool:
        """Whether the record says what to call."""
        return machine.type_id_of_code(machine.read_func_ref(self.addr).code) is not None


def find_func_ref(machine: Machine, addr: int) -> FuncRefPlace | None:
    """The VMFuncRef that starts at an address; None: there is none."""
    region = machine.space.region_at(addr)
    if region is None:
        return None
    if region.kind is RegionKind.HOST_CONTEXT:
        view = machine.view("VMArrayCallHostFuncContext", region.base)
        return FuncRefPlace(Addr(addr)) if view.at("func_ref") == addr else None
    instance = machine.instance_at(region.base) if region.kind is RegionKind.VMCTX else None
    return None if instance is None else _in_instance(machine, instance, addr)


def _in_instance(machine: Machine, instance: Instance, addr: int) -> FuncRefPlace | None:
    if machine.layouts.era.imports_use_import_record:
        for func in range(instance.module.num_imported_funcs):
            if instance.import_record(func).addr == addr:
                return FuncRefPlace(Addr(addr), instance, func)
    funcs = (f for f in instance.shape.func_ref_slots if instance.func_ref_at(f) == addr)
    return next((FuncRefPlace(Addr(addr), instance, func) for func in funcs), None)
