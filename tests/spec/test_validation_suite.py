"""Verdicts of the official scripts: every module they hold, through decoding and validation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.spec.wast import module_bytes, module_forms, read_script
from vm.decode import decode
from vm.errors import DecodeError, UnsupportedError, UserError, ValidationError, WasmscopeError
from vm.validate import validate

_SUITE = os.environ.get("WASMSCOPE_SPEC_SUITE")
_FOLDERS = (".", "proposals/custom-page-sizes", "proposals/wide-arithmetic")
_FILES = [p for folder in _FOLDERS for p in sorted(Path(_SUITE, folder).glob("*.wast"))] if _SUITE else []
_BARE_FIELDS = ("inline-module.wast",)  # the whole file is one module


def _verdict(data: bytes) -> str:
    try:
        validate(decode(data))
    except UnsupportedError:
        return "not applicable"
    except DecodeError:
        return "malformed"
    except ValidationError:
        return "invalid"
    return "valid"


def _differences(path: Path) -> list[str]:
    text = path.read_bytes().decode()
    wrong = []
    for node, expected in module_forms(read_script(text)):
        line = text.count("\n", 0, node.start) + 1
        try:
            data = module_bytes(text, node, path.name)
        except (UserError, WasmscopeError) as error:
            if expected == "valid":
                wrong.append(f"{path.name}:{line}: cannot assemble: {error}")
            continue
        verdict = _verdict(data)
        refused = verdict in ("malformed", "invalid")
        if refused != (expected != "valid"):
            wrong.append(f"{path.name}:{line}: {verdict}, expected {expected}")
    return wrong


@pytest.mark.skipif(not _FILES, reason="set WASMSCOPE_SPEC_SUITE to a clone of github.com/WebAssembly/testsuite")
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_verdicts(path: Path) -> None:
    if path.name in _BARE_FIELDS:
        pytest.skip("bare module fields")
    assert _differences(path) == []
