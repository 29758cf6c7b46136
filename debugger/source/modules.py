"""What the modules of a session say of their sources: lines, variables; each read when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from debugger.dwarf.info import DebugInfo, debug_info
from debugger.dwarf.lines import Line, LineTable, line_table
from debugger.inspect import Frame
from debugger.launch import Loaded
from debugger.mapped_lines import lines_of_map, lines_of_text
from vm.module import Module


class ModuleSources:
    """By a module's identity: threads' instances share it, and a restart changes nothing."""

    def __init__(self, loaded: Loaded, cache: Path | None, telling: Callable[[str], None]) -> None:
        self._loaded, self._cache, self._telling = loaded, cache, telling
        self._lines: dict[int, LineTable | None] = {}
        self._infos: dict[int, DebugInfo | None] = {}

    def lines(self, module: Module) -> LineTable | None:
        """Lines by debug information, by a source map, or by the text that the module was written as."""
        if id(module) not in self._lines:
            found = line_table(module) or lines_of_map(module, self._loaded.path.parent)
            if found is None and module is self._loaded.module and self._loaded.text is not None:
                found = lines_of_text(module, self._loaded.path, self._loaded.text)
            self._lines[id(module)] = found
        return self._lines[id(module)]

    def info(self, module: Module) -> DebugInfo | None:
        """What a module says of its source beside lines; None when it says nothing."""
        if id(module) not in self._infos:
            found = self._infos[id(module)] = debug_info(module, self._cache)
            if found is not None:
                found.telling = self._telling
        return self._infos[id(module)]

    def inlined(self, frame: Frame) -> tuple[tuple[str, Line | None], ...]:
        """Functions inlined where a frame stands, the innermost first, and last the function itself: name and line."""
        if frame.instance is None or frame.offset is None:
            return ()
        info, lines = self.info(frame.instance.module), self.lines(frame.instance.module)
        scope = None if info is None else info.scope_at(frame.offset)
        if scope is None or not scope.inlined:
            return ()
        at = None if lines is None else lines.find(frame.offset)
        found: list[tuple[str, Line | None]] = []
        for block in reversed(scope.inlined):
            found.append((block.name or "?", at))
            file, line = block.call or (0, 0)
            at = None if lines is None else Line(lines.file_named(frame.offset, file), line, 0)
        return (*found, (scope.blocks[0].name, at))
