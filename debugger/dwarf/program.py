"""Line number programs: from the bytes of `.debug_line` to rows (DWARF 5, section 6.2; versions 2 to 5).

Addresses are offsets into the payload of the module's Code section. Reading never takes longer than the bytes are
many: each step of a program consumes at least one, and every announced count is held against the bytes left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from vm.errors import DecodeError
from vm.reader import Reader, signed

_DWARF64 = 0xFFFF_FFFF
_ADDRESS_MASK = 0xFFFF_FFFF
_TOMBSTONES = (0, 0xFFFF_FFFE, 0xFFFF_FFFF)  # where linkers put functions they threw away
_CONTENT_PATH, _CONTENT_DIRECTORY = 1, 2


class Row(NamedTuple):
    """A row of the line table; `ends`: one past a sequence's last byte, and nothing else in it counts."""

    address: int
    file: int
    line: int
    column: int
    is_stmt: bool
    prologue_end: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Strings:
    """The string sections that a header may point into."""

    line_str: bytes
    str: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A program's header: paths by file number as rows count them, and how to read the opcodes."""

    files: Mapping[int, str]
    min_length: int
    default_is_stmt: bool
    line_base: int
    line_range: int
    operand_counts: tuple[int, ...]  # of the standard opcodes, by number less one
    code: tuple[int, int]  # the opcodes' bytes: start, end


def read_header(section: bytes, offset: int, folder: str, strings: Strings) -> Header:
    """The header at `offset`; `folder` is the unit's compilation directory. Raises DecodeError."""
    reader = Reader(section, offset)
    length, wide = reader_u32(reader), False
    if length == _DWARF64:
        length, wide = _fixed(reader, 8), True
    if length > len(section) - reader.pos:
        raise DecodeError(offset, "a line program is longer than its section")
    reader.end = end = reader.pos + length
    version = _fixed(reader, 2)
    if not 2 <= version <= 5:
        raise DecodeError(offset, f"line programs of version {version} are unknown")
    if version >= 5:
        _fixed(reader, 2)  # sizes of an address and of a segment selector
    header_length = _fixed(reader, 8 if wide else 4)
    start = reader.pos + header_length
    min_length = reader.byte()
    if version >= 4:
        reader.byte()  # operations per instruction: 1 wherever there is no VLIW
    default_is_stmt = bool(reader.byte())
    line_base = (reader.byte() ^ 0x80) - 0x80
    line_range, opcode_base = reader.byte(), reader.byte()
    if not line_range or not opcode_base or start > end:
        raise DecodeError(offset, "a line program's header is damaged")
    operands = tuple(reader.byte() for _ in range(opcode_base - 1))
    files = _files5(reader, folder, strings, wide) if version >= 5 else _files4(reader, folder)
    return Header(files, min_length, default_is_stmt, line_base, line_range, operands, (start, end))


def _fixed(reader: Reader, size: int) -> int:
    span = reader.take(size)
    return int.from_bytes(reader.data[span.start : span.end], "little")


def reader_u32(reader: Reader) -> int:
    """The next four bytes as a number; `Reader.u32` reads LEB128."""
    return _fixed(reader, 4)


def _text(data: bytes, at: int, limit: int) -> tuple[str, int]:
    """A zero-terminated string: (text, position after it)."""
    end = data.find(b"\0", at, limit)
    if at > limit or end < 0:
        raise DecodeError(at, "a string does not end")
    return data[at:end].decode(errors="replace"), end + 1


def joined(folder: str, name: str) -> str:
    """A path as recorded: relative ones count from `folder`."""
    return str(PurePosixPath(folder) / name)


def _files4(reader: Reader, folder: str) -> Mapping[int, str]:
    folders = [folder]
    while name := _next_text(reader):
        folders.append(joined(folder, name))
    files: dict[int, str] = {}
    while name := _next_text(reader):
        directory, _, _ = reader.u64(), reader.u64(), reader.u64()
        files[len(files) + 1] = joined(folders[directory] if directory < len(folders) else folder, name)
    return files


def _next_text(reader: Reader) -> str:
    text, reader.pos = _text(reader.data, reader.pos, reader.end)
    return text


def _files5(reader: Reader, folder: str, strings: Strings, wide: bool) -> Mapping[int, str]:
    folders = [joined(folder, path) for path, _ in _entries(reader, strings, wide)]
    files: dict[int, str] = {}
    for i, (path, directory) in enumerate(_entries(reader, strings, wide)):
        files[i] = joined(folders[directory] if directory < len(folders) else folder, path)
    return files


def _entries(reader: Reader, strings: Strings, wide: bool) -> Iterator[tuple[str, int]]:
    """(path, directory number) of each entry of a version 5 directory or file list."""
    formats = [(reader.u64(), reader.u64()) for _ in range(reader.byte())]
    count = reader.u64()
    if count > (reader.end - reader.pos if formats else 0):
        raise DecodeError(reader.pos, f"{count} files announced, more than the bytes that are left")
    for _ in range(count):
        path, directory = "", 0
        for content, form in formats:
            value = _form(reader, form, strings, wide)
            if content == _CONTENT_PATH and isinstance(value, str):
                path = value
            elif content == _CONTENT_DIRECTORY and isinstance(value, int):
                directory = value
        yield path, directory


_FIXED_FORMS = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16}  # data1, data2, data4, data8, data16
_STRING, _BLOCK, _STRP, _UDATA, _LINE_STRP = 0x08, 0x09, 0x0E, 0x0F, 0x1F


def _form(reader: Reader, form: int, strings: Strings, wide: bool) -> str | int:
    """A value of an attribute form. Raises DecodeError for forms that stand in no line header."""
    if form in _FIXED_FORMS:
        return _fixed(reader, _FIXED_FORMS[form])
    if form == _STRING:
        return _next_text(reader)
    if form in (_STRP, _LINE_STRP):
        section = strings.str if form == _STRP else strings.line_str
        return _text(section, _fixed(reader, 8 if wide else 4), len(section))[0]
    if form == _UDATA:
        return reader.u64()
    if form == _BLOCK:
        reader.take(reader.u64())
        return 0
    raise DecodeError(reader.pos, f"form {form:#x} in a line program's header")


class _Registers:
    """The state machine of a line program."""

    __slots__ = ("address", "column", "dead", "file", "is_stmt", "line", "prologue_end")

    def __init__(self, is_stmt: bool) -> None:
        self.address, self.file, self.line, self.column = 0, 1, 1, 0
        self.is_stmt, self.prologue_end, self.dead = is_stmt, False, False

    def row(self, ends: bool = False) -> Row:
        row = Row(self.address, self.file, self.line, self.column, self.is_stmt, self.prologue_end, ends)
        self.prologue_end = False
        return row


def read_rows(section: bytes, header: Header) -> Iterator[tuple[Row, ...]]:
    """The sequences of a program; those of functions that were thrown away are left out.

    Raises DecodeError where the bytes are damaged; the sequences before that stay good.
    """
    reader = Reader(section, *header.code)
    state = _Registers(header.default_is_stmt)
    rows: list[Row] = []
    base = len(header.operand_counts) + 1
    while not reader.done:
        opcode = reader.byte()
        if opcode >= base:
            step = opcode - base
            state.address += step // header.line_range * header.min_length
            state.line += header.line_base + step % header.line_range
            rows.append(state.row())
        elif opcode:
            if _standard(reader, opcode, header, state):
                rows.append(state.row())
        elif _extended(reader, state):
            rows.append(state.row(ends=True))
            if not state.dead and rows[0].address not in _TOMBSTONES:
                yield tuple(rows)
            rows, state = [], _Registers(header.default_is_stmt)


def _standard(reader: Reader, opcode: int, header: Header, state: _Registers) -> bool:
    """One standard opcode; answers whether a row is to be written."""
    match opcode:
        case 1:  # copy
            return True
        case 2:  # advance_pc
            state.address = (state.address + reader.u64() * header.min_length) & _ADDRESS_MASK
        case 3:  # advance_line
            delta, reader.pos = signed(reader.data, reader.pos, reader.end, 64)
            state.line = (state.line + delta) & 0xFFFF_FFFF
        case 4:  # set_file
            state.file = reader.u64()
        case 5:  # set_column
            state.column = reader.u64()
        case 6:  # negate_stmt
            state.is_stmt = not state.is_stmt
        case 8:  # const_add_pc
            steps = (255 - len(header.operand_counts) - 1) // header.line_range
            state.address += steps * header.min_length
        case 9:  # fixed_advance_pc
            state.address += _fixed(reader, 2)
        case 10:  # set_prologue_end
            state.prologue_end = True
        case _:
            for _ in range(header.operand_counts[opcode - 1]):
                reader.u64()
    return False


def _extended(reader: Reader, state: _Registers) -> bool:
    """One extended opcode; answers whether the sequence is over."""
    length = reader.u64()
    span = reader.take(length)
    if not length:
        return False
    opcode = reader.data[span.start]
    if opcode == 2:  # set_address
        state.address = int.from_bytes(reader.data[span.start + 1 : span.end], "little")
        state.dead = state.dead or state.address in _TOMBSTONES
    return opcode == 1  # end_sequence
