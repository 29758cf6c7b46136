"""Source lines of a module: from file offsets to lines and back.

Everything is read when it is first asked for, one compile unit at a time. A row of the line table may stand at an
instruction that does not retire (`block`, `loop`, a block's `end`); the instruction that does, next to it, counts as
being there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from debugger.dwarf.entries import info_of, section
from debugger.dwarf.program import Header, Row, Strings, joined, read_header, read_rows
from debugger.dwarf.units import LineUnit, code_start, line_units
from vm.errors import DecodeError
from vm.instructions import read_instruction
from vm.module import Body, Module
from vm.ops.row import Has

_NEAR_LINES = 20  # a line without code stands for the next one that has some, this far off at most
_NEAR_INSTRUCTIONS = 32
_MAX_SOURCE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """A place in a source file; lines and columns count from 1, column 0 means the line as a whole."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class UnitLines:
    """A unit's rows by address; rows of no line are merged into the ones before them."""

    files: Mapping[int, str]
    rows: tuple[Row, ...]
    addresses: tuple[int, ...]

    def index_at(self, address: int) -> int | None:
        """The row that covers an address."""
        i = bisect_right(self.addresses, address) - 1
        return i if i >= 0 and not self.rows[i].ends else None

    def begins(self, i: int) -> bool:
        """Whether row `i` is the start of a statement on another line than what lies before it."""
        row = self.rows[i]
        before = self.rows[i - 1] if i else None
        return row.is_stmt and (before is None or before.ends or (before.file, before.line) != (row.file, row.line))


_NO_LINES = UnitLines({}, (), ())


def line_table(module: Module) -> LineTable | None:
    """The module's source lines; None when it carries none."""
    return LineTable(module) if section(module, ".debug_line") else None


class LineTable:
    """Source lines of one module. Offsets count from the module file's start."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._start = code_start(module)
        self._section = section(module, ".debug_line")
        self._strings = Strings(section(module, ".debug_line_str"), section(module, ".debug_str"))
        self._headers: dict[int, Header | None] = {}
        self._lines: dict[int, UnitLines] = {}

    # -- by address ------------------------------------------------------------------------------

    def find(self, offset: int) -> Line | None:
        """The source line of the instruction at a file offset."""
        found = self._row_at(offset - self._start)
        if found is None:
            return None
        lines, i = found
        row = lines.rows[i]
        return Line(lines.files.get(row.file, "?"), row.line, row.column)

    def file_named(self, offset: int, number: int) -> str:
        """The file that a unit's debug information calls by a number; the unit is the one around a file offset."""
        found = self._row_at(offset - self._start)
        return found[0].files.get(number, "?") if found is not None else "?"

    def starts_line(self, offset: int) -> bool:
        """Whether the instruction at a file offset is the first of a statement that begins a line."""
        found = self._row_at(offset - self._start)
        if found is None:
            return False
        lines, i = found
        at = lines.addresses[i]
        first = bisect_left(lines.addresses, at)
        if not any(lines.begins(k) for k in range(first, i + 1) if not lines.rows[k].ends):
            return False
        return self._retires_first(at + self._start, offset)

    def after_prologue(self, offset: int) -> int | None:
        """File offset of the first instruction after the prologue of the function around a file offset."""
        body = self._body_at(offset)
        if body is None:
            return None
        rows = self._rows_in(body)
        marked = next((row for row in rows if row.prologue_end), None)
        if marked is None:
            first = next((row.address for row in rows), None)
            marked = next((row for row in rows if row.is_stmt and row.address != first), None)
        return None if marked is None else marked.address + self._start

    # -- by line ---------------------------------------------------------------------------------

    def offsets_of(self, file: str, line: int) -> tuple[tuple[int, int], ...]:
        """(file offset, actual line) of the places a source line was compiled to, one a function.

        `file` may be the end of a path. A line without code stands for the next one that has some. A function's
        opening line means what comes after the prologue, as its parameters are in place only then.
        """
        rows = [(lines, i) for lines in self._units_of(file) for i in self._rows_of(lines, file, line)]
        if not rows:
            return ()
        actual = min(lines.rows[i].line for lines, i in rows)
        addresses = sorted({lines.addresses[i] for lines, i in rows if lines.rows[i].line == actual})
        places: dict[int, tuple[int, int]] = {}
        for address in addresses:
            body = self._body_at(address + self._start)
            if body is not None and body.span.start not in places:
                places[body.span.start] = self._place(address + self._start, actual)
        return tuple(places.values())

    def files(self) -> tuple[str, ...]:
        """The source files that code came from, as recorded."""
        named = {path for unit in self._units if (h := self._header(unit)) for path in h.files.values()}
        return tuple(sorted(named))

    def source(
        self, file: str, search: tuple[Path, ...], remap: tuple[tuple[str, str], ...] = ()
    ) -> tuple[str, ...] | None:
        """A source file's lines: from where `remap` (from, to) leads, its recorded path, else from below one of the
        folders; None: not found.
        """
        parts = PurePosixPath(file).parts
        moved = [Path(to + file[len(start) :]) for start, to in remap if file.startswith(start)]
        ends = [PurePosixPath(*parts[i:]) for i in range(1 if file.startswith("/") else 0, len(parts))]
        for path in (*moved, Path(file), *(folder / end for folder in search for end in ends)):
            try:
                if path.is_file() and path.stat().st_size <= _MAX_SOURCE_BYTES:
                    return tuple(path.read_text(errors="replace").splitlines())
            except (OSError, ValueError):
                continue
        return None

    # -- pieces ----------------------------------------------------------------------------------

    @cached_property
    def _units(self) -> tuple[LineUnit, ...]:
        return tuple(line_units(info_of(self.module)))

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int, LineUnit], ...]:
        found = ((start, end, unit) for unit in self._units for start, end in unit.ranges)
        return tuple(sorted(found, key=lambda r: r[:2]))

    def _header(self, unit: LineUnit) -> Header | None:
        if unit.lines_at not in self._headers:
            try:
                self._headers[unit.lines_at] = read_header(self._section, unit.lines_at, unit.folder, self._strings)
            except DecodeError:
                self._headers[unit.lines_at] = None
        return self._headers[unit.lines_at]

    def _unit_lines(self, unit: LineUnit) -> UnitLines:
        if unit.lines_at not in self._lines:
            header = self._header(unit)
            self._lines[unit.lines_at] = _NO_LINES if header is None else _collect(self._section, header, unit)
        return self._lines[unit.lines_at]

    def _row_at(self, address: int) -> tuple[UnitLines, int] | None:
        i = bisect_right(self._ranges, address, key=lambda r: r[0]) - 1
        if i >= 0 and address < self._ranges[i][1]:
            candidates = [self._ranges[i][2]]
        else:
            candidates = [unit for unit in self._units if not unit.ranges]
        for unit in candidates:
            lines = self._unit_lines(unit)
            if (row := lines.index_at(address)) is not None:
                return lines, row
        return None

    def _body_at(self, offset: int) -> Body | None:
        bodies = self.module.bodies
        i = bisect_right(bodies, offset, key=lambda body: body.span.start) - 1
        return bodies[i] if i >= 0 and offset < bodies[i].span.end else None

    def _rows_in(self, body: Body) -> tuple[Row, ...]:
        """The rows of a function's body."""
        found = self._row_at(body.span.start - self._start) or self._row_at(body.code.start - self._start)
        if found is None:
            return ()
        lines, i = found
        first = bisect_left(lines.addresses, lines.addresses[i])
        last = bisect_left(lines.addresses, body.span.end - self._start)
        return tuple(row for row in lines.rows[first:last] if not row.ends)

    def _retires_first(self, row: int, offset: int) -> bool:
        """Whether only instructions without a tick lie between a row's file offset and an instruction's."""
        body = self._body_at(offset)
        if body is None:
            return False
        at = max(row, body.code.start)  # a function's first row stands before the declarations of its locals
        try:
            for _ in range(_NEAR_INSTRUCTIONS):
                if at >= offset:
                    return at == offset
                instr = read_instruction(self.module.bytes, at, body.code.end)
                if Has.SILENT not in instr.op.has and instr.op.name != "end":
                    return False
                at = instr.end
        except DecodeError:
            return False
        return False

    def _place(self, offset: int, line: int) -> tuple[int, int]:
        body = self._body_at(offset)
        rows = self._rows_in(body) if body else ()
        after = self.after_prologue(offset)
        if rows and rows[0].address + self._start == offset and after is not None and after != offset:
            found = self.find(after)
            return after, found.line if found else line
        return offset, line

    def _units_of(self, file: str) -> Iterator[UnitLines]:
        for unit in self._units:
            header = self._header(unit)
            if header and any(names_path(path, file) for path in header.files.values()):
                yield self._unit_lines(unit)

    def _rows_of(self, lines: UnitLines, file: str, line: int) -> Iterator[int]:
        wanted = {number for number, path in lines.files.items() if names_path(path, file)}
        for i, row in enumerate(lines.rows):
            near = line <= row.line <= line + _NEAR_LINES
            if near and row.file in wanted and row.is_stmt and not row.ends:
                yield i


def names_path(path: str, end: str) -> bool:
    """Whether `end` is the path, or its last components."""
    if not path.endswith(end.rpartition("/")[2]):
        return False
    wanted, parts = PurePosixPath(end).parts, PurePosixPath(path).parts
    return parts[-len(wanted) :] == wanted


def _collect(section_: bytes, header: Header, unit: LineUnit) -> UnitLines:
    sequences: list[tuple[Row, ...]] = []
    with suppress(DecodeError):
        sequences.extend(read_rows(section_, header))
    sequences.sort(key=lambda rows: rows[0].address)
    rows = tuple(row for sequence in sequences for row in _placed(sequence))
    files = {0: joined(unit.folder, unit.name), **header.files}
    return UnitLines(files, rows, tuple(row.address for row in rows))


def _placed(sequence: tuple[Row, ...]) -> Iterator[Row]:
    """A sequence's rows in order of address, without those of line 0 (code of no line)."""
    for row in sorted(sequence, key=lambda r: (r.address, r.ends)):
        if row.line or row.ends:
            yield row
