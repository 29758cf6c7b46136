"""What runs machines in tests: native code, or with `WASMSCOPE_TEST_EXECUTOR=reference` the reference executor."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from debugger.executors import REFERENCE, ExecutorKind, MakeExecutor, executor_maker

KIND = ExecutorKind(os.environ.get("WASMSCOPE_TEST_EXECUTOR", ExecutorKind.NATIVE.value))
KEPT = Path(__file__).parents[1] / ".pytest_cache" / "wasmscope"


@cache
def maker(kind: ExecutorKind = KIND) -> MakeExecutor:
    """Makes executors of a kind, of the chosen one when not told."""
    return REFERENCE if kind is ExecutorKind.REFERENCE else executor_maker(kind, KEPT)
