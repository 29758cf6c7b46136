"""Names of debug information between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from debugger.dwarf import index_cache
from debugger.dwarf.index import Kind
from debugger.dwarf.info import debug_info
from vm.decode import decode

_PEOPLE = Path(__file__).parents[1] / "data" / "source" / "people-O0.wasm"


def test_names_are_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_cache, "_LEAST_BYTES", 0)
    info = debug_info(decode(_PEOPLE.read_bytes()), tmp_path)
    assert info is not None
    names = dict(info.by_name())
    (kept,) = (tmp_path / "names").iterdir()
    again = debug_info(decode(_PEOPLE.read_bytes()), tmp_path)
    assert again is not None
    monkeypatch.setattr(again, "_read_names", lambda goes_on: pytest.fail("names were read again"))
    assert dict(again.by_name()) == names
    assert again.find("counter", Kind.VARIABLE) is not None
    for damaged in (b"", b"x" * 40, kept.read_bytes()[:-9]):
        kept.write_bytes(damaged)
        third = debug_info(decode(_PEOPLE.read_bytes()), tmp_path)
        assert third is not None and dict(third.by_name()) == names


def test_small_modules_keep_nothing(tmp_path: Path) -> None:
    info = debug_info(decode(_PEOPLE.read_bytes()), tmp_path)
    assert info is not None and info.by_name() and not list(tmp_path.iterdir())


def test_reading_can_be_stopped() -> None:
    info = debug_info(decode(_PEOPLE.read_bytes()))
    assert info is not None and not info.read_all(lambda done, of: False) and not info.is_indexed
