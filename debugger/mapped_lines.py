"""Lines that are known without DWARF: from a source map, or because the module was written as text.

A source map of a module is version 3 of the format, with a byte offset of the file where others have a column.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from debugger.dwarf.entries import section
from debugger.dwarf.lines import LineTable, UnitLines, names_path
from debugger.dwarf.program import Row, joined
from debugger.wat_lines import text_places
from vm.module import Module
from vm.reader import Reader

_MOST_BYTES = 64 << 20
_DIGITS = {c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}


class MappedLines(LineTable):
    """A line table of one list of rows; `texts` are sources that came with it."""

    def __init__(self, module: Module, files: Mapping[int, str], rows: tuple[Row, ...], texts: Mapping[str, str]):
        super().__init__(module)
        self._start = 0
        self._all = UnitLines(files, rows, tuple(row.address for row in rows))
        self._texts = texts

    def files(self) -> tuple[str, ...]:
        """The source files that code came from, as recorded."""
        return tuple(sorted(set(self._all.files.values())))

    def source(
        self, file: str, search: tuple[Path, ...], remap: tuple[tuple[str, str], ...] = ()
    ) -> tuple[str, ...] | None:
        """A source file's lines: those that came with the map, else from the file; None: not found."""
        if file in self._texts:
            return tuple(self._texts[file].splitlines())
        return super().source(file, search, remap)

    def after_prologue(self, offset: int) -> int | None:
        """Always None: nobody says where one ends."""
        return None

    def _row_at(self, address: int) -> tuple[UnitLines, int] | None:
        body = self._body_at(address)
        i = bisect_right(self._all.addresses, address) - 1
        if body is None or i < 0 or self._all.addresses[i] < body.span.start:
            return None
        return self._all, i

    def _units_of(self, file: str) -> Iterator[UnitLines]:
        if any(names_path(path, file) for path in self._all.files.values()):
            yield self._all


def lines_of_text(module: Module, path: Path, text: str) -> MappedLines | None:
    """Lines of a module that was written as text; None where the text is of another kind."""
    places = text_places(module, text)
    if not places:
        return None
    rows = tuple(Row(offset, 1, line, column, True, False, False) for offset, line, column in places)
    return MappedLines(module, {1: str(path)}, rows, {str(path): text})


def map_url(module: Module) -> str:
    """Where a module says that its source map is; empty when it says nothing."""
    payload = section(module, "sourceMappingURL")
    if not payload:
        return ""
    reader = Reader(payload)
    size = reader.u32() if payload[0] < 0x80 or len(payload) > 1 else 0
    return payload[reader.pos : reader.pos + size].decode(errors="replace")


def lines_of_map(module: Module, folder: Path) -> MappedLines | None:
    """Lines of a module that names a source map, which lies beside it or in its address; None when there is none."""
    data = _fetched(map_url(module), folder)
    if data is None:
        return None
    try:
        found = json.loads(data)
        if not isinstance(found, dict) or found.get("version") != 3 or not isinstance(found.get("mappings"), str):
            return None
        sources = [str(s) for s in found.get("sources", [])]
        root = str(found.get("sourceRoot") or "")
        files = {i + 1: joined(root, source) for i, source in enumerate(sources)}
        contents = found.get("sourcesContent") or []
        texts = {files[i + 1]: t for i, t in enumerate(contents[: len(sources)]) if isinstance(t, str)}
        rows = sorted(_rows(found["mappings"], len(sources)))
    except (ValueError, TypeError, RecursionError):
        return None
    return MappedLines(module, files, tuple(rows), texts) if rows else None


def _fetched(url: str, folder: Path) -> bytes | None:
    """A source map's bytes: from a file beside the module, or the address itself. Nothing is fetched from elsewhere."""
    if url.startswith("data:"):
        head, _, body = url.partition(",")
        try:
            return base64.b64decode(body) if head.endswith("base64") else unquote(body).encode()
        except (binascii.Error, ValueError):
            return None
    if not url or "://" in url:
        url = url.rpartition("/")[2]
    name = Path(unquote(url)).name
    try:
        path = folder / name
        if name and path.is_file() and path.stat().st_size <= _MOST_BYTES:
            return path.read_bytes()
    except (OSError, ValueError):
        return None
    return None


def _rows(mappings: str, sources: int) -> Iterator[Row]:
    """Rows of the `mappings` of a source map. Raises ValueError for damaged ones."""
    source = line = column = 0
    for row, group in enumerate(mappings.split(";")):
        address = 0
        for segment in group.split(",") if group else ():
            if row or not segment:
                continue  # a module has one line
            fields = _numbers(segment)
            address += fields[0]
            if len(fields) < 4:
                continue
            source, line, column = source + fields[1], line + fields[2], column + fields[3]
            if 0 <= source < sources and line >= 0 and 0 <= address < 1 << 32:
                yield Row(address, source + 1, line + 1, max(column, 0) + 1, True, False, False)


def _numbers(segment: str) -> list[int]:
    """Base 64 digits of five bits each, the lowest first; the lowest bit of a number is its sign."""
    found: list[int] = []
    value = shift = 0
    for c in segment:
        digit = _DIGITS.get(c)
        if digit is None or shift > 60:
            raise ValueError("a source map is damaged")
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if not found:
        raise ValueError("a source map is damaged")
    return found
