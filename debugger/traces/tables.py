"""Rows as files: JSON lines, and parquet for query engines, where pyarrow is installed."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from vm.errors import UserError

Batch = list[tuple[Any, ...]]


class Kind(Enum):
    """What a column holds."""

    NUMBER = "uint64"
    TEXT = "string"
    TRUTH = "bool"


class Format(Enum):
    """What a trace is written as."""

    BINARY = "binary"
    JSONL = "jsonl"
    PARQUET = "parquet"


Columns = Sequence[tuple[str, Kind]]
_SUFFIXES = {".parquet": Format.PARQUET, ".bin": Format.BINARY, ".trace": Format.BINARY}


def format_of(path: Path, chosen: str | None) -> Format:
    """The format that was asked for, else the one that a file's name says, else JSON lines."""
    return Format(chosen) if chosen else _SUFFIXES.get(path.suffix.lower(), Format.JSONL)


def arrow() -> Any:
    """The pyarrow module. Raises UserError where the extra is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError("parquet needs pyarrow", "pip install 'wasmscope[parquet]', or --trace-format jsonl") from None
    return pyarrow


def schema(pyarrow: Any, columns: Columns) -> Any:
    """What a table's columns hold."""
    types = {Kind.NUMBER: pyarrow.uint64(), Kind.TEXT: pyarrow.string(), Kind.TRUTH: pyarrow.bool_()}
    return pyarrow.schema([(name, types[kind]) for name, kind in columns])


def numbers(pyarrow: Any, values: array[int]) -> Any:
    """A column of u64s, without a Python object each."""
    return pyarrow.Array.from_buffers(pyarrow.uint64(), len(values), [None, pyarrow.py_buffer(values)])


def check(chosen: Format, instructions: bool) -> None:
    """Raises UserError for a format that is not written, or not of this, or not here."""
    if chosen is Format.BINARY and not instructions:
        raise UserError("only instructions are written as binary", "--trace-format jsonl, or parquet")
    if chosen is Format.PARQUET:
        arrow()


def write_table(path: Path, chosen: Format, columns: Columns, batches: Iterable[Batch]) -> int:
    """Writes rows; how many. Raises OSError, and what making the rows raises. See `check`."""
    return (_parquet if chosen is Format.PARQUET else _json_lines)(path, columns, batches)


def _json_lines(path: Path, columns: Columns, batches: Iterable[Batch]) -> int:
    names, count = [name for name, _ in columns], 0
    encode = json.JSONEncoder(separators=(",", ":")).encode
    with path.open("wb") as file:
        for batch in batches:
            count += len(batch)
            file.write("".join(encode(dict(zip(names, row, strict=True))) + "\n" for row in batch).encode())
    return count


def _parquet(path: Path, columns: Columns, batches: Iterable[Batch]) -> int:
    pyarrow = arrow()
    made, count = schema(pyarrow, columns), 0
    with pyarrow.parquet.ParquetWriter(str(path), made) as writer:
        for batch in batches:
            if batch:
                count += len(batch)
                arrays = [pyarrow.array(each, type_) for each, type_ in zip(zip(*batch, strict=True), made.types)]  # noqa: B905
                writer.write_table(pyarrow.Table.from_arrays(arrays, schema=made))
    return count
