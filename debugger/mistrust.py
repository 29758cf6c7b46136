"""What a recording from a file may not do: anything that an executor could not survive."""

from __future__ import annotations

from dataclasses import dataclass

from vm.errors import MemoryFault, TrapKind, UserError
from vm.host import THREAD_SPAWN
from vm.instance import Instance
from vm.journal import Edit, Entry, HostResult, Invoke, Jump
from vm.machine import Machine
from vm.memory import RegionKind, Write
from vm.placed import addressed, func_ref_slots
from vm.poke import check, resolve
from vm.types import Addr, NumType, RefType, ValType, grouped, total_slots

_HOSTS_WRITE = (RegionKind.MEMORY, RegionKind.HOST)
_SMALL = (NumType.I32, NumType.F32)


@dataclass(frozen=True)
class Mistrust:
    """Checks entries right before they are repeated. Raises UserError."""

    machine: Machine

    def entry(self, entry: Entry) -> None:
        """Whether the machine as it is can survive an entry."""
        try:
            match entry:
                case HostResult():
                    self._host(entry)
                case Invoke():
                    self._invoke(entry)
                case Edit():
                    self._edit(entry)
                case Jump():
                    self._jump(entry)
                case _:
                    pass
        except (_Refused, MemoryFault, UserError, ValueError) as error:
            raise UserError(
                f"the recording cannot be repeated from tick {entry.tick:,} on: {error}", "it is damaged"
            ) from None

    # -- host calls ------------------------------------------------------------------------------

    def _host(self, entry: HostResult) -> None:
        function = self.machine.hosts[entry.host]
        match entry.outcome:
            case "return":
                _demand(len(entry.values) == total_slots(function.type.results), "the number of values")
                where = func_ref_slots(function.type.results)
                self._values(addressed(self.machine.space, entry.values, where), function.type.results, None)
            case "exit":
                _demand(len(entry.values) == 1 and entry.values[0] < 256, "an exit code")
            case "raise":
                TrapKind(entry.text.partition("\n")[0])
            case "spawn":
                _demand(function.label == THREAD_SPAWN and len(entry.values) == 1, "a thread's start")
            case "gc":
                _demand(not function.type.results, "a collection")
            case "throw":
                pass
            case "call":
                self._call(entry.values)
            case _:
                raise _Refused("an unknown outcome")
        for write in entry.writes:
            self._write(write)

    def _call(self, values: tuple[int, ...]) -> None:
        _demand(len(values) >= 2, "a call")
        region = next((r for r in self.machine.space.regions() if r.number == values[0]), None)
        _demand(region is not None and region.kind in (RegionKind.VMCTX, RegionKind.HOST_CONTEXT), "a called function")
        assert region is not None
        reference = self.machine.read_func_ref(Addr(region.base + values[1]))
        type_ = self.machine.type_of(reference.type_id)
        known = self.machine.code_at(reference.code) is not None and type_ is not None
        _demand(known and self.machine.type_id_of_code(reference.code) == reference.type_id, "a called function")
        assert type_ is not None
        self._values(values[2:], type_.params, None)

    def _write(self, write: Write) -> None:
        region = next((r for r in self.machine.space.regions() if r.number == write.region), None)
        fits = region is not None and region.kind in _HOSTS_WRITE and write.offset + len(write.data) <= region.size
        _demand(fits and write.pointee is None, "a host function's write")

    def _values(self, values: tuple[int, ...], types: tuple[ValType, ...], instance: Instance | None) -> None:
        _demand(len(values) == total_slots(types), "the number of values")
        for value, type_ in zip(grouped(values, types), types, strict=True):
            if isinstance(type_, RefType):
                wanted = type_ if instance is None else instance.engine_type(type_)
                assert isinstance(wanted, RefType)
                _demand(self.machine.holds(wanted, value), f"a {type_}")
            else:
                _demand(type_ not in _SMALL or value < 1 << 32, f"a {type_}")

    # -- from outside ----------------------------------------------------------------------------

    def _invoke(self, entry: Invoke) -> None:
        _demand(entry.instance < len(self.machine.instances), "an instance")
        instance = self.machine.instances[entry.instance]
        _demand(entry.func < len(instance.module.func_type_indexes), "a function")
        self._values(entry.args, instance.module.func_type(entry.func).params, instance)

    def _edit(self, entry: Edit) -> None:
        """Funcrefs that the edit needs are written before it, and nothing else."""
        _demand(bool(entry.writes), "an edit")
        *before, last = entry.writes
        region = next((r for r in self.machine.space.regions() if r.number == last.region), None)
        _demand(region is not None, "an edit's place")
        assert region is not None
        data = last.data
        if last.pointee is not None:
            target = next((r for r in self.machine.space.regions() if r.number == last.pointee[0]), None)
            _demand(target is not None, "an edit's pointer")
            assert target is not None
            data = (target.base + last.pointee[1]).to_bytes(len(data), "little")
        needed = check(self.machine, Addr(region.base + last.offset), data)
        written = map(_meant, resolve(self.machine, needed))
        _demand(list(written) == list(map(_meant, before)), "an edit of a funcref")

    def _jump(self, entry: Jump) -> None:
        control = self.machine.control
        instance = self.machine.instance_at(control.top.vmctx) if control.depth else None
        _demand(instance is not None, "a jump")
        assert instance is not None
        instrs = instance.facts(control.top.func).instrs
        _demand(entry.pc < len(instrs) and instrs[entry.pc].stack == instrs[control.top.pc].stack, "a jump")


def _meant(write: Write) -> tuple[int, int, object]:
    """A write, whatever addresses are in this process."""
    return write.region, write.offset, write.pointee or write.data


class _Refused(Exception):
    """What is wrong."""

    def __str__(self) -> str:
        return f"it has {self.args[0]} that cannot be"


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise _Refused(what)
