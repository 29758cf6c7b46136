"""A function of the runtime that compiled code calls, and how a call finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec, TypeVar

from vm.instance import Instance
from vm.layout import Era, Layouts
from vm.machine import Machine
from vm.types import Addr

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Libcall(Generic[P, R]):
    """What the eras call it, the newest first, and what it does: for the caller's instance, whose indexes it gets."""

    names: tuple[str, ...]
    run: Callable[Concatenate[Machine, Instance, P], R]

    def number(self, era: Era, imported: bool = False) -> int | None:
        """Its place in the array of an era; None: compiled code does it in line.

        Wasmer's has two of what is about a memory or table: the other is for those that are `imported`.
        """
        names = [f"imported_{name}" for name in self.names] if imported else []
        return next((era.builtins.index(name) for name in (*names, *self.names) if name in era.builtins), None)


def libcall(
    *names: str,
) -> Callable[[Callable[Concatenate[Machine, Instance, P], R]], Libcall[P, R]]:
    """Makes a function the runtime's under the eras' names for it."""
    return lambda run: Libcall(names, run)


def entry_at(layouts: Layouts, instance: Instance, number: int) -> Addr:
    """Where entry `number` of an instance's array lies: in the VMContext, or where that points."""
    vmctx = instance.vmctx
    if vmctx.layout.field("builtin_functions").count is not None:
        return vmctx.at("builtin_functions", number)
    return Addr(vmctx.get("builtin_functions") + number * layouts.pointer_bytes)
