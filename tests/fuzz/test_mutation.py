"""Damaged modules: refused with an error of ours or valid, and never otherwise than Wasmtime says.

`WASMSCOPE_FUZZ_ROUNDS` sets how many are tried (default 2,000).
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import wasmtime
from wasmtime import _ffi as ffi

from vm.decode import decode
from vm.errors import DecodeError, ValidationError
from vm.text import assemble
from vm.validate import validate

_ROUNDS = int(os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000"))
_SEED = 0x5EED
_DATA = Path(__file__).parents[1] / "data"
_TEXTS = ("proposals",)  # assembled for the test
_SAMPLES = ("sort", "matrix", "calculator", "hash", "words", "sizes", "vectors")
_INTERESTING = (
    0x00,
    0x01,
    0x05,
    0x0B,
    0x0F,
    0x11,
    0x1C,
    0x20,
    0x40,
    0x41,
    0x6F,
    0x70,
    0x7B,
    0x7E,
    0x7F,
    0x80,
    0xFC,
    0xFF,
)

_OFF = ("stack_switching", "compact_imports")
_ON = (
    "tail_call", "multi_memory", "memory64", "multi_value", "bulk_memory", "reference_types", "simd", "relaxed_simd",
    "wide_arithmetic", "custom_page_sizes", "threads", "function_references", "gc", "exceptions",
)  # fmt: skip

# (Wasmtime accepts, what the side that refuses says, why that is right)
_ALLOWED: tuple[tuple[bool, str, str], ...] = (
    (False, r"legacy_exceptions|legacy exceptions", "Wasmtime does not run the older try, which is valid here"),
)


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    for names, enabled in ((_OFF, False), (_ON, True)):
        for name in names:
            getattr(ffi, f"wasmtime_config_wasm_{name}_set")(config.ptr(), enabled)
    return wasmtime.Engine(config)


def _flip(rng: random.Random, data: bytearray, at: int) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _replace(rng: random.Random, data: bytearray, at: int) -> None:
    data[at] = rng.randrange(256)


def _interesting(rng: random.Random, data: bytearray, at: int) -> None:
    data[at] = rng.choice(_INTERESTING)


def _step(rng: random.Random, data: bytearray, at: int) -> None:
    data[at] = (data[at] + rng.choice((-1, 1))) & 0xFF


def _insert(rng: random.Random, data: bytearray, at: int) -> None:
    data.insert(at, rng.randrange(256))


def _delete(rng: random.Random, data: bytearray, at: int) -> None:
    del data[at : at + rng.randrange(1, 4)]


def _swap(rng: random.Random, data: bytearray, at: int) -> None:
    other = min(at + rng.randrange(1, 8), len(data) - 1)
    data[at], data[other] = data[other], data[at]


def _copy(rng: random.Random, data: bytearray, at: int) -> None:
    size, source = rng.randrange(1, 9), rng.randrange(len(data))
    data[at : at + size] = data[source : source + size]


def _truncate(rng: random.Random, data: bytearray, at: int) -> None:
    del data[at:]


_MUTATIONS: tuple[Callable[[random.Random, bytearray, int], None], ...] = (
    *(_flip, _replace, _interesting, _step, _swap, _copy) * 4,
    *(_insert, _delete, _truncate),
)


def _mutate(rng: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if damaged:
            rng.choice(_MUTATIONS)(rng, damaged, rng.randrange(len(damaged)))
    return bytes(damaged)


def _ours(data: bytes) -> str | None:
    """What we say against the module, or None."""
    try:
        validate(decode(data))
    except (DecodeError, ValidationError) as error:
        return str(error)
    return None


def _theirs(engine: wasmtime.Engine, data: bytes) -> str | None:
    """What Wasmtime says against the module, or None."""
    try:
        wasmtime.Module.validate(engine, data)
    except wasmtime.WasmtimeError as error:
        return str(error)
    return None


def _explained(ours: str | None, theirs: str | None) -> bool:
    said = ours or theirs or ""
    return any(accepts is (theirs is None) and re.search(text, said) for accepts, text, _ in _ALLOWED)


def _samples() -> list[tuple[str, bytes]]:
    compiled = [(name, (_DATA / f"{name}.wasm").read_bytes()) for name in _SAMPLES]
    return compiled + [(name, assemble((_DATA / f"{name}.wat").read_text(), name)) for name in _TEXTS]


def test_the_samples_are_valid() -> None:
    engine = _engine()
    for name, data in _samples():
        assert (_ours(data), _theirs(engine, data)) == (None, None), name


def test_damaged_modules_get_wasmtimes_verdict() -> None:
    rng, engine = random.Random(_SEED), _engine()
    samples = _samples()
    refused, wrong, explained = 0, [], 0
    for number in range(_ROUNDS):
        name, data = samples[number % len(samples)]
        damaged = _mutate(rng, data)
        ours, theirs = _ours(damaged), _theirs(engine, damaged)
        refused += ours is not None
        if (ours is None) != (theirs is None):
            if _explained(ours, theirs):
                explained += 1
            else:
                wrong.append(f"round {number}, {name}: ours {ours!r}, theirs {theirs!r}")
    print(f"{_ROUNDS} rounds, {refused} refused, {explained} differences explained")
    assert not wrong, "\n".join(wrong)
    assert refused >= 0.3 * _ROUNDS
