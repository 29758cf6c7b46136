"""The official scripts, every assertion."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from debugger.wast.debug import script_at
from debugger.wast.runner import Runner

_SUITE = os.environ.get("WASMSCOPE_SPEC_SUITE")
_FILES = sorted(Path(_SUITE).rglob("*.wast")) if _SUITE else []
_CONTRADICTING = {"proposals/threads/imports.wast": 6, "proposals/threads/memory.wast": 2}


@pytest.mark.skipif(not _FILES, reason="set WASMSCOPE_SPEC_SUITE to a clone of github.com/WebAssembly/testsuite")
@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_SUITE or "")))
def test_script(path: Path) -> None:
    tally = Runner(script_at(path)).run()
    assert tally.failures == []
    assert len(tally.contradicting) == _CONTRADICTING.get(str(path.relative_to(_SUITE or "")), 0)
