"""A random module here and under Wasmtime: results, traps, memories, and what globals and tables lead to."""

from __future__ import annotations

import wasmtime
from wasmtime import _ffi as ffi

from tests.executors import maker
from tests.fuzz.rich.module import Module
from tests.fuzz.smith import GIVE_UP, MESSAGES, Differs, GivenUp, trap_name
from vm.decode import decode
from vm.errors import Trap
from vm.instance import Instance
from vm.instantiate import instantiate
from vm.machine import Machine, MachineLimits
from vm.stop import StopKind
from vm.text import assemble
from vm.validate import validate

_PROPOSALS = (
    "function_references", "gc", "exceptions", "tail_call", "memory64", "multi_memory", "wide_arithmetic",
    "custom_page_sizes", "threads", "relaxed_simd", "relaxed_simd_deterministic",
)  # fmt: skip
_ARGS = ((0, 0), (1, -1), (-5, 0x7FF0_0000_0000_0001), (0x7FA0_0001, 0x7FF4_0000_0000_0000))
_TICKS, _FUEL = 300_000, 3_000_000
_LIMITS = MachineLimits(max_frames=3_000, max_memory_bytes=16 << 20, max_gc_heap_bytes=4 << 20)
_MEMORIES = ("m0", "m1", "m2")

Outcome = int | str  # an i64's bits, or what the trap is called


def engine() -> wasmtime.Engine:
    """Wasmtime with every proposal, only canonical NaNs, counting fuel."""
    config = wasmtime.Config()
    config.consume_fuel = True
    for name in _PROPOSALS:
        getattr(ffi, f"wasmtime_config_wasm_{name}_set")(config.ptr(), True)
    ffi.wasmtime_config_cranelift_nan_canonicalization_set(config.ptr(), True)
    return wasmtime.Engine(config)


def compare(seed: int, with_engine: wasmtime.Engine) -> list[Outcome]:
    """What the calls of a module came to. Raises Differs."""
    module = Module(seed)
    wasm = assemble(module.text, f"module {seed}")
    outcomes: list[Outcome] = []
    try:
        ours = _Ours(wasm)
        theirs = _Theirs(with_engine, wasm)
        for run in module.runs:
            for args in _ARGS:
                outcomes.append(_same(f"{run}{args}", ours.call(run, *args), theirs.call(run, *args)))
                _same_state(module, ours, theirs, f"after {run}{args}")
    except GivenUp:
        pass
    return outcomes


def _same(what: str, ours: Outcome, theirs: Outcome) -> Outcome:
    if ours != theirs:
        raise Differs(f"{what}: {_text(ours)} here, {_text(theirs)} in Wasmtime")
    return ours


def _text(outcome: Outcome) -> str:
    return outcome if isinstance(outcome, str) else f"{outcome:#x}"


def _same_state(module: Module, ours: _Ours, theirs: _Theirs, when: str) -> None:
    for name in _MEMORIES:
        if ours.memory(name) != theirs.memory(name):
            raise Differs(f"bytes of {name} {when}")
    if ours.call("state") != theirs.call("state"):
        for state, what in zip(module.states, module.held, strict=True):
            _same(f"{what} {when}", ours.call(state), theirs.call(state))


class _Ours:
    """A module on our machine."""

    def __init__(self, wasm: bytes) -> None:
        self.machine = Machine(limits=_LIMITS)
        self.machine.canonical_nan = True
        self.executor = maker()(self.machine)
        try:
            self.instance: Instance = instantiate(self.machine, validate(decode(wasm)), {})
        except Trap as trap:
            raise Differs(f"instantiation here: {trap}") from None

    def call(self, export: str, *args: int) -> Outcome:
        found = self.instance.module.export(export)
        assert found is not None
        self.machine.clear_call()
        bits = [a % (1 << width) for a, width in zip(args, (32, 64), strict=False)]
        self.machine.begin((self.instance, found.index), tuple(bits))
        stop = self.executor.run(_TICKS)
        if stop.kind is StopKind.TRAP and stop.trap is not None:
            if stop.trap.kind in GIVE_UP:
                raise GivenUp
            return MESSAGES.get(stop.trap.kind, stop.trap.kind.value)
        if stop.kind is not StopKind.FINISHED:
            raise GivenUp
        return self.machine.results()[0]

    def memory(self, name: str) -> bytes:
        found = self.instance.module.export(name)
        assert found is not None
        memory = self.instance.memories[found.index]
        return memory.read(0, memory.size_bytes)


class _Theirs:
    """A module under Wasmtime."""

    def __init__(self, with_engine: wasmtime.Engine, wasm: bytes) -> None:
        self.store = wasmtime.Store(with_engine)
        self.store.set_fuel(_FUEL)
        self.exports = wasmtime.Instance(self.store, wasmtime.Module(with_engine, wasm), []).exports(self.store)

    def call(self, export: str, *args: int) -> Outcome:
        self.store.set_fuel(_FUEL)
        func = self.exports[export]
        assert isinstance(func, wasmtime.Func)
        try:
            found = func(self.store, *(_signed(a, width) for a, width in zip(args, (32, 64), strict=False)))
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return trap_name(error)
        return int(found) % (1 << 64)

    def memory(self, name: str) -> bytes:
        memory = self.exports[name]
        assert isinstance(memory, wasmtime.Memory)
        return bytes(memory.read(self.store, 0, memory.data_len(self.store)))


def _signed(value: int, bits: int) -> int:
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value
