"""WASI preview 1 as host functions: `wasi_snapshot_preview1`.

Follows Wasmtime 50 where the witx leaves a choice. One call reads its arguments by their witx types, runs
one function of this package and stores what it answers; it never waits (see `vm.host.Block`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from vm.errors import TrapKind
from vm.host import Block, Exit, HostCall, HostFunction, Outcome, Raise, Return
from vm.wasi import files, paths, poll, process, streams
from vm.wasi.context import Answer, Context, Function
from vm.wasi.descriptors import DescriptorTable
from vm.wasi.errno import Errno, Refused, from_system
from vm.wasi.guest import Guest, GuestFault
from vm.wasi.signatures import MODULE, SIGNATURES, Signature
from vm.wasi.world import World

_HOMES = (files, paths, poll, process, streams)


def _functions() -> Mapping[str, Function]:
    found = {s.name: getattr(home, s.name) for s in SIGNATURES for home in _HOMES if hasattr(home, s.name)}
    return MappingProxyType(found)


FUNCTIONS: Mapping[str, Function] = _functions()


@dataclass(frozen=True, slots=True)
class Wasi:
    """A program's view of WASI: its descriptors, arguments and environment, over a world.

    `env` holds `NAME=value` strings.
    """

    descriptors: DescriptorTable
    world: World
    args: tuple[bytes, ...] = ()
    env: tuple[bytes, ...] = ()

    def functions(self) -> tuple[HostFunction, ...]:
        """All functions of the module `wasi_snapshot_preview1`, for linking."""
        return tuple(HostFunction(MODULE, s.name, s.type, partial(self._run, s)) for s in SIGNATURES)

    def _run(self, signature: Signature, call: HostCall) -> Outcome:
        if call.memory is None:
            return Raise(TrapKind.HOST, f"{MODULE}.{signature.name}: the caller has no memory")
        guest = Guest(call.memory)
        context = Context(self.descriptors, self.world, guest, call.blocked, self.args, self.env)
        try:
            answer = FUNCTIONS[signature.name](context, *signature.arguments(call.args))
            if isinstance(answer, Block | Exit):
                return answer
            _store(guest, signature, call.args, answer)
        except GuestFault as fault:
            return Raise(TrapKind.HOST, f"{MODULE}.{signature.name}: {fault}")
        except Refused as refused:
            return Return((refused.errno,))
        except OSError as error:
            return Return((from_system(error),))
        return Return((Errno.SUCCESS,))


def _store(guest: Guest, signature: Signature, args: tuple[int, ...], answer: Answer) -> None:
    """Stores results where the guest wants them. Raises GuestFault."""
    results = ((answer,),) if isinstance(answer, int) else answer or ()
    assert not isinstance(results, Block | Exit)
    for record, pointer, values in zip(signature.results, signature.result_pointers(args), results, strict=True):
        guest.store(record, pointer, *values)
