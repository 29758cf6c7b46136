"""The official scripts' assertions on the reference executor, as far as the machine's proposals go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.spec.runner import Runner

_SUITE = os.environ.get("WASMSCOPE_SPEC_SUITE")
_FOLDERS = (".", "proposals/custom-page-sizes", "proposals/wide-arithmetic")
_FILES = [p for folder in _FOLDERS for p in sorted(Path(_SUITE, folder).glob("*.wast"))] if _SUITE else []
_BARE_FIELDS = ("inline-module.wast",)  # the whole file is one module


@pytest.mark.skipif(not _FILES, reason="set WASMSCOPE_SPEC_SUITE to a clone of github.com/WebAssembly/testsuite")
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_script(path: Path) -> None:
    if path.name in _BARE_FIELDS:
        pytest.skip("bare module fields")
    assert Runner(path).run().failures == []
