"""Random modules rich in traps, NaNs, references, objects and exceptions do here what they do under Wasmtime.

A twentieth of `WASMSCOPE_FUZZ_ROUNDS` (default 2,000) modules are made.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.fuzz.rich.compare import Outcome, compare, engine
from tests.fuzz.smith import Differs

_MODULES = int(os.environ.get("WASMSCOPE_FUZZ_ROUNDS", "2000")) // 20
_PARTS = 10
_FIRST = int(os.environ.get("WASMSCOPE_FUZZ_FIRST", "0"))  # another first seed makes other modules
_TRAPS = ("null", "cast failure", "exception", "out of bounds array access", "out of bounds memory access",
          "indirect call type mismatch")  # fmt: skip


@pytest.mark.parametrize("part", range(_PARTS))
def test_random_modules(part: int) -> None:
    with_engine, outcomes, different = engine(), list[Outcome](), []
    for seed in range(_FIRST + part, _FIRST + _MODULES, _PARTS):
        try:
            outcomes += compare(seed, with_engine)
        except Differs as differs:
            different.append(f"seed {seed}: {differs}")
    assert different == []
    if _MODULES >= 500:
        kinds = Counter("result" if isinstance(o, int) else o for o in outcomes)
        assert kinds["result"] > 0.3 * len(outcomes) and all(kinds[t] for t in _TRAPS), kinds
