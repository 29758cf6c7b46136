"""Our own machine as `structures` sees a runtime."""

from __future__ import annotations

from dataclasses import dataclass

from debugger.inspect import Inspector
from debugger.structures import Owner, Runtime
from vm.instance import Instance
from vm.machine import Machine
from vm.memory import RegionKind

_MOST_OTHERS = 64


@dataclass(frozen=True)
class MachineNames:
    """Names of what lies in a machine."""

    inspect: Inspector

    def address(self, addr: int) -> str:
        return self.inspect.describe_address(addr)

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        instance = self.inspect.machine.instance_at(owner.addr)
        assert instance is not None
        found = self.inspect.table_element(instance, table, index)
        return ("" if found.state == "null" else found.text), found.func_ref or 0

    def note(self, owner: Owner, section: str, index: int) -> str:
        instance = self.inspect.machine.instance_at(owner.addr)
        assert instance is not None
        symbols, counts = self.inspect.symbols(instance), instance.shape.counts
        match section:
            case "globals" | "imported_globals":
                number = index + (0 if "imported" in section else counts["num_imported_globals"])
                found = self.inspect.global_(instance, number)
                return f"{found.name} {found.type} {found.text}"
            case "func_refs":
                func = instance.func_of_slot(index)
                return "" if func is None else symbols.func_text(func)
            case "imported_functions":
                return symbols.func_text(index)
            case "memories" | "owned_memories" | "imported_memories":
                own = 0 if "imported" in section else counts["num_imported_memories"]
                return f"memory {symbols.memory(index + own)}"
            case "tables" | "imported_tables":
                own = 0 if "imported" in section else counts["num_imported_tables"]
                return f"table {symbols.table(index + own)}"
            case _:
                return ""


def runtime_of(machine: Machine, inspect: Inspector, first: Instance) -> Runtime:
    """A machine's structures as they are seen from one instance."""
    others = [i for i in machine.instances if i is not first][:_MOST_OTHERS]
    contexts = ((r.name, r.base) for r in machine.space.regions() if r.kind is RegionKind.HOST_CONTEXT)
    owners = tuple(_owner(i) for i in (first, *others))
    return Runtime(machine.space, machine.layouts, owners, MachineNames(inspect), tuple(contexts))


def _owner(instance: Instance) -> Owner:
    tables = tuple(table.is_func for table in instance.tables)
    return Owner(instance.name, instance.addr, instance.shape.counts, tables, len(instance.module.types))
