"""Traces as parquet, read again; and what is said where the extra is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ui.cli import main

_PEOPLE = str(Path(__file__).parents[1] / "data" / "source" / "people-O0.wasm")
_KINDS = ("instructions", "calls", "memory", "host")


def _written(kind: str, path: Path, *more: str) -> Path:
    assert main(["run", "--trace", str(path), "--trace-what", kind, *more, _PEOPLE, "--invoke", "run", "3"]) == 0
    return path


@pytest.mark.parametrize("kind", _KINDS)
def test_rows_are_those_of_json_lines(kind: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = _written(kind, tmp_path / "t.jsonl").read_text().splitlines()
    rows = parquet.read_table(_written(kind, tmp_path / "t.parquet")).to_pylist()
    assert rows == [json.loads(line) for line in lines]
    assert bool(rows) == (kind != "host")


def test_a_query_engine_reads_it(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    duckdb = pytest.importorskip("duckdb")
    path = _written("instructions", tmp_path / "t", "--trace-format", "parquet")
    found = duckdb.sql(
        f"select function, count(*) n from read_parquet('{path}') group by 1 order by n desc, 1"
    ).fetchall()
    assert found[0] == ("$run", 1_295) and sum(n for _, n in found) == 2209
    path = _written("memory", tmp_path / "m.parquet")
    query = f"select count(*) from read_parquet('{path}') where writes and old <> new"
    assert duckdb.sql(query).fetchall() == [(84,)]


def test_without_the_extra_it_is_said_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for words in (["run", "--trace", str(tmp_path / "t.parquet")], ["-ex", f"trace {tmp_path / 't.parquet'}"]):
        assert main([*words, _PEOPLE, "--invoke", "run", "3"]) == 2
        out, err = capsys.readouterr()
        assert "parquet needs pyarrow; pip install 'wasmscope[parquet]', or --trace-format jsonl" in err
        assert "336" not in out and not list(tmp_path.iterdir())
