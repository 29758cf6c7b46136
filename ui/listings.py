"""Disassembly and source files of a session's modules, kept once made."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from debugger.dwarf.lines import LineTable
from debugger.inspect import Frame
from debugger.session import Session
from ui.function_lines import FunctionLines
from ui.highlight import SourceLine, coloured
from vm.disasm import Line
from vm.instance import Instance

_KEPT = 64  # functions


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A line of a source file; `text` is the whole file's lines, None when the file was not found."""

    file: str
    line: int
    text: tuple[SourceLine, ...] | None

    @property
    def short(self) -> str:
        """`fib.c:4`."""
        return f"{Path(self.file).name}:{self.line}"


class Listings:
    """Reads from a session and remembers; a restart changes nothing, as modules stay the same."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._functions: OrderedDict[tuple[int, int], FunctionLines] = OrderedDict()
        self._sources: dict[str, tuple[SourceLine, ...] | None] = {}

    def function(self, instance: Instance, func: int) -> list[Line]:
        """A defined function's disassembly, all of it."""
        return self.lines(instance, func).all()

    def lines(self, instance: Instance, func: int) -> FunctionLines:
        """The same, to be made as far as it is looked at."""
        key = (instance.number, func)
        if key not in self._functions:
            self._functions[key] = FunctionLines(instance.module, func, self.session.inspect.symbols(instance))
            if len(self._functions) > _KEPT:
                self._functions.popitem(last=False)
        self._functions.move_to_end(key)
        return self._functions[key]

    def place(self, frame: Frame) -> SourcePlace | None:
        """The source line a frame stands at; None when it is not known."""
        if frame.instance is None or frame.offset is None:
            return None
        return self.place_at(frame.instance, frame.offset)

    def place_at(self, instance: Instance, offset: int) -> SourcePlace | None:
        """The source line of an instruction, by its offset in the file; None when it is not known."""
        table = self.session.lines_of(instance)
        found = table.find(offset) if table is not None else None
        if found is None or table is None or found.line == 0:
            return None
        return self._place_in(table, found.file, found.line)

    def first_line(self, instance: Instance, file: str) -> SourcePlace | None:
        """The start of a source file of an instance; None when its module has no line information."""
        table = self.session.lines_of(instance)
        return None if table is None else self._place_in(table, file, 1)

    def _place_in(self, table: LineTable, file: str, line: int) -> SourcePlace:
        if file not in self._sources:
            folders = (self.session.path.parent, Path.cwd())
            text = table.source(file, folders, self.session.options.source_maps)
            self._sources[file] = None if text is None else coloured(file, text)
        return SourcePlace(file, line, self._sources[file])
