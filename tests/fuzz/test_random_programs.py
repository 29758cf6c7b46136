"""Random programs: whole, in random pieces by new executors, and under Wasmtime they do the same.

A tenth of `WASMSCOPE_FUZZ_ROUNDS` (default 2,000) programs are made.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
import wasmtime
from wasmtime import _ffi as ffi

from debugger.executors import ExecutorKind
from tests.executors import maker
from tests.fuzz.random_programs import Program
from tests.fuzz.random_words import TYPES
from vm.decode import decode
from vm.errors import TrapKind
from vm.instance import Instance
from vm.instantiate import instantiate
from vm.machine import Machine, MachineLimits, ThreadState
from vm.state import state_hash
from vm.stop import Stop, StopKind
from vm.text import assemble
from vm.types import SLOT_BYTES, Addr
from vm.validate import validate

_PROGRAMS = int(os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000")) // 10
_PARTS = 10
_ARGS = ((0, 0), (1, -1), (-5, 0x7FF0_0000_0000_0001), (0x7FA0_0001, 0x7FF4_0000_0000_0000), (8, 3))
_LIMITS = MachineLimits(max_frames=10_000, value_stack_bytes=1 << 20, max_memory_bytes=1 << 24)

_Outcome = int | str  # an i64's bits, or what the trap is called

_TRAPS = {
    wasmtime.TrapCode.UNREACHABLE: (TrapKind.UNREACHABLE,),
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: (TrapKind.OUT_OF_BOUNDS_MEMORY,),
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: (TrapKind.OUT_OF_BOUNDS_TABLE, TrapKind.UNDEFINED_ELEMENT),
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: (TrapKind.UNINITIALIZED_ELEMENT,),
    wasmtime.TrapCode.BAD_SIGNATURE: (TrapKind.INDIRECT_CALL_TYPE,),
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: (TrapKind.INTEGER_DIVIDE_BY_ZERO,),
    wasmtime.TrapCode.INTEGER_OVERFLOW: (TrapKind.INTEGER_OVERFLOW,),
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: (TrapKind.INVALID_CONVERSION,),
}
_KINDS = (ExecutorKind.NATIVE, ExecutorKind.REFERENCE)
_NAME_OF = {kind: code.name for code, kinds in _TRAPS.items() for kind in kinds}


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    for name in ("tail_call", "multi_memory", "memory64"):
        getattr(ffi, f"wasmtime_config_wasm_{name}_set")(config.ptr(), True)
    return wasmtime.Engine(config)


def _in_one_piece(machine: Machine) -> Stop:
    return maker()(machine).run(None)


def _in_pieces(chance: random.Random) -> Callable[[Machine], Stop]:
    """Runs by new executors of either kind, a few ticks each."""

    def run(machine: Machine) -> Stop:
        while True:
            budget = chance.choice((1, 2, 3, 7, 20, 90, 400, 1500))
            stop = maker(chance.choice(_KINDS))(machine).run(budget)
            if stop.kind is not StopKind.BUDGET:
                return stop

    return run


class Ours:
    """A program on our machine."""

    def __init__(self, wasm: bytes, run: Callable[[Machine], Stop]) -> None:
        self.machine, self.run = Machine(limits=_LIMITS), run
        self.instance: Instance = instantiate(self.machine, validate(decode(wasm)), {}, "random")

    def call(self, export: str, first: int, second: int) -> _Outcome:
        found = self.instance.module.export(export)
        assert found is not None
        self.machine.clear_call()
        self.machine.begin((self.instance, found.index), (first % (1 << 32), second % (1 << 64)))
        stop = self.run(self.machine)
        if stop.trap is not None:
            assert self.machine.thread_state is ThreadState.TRAPPED
            return _NAME_OF.get(stop.trap.kind, stop.trap.kind.value)
        return self.machine.results()[0]

    def state(self) -> list[object]:
        """Memories, globals, and which elements of the tables are null."""
        memories: list[object] = [m.read(0, m.size_bytes) for m in self.instance.memories]
        by_name = {e.name: self.instance.globals[e.index] for e in self.instance.module.exports if e.name[:2] == "g_"}
        words = [self.machine.space.read(Addr(by_name[f"g_{t}"].storage), SLOT_BYTES) for t in TYPES]
        elements = [t.peek(i) for t in self.instance.tables for i in range(t.size)]
        nulls = [e.state == "null" or (e.state == "lazy" and e.func is None) for e in elements]
        return [*memories, *(w[:4] if t.endswith("32") else w for w, t in zip(words, TYPES, strict=True)), nulls]


class Theirs:
    """A program under Wasmtime."""

    def __init__(self, engine: wasmtime.Engine, wasm: bytes) -> None:
        self.store = wasmtime.Store(engine)
        self.exports = wasmtime.Instance(self.store, wasmtime.Module(engine, wasm), []).exports(self.store)

    def call(self, export: str, first: int, second: int) -> _Outcome:
        try:
            result = self.exports[export](self.store, _signed(first, 32), _signed(second, 64))
        except wasmtime.Trap as trap:
            return str(trap.trap_code.name)
        return int(result) % (1 << 64)

    def state(self) -> list[object]:
        memories: list[object] = [bytes(self.exports[n].read(self.store)) for n in ("m0", "m1")]
        words = [
            int(self.exports[f"bits_{t}"](self.store)).to_bytes(8, "little", signed=True)[
                : 4 if t.endswith("32") else 8
            ]
            for t in TYPES
        ]
        tables = [self.exports[n] for n in ("t0", "t1")]
        nulls = [not isinstance(t.get(self.store, i), wasmtime.Func) for t in tables for i in range(t.size(self.store))]
        return [*memories, *words, nulls]


def _signed(value: int, bits: int) -> int:
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


@pytest.mark.parametrize("part", range(_PARTS))
def test_random_programs_do_the_same_whole_in_pieces_and_under_wasmtime(part: int) -> None:
    engine = _engine()
    outcomes = [o for seed in range(part, _PROGRAMS, _PARTS) for o in _compared(engine, seed)]
    results = sum(isinstance(o, int) for o in outcomes)
    assert _PROGRAMS < 200 or 0.3 * len(outcomes) < results < 0.9 * len(outcomes), "enough of both"


def _compared(engine: wasmtime.Engine, seed: int) -> list[_Outcome]:
    """What each call of a program comes to; the same in every way of running it."""
    program, outcomes = Program(seed), list[_Outcome]()
    wasm = assemble(program.text, f"random {seed}")
    whole, pieces = Ours(wasm, _in_one_piece), Ours(wasm, _in_pieces(random.Random(seed)))
    theirs = Theirs(engine, wasm)
    for export in program.runs:
        for args in _ARGS:
            outcome, call = whole.call(export, *args), f"seed {seed}: {export}{args}"
            assert outcome == theirs.call(export, *args), call
            assert outcome == pieces.call(export, *args), f"in pieces, {call}"
            assert state_hash(whole.machine) == state_hash(pieces.machine), call
            outcomes.append(outcome)
    for mine, other in zip(whole.state(), theirs.state(), strict=True):
        assert mine == other, f"seed {seed}: what is left behind"
    return outcomes
