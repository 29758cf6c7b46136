"""Small worlds for tests: a module from its text, a machine with it in."""

from __future__ import annotations

from collections.abc import Mapping

from debugger.expression.evaluate import Evaluator
from debugger.inspect import Inspector
from tests.executors import maker
from vm.decode import decode
from vm.errors import Trap
from vm.host import HostFunction
from vm.instance import Extern, Instance
from vm.instantiate import instantiate
from vm.machine import Machine
from vm.module import Module
from vm.stop import Stop, StopKind
from vm.text import assemble
from vm.validate import validate


def module(wat: str) -> Module:
    """A decoded module; `wat` may be bare module fields."""
    return decode(assemble(wat, "test.wat"))


class World:
    """A machine with one instance of a module, and an executor."""

    def __init__(
        self,
        wat: str,
        provider: Mapping[tuple[str, str], Extern | HostFunction] | None = None,
        machine: Machine | None = None,
        name: str = "test",
    ) -> None:
        self.machine = machine or Machine()
        self.instance: Instance = instantiate(self.machine, validate(module(wat)), provider or {}, name)
        self.executor = maker()(self.machine)
        self.inspect = Inspector(self.machine)

    def begin(self, export: str, *args: int) -> None:
        """Sets up a call of an export."""
        found = self.instance.module.export(export)
        assert found is not None
        self.machine.clear_call()
        self.machine.begin((self.instance, found.index), args)

    def run(self, export: str, *args: int, ticks: int | None = None) -> Stop:
        """Calls an export and runs it for some ticks, or to its end."""
        self.begin(export, *args)
        return self.executor.run(ticks)

    def call(self, export: str, *args: int) -> tuple[int, ...]:
        """Calls an export; its result slots."""
        stop = self.run(export, *args)
        assert stop.kind is StopKind.FINISHED, stop
        return self.machine.results()

    def trap(self, export: str, *args: int) -> Trap:
        """Calls an export; the trap it ends with."""
        stop = self.run(export, *args)
        assert stop.kind is StopKind.TRAP and stop.trap is not None, stop
        return stop.trap

    def evaluator(self, frame: int = 0) -> Evaluator:
        return Evaluator(self.machine, self.inspect, self.instance, self.inspect.frame(frame))
