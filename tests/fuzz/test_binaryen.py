"""Random modules of Binaryen's generator do here what they do under Wasmtime.

A hundredth of `WASMSCOPE_FUZZ_ROUNDS` (default 2,000) modules are made, where `wasm-opt` is on the path.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fuzz.binaryen import WASM_OPT, compare, modules_of
from tests.fuzz.rich.compare import engine
from tests.fuzz.smith import Differs

_MODULES = int(os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000")) // 100
_FIRST = int(os.environ.get("WASMSCOPE_FUZZ_FIRST", "0"))


@pytest.mark.skipif(WASM_OPT is None, reason="wasm-opt is not there: npm install binaryen has it")
def test_random_modules(tmp_path: Path) -> None:
    with_engine, calls, different = engine(), 0, []
    for seed in range(_FIRST, _FIRST + _MODULES):
        modules = modules_of(seed, tmp_path)
        try:
            calls += compare(modules, seed, with_engine) if modules else 0
        except Differs as differs:
            different.append(f"seed {seed}: {differs}")
    assert different == []
    assert calls, "some modules could be called"
