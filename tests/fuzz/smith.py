"""Random modules of a generator that knows every proposal, run here and under Wasmtime.

`wasm-tools smith` makes them: they end, need no imports and export everything. What a module does is compared: each
export's results or trap, then its globals and memories.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import wasmtime
from wasmtime import _ffi as ffi

from tests.executors import maker
from vm.decode import decode
from vm.errors import DecodeError, Trap, TrapKind, ValidationError
from vm.globals import read_global
from vm.instance import Extern, GlobalExtern, Instance
from vm.instantiate import instantiate
from vm.linking import exports_of
from vm.machine import Machine, MachineLimits
from vm.memories import LinearMemory
from vm.module import ValidModule
from vm.stop import StopKind
from vm.types import ExternKind, FuncType, NumType, ValType, grouped, spread
from vm.validate import validate

WASM_TOOLS = shutil.which("wasm-tools", path=f"{Path(sys.executable).parent}:{'/usr/local/bin'}")
_OPTIONS = [
    "--ensure-termination",
    "--export-everything",
    "true",
    "--max-imports",
    "0",
    "--canonicalize-nans",
    "true",
    "--gc-enabled",
    "true",
    "--exceptions-enabled",
    "true",
    "--tail-call-enabled",
    "true",
    "--simd-enabled",
    "true",
    "--memory64-enabled",
    "true",
    "--wide-arithmetic-enabled",
    "true",
    "--custom-page-sizes-enabled",
    "true",
    "--extended-const-enabled",
    "true",
    "--relaxed-simd-enabled",
    "false",
    "--threads-enabled",
    "false",
    "--max-memories",
    "3",
    "--max-tables",
    "3",
    "--max-memory32-bytes",
    "262144",
    "--max-memory64-bytes",
    "262144",
    "--memory-max-size-required",
    "true",
    "--table-max-size-required",
    "true",
    "--max-table-elements",
    "500",
    "--max-funcs",
    "12",
    "--max-instructions",
    "120",
    "--min-funcs",
    "4",
    "--min-types",
    "12",
    "--max-types",
    "30",
    "--max-tags",
    "4",
    "--allow-start-export",
    "true",
    "--limit-arrays-in-const-exprs",
    "true",
    "--max-nesting-depth",
    "20",
]
_PROPOSALS = (
    "function_references", "gc", "exceptions", "tail_call", "memory64", "multi_memory", "wide_arithmetic",
    "custom_page_sizes", "branch_hinting",
)  # fmt: skip
_NOTHING = b"\0asm\1\0\0\0"
_TICKS, _FUEL = 300_000, 3_000_000
_LIMITS = MachineLimits(max_frames=3_000, max_memory_bytes=16 << 20, max_gc_heap_bytes=4 << 20)
GIVE_UP = (TrapKind.CALL_STACK_EXHAUSTED, TrapKind.GC_HEAP_FULL)
MESSAGES = {
    TrapKind.UNREACHABLE: "unreachable",
    TrapKind.OUT_OF_BOUNDS_MEMORY: "out of bounds memory access",
    TrapKind.OUT_OF_BOUNDS_TABLE: "out of bounds table access",
    TrapKind.UNDEFINED_ELEMENT: "out of bounds table access",
    TrapKind.UNINITIALIZED_ELEMENT: "uninitialized element",
    TrapKind.INDIRECT_CALL_TYPE: "indirect call type mismatch",
    TrapKind.INTEGER_DIVIDE_BY_ZERO: "integer divide by zero",
    TrapKind.INTEGER_OVERFLOW: "integer overflow",
    TrapKind.INVALID_CONVERSION: "invalid conversion to integer",
    **dict.fromkeys(
        (TrapKind.NULL_REFERENCE, TrapKind.NULL_FUNCTION, TrapKind.NULL_STRUCTURE, TrapKind.NULL_ARRAY,
         TrapKind.NULL_I31, TrapKind.NULL_EXCEPTION), "null"
    ),
    TrapKind.OUT_OF_BOUNDS_ARRAY: "out of bounds array access",
    TrapKind.CAST_FAILURE: "cast failure",
    TrapKind.UNALIGNED_ATOMIC: "unaligned atomic",
    TrapKind.UNCAUGHT_EXCEPTION: "exception",
}  # fmt: skip


class GivenUp(Exception):
    """A limit was reached that the two do not share."""


@dataclass
class Differs(Exception):
    """What the two do not agree about."""

    what: str

    def __str__(self) -> str:
        return self.what


def engine() -> wasmtime.Engine:
    """Wasmtime with every proposal, counting fuel."""
    config = wasmtime.Config()
    config.consume_fuel = True
    for name in _PROPOSALS:
        getattr(ffi, f"wasmtime_config_wasm_{name}_set")(config.ptr(), True)
    return wasmtime.Engine(config)


def module_of(seed: int) -> bytes | None:
    """The module of a seed; None where the generator makes none."""
    rng = random.Random(seed)
    data = rng.randbytes(rng.choice((2_000, 8_000, 30_000)))
    assert WASM_TOOLS is not None
    made = subprocess.run([WASM_TOOLS, "smith", *_OPTIONS], input=data, capture_output=True, check=False)
    return made.stdout if made.returncode == 0 else None


def compare(data: bytes, seed: int, with_engine: wasmtime.Engine) -> int:
    """How many calls were compared. Raises Differs."""
    valid = _validated(data, with_engine)
    try:
        return Pair(valid, data, with_engine).calls(random.Random(seed))
    except GivenUp:
        return 0


def _validated(data: bytes, with_engine: wasmtime.Engine) -> ValidModule:
    try:
        valid = validate(decode(data))
    except (DecodeError, ValidationError) as error:
        raise Differs(f"refused here: {error}") from None
    try:
        wasmtime.Module.validate(with_engine, data)
    except wasmtime.WasmtimeError as error:
        raise Differs(f"refused by Wasmtime: {error}") from None
    return valid


class Pair:
    """A module in both; `data` is what Wasmtime gets, `support` a module whose exports are imported by their names."""

    def __init__(
        self, valid: ValidModule, data: bytes, with_engine: wasmtime.Engine, support: bytes = _NOTHING,
        *, canonical_nan: bool = False,
    ) -> None:  # fmt: skip
        self.valid, self.support = valid, support
        self.machine = Machine(limits=_LIMITS)
        self.machine.canonical_nan = canonical_nan
        self.executor = maker()(self.machine)
        self.store = wasmtime.Store(with_engine)
        ours, theirs = self._instantiate_ours(), self._instantiate_theirs(data, with_engine)
        if isinstance(ours, str) or isinstance(theirs, str):
            made = [outcome if isinstance(outcome, str) else "made" for outcome in (ours, theirs)]
            self._same("instantiation", *made)
            raise GivenUp
        self.ours, self.theirs = ours, theirs

    def _same(self, what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            raise Differs(f"{what}: {ours} here, {theirs} in Wasmtime")

    def _instantiate_ours(self) -> Instance | str:
        try:
            self.hosts = exports_of(instantiate(self.machine, validate(decode(self.support)), {}))
            imports = {(i.module, i.name): self.hosts[i.name] for i in self.valid.module.imports}
            instance = instantiate(self.machine, self.valid, imports)
        except Trap as trap:
            return self._name(trap.kind)
        start = self.valid.module.start
        if start is not None:
            outcome = self._run(instance, start, ())
            if isinstance(outcome, str):
                return outcome
        return instance

    def _instantiate_theirs(self, data: bytes, with_engine: wasmtime.Engine) -> wasmtime.Instance | str:
        self.store.set_fuel(_FUEL)
        try:
            support = wasmtime.Instance(self.store, wasmtime.Module(with_engine, self.support), [])
            self.their_hosts = support.exports(self.store)
            imports = [self.their_hosts[i.name] for i in self.valid.module.imports]
            return wasmtime.Instance(self.store, wasmtime.Module(with_engine, data), imports)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return trap_name(error)

    def _name(self, kind: TrapKind) -> str:
        if kind in GIVE_UP:
            raise GivenUp
        return MESSAGES[kind]

    def _run(self, instance: Instance, func: int, args: tuple[int, ...]) -> tuple[int, ...] | str:
        self.machine.clear_call()
        self.machine.begin((instance, func), args)
        stop = self.executor.run(_TICKS)
        if stop.kind is StopKind.TRAP and stop.trap is not None:
            return self._name(stop.trap.kind)
        if stop.kind is not StopKind.FINISHED:
            raise GivenUp
        return self.machine.results()

    def calls(self, rng: random.Random) -> int:
        """Calls every export that takes and gives numbers, twice."""
        module, count = self.valid.module, 0
        exports = self.theirs.exports(self.store)
        for export in module.exports:
            if export.kind is not ExternKind.FUNC:
                continue
            type_ = module.func_type(export.index)
            if not all(isinstance(t, NumType) and t is not NumType.V128 for t in (*type_.params, *type_.results)):
                continue
            for _ in range(2):
                bits = [_argument(rng, t) for t in type_.params if isinstance(t, NumType)]
                self.store.set_fuel(_FUEL)
                theirs = self._call(exports[export.name], bits, type_)
                ours = self._run(self.ours, export.index, spread(tuple(bits), type_.params))
                if not isinstance(ours, str):
                    ours = _plain_all(grouped(ours, type_.results), type_.results)
                self._same(f"{export.name}{bits}", ours, theirs)
                self._state(exports_of(self.ours), exports)
                self._state(self.hosts, self.their_hosts)
                count += 1
        return count

    def _call(self, func: object, bits: list[int], type_: FuncType) -> tuple[int, ...] | str:
        assert isinstance(func, wasmtime.Func)
        numbers = [t for t in type_.params if isinstance(t, NumType)]
        values = [_number(b, t) for b, t in zip(bits, numbers, strict=True)]
        try:
            found = func(self.store, *values)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return trap_name(error)
        listed = found if isinstance(found, list) else [] if found is None else [found]
        return _plain_all(
            [_bits(v, t) for v, t in zip(listed, type_.results, strict=True) if isinstance(t, NumType)], type_.results
        )

    def _state(self, ours: Mapping[str, Extern], exports: wasmtime.InstanceExports) -> None:
        for name, extern in ours.items():
            match extern:
                case LinearMemory():
                    memory = exports[name]
                    assert isinstance(memory, wasmtime.Memory)
                    theirs = bytes(memory.read(self.store, 0, memory.data_len(self.store)))
                    self._same(f"size of {name}", extern.size_bytes, len(theirs))
                    if extern.read(0, extern.size_bytes) != theirs:
                        raise Differs(f"bytes of {name}")
                case GlobalExtern(type=type_) if isinstance(type_.value, NumType) and type_.value is not NumType.V128:
                    global_ = exports[name]
                    assert isinstance(global_, wasmtime.Global)
                    theirs_ = _plain(_bits(global_.value(self.store), type_.value), type_.value)
                    self._same(f"global {name}", _plain(read_global(self.machine, extern), type_.value), theirs_)
                case _:
                    pass


def trap_name(error: Exception) -> str:
    """What a trap of Wasmtime is called here."""
    text = str(error)
    if any(words in text for words in ("all fuel", "call stack exhausted", "GC heap", "allocation", "out of memory")):
        raise GivenUp
    found = next((m for m in dict.fromkeys(MESSAGES.values()) if m in text), None)
    if found is None and "undefined element" in text:
        return MESSAGES[TrapKind.UNDEFINED_ELEMENT]
    return found or text


def _argument(rng: random.Random, type_: NumType) -> int:
    width = 32 if type_ in (NumType.I32, NumType.F32) else 64
    some = (0, 1, 2, 5, 100, (1 << width) - 1, 1 << width - 1)
    value = rng.choice(some) if rng.random() < 0.5 else rng.getrandbits(width)
    is_float = type_ in (NumType.F32, NumType.F64)
    return 0 if is_float and _number(value, type_) != _number(value, type_) else value  # no NaN goes in


def _plain(bits: int, type_: NumType) -> int:
    """The bits, but one NaN for all: a signalling one does not survive Python's floats."""
    value = _number(bits, type_)
    return -1 if value != value else bits


def _plain_all(bits: Sequence[int], types: Sequence[ValType]) -> tuple[int, ...]:
    return tuple(_plain(b, t) for b, t in zip(bits, types, strict=True) if isinstance(t, NumType))


def _number(bits: int, type_: NumType) -> int | float:
    match type_:
        case NumType.F32:
            found: float = struct.unpack("<f", struct.pack("<I", bits))[0]
            return found
        case NumType.F64:
            wide: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
            return wide
        case NumType.I32:
            return bits - (bits >> 31 << 32)
        case _:
            return bits - (bits >> 63 << 64)


def _bits(value: float, type_: NumType) -> int:
    match type_:
        case NumType.F32:
            return int.from_bytes(struct.pack("<f", value), "little")
        case NumType.F64:
            return int.from_bytes(struct.pack("<d", value), "little")
        case NumType.I32:
            return int(value) & 0xFFFF_FFFF
        case _:
            return int(value) & (1 << 64) - 1
